"""Which modules are resident together: the one list that the build goes by.

A file of the built package holds the modules of one entry, in the order of their imports.  A
module that no entry names is a file of its own, loaded when it is first imported.
"""

FAMILIES = ("rp2", "esp32")

#: file: its modules.  {family}: one for each family of boards, "service_rp2" for example; only
#: such files may import each other.
BUNDLES = {
    "server": "config leases message reply server",
    "port_{family}": "clock ports.{family} stations",  # of the service and of the relay
    "service_{family}": "service",
    "serving_{family}": "serving",
    "relay_{family}": "agent relay",
    "relay_start_{family}": "relay_start",
    "checking_{family}": "checking ports.echo",
    "settings_options": "options settings_options",
    "storage": "leasedump storage",
    "starting_{family}": "ports.{family}_start ports.wifi checking_start starting",
}

#: Files that leave memory after use: their short texts must not stay as names (texts.py).
LEAVING = (
    "parse settings settings_devices settings_options option_table option_kinds opening"
    " starting_{family} relay_start_{family} fast_start"
)

#: Files with so many names that the order of these matters (order.py).
ORDERED = ("server",)

#: Modules of machine code, and what belongs to them: in the FAST build only.
NATIVE = ("fast",)
FAST = (*NATIVE, "fast_start")

#: Public: modules that programs import by name, besides those that no other module imports.
PUBLIC_MODULES = ("leasefile", "web")

#: Functions that programs call as methods of a Server or a Service: they keep the names of their
#: arguments.
CALLS = {
    "report": "roster find release counters configure enable_events next_event",
    "calls": "add leases find release configure on_event events stats",
}

#: Public, besides what the classes and modules of microdhcp._HOME show without an underscore:
#: attributes of what those hand out.
PUBLIC = (
    "reply_to state save dropped sock counters dump load records"
    " server config checker storage port background fast parts"  # of a Service
)


def bundles(family, present):
    """Return {file: [modules]} for one family; `present`: the names of all modules.

    ValueError for a module in BUNDLES that does not exist.
    """
    files = {}
    for name, members in BUNDLES.items():
        modules = members.format(family=family).split()
        absent = [module for module in modules if module not in present]
        if absent:
            raise ValueError(f"tools/packer/layout.py, {name}: no module {', '.join(absent)}")
        files[name.format(family=family)] = modules
    taken = {module for modules in files.values() for module in modules}
    for module in sorted(present):
        if module not in taken and not _of_another(module, family):
            files[module] = [module]
    return files


def _of_another(module, family):
    """Return whether a module is for another family, or only holds others together."""
    last = module.rpartition(".")[2]
    others = [name for name in FAMILIES if name != family]
    return last == "__init__" or module == "_compat" or last.split("_")[0] in others
