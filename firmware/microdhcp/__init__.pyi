from . import leasefile
from .config import Config as Config
from .relay import Relay as Relay
from .reply import BROADCAST as BROADCAST
from .reply import CIADDR as CIADDR
from .reply import CLIENT as CLIENT
from .reply import RELAY as RELAY
from .server import PARK as PARK
from .server import Server as Server
from .service import Service as Service
from .serving import serve as serve

store = leasefile
__version__: str
