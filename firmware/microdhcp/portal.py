"""A captive portal: a form that opens by itself on telephones, and a callback for its fields.

    def submitted(fields):
        save(fields["ssid"], fields["password"])
        return "Saved. The board joins your network now."

    Portal(service, submitted, networks=names)      # and dns.Names(service, captive=True)

Every system asks for a page of its own when it joins a network (Android generate_204, Apple
hotspot-detect.html, Windows connecttest.txt, Firefox, Ubuntu, Kindle); a redirect in its place
makes it show the portal.  Those pages are on other hosts, so one rule is enough: the answer to a
request for another host is a redirect to the board.
"""

import os

from .web import Reply, escape, filled, web_of

_MOST = {"ssid": 32, "password": 63}  # bytes of the two fields that Wi-Fi limits


class Portal:
    """The form of one service.

    done     text that on_submit has returned; None: nothing yet
    message  text to show above the form once
    """

    def __init__(self, service, on_submit, title="Set-up", networks=None, form=None):
        """Show the form at "/" while the service runs, on TCP port 80 of the access point.

        on_submit  function that is called with {field: text} and returns the text to show.  The
                   text of a ValueError is shown above the form.  Only note the fields there; join
                   the network in your own program
        title      heading of the form, text
        networks   list of names to choose from, or a function that returns it.  None: no list
        form       your own page, bytes, with {{title}}, {{message}}, {{token}} and {{networks}}
                   as in portal_html.FORM.  None: that page
        """
        self.done = None
        self._on_submit = on_submit
        self._title = title
        self._networks = networks or ()
        self._html = form
        self.message = ""
        self._token = "".join([f"{byte:02x}" for byte in os.urandom(8)])
        web = web_of(service)
        self._address = web.address
        web.parts.append(self)
        web.portal = self

    def elsewhere(self):
        """Return the Reply to a request for another host."""
        return Reply(302, (), location=f"http://{self._address}/")

    def respond(self, request):
        """Return the Reply to a web.Request for the form, None for other paths."""
        if request.path != b"/":
            return None
        if request.method == b"POST":
            return self._submit(request.fields())
        return self._form()

    def _form(self):
        """Return the Reply with the form and its pending message."""
        message = self.message
        self.message = ""
        values = {
            "title": self._title,
            "message": message,
            "token": self._token,
            "networks": self._options(),
        }
        return Reply(200, filled(self._html or _html("FORM"), values))

    def _options(self):
        """Yield the names to choose from, as HTML."""
        names = self._networks
        for name in names() if callable(names) else names:
            yield f'<option value="{escape(name)}">'.encode()

    def _submit(self, fields):
        """Pass the fields to the program, if they come from this form."""
        if fields.pop("token", "") != self._token:
            return Reply(403, (b"The form is too old. Load the page again.",), "text/plain")
        try:
            for name in fields:
                if len(fields[name].encode()) > _MOST.get(name, 255):
                    raise ValueError(f"{name}: at most {_MOST.get(name, 255)} bytes")
            self.done = self._on_submit(fields) or "Saved."
        except ValueError as error:
            self.message = str(error)
            return self._form()
        return Reply(200, filled(_html("DONE"), {"title": self._title, "text": self.done}))


def _html(name):
    """Return a page (bytes), which stays in memory only while it is sent."""
    from .opening import forget
    from .portal_html import DONE, FORM  # not the module: `from .` asks microdhcp.__getattr__

    forget("portal_html")
    forget()
    return FORM if name == "FORM" else DONE
