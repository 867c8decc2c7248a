"""A board as bytes: its changes since it was made, to be put into another board.

Two boards made of the same firmware consist of the same parts, met in the same order.  freeze()
stores what each part holds; a part that another one refers to is stored as its number.  What has
been made since then (frames, buffers, a Station) is pickled as usual.
"""

import io
import pickle
import types
import zlib
from array import array
from collections import deque
from enum import Enum

from rp2040py.clock.simulation_clock import ClockAlarm, SimulationClock
from rp2040py.gpio_pin import GPIOPin
from rp2040py.rp2040 import RP2040

_FLASH_N = 2 << 20  # bytes of a Pico W; the model has 16 MB
_ATOMS = (type(None), int, float, str, bytes, Enum, type, memoryview, types.ModuleType)
_OURS = ("rp2040py", "emulator", "_thread", "threading")
_MEMORIES = ("sram", "usb_dpram")


class Clock(SimulationClock):
    """rp2040py's clock; knows when each alarm is due."""

    def __init__(self):
        super().__init__()
        self.due = {}

    def link_alarm(self, nanos, alarm):
        """Schedule an alarm."""
        self.due.pop(alarm, None)  # of alarms due at the same time the first one goes first
        self.due[alarm] = self.nanos + nanos
        return super().link_alarm(nanos, alarm)

    def unlink_alarm(self, alarm):
        """Cancel an alarm."""
        self.due.pop(alarm, None)
        return super().unlink_alarm(alarm)

    def scheduled(self):
        """Return [(nanos, alarm)] of the events to come."""
        found = [(due, alarm) for alarm, due in self.due.items() if due > self.nanos]
        return sorted(found, key=lambda one: one[0])


class FrozenError(Exception):
    """These bytes do not fit this board."""


class Parts:
    """The parts of a board that has just been made, in the order in which they are met."""

    def __init__(self, board):
        self.board = board
        self.all = []
        self._numbers = {}
        self._fields = {}
        waiting = deque([board])
        while waiting:
            part = waiting.popleft()
            if self._is_known(part):
                continue
            if not isinstance(part, tuple):
                self._numbers[id(part)] = len(self.all)
                self.all.append(part)
            waiting.extend(self._inside(part))

    def _is_known(self, part):
        return isinstance(part, _ATOMS) or _is_memory(part) or id(part) in self._numbers

    def number(self, thing):
        """Return the number of a part, None for anything else."""
        return self._numbers.get(id(thing))

    @property
    def kinds(self):
        """The types of all parts, as text."""
        return " ".join(type(part).__name__ for part in self.all)

    def _inside(self, part):
        if isinstance(part, dict):
            return [thing for pair in part.items() for thing in pair]
        if isinstance(part, (list, tuple, deque)):
            return list(part)
        if isinstance(part, types.FunctionType):
            return list(part.__closure__ or ())
        if isinstance(part, types.CellType):
            return [_content(part)]
        if isinstance(part, types.MethodType):
            return [part.__self__]
        if not _is_ours(part):
            return []
        return [*self.fields(part).values(), *(vars(part).values() if _has_dict(part) else ())]

    def fields(self, part):
        """Return {name: value} of what a compiled or slotted class keeps outside __dict__."""
        kind = type(part)
        if kind not in self._fields:
            self._fields[kind] = _settable(part)
        return {name: getattr(part, name) for name in self._fields[kind]}

    def state(self, part):
        """Return what a part holds, as something to be pickled."""
        if isinstance(part, dict):
            return list(part.items())
        if isinstance(part, (list, deque, array)):
            return list(part)
        if isinstance(part, bytearray):
            return bytes(part)
        if isinstance(part, types.CellType):
            return [_content(part)]
        if not _is_ours(part) or isinstance(part, (types.FunctionType, types.MethodType)):
            return None
        fields = {
            name: bytes(memoryview(value)) if _is_memory(value) else value
            for name, value in self.fields(part).items()
        }
        return fields, dict(vars(part)) if _has_dict(part) else None

    def restore(self, part, state):
        """Let a part hold what state() has returned."""
        if state is None:
            return
        if isinstance(part, dict):
            part.clear()
            part.update(state)
        elif isinstance(part, (list, deque, array, bytearray)):
            _refill(part, state)
        elif isinstance(part, types.CellType):
            part.cell_contents = state[0]
        else:
            self._restore_object(part, *state)

    def _restore_object(self, part, fields, names):
        for name, value in fields.items():
            if _is_memory(getattr(part, name)):
                memoryview(getattr(part, name)).cast("B")[:] = value
            else:
                setattr(part, name, value)
        if names is not None and not isinstance(part, Clock):
            vars(part).clear()
            vars(part).update(names)


def _refill(part, state):
    if isinstance(part, deque):
        part.clear()
        part.extend(state)
    elif isinstance(part, array):
        part[:] = array(part.typecode, state)
    else:
        part[:] = state


def _is_memory(value):
    return type(value).__name__ == "_memoryviewslice"


def _is_ours(part):
    return type(part).__module__.split(".")[0] in _OURS


def _has_dict(part):
    return hasattr(part, "__dict__")


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _settable(part):
    """Return the names of the attributes of a class in C, or of slots, that can be set."""
    names = []
    for kind in type(part).__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                names.append(name)
    return [name for name in names if not name.startswith("__") and _can_be_set(part, name)]


def _can_be_set(part, name):
    try:
        value = getattr(part, name)
        if not _is_memory(value):
            setattr(part, name, value)
    except (AttributeError, TypeError, ValueError):
        return False
    return True


class _Pickler(pickle.Pickler):
    def __init__(self, file, parts):
        super().__init__(file, protocol=5)
        self._number = parts.number

    def persistent_id(self, thing):
        """Return the number of a part that each board has already; None: pickle it."""
        return self._number(thing)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, parts):
        super().__init__(file)
        self._parts = parts.all

    def persistent_load(self, number):
        """Return the part with this number."""
        return self._parts[number]


def freeze(parts, extra=None):
    """Return a board as bytes.

    parts  Parts of it, from before it has run
    extra  anything that can be pickled, which may refer to the board
    Raises pickle.PicklingError, TypeError or AttributeError when something cannot be stored.
    """
    board = parts.board
    clock, chip = board.clock, board.mcu
    states = [parts.state(part) for part in parts.all]
    alarms = [(due - clock.nanos, alarm) for due, alarm in clock.scheduled()]
    memories = [bytes(getattr(chip, name)) for name in _MEMORIES]
    flash = bytes(chip.flash[:_FLASH_N])
    file = io.BytesIO()
    _Pickler(file, parts).dump((parts.kinds, states, clock.nanos, alarms, memories, flash, extra))
    return zlib.compress(file.getvalue(), 1)


def thaw(board, data):
    """Let a board that has just been made be the one that was frozen; return `extra`.

    Raises FrozenError when it is made of other parts.
    """
    parts = Parts(board)
    kinds, states, nanos, alarms, memories, flash, extra = _Unpickler(
        io.BytesIO(zlib.decompress(data)), parts
    ).load()
    if kinds != parts.kinds:
        raise FrozenError("the board is made of other parts")
    chip = board.mcu
    for part in parts.all:
        if isinstance(part, ClockAlarm):
            part.cancel()
    board.clock.tick(nanos - board.clock.nanos)
    for name, memory in zip(_MEMORIES, memories, strict=True):
        getattr(chip, name)[:] = memory
    chip.flash[:_FLASH_N] = flash
    _restore(parts, states)
    _notice_pins(parts)
    _restore(parts, states)  # pins may have noted an edge; some values count once others are set
    for delta, alarm in alarms:
        board.clock.link_alarm(delta, alarm)
    return extra


def _restore(parts, states):
    for part, state in zip(parts.all, states, strict=True):
        if not isinstance(part, (RP2040, ClockAlarm)) or state is None:
            parts.restore(part, state)
        elif isinstance(part, RP2040):
            vars(part).update(state[1])


def _notice_pins(parts):
    """Let each pin know its level, without telling anybody."""
    for part in parts.all:
        if isinstance(part, GPIOPin):
            listeners, part._listeners = part._listeners, type(part._listeners)()
            part.check_for_updates()
            part._listeners = listeners
