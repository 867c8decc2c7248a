"""What a program asks of a service, and tells it.  Loaded when it first does.

Each function is a method of Service, see Service.__getattr__: service.find(mac) is find(service,
mac).
No turn in the background comes while one runs.
"""


def of_service(service, name):
    """Return what a program means by service.name; AttributeError for what there is not."""
    if name not in _CALLS:
        raise AttributeError(name)
    function = _CALLS[name]
    return lambda *values, **named: service._whole(lambda: function(service, *values, **named))


def add(service, part):
    """Let a part of the program take turns with the server, in poll() and in run().

    part   an object with these methods: open() makes its sockets, now or when the service starts.
           close() closes them when it stops.  sockets() returns a list of them.  poll() serves
           what waits there and returns.  event(kind, address, mac, host_name) may be missing
    """
    if service.port.sock:
        part.open()
    service.parts += (part,)
    if hasattr(part, "event"):
        on_event(service, service._on_event)
        service._listeners += (part.event,)
    if service._task:
        from .loop import added

        added(service)


def leases(service, states=("offered", "adopted", "bound")):
    """Return an iterator over a Lease for each address in these states.

    states   names of states, by default offered and leased ones.  None: all addresses that were
             ever given out or found in use
    """
    found = service.server.roster(service.now_s(), states)
    return iter(list(found)) if service.background else found


def find(service, mac):
    """Return the Lease of the device with that MAC (text or 6 bytes), or None."""
    return service.server.find(mac, service.now_s())


def release(service, address):
    """End the lease or the offer of an address (text) now; return whether there was one."""
    return _change(service, service.server.release, address, service.now_s())


def configure(service, config):
    """Go on with another Config, also while it serves, as Server.configure().

    ValueError if conflict_check would change, too.
    """
    if config.conflict_check != service.config.conflict_check:
        raise ValueError("conflict_check: cannot change while the server runs")
    server = service.server
    old = server.config, server.leases
    try:
        _change(service, server.configure, config, service.now_s())
    except BaseException:  # Ctrl-C too: either all of it is new, or nothing
        from .reconfigure import use

        use(server, *old)
        raise
    service.config = config
    service.give_up()  # its client asks again; checks go on


def _change(service, function, *arguments):
    """Return function(*arguments); mend the table if it raises in the middle of a change."""
    service._torn = True
    result = function(*arguments)
    service._torn = False
    return result


def on_event(service, callback):
    """Call callback(kind, address, mac, host_name), all text, for each event of a lease.

    The kinds are those of Server.next_event().  The callback runs between two messages, and with
    background=True between two bytecodes of the program, so it should be short.  The first
    exception that it raises is printed.  None: no more calls.
    """
    server = service.server
    if not server.events:
        server.enable_events()
    while not (service._on_event or service._listeners) and server.next_event():
        pass  # what happened while nobody wanted to know
    service._on_event = callback


def events(service):
    """Return an iterator over the events since the last call.

    Each is (kind, address, mac, host_name), as for on_event(), which gets none of them then.
    The last 16 are kept, from the first call on.
    """
    if not service.server.events:
        service.server.enable_events()
    return iter(lambda: service._whole(service.server.next_event), None)


def stats(service):
    """Return a dict of counters: those of Server.counters(), and

    seconds   since the service was made
    unsent    replies that could not be sent
    foreign   messages from devices that are not associated with this access point
    troubles  errors of the firmware, also for lack of memory, after which it went on
    dropped   datagrams that were not messages, or too long
    checks    {what: how many}, see docs/conflicts.md; {}: addresses are not checked
    storage   {what: how many} of the file of leases; {}: there is none
    """
    found = service.server.counters()
    found.update(service.counts)
    found["seconds"] = service.now_s()
    found["dropped"] = service.port.dropped
    found["checks"] = service.checker.counters if service.checker else {}
    found["storage"] = service.storage.counts if service.storage else {}
    return found


_CALLS: dict = {
    "add": add,
    "leases": leases,
    "find": find,
    "release": release,
    "configure": configure,
    "on_event": on_event,
    "events": events,
    "stats": stats,
}
