"""How the rules leave the heap on MicroPython, played through on CPython."""

import sys
from types import SimpleNamespace

from microdhcp import Config, options, settings


def test_the_rules_unload_themselves_on_micropython_only(monkeypatch):
    """Both modules leave sys.modules and the package, so nothing holds them."""
    package = SimpleNamespace(settings=settings, options=options, config=object())
    modules = {
        "microdhcp": package,
        "microdhcp.settings": settings,
        "microdhcp.options": options,
        "microdhcp.config": package.config,
    }
    for name, left in (
        ("cpython", set(modules)),
        ("micropython", {"microdhcp", "microdhcp.config"}),
    ):
        played = SimpleNamespace(implementation=SimpleNamespace(name=name), modules=modules)
        monkeypatch.setattr(settings, "sys", played)
        Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.47"))
        assert set(modules) == left
    assert set(vars(package)) == {"config"}
    assert "microdhcp.settings" in sys.modules
