"""tools/relay.py: what it says when it cannot start.  How it relays: test_host_kea.py."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOOD = {
    "--interface": "no-such-if",
    "--address": "10.77.0.1/24",
    "--uplink": "lo",
    "--uplink-address": "127.0.0.1",
    "--server": "127.0.0.2",
}


def run(**changes):
    """Run the tool; return (exit status, what it says on standard error)."""
    words = {**GOOD, **{"--" + name.replace("_", "-"): text for name, text in changes.items()}}
    argv = [word for pair in words.items() for word in pair]
    command = [sys.executable, str(ROOT / "tools" / "relay.py"), *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stderr


class CannotStart(unittest.TestCase):
    def test_each_reason_is_one_line(self):
        """Wrong arguments have status 2, and the argument is named."""
        for name, text in (
            ("server", "10.0.0.5=soon"),
            ("server", "10.0.0.5=-1"),
            ("server", "10.0.0.5=65536"),
            ("server", "0.0.0.5"),
            ("server", "255.255.255.255"),
            ("server", "224.0.0.12"),
            ("address", "10.77.0"),
            ("address", "10.77.0.1"),
            ("address", "10.77.0.0/24"),
            ("address", "10.77.0.1/255.255.255.0"),
            ("uplink_address", "10.0.0.2/24"),
            ("uplink_address", "0.0.0.0"),
            ("max_hops", "17"),
            ("circuit_id", "x" * 101),
            ("remote_id", ""),
            ("fallback_after", "nan"),
            ("fallback_after", "0"),
        ):
            status, said = run(**{name: text})
            self.assertEqual((status, said.count("\n")), (2, 1), said)
            self.assertIn("--" + name.replace("_", "-"), said)

    def test_an_interface_that_is_not_there(self):
        status, said = run()
        self.assertEqual(status, 2)
        self.assertEqual(said, "relay: there is no interface no-such-if; ip link lists them\n")

    def test_an_interface_without_the_address(self):
        status, said = run(interface="lo")
        self.assertEqual(status, 2)
        self.assertEqual(
            said,
            "relay: lo does not have the address 10.77.0.1/24; try: "
            "ip address add 10.77.0.1/24 dev lo\n",
        )

    def test_the_settings_of_the_fallback(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fallback.toml"
            for text, reason in (
                ('pool = ["10.77.0.9", "10.77.0.5"]', "pool: its first address"),
                ('address = "10.78.0.1/24"\npool = ["10.78.0.9", "10.78.0.9"]', "is not 10.77"),
                ("", "pool: is missing"),
            ):
                path.write_text(text)
                status, said = run(fallback=str(path))
                self.assertEqual(status, 2)
                self.assertIn(reason, said)


if __name__ == "__main__":
    unittest.main()
