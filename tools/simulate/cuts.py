"""Cut the power after every byte written, load the file that is left, and check it.

For each of these moments a new server reads what the disk may hold then.  It must know every
binding that is older than 5 s, and no address may have two clients.
"""

from collections import deque

from microdhcp import Config, Server, states

from .disk import Disk, desktop
from .story import Story

LEASED = (states.ADOPTED, states.BOUND)
KEPT = 8  # servers; more states of the files are not alive at a time


class Cuts:
    """Looks at a Disk after each step.

    config   of the servers that are started
    judge    knows who holds what
    load     function(server, files) that reads what is left, {name: bytes}; returns the names
             that it has asked for
    moments, bindings   how many there were, and how often a binding was looked for in all
    """

    def __init__(self, config, judge, load):
        self.moments = self.bindings = 0
        self._config = config
        self._judge = judge
        self._load = load
        self._loaded = deque(maxlen=KEPT)  # ({name: bytes or None} that was read, server)

    def look(self, survivors):
        """Start a server from each of the `survivors` of this moment."""
        self.moments += 1
        old = list(self._judge.old_bindings())
        for server in {id(one): one for one in map(self._start, survivors)}.values():
            self._judge_table(server, old)

    def _start(self, files):
        """Return a server that has read these files, or another one that has read the same.

        The file differs after each byte that is written, but the server seldom reads other leases.
        """
        for read, server in self._loaded:
            if all(files.get(name) == data for name, data in read.items()):
                return server
        server = Server(self._config)
        read = {name: files.get(name) for name in self._load(server, files)}
        self._loaded.append((read, server))
        return server

    def _judge_table(self, server, old):
        leases = server.leases
        for address, mac in old:
            self.bindings += 1
            slot = leases.slot_of(address, 0)
            if leases.state[slot] not in LEASED:
                self._fail(address, f"is lost, its client was {mac.hex(':')}")
            elif not leases.has_chaddr(slot, mac):
                holder = bytes(leases.mac[6 * slot : 6 * slot + 6])
                self._fail(address, f"has {holder.hex(':')} instead of {mac.hex(':')}")

    def _fail(self, address, text):
        number = ".".join(map(str, address))
        self._judge.failures.append(f"power cut, moment {self.moments}: {number} {text}")


def watched(settings, make=desktop, disk=None):
    """Return (Story, Cuts): the disk of the story is looked at after every step.

    make   function(server, disk, told) -> storage
    disk   a Disk, a new one of its class is used for what is left
    """
    disk = disk or Disk()
    story = Story(settings, lambda server: make(server, disk, told), disk)
    told = story.judge.failures.append

    def load(server, files):
        left = type(disk)()
        left.start_from(files)
        make(server, left, told).load(0)
        return left.asked

    cuts = Cuts(Config(**story.config()), story.judge, load)
    disk.step = lambda: cuts.look(disk.survivors())
    return story, cuts
