"""Stories of chance against the model of the server, longer than `make test` tells them.

    python tools/model.py --examples 5000 --seed 7
    python tools/model.py --only A4               the shortest story that breaks this rule
    python tools/model.py --story "0, 1, [('lease', 0, 0), ('everybody',)]"

Without --seed the stories are others each time.  Status 1 if a rule is broken; the shortest
story is shown.
"""

import argparse
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("firmware", "host_tests")]

import hypothesis

import model
import test_host_model
from model_judge import KNOWN, RULES, FaultError


def tell(examples, seed, known):
    """Tell stories until one breaks a rule; return the FaultError or None."""

    machine = type("Machine", (test_host_model.Machine,), {"known": known})
    if seed is not None:
        machine = hypothesis.seed(seed)(machine)
    try:
        test_host_model.tell(machine, examples)
    except FaultError as fault:
        return fault
    return None


def replay(text, known):
    """Tell one story again, step by step; return the FaultError or None."""
    kind, variant, story = ast.literal_eval(f"({text})")
    world = model.World(kind, variant, known=known)
    for step in story:
        print(f"{world.now_s:8} s  {step}")
        try:
            world.step(*step)
        except FaultError as fault:
            return fault
    return None


def main():
    """Run the stories that the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=test_host_model.LONG_EXAMPLES)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", choices=RULES, help="pass over all other rules")
    parser.add_argument("--story", help="kind, variant, [steps] of one story")
    arguments = parser.parse_args()
    known = KNOWN
    if arguments.only:
        known = tuple(rule for rule in RULES if rule != arguments.only)
    if arguments.story:
        fault = replay(arguments.story, ())
    else:
        fault = tell(arguments.examples, arguments.seed, known)
    print(f"broken: {fault}" if fault else "no rule is broken")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
