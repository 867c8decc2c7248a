"""A headless Chromium that tests and tools/pictures.py drive, by the DevTools protocol.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8067/")
        print(browser.run("document.title"))
        browser.picture("page.png", dark=True)

It talks over a pipe (--remote-debugging-pipe): nothing listens anywhere, and it works in a network
namespace too.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from patience import LIMIT_S

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
    "--disable-extensions --disable-background-networking --disable-component-update "
    "--disable-sync --mute-audio --disable-lcd-text --remote-debugging-pipe"
).split()
# Chromium reads commands from descriptor 3 and writes to 4.  (dash takes one digit only.)
_SHELL = (
    'in=$1; out=$2; shift 2; eval "exec 8<&$in 9>&$out"; exec 3<&8 4>&9 8<&- 9>&-; '
    'exec "$@" about:blank'
)
TELEPHONE = 390, 844


def unavailable():
    """Return why there is no browser here, or None."""
    return None if _program() else "Chromium is missing: apt-get install chromium"


def _program():
    return next(filter(None, map(shutil.which, _NAMES)), None)


class BrowserError(Exception):
    """The browser did not carry out a command."""


class Browser:
    """A browser with one page, from `with Browser() as browser:` to the end of the block.

    enter   start of a command line that enters a namespace (lab Node.enter), [] for none
    size    (width, height) of the window in CSS pixels
    hosts   {host name: address} for names that no resolver is asked for
    """

    def __init__(self, enter=(), size=TELEPHONE, hosts=None):
        self._enter = list(enter)
        rules = ",".join(f"MAP {name} {address}" for name, address in (hosts or {}).items())
        self._more = [f"--host-resolver-rules={rules}"] if rules else []
        self._size = size
        self._numbers = 0
        self._rest = b""
        self._session = None

    def __enter__(self):
        shared = "/dev/shm" if os.path.isdir("/dev/shm") else None  # written in a lab's node, too
        self._folder = tempfile.TemporaryDirectory(dir=shared, ignore_cleanup_errors=True)
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        profile = f"--user-data-dir={self._folder.name}"
        pipes = [str(theirs_in), str(theirs_out)]
        command = [
            *self._enter,
            "bash",
            "-c",
            _SHELL,
            "bash",
            *pipes,
            _program(),
            *_FLAGS,
            *self._more,
            profile,
        ]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs_in, theirs_out],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": self._folder.name, "TMPDIR": self._folder.name},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._ask("Page.enable")
        self.look(dark=False)
        return self

    def __exit__(self, kind, error, trace):
        try:
            self._session = None
            self._ask("Browser.close")
        except BrowserError:
            pass
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _ask(self, method, **params):
        """Return the result of one command."""
        self._numbers += 1
        message = {"id": self._numbers, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise BrowserError(f"{method}: {error}") from error
        while True:
            answer = self._receive()
            if answer.get("id") == self._numbers:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._rest:
            data = os.read(self._from, 1 << 16)
            if not data:
                raise BrowserError("the browser has ended")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def look(self, dark):
        """Show pages as a telephone does that is set to light or dark."""
        self._resize(*self._size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def _resize(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._ask("Emulation.setDeviceMetricsOverride", **metrics)

    def open(self, url):
        """Open a page and wait until it is complete; BrowserError if it does not load."""
        result = self._ask("Page.navigate", url=url)
        if result.get("errorText"):
            raise BrowserError(f"{url}: {result['errorText']}")
        self.wait("document.readyState === 'complete'")

    def run(self, script):
        """Return the value of a JavaScript expression; a promise is awaited."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        found = self._ask("Runtime.evaluate", **asked)
        if "exceptionDetails" in found:
            raise BrowserError(f"{script}: {found['exceptionDetails']['text']}")
        return found["result"].get("value")

    def wait(self, script, timeout_s=LIMIT_S):
        """Wait until an expression is true; return its value.  BrowserError after timeout_s."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                value = self.run(script)
            except BrowserError:  # the page changes just now
                value = None
            if value:
                return value
            if time.monotonic() > end:
                raise BrowserError(f"never true: {script}")
            time.sleep(0.1)

    def fill(self, fields):
        """Fill in the form of the page and press its button; wait for the next page."""
        self.run("window.old = true")
        for name, value in fields.items():
            self.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")
        self.run("document.querySelector('form button').click()")
        self.wait("!window.old && document.readyState === 'complete'")

    def picture(self, path, dark=False):
        """Save a PNG of the whole page."""
        self.look(dark)
        self._resize(self._size[0], self.run("document.body.offsetHeight"))
        time.sleep(0.2)  # until it is painted anew
        shot = self._ask("Page.captureScreenshot", format="png")
        Path(path).write_bytes(base64.b64decode(shot["data"]))
