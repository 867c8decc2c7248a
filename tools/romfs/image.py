"""The image: compiled modules that run where they are, in flash."""

from mpremote.romfs import VfsRomWriter

import build


def image(family="rp2", fast=False, core=None):
    """Return the image with the package in its directory lib, where Python looks for it.

    family, fast, core  as build.package(); machine code is copied to RAM when it is loaded
    Raises mpvm.SetupError when it cannot be compiled, ValueError for an unknown core.
    """
    writer = VfsRomWriter()
    files = build.package(family, fast, core)
    _add(writer, _tree({"lib/" + name: data for name, data in files.items()}))
    return writer.finalise()


def _tree(files):
    """Return {"a/b": bytes} as {"a": {"b": bytes}}."""
    tree = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[name] = data
    return tree


def _add(writer, tree):
    for name, content in sorted(tree.items()):
        if isinstance(content, dict):
            writer.opendir(name)
            _add(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)
