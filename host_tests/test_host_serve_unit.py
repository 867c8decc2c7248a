"""The systemd unit: it has the rights that serve.py needs, and no more."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import leases
from test_host_serve import MAC, ON_CABLE, SERVE, Cable, in_lab

UNIT = TOOLS / "systemd" / "microdhcp@.service"
BITS = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_RAW": 13}
LIMIT_S = 600


def setting(name):
    """Return the value of a setting of the unit that stands there once."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return value


class UnitTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze (systemd)")
    def test_systemd_finds_no_fault_with_it(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "microdhcp@eth1.service"
            program = f"{sys.executable} {TOOLS}/serve.py"
            text = UNIT.read_text()
            self.assertIn("/usr/bin/python3 -I -B /opt/microdhcp/tools/serve.py", text)
            copy.write_text(
                text.replace("/usr/bin/python3 -I -B /opt/microdhcp/tools/serve.py", program)
            )
            done = subprocess.run(
                ["systemd-analyze", "verify", str(copy)],
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_it_is_bounded_by_what_it_gets(self):
        self.assertEqual(setting("AmbientCapabilities"), setting("CapabilityBoundingSet"))
        self.assertEqual(sorted(setting("AmbientCapabilities").split()), sorted(BITS))


@in_lab
@unittest.skipUnless(shutil.which("setpriv"), "needs setpriv (util-linux)")
class RightsTest(unittest.TestCase):
    """serve.py with the capabilities of the unit and no others."""

    def setUp(self):
        self.cable = self.enterContext(Cable())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def with_rights(self, names):
        """Return the start of a command line that leaves a program these capabilities only."""
        caps = ",".join(["-all", *(f"+{name[4:].lower()}" for name in names)])
        return ["setpriv", "--no-new-privs", f"--bounding-set={caps}", f"--inh-caps={caps}"]

    def test_the_rights_of_the_unit_are_enough(self):
        names = setting("AmbientCapabilities").split()
        config = self.folder / "eth0.toml"
        config.write_text("lease_s = 600")
        store = self.folder / "eth0.leases"
        words = ["--config", str(config), "--store", str(store)]
        process = self.cable.server.start(
            [*self.with_rights(names), *SERVE, *ON_CABLE, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertIn("serving", process.popen.stdout.readline())
        status = Path(f"/proc/{process.pid}/status").read_text()
        held = int(status.partition("CapEff:")[2].split()[0], 16)
        self.assertEqual(held, sum(1 << BITS[name] for name in names))
        with self.cable.wire() as wire:
            one = client.Client(wire, MAC)
            one.obtain()
            config.write_text("lease_s = 900")
            process.signal(signal.SIGHUP)
            while "settings" not in process.popen.stdout.readline():
                self.assertIsNone(process.popen.poll())
            self.assertEqual(one.renew().lease_s, 900)
        process.signal(signal.SIGTERM)
        self.assertEqual(process.popen.communicate(timeout=LIMIT_S)[1], "")
        self.assertEqual(process.popen.returncode, 0)
        self.assertEqual([row["state"] for row in leases.rows(store.read_bytes())], ["bound"])

    def test_each_that_is_missing_is_named(self):
        for missing in BITS:
            held = [name for name in BITS if name != missing]
            before = self.with_rights(held)
            status, lines = self.cable.serve_fails(*ON_CABLE, before=before)
            self.assertEqual((status, len(lines)), (1, 1), lines)
            self.assertIn(
                f"no permission to open port 67 and a raw socket on eth0 ({missing} is missing)",
                lines[0],
            )


if __name__ == "__main__":
    unittest.main()
