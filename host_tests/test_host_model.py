"""Hypothesis tells the server stories and looks for the shortest that breaks a rule.

The world is in model.py, the rules are in model_judge.py.  `make model N=5000 SEED=7` tells more.
"""

import unittest

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import model
from model_judge import KNOWN, RULES, FaultError

EXAMPLES = 250
LONG_EXAMPLES = 5000
STEPS = 40


class Machine(RuleBasedStateMachine):
    """One world; each step of model.STEPS is a rule.

    world_class, known   what is told, and the rules that it is known to break
    """

    known = KNOWN
    world_class = model.World

    @initialize(kind=st.integers(0, len(model.KINDS) - 1), variant=st.integers(0, 6))
    def begin(self, kind, variant):
        """Start the server."""
        self.world = self.world_class(kind, variant, known=self.known)

    def tell(self, name, numbers):
        """Tell one step; say how to tell the story again where it fails."""
        world = self.world
        try:
            world.step(name, *numbers)
        except FaultError as fault:
            fault.story = world.began + (world.told,)
            raise

    def teardown(self):
        """At the end everybody who has a lease renews it."""
        if hasattr(self, "world"):
            self.tell("everybody", ())


def as_rule(name, limits):
    """Return a rule of the machine for an entry of model.STEPS."""

    def step(self, numbers):
        self.tell(name, numbers)

    step.__name__ = name
    numbers = st.tuples(*[st.integers(0, limit - 1) for limit in limits])
    return rule(numbers=numbers)(step)


for _name, _limits in model.STEPS:
    setattr(Machine, _name, as_rule(_name, _limits))


def tell(machine, examples, derandomize=False):
    """Tell `examples` stories; the first that breaks a rule is made short and raised."""
    wanted = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=derandomize,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # shorten() is faster than Hypothesis's own way, and as good here
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=wanted)
    except FaultError as fault:
        raise shorten(machine, fault) from None


def breach(machine, story, rule):
    """Return the FaultError that ends a story, if it is a breach of this rule, else None."""
    kind, variant, steps = story
    try:
        machine.world_class(kind, variant, known=machine.known).play(steps)
    except FaultError as fault:
        fault.story = story
        return fault if fault.rule == rule else None
    return None


def shorten(machine, fault):
    """Return the FaultError of the shortest story found that breaks the same rule."""
    changed = True
    while changed:
        changed = False
        for story in shorter(fault.story):
            found = breach(machine, story, fault.rule)
            if found:
                fault, changed = found, True
                break
    text = "{}, World({}, {}).play({})".format(fault.args[0], *fault.story)
    short = FaultError(fault.rule, text.split(": ", 1)[1])
    short.story = fault.story
    return short


def shorter(story):
    """Yield simpler stories: with steps left out, then with a number nearer to 0."""
    kind, variant, steps = story
    for size in (16, 8, 4, 2, 1):
        for at in range(0, len(steps), size):
            yield kind, variant, steps[:at] + steps[at + size :]
    for simpler in range(kind):
        yield simpler, variant, steps
    for simpler in range(variant):
        yield kind, simpler, steps
    for at, step in enumerate(steps):
        for where in range(1, len(step)):
            for number in range(step[where]):
                changed = step[:where] + (number,) + step[where + 1 :]
                yield kind, variant, steps[:at] + [changed] + steps[at + 1 :]


class Forgetful(model.World):
    """A world whose server forgets each lease of the first device as soon as it is given."""

    def answered(self, message, n):
        """End the lease behind everybody's back."""
        reply = model.World.answered(self, message, n)
        if reply.kind == "ACK" and message.client.device == 1:
            self.server.release(reply.yiaddr, self.clock())
        return reply


class ModelTest(unittest.TestCase):
    def test_stories_break_no_rule(self):
        """The same stories each time."""
        tell(Machine, EXAMPLES, derandomize=True)

    def test_a_planted_double_lease_is_found(self):
        """A server that forgets leases gives an address to two."""

        class Planted(Machine):
            world_class = Forgetful
            known = tuple([rule for rule in RULES if rule != "two"])

        with self.assertRaises(FaultError) as caught:
            tell(Planted, EXAMPLES, derandomize=True)
        self.assertEqual(caught.exception.rule, "two")

    @pytest.mark.long
    def test_many_stories_break_no_rule(self):
        """Others each time; the seed is shown where one fails."""
        tell(Machine, LONG_EXAMPLES)
