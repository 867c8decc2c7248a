"""The part of CPython's unittest that this project's tests use, for MicroPython.

Small on purpose, and the same in every firmware version. Written for the rules of this port:
a test is one step of a generator, so that the host can take the outcome of each test, limit
its time, and let the garbage collector run between two tests.
"""

import io
import sys

import micropython

_SHOWN = 160  # characters of a value shown in a failure message


class SkipTest(Exception):
    """Raised to skip a test, a class (in setUpClass) or a file (at import), with a reason."""


def _show(value):
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _difference(first, second):
    """Return where two long byte strings or lists start to differ, as text, or ""."""
    try:
        if len(first) < 16 and len(second) < 16:
            return ""
        at = 0
        while at < min(len(first), len(second)) and first[at] == second[at]:
            at += 1
        return f"; lengths {len(first)} and {len(second)}, first difference at {at}"
    except (TypeError, KeyError):
        return ""


class _Raises:
    """Context manager of assertRaises; `exception` holds what was raised."""

    def __init__(self, expected):
        self._expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None:
            raise AssertionError(f"{self._expected!r} not raised")
        self.exception = error
        return issubclass(kind, self._expected)


class _SubTest:
    """Context manager of subTest: a failure is noted, and the test goes on."""

    def __init__(self, case, label):
        self._case = case
        self._label = label

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        _unlock_heap()
        self._case._failures.append(f"in subtest {self._label}\n{_trace_of(error)}")
        return True


class TestCase:
    """Base class of test classes; methods named test* are the tests."""

    def __init__(self):
        self._failures = []
        self._cleanups = []

    @classmethod
    def setUpClass(cls):
        """Run once before the first test of the class."""

    @classmethod
    def tearDownClass(cls):
        """Run once after the last test of the class."""

    def setUp(self):
        """Run before each test."""

    def tearDown(self):
        """Run after each test whose setUp succeeded."""

    def addCleanup(self, function, *args):
        """Call function(*args) after tearDown; the last one added runs first."""
        self._cleanups.append((function, args))

    def subTest(self, msg="", **params):
        """Return a context manager; a failure inside it is reported with msg and params."""
        label = f"[{msg}] " if msg else ""
        return _SubTest(
            self, label + ", ".join(f"{name}={value!r}" for name, value in params.items())
        )

    def skipTest(self, reason):
        """Leave this test, named as skipped for `reason`."""
        raise SkipTest(reason)

    def fail(self, msg=None):
        """Fail the test."""
        raise AssertionError(msg or "failed")

    def _check(self, passed, text, msg, *values):
        if not passed:
            text = text % tuple(_show(value) for value in values)
            raise AssertionError(f"{text} : {msg}" if msg else text)

    def assertEqual(self, first, second, msg=None):
        """Fail unless first == second."""
        if not first == second:
            more = _difference(first, second)
            self._check(False, "%s != %s" + more, msg, first, second)

    def assertNotEqual(self, first, second, msg=None):
        """Fail unless first != second."""
        self._check(first != second, "%s == %s", msg, first, second)

    def assertTrue(self, value, msg=None):
        """Fail unless value is true."""
        self._check(value, "%s is not true", msg, value)

    def assertFalse(self, value, msg=None):
        """Fail unless value is false."""
        self._check(not value, "%s is not false", msg, value)

    def assertIs(self, first, second, msg=None):
        """Fail unless both are the same object."""
        self._check(first is second, "%s is not %s", msg, first, second)

    def assertIsNot(self, first, second, msg=None):
        """Fail if both are the same object."""
        self._check(first is not second, "both are %s", msg, first)

    def assertIsNone(self, value, msg=None):
        """Fail unless value is None."""
        self._check(value is None, "%s is not None", msg, value)

    def assertIsNotNone(self, value, msg=None):
        """Fail if value is None."""
        self._check(value is not None, "unexpectedly None", msg)

    def assertIn(self, member, container, msg=None):
        """Fail unless member in container."""
        self._check(member in container, "%s not found in %s", msg, member, container)

    def assertNotIn(self, member, container, msg=None):
        """Fail if member in container."""
        self._check(member not in container, "%s found in %s", msg, member, container)

    def assertLess(self, first, second, msg=None):
        """Fail unless first < second."""
        self._check(first < second, "%s not less than %s", msg, first, second)

    def assertLessEqual(self, first, second, msg=None):
        """Fail unless first <= second."""
        self._check(first <= second, "%s not less than or equal to %s", msg, first, second)

    def assertGreater(self, first, second, msg=None):
        """Fail unless first > second."""
        self._check(first > second, "%s not greater than %s", msg, first, second)

    def assertGreaterEqual(self, first, second, msg=None):
        """Fail unless first >= second."""
        self._check(first >= second, "%s not greater than or equal to %s", msg, first, second)

    def assertIsInstance(self, value, kind, msg=None):
        """Fail unless isinstance(value, kind)."""
        self._check(isinstance(value, kind), "%s is not an instance of %s", msg, value, kind)

    def assertRaises(self, expected, function=None, *args, **kwargs):
        """Fail unless `expected` is raised: by function(…), or inside the returned context."""
        context = _Raises(expected)
        if function is None:
            return context
        with context:
            function(*args, **kwargs)


def skip(reason):
    """Return a decorator that skips a test or a whole class, for `reason`."""

    def decorate(item):
        if isinstance(item, type):
            item._skip_reason = reason
            return item

        def skipped(_self):
            raise SkipTest(reason)

        return skipped

    return decorate


def skipIf(condition, reason):
    """Return a decorator that skips when the condition is true."""
    return skip(reason) if condition else lambda item: item


def skipUnless(condition, reason):
    """Return a decorator that skips unless the condition is true."""
    return skipIf(not condition, reason)


def _unlock_heap():
    # Text cannot be made while a failed test still holds the heap locked.
    micropython.heap_lock()  # so that there is a lock to release
    while micropython.heap_unlock():
        pass


def _trace_of(error):
    """Return the traceback of an exception without the frames of this file."""
    text = io.StringIO()
    sys.print_exception(error, text)
    lines = text.getvalue().rstrip().split("\n")
    return "\n".join(line for line in lines if "/unittest." not in line.split(", line")[0])


def collect(module):
    """Return the tests of a module as [(class, method name)], sorted by name."""
    tests = []
    for class_name in sorted(dir(module)):
        item = getattr(module, class_name)
        if isinstance(item, type) and issubclass(item, TestCase) and item is not TestCase:
            tests.extend((item, name) for name in sorted(dir(item)) if name.startswith("test"))
    return tests


def name_of(test):
    """Return "Class.method" of a pair from collect()."""
    return f"{test[0].__name__}.{test[1]}"


class _Outcome:
    """Collects what happens to one test: the failures, or the reason of a skip."""

    def __init__(self):
        self.failures = []
        self.skipped = None

    def attempt(self, function, *args):
        """Call function; return True when it came back, else note why it did not."""
        try:
            function(*args)
            return True
        except SkipTest as reason:
            _unlock_heap()
            self.skipped = str(reason)
        except BaseException as error:
            _unlock_heap()
            self.failures.append(_trace_of(error))
        return False

    def result(self):
        """Return (outcome, text) of the test."""
        if self.failures:
            return "failed", "\n".join(self.failures)
        if self.skipped is not None:
            return "skipped", self.skipped
        return "passed", ""


def _run_method(outcome, test_class, method):
    case = None
    try:
        case = test_class()
        # A subclass with an __init__ of its own still has these.
        case._failures, case._cleanups = [], []
    except BaseException as error:
        outcome.failures.append(_trace_of(error))
        return
    if outcome.attempt(case.setUp):
        outcome.attempt(getattr(case, method))
        outcome.attempt(case.tearDown)
    while case._cleanups:
        function, args = case._cleanups.pop()
        outcome.attempt(function, *args)
    outcome.failures.extend(case._failures)


def _stays(outcome, test_class):
    """Return whether the class may run: it is not skipped, and its setUpClass came back."""
    reason = getattr(test_class, "_skip_reason", None)
    if reason is not None:
        outcome.skipped = reason
        return False
    return outcome.attempt(test_class.setUpClass)


def outcomes(tests):
    """Yield (outcome, text) for each test of collect(), in order; each step runs one test."""
    current = opening = None
    for at in range(len(tests)):
        test_class, method = tests[at]
        if test_class is not current:
            current, opening = test_class, _Outcome()
            _stays(opening, test_class)
        if opening.failures or opening.skipped is not None:
            yield opening.result()
            continue
        outcome = _Outcome()
        _run_method(outcome, test_class, method)
        if at + 1 == len(tests) or tests[at + 1][0] is not test_class:
            outcome.attempt(test_class.tearDownClass)
        yield outcome.result()


def main(module="__main__"):
    """Run the tests of a module, print what failed or was skipped, and exit with 0 or 1."""
    tests = collect(__import__(module))
    count = {"passed": 0, "failed": 0, "skipped": 0}
    at = 0
    for outcome, text in outcomes(tests):
        count[outcome] += 1
        if outcome != "passed":
            print(f"{outcome.upper()} {name_of(tests[at])}: {text}")
        at += 1
    print(", ".join(f"{count[name]} {name}" for name in ("passed", "failed", "skipped")))
    sys.exit(1 if count["failed"] or not tests else 0)
