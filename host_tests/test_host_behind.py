"""The server behind a program of a Pico W with stock firmware: what only the firmware shows.

A program that blocks in accept(), Ctrl-C, files, an import and a full heap, a locked heap,
stop() in a callback, a soft reset.
"""

import unittest

import pytest

from builders import discover, request
from rigs import REASON, RIGS, named
from scenarios import ALICE, BOB, Client

OWN = "192.168.4.1"
#: A module that is written, imported and compiled, and a heap that is full, again and again.
WORK = """
import gc, os, sys
while True:
    with open("/big.py", "w") as file:
        for n in range(30): file.write("def f%d(a): return a + %d\\n" % (n, n))
    import big
    del sys.modules["big"], big
    os.remove("/big.py")
    full = []
    try:
        while True: full.append(bytearray(2000))
    except MemoryError:
        gc.collect()
    full = None
    gc.collect()
    print("#round")
"""
LOCKED = """
import gc, micropython
begin = service.server.messages[1] + service.server.messages[3]
troubles = service.stats()["troubles"]
gc.collect()
before = gc.mem_alloc()
micropython.heap_lock()
while service.server.messages[1] + service.server.messages[3] < begin + {messages}: pass
micropython.heap_unlock()
print(gc.mem_alloc() - before, service.stats()["troubles"] - troubles)
"""
STOPS = "import time\nservice.on_event(lambda *event: service.stop())\nwhile True: time.sleep(1)\n"
SERVE = """
import network, socket
import microdhcp
ap = network.WLAN(network.WLAN.IF_AP)
service = microdhcp.serve(
    ap, ssid="greenhouse", key="change-me-now", pool=("192.168.4.20", "192.168.4.219"),
    conflict_check=False,
)
s = socket.socket()
s.bind(("0.0.0.0", 80))
s.listen(1)
"""
ACCEPT = "s.accept()"


def obtained(client):
    """Go through DISCOVER to ACK; return the kind of the last answer."""
    offer = client.ask(discover)
    ack = client.ask(request, requested=offer.yiaddr, server_id=OWN)
    client.station.address = ack.yiaddr
    return ack.kind


def renewed(client):
    """Renew by unicast; return the kind of the answer."""
    how = {"source": (client.address, 68), "to": (OWN, 67)}
    return client.ask(request, how, ciaddr=client.address).kind


def at_work(board, alice):
    """Ask while files are written, a module is imported, and the heap is full."""
    program = board.start(WORK)
    kinds = []
    for _ in range(4):
        kinds.append(alice.ask(discover).kind)
        board.sleep(170_000)
    board.wait(lambda: program.done or "#round" in program.output, 300)
    return kinds, program.error


def locked(board, alice):
    """Return what was allocated for each message, and the troubles, under heap_lock."""
    program = board.start(named(LOCKED.format(messages=6)))
    board.sleep(10_000)
    for _ in range(3):
        obtained(alice)
    return program.wait().strip()


def served(board):
    """Bring the server up, and let the program block in accept()."""
    with board.skipping_delays():
        board.run(SERVE, 300)
    board.start(ACCEPT)


def burst(board):
    """Return how many of four that ask at the same time are answered."""
    clients = [Client(board, f"00:00:5e:00:53:{n:02x}") for n in range(0x20, 0x24)]
    for client in clients:
        client.tell(discover)
    board.sleep(200_000)
    return sum([len(client.offers()) > 0 for client in clients])


def moments(board):
    """Return what was seen in the life of a board."""
    served(board)
    alice, bob = Client(board, ALICE), Client(board, BOB)
    seen = {"lease": obtained(alice), "renewed": renewed(alice), "burst": burst(board)}
    board.run("pass")  # Ctrl-C
    seen["at the prompt"] = obtained(alice)
    seen["at work"] = at_work(board, alice)
    seen["locked"] = locked(board, alice)
    program = board.start(STOPS)
    seen["stopping"] = obtained(bob)
    board.sleep(60_000)
    seen["error"] = program.error
    with board.skipping_delays():
        board.run("service.on_event(None)\nservice.start(background=True)", 120)
    seen["again"] = obtained(alice)
    board.soft_reset()
    seen["silent"] = alice.unheard(discover)
    return seen


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class Moments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].live(moments)

    def test_a_lease_and_its_renewal(self):
        self.assertEqual((self.seen["lease"], self.seen["renewed"]), ("ACK", "ACK"))

    def test_a_burst_of_four(self):
        self.assertEqual(self.seen["burst"], 4)

    def test_ctrl_c_ends_the_program_alone(self):
        self.assertEqual(self.seen["at the prompt"], "ACK")

    def test_files_imports_and_a_full_heap(self):
        self.assertEqual(self.seen["at work"], (["OFFER"] * 4, ""))

    def test_a_message_allocates_nothing(self):
        self.assertEqual(self.seen["locked"], "0 0")

    def test_stop_in_a_callback_and_start_again(self):
        answers = self.seen["stopping"], self.seen["error"], self.seen["again"]
        self.assertEqual(answers, ("ACK", "", "ACK"))

    def test_a_soft_reset_ends_it(self):
        self.assertTrue(self.seen["silent"])


if __name__ == "__main__":
    unittest.main()
