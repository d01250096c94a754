#!/usr/bin/python3
"""bench_metrics - what metrics cost, and what HTTP clients can do to mail

Starts millgate without http-listen (it counts all the same, and serves
nothing), with it, and with it while
- a client scrapes once a second, and metrics-file is written (scraped);
- eight clients ask for /metrics and / as fast as they can (flooded);
- 1,000 idle connections are held, and a client sends an octet a second (idle).
With --before DIRECTORY it also starts the millgate of that build, for example
one that does not count. They get the same messages in turns; printed are
messages per second, CPU time of the server per message, what HTTP costs
included, the median of the ratios of each round to the first server, and the
median and 99th percentile of the time that a message takes. bench_counting
measures the counting alone.
"""
import contextlib
import os
import selectors
import socket
import sys

sys.dont_write_bytecode = True
import peer_servers			# noqa: E402
import turns				# noqa: E402

FLOODERS, IDLE = 8, 1000


class Off(peer_servers.Millgate):
    name = "off"


class Before(peer_servers.Millgate):
    name = "before"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class On(peer_servers.Millgate):
    name = "http"

    def __init__(self, place):
        super().__init__(place)
        self.place_of_http = ("127.0.0.1", free_port())
        self.more = 'http-listen = "%s:%d"\n' % self.place_of_http
        self.requests = 0

    def fetch(self, path):
        with socket.create_connection(self.place_of_http, 20) as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" %
                      path)
            text = b"".join(iter(lambda: s.recv(65536), b""))
        self.requests += 1
        return text

    def beside(self, done):
        """Functions that run in threads beside the mail until `done`."""
        return ()


class Scraped(On):
    name = "scraped"

    def __init__(self, place):
        super().__init__(place)
        self.more += 'metrics-file = "%s/millgate.prom"\n' % self.directory

    def beside(self, done):
        def scrape_on():
            while not done.is_set():
                if not self.fetch(b"/metrics").endswith(b"# EOF\n"):
                    raise peer_servers.Trouble("a scrape was cut")
                done.wait(1)

        return (scrape_on,)


class Flooded(On):
    name = "flooded"

    def beside(self, done):
        def flood():
            while not done.is_set():
                for path in (b"/metrics", b"/"):
                    with contextlib.suppress(OSError):
                        self.fetch(path)

        return (flood,) * FLOODERS


class Idle(On):
    name = "idle"

    def open(self):
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex(self.place_of_http)
        self.requests += 1
        return link

    def beside(self, done):
        """What the server has closed is opened again, once a second."""
        def hold():
            poll, slow = selectors.DefaultSelector(), None
            while not done.is_set():
                for key, _ in poll.select(0):
                    poll.unregister(key.fileobj)
                    key.fileobj.close()
                    slow = None if key.fileobj is slow else slow
                while len(poll.get_map()) < IDLE:
                    link = self.open()
                    poll.register(link, selectors.EVENT_READ)
                    slow = slow or link
                with contextlib.suppress(OSError):
                    slow.send(b"G")
                done.wait(1)
            for key in list(poll.get_map().values()):
                key.fileobj.close()
            poll.close()

        return (hold,)


def main():
    p = turns.parser(__doc__)
    p.add_argument("--before", help="a build directory")
    args = turns.checked(p)

    def servers(place):
        before = [Before(place)] if args.before else []
        for server in before:
            server.build = os.path.abspath(args.before)
        return before + [cls(place) for cls in
                         (Off, On, Scraped, Flooded, Idle)]

    print("requests or connections: " + ", ".join(
        "%s %d" % (s.name, s.requests) for s in turns.run(args, servers)
        if isinstance(s, On) and s.requests))


main()
