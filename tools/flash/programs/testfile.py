"""Runs on the board: one test file of the directory that is mounted there."""


def main(name):
    """Import a test file and run it; return {"passed", "failed", "skipped": how many}.

    Prints a line for each test that has not passed, and a dot for each that has.
    """
    import unittest

    count = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        tests = unittest.collect(__import__(name))
    except unittest.SkipTest as reason:
        print("skipped", name, reason)
        count["skipped"] = 1
        return count
    at = 0
    for outcome, text in unittest.outcomes(tests):
        count[outcome] += 1
        if outcome == "passed":
            print(".", end="")
        else:
            print("\n" + outcome, unittest.name_of(tests[at]), text)
        at += 1
    print()
    return count
