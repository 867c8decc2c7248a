"""tools/leases.py: its table of a store, and its message about other files."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import leases
from builders import discover
from microdhcp import PARK, store
from timeline import Client, serve


class LeasesTest(unittest.TestCase):
    def setUp(self):
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "leases"

    def show(self, data, *words):
        """Return (status, standard output, standard error)."""
        if data is not None:
            self.path.write_bytes(data)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = leases.main([str(self.path), *words])
        return status, out.getvalue(), err.getvalue()

    def data(self):
        """Return the store of a server with a lease, an infinite one and one that was released."""
        server = serve(max_lease_s=None)
        one = Client(server)
        one.dora(options=((12, b"kitchen"),))
        one.other(2).dora(lease_s=0xFFFFFFFF)
        third = one.other(3)
        third.release(third.dora().yiaddr)
        return store.dump(server, 10)

    def test_table(self):
        status, out, err = self.show(self.data())
        self.assertEqual((status, err), (0, ""))
        title, *lines = out.splitlines()
        self.assertEqual(title.split(), ["address", "mac", "state", "granted", "host_name"])
        found = {line.split()[1]: line.split()[2:] for line in lines}
        self.assertEqual(
            found,
            {
                "00:00:5e:00:53:01": ["bound", "1", "h", "kitchen"],
                "00:00:5e:00:53:02": ["bound", "infinite"],
                "00:00:5e:00:53:03": ["released", "-"],
            },
        )

    def test_json(self):
        status, out, _ = self.show(self.data(), "--json")
        found = {row["mac"]: row for row in json.loads(out)}
        self.assertEqual((status, len(found)), (0, 3))
        self.assertEqual(found["00:00:5e:00:53:01"]["host_name"], "kitchen")
        self.assertEqual(found["00:00:5e:00:53:02"]["granted_s"], -1)

    def test_a_conflict_has_the_mac_of_its_owner_if_known(self):
        for owner in (None, b"\x00\x00\x5e\x00\x53\x09"):
            server = serve()
            server.enable_checks()
            packet = discover()
            server.rx[: len(packet)] = packet
            self.assertEqual(server.handle(len(packet), 0), PARK)
            server.checked(server.check_slot, True, 0, owner)
            status, out, _ = self.show(store.dump(server, 10), "--json")
            self.assertEqual((status, json.loads(out)[0]["state"]), (0, "conflict"))
            self.assertEqual(json.loads(out)[0].get("mac"), owner and owner.hex(":"))

    def test_damaged_and_foreign_files(self):
        data = bytearray(self.data())
        data[20] ^= 1
        for bad in (bytes(data), data[:-9], b"", b"lease 10.0.0.1 {\n}\n" * 9):
            status, out, err = self.show(bytes(bad))
            self.assertEqual((status, out, len(err.splitlines())), (1, "", 1))
            self.assertIn("is not a file of leases, or it is damaged", err)

    def test_no_file(self):
        status, _, err = self.show(None)
        self.assertEqual((status, len(err.splitlines())), (2, 1))
        self.assertIn("No such file", err)

    def test_a_host_name_moves_no_cursor(self):
        self.assertEqual(leases._printable(b"a\x1b[2Jb\xff"), "a?[2Jb\ufffd")


if __name__ == "__main__":
    unittest.main()
