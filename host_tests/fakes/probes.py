"""What a Pico W is asked, in the emulator and as a fake; each program prints one line."""

#: What the programs below use.
TOOLS = """
import network, socket, time, select
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
ALL = "255.255.255.255"

def udp(address=None, port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    if address is not None:
        s.bind((address, port))
    return s

def t(function, *arguments):
    try:
        return function(*arguments)
    except OSError as e:
        return "OSError %s" % e.errno if isinstance(e.errno, int) else "OSError"
    except Exception as e:
        return type(e).__name__

def tell(*values):
    print(" | ".join([str(value) for value in values]))

def bound(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.bind((address, port))
    except OSError as e:
        return e.errno
    finally:
        s.close()
    return "free"

def room():
    sockets = []
    try:
        while len(sockets) < 20:
            sockets.append(udp())
    except OSError as e:
        return len(sockets), e.errno
    finally:
        for s in sockets:
            s.close()
"""

_PROBES = """
## an AP that was never on
tell(ap.active(), ap.status(), ap.ifconfig(), ap.config("ssid"))
## its security
tell(ap.config("security"), ap.config("mac"))
## sockets without Wi-Fi
tell(room())
## bind before the AP
s = udp("0.0.0.0", 67)
tell(bound("0.0.0.0", 67), bound("192.168.4.1", 67))
## no way out yet
tell(t(s.sendto, b"x", (ALL, 68)), t(ap.send_ethernet, bytes(60)))
## the AP comes up
ap.active(True)
time.sleep_ms(50)
tell(ap.active(), ap.status(), ap.isconnected(), ap.ifconfig())
## the port stays ours
tell(bound("0.0.0.0", 67), t(s.sendto, b"x", (ALL, 68)))
## keys it does not know
tell([t(lambda: ap.config(k)) for k in ("hidden", "ifname", "max_clients", "authmode")])
## nor sets
tell([t(lambda: ap.config(**{k: 1})) for k in ("hidden", "max_clients", "authmode")])
## nor tells
tell(t(ap.status, "x"), t(lambda: ap.ipconfig("x")), ap.ipconfig("addr4"))
## another address
a = udp("192.168.4.1", 1067)
ap.ifconfig(("10.10.10.1", "255.255.255.0", "10.10.10.1", "0.0.0.0"))
tell(ap.ipconfig("addr4"))
## a socket keeps the old one
tell(bound("192.168.4.1", 1067), bound("10.10.10.1", 1067), t(a.sendto, b"x", (ALL, 68)))
## ipconfig with a prefix
ap.ipconfig(addr4="172.20.0.1/20")
tell(ap.ipconfig("addr4"))
## the AP goes down
ap.active(False)
tell(ap.active(), ap.status(), ap.ipconfig("addr4"))
## no way out any more
tell(t(s.sendto, b"x", (ALL, 68)), t(s.sendto, b"x", ("172.20.15.255", 68)))
## a frame is lost
tell(t(ap.send_ethernet, bytes(60)))
## up again, address reset
ap.active(True)
time.sleep_ms(50)
tell(ap.ipconfig("addr4"), t(a.sendto, b"x", (ALL, 68)))
## a new name, address reset
ap.ipconfig(addr4="10.10.10.1/24")
ap.config(ssid="other", key="change-me-now")
tell(ap.ipconfig("addr4"), ap.active(), ap.config("ssid"))
## a closed socket
a.close()
tell(t(a.recv, 1), t(a.sendto, b"x", (ALL, 68)))
## bind('')
a = udp()
tell(t(a.bind, ("", 67)), t(a.sendto, b"x", (ALL, 68)))
a.close()
## no names
tell(t(s.sendto, b"x", ("nobody", 68)), t(s.bind, ("nobody", 1)))
## sockets with AP and server
tell(room())
## nothing to read
tell(t(s.recv, 9), s.readinto(bytearray(9)), s.read(9), t(s.recvfrom, 9))
## poll without data
p = select.poll()
p.register(s, select.POLLIN)
tell(list(p.ipoll(0)), list(p.ipoll(20)), p.poll(1))
## STA takes the default
sta.active(True)
time.sleep_ms(20)
tell(t(s.sendto, b"x", (ALL, 68)), t(s.sendto, b"x", ("192.168.4.255", 68)))
## one socket less with STA
tell(room())
## STA joins
sta.connect("home", "secret-enough")
for _ in range(300):
    if sta.isconnected():
        break
    time.sleep_ms(20)
tell(sta.ifconfig()[0])
## own address, STA is the default
a = t(udp, "192.168.4.1", 1068)
tell(t(a.sendto, b"x", (ALL, 68)), t(a.sendto, b"x", ("192.168.4.255", 68)))
a.close()
## who closes it loses it
s.close()
tell(bound("0.0.0.0", 67))
ap.active(False)
ap.active(True)
tell(bound("0.0.0.0", 67))
## AP off does not free it
ap.active(False)
tell(bound("0.0.0.0", 67))
## deinit does
ap.deinit()
tell(bound("0.0.0.0", 67), ap.active(), sta.active())
"""

#: (what it shows, source), to be run one after the other on one board.
PROBES = [tuple(part.split("\n", 1)) for part in _PROBES.split("\n## ")[1:]]
