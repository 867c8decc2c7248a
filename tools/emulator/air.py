"""Real DHCP clients as stations: a lab's home network (tools/lab) joined to the access point.

    with Lab(clients=2) as lab, Air(board, lab) as air:
        lease = air.call(Udhcpc(lab.clients[0]).obtain)

The lab's switch takes the part of the air between stations, which hear each other in a real access
point as well.  The board's clock is held back to wall time, so that the clients' time-outs fit.
"""

from concurrent.futures import ThreadPoolExecutor

from emulator.offload import switch_off
from emulator.pace import Pace
from lab.clients import INTERFACE

NET_S = 900  # emulated seconds: a machine that is busy takes longer for them
_STEP_US = 5000  # emulated time between two looks at the stations


class Air:
    """The air between a board's access point and the clients of a lab.

    board  a Board, whose access point may come up later
    lab    a Lab in its `with` block
    Inside its own `with` block the lab's clients are associated whenever the access point is up.
    """

    def __init__(self, board, lab):
        self.board = board
        self.lab = lab
        self._socket = None
        self._pace = None

    def __enter__(self):
        node = self.lab.home.node
        node.ip(f"addr flush dev {INTERFACE}")
        for client in self.lab.clients:
            switch_off(client, INTERFACE)
        self._socket = node.packet_socket(INTERFACE)
        self._socket.setblocking(False)
        self.board.ap.listeners.append(self._to_stations)
        self._pace = Pace(self.board)
        return self

    def __exit__(self, kind, error, trace):
        self.board.ap.listeners.remove(self._to_stations)
        self._socket.close()

    def _to_stations(self, frame):
        self._socket.send(frame)

    def _from_stations(self):
        while True:
            try:
                frame = self._socket.recv(2048)
            except BlockingIOError:
                return
            self.board.ap.send(frame)

    def turn(self):
        """Let frames and a little of the board's time go by."""
        if self.board.ap.up:
            for client in self.lab.clients:
                self.board.ap.join(client.mac)
        self._from_stations()
        self.board.step(_STEP_US)
        self._pace.wait([self._socket])

    def call(self, function, *args, timeout_s=NET_S):
        """Return function(*args), called in a thread while the board runs.

        Raises what it raises, TimeoutError after timeout_s emulated seconds, a safety net.
        """
        end_us = self.board.now_us + timeout_s * 1e6
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(function, *args)
            while not future.done():
                if self.board.now_us > end_us:
                    raise TimeoutError(f"safety net: {function} takes over {timeout_s} s")
                self.turn()
            return future.result()
