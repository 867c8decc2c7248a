"""How the rules leave the heap on MicroPython, played through on CPython."""

import sys
from types import SimpleNamespace

from microdhcp import Config, parse

RULES = "settings", "settings_options", "settings_devices", "options", "option_table", "parse"


def test_the_rules_unload_themselves_on_micropython_only(monkeypatch):
    """All of them leave sys.modules and the package, so nothing holds them."""
    package = SimpleNamespace(**dict.fromkeys(RULES, object()), config=object())
    modules = {f"microdhcp.{name}": module for name, module in vars(package).items()}
    modules["microdhcp"] = package
    for name, left in (
        ("cpython", set(modules)),
        ("micropython", {"microdhcp", "microdhcp.config"}),
    ):
        played = SimpleNamespace(implementation=SimpleNamespace(name=name), modules=modules)
        monkeypatch.setattr(parse, "sys", played)
        Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.47"))
        assert set(modules) == left
    assert set(vars(package)) == {"config"}
    assert "microdhcp.settings" in sys.modules
