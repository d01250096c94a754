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
import argparse
import contextlib
import os
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
import bench_milter			# noqa: E402
import peer_measure			# noqa: E402
import peer_servers			# noqa: E402

WORKS = (("signing", 4), ("inbound", 4))
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


def drive(place, server, what, text, count):
    path = place.file(what, text)
    words = peer_measure.login_words(
        what == "signing" and bench_milter.peer_mail.SENDER)
    done = threading.Event()
    threads = [threading.Thread(target=f) for f in server.beside(done)] \
        if isinstance(server, On) else []
    for thread in threads:
        thread.start()
    try:
        return peer_measure.drive(place, server, path, count, 4, *words)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def measure(place, servers, args):
    text = bench_milter.message(servers[0], 4)
    rows = {(what, server.name): [] for what, _ in WORKS
            for server in servers}
    for n in range(args.rounds + 1):		# the first one is the warm-up
        for what, _ in WORKS:
            for server in servers:
                row = drive(place, server, what, text.plain if
                            what == "signing" else text.signed,
                            200 if n == 0 else args.messages // 4 * 4)
                if n > 0:
                    rows[what, server.name].append(row)
    return rows


def report(rows, servers, args):
    def median(what, server, name):
        return statistics.median(
            row[name] for row in rows[what, server.name])

    print("4 sessions, medians of %d rounds of %d messages of 4 KB, load "
          "average %.1f" % (args.rounds, args.messages, os.getloadavg()[0]))
    print("requests or connections: " + ", ".join(
        "%s %d" % (s.name, s.requests) for s in servers
        if isinstance(s, On) and s.requests))
    print("%-8s %-8s %10s %8s %7s %12s %8s %8s" % (
        "", "metrics", "messages/s", "CPU ms", "ratio", "range", "p50 ms",
        "p99 ms"))
    for what, _ in WORKS:
        first = [row["cpu"] for row in rows[what, servers[0].name]]
        for server in servers:
            cpu = [row["cpu"] for row in rows[what, server.name]]
            ratios = [a / b for a, b in zip(cpu, first)]
            print("%-8s %-8s %10.0f %8.3f %7.3f %6.2f-%.2f %8.2f %8.2f" % (
                what, server.name, median(what, server, "rate"),
                statistics.median(cpu), statistics.median(ratios),
                min(ratios), max(ratios), median(what, server, "p50"),
                median(what, server, "p99")))


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.environ.get("MILLGATE_BUILD", "."))
    p.add_argument("--before", help="a build directory")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--messages", type=int, default=2000,
                   help="of each server in a round (2000)")
    args = p.parse_args()
    if args.rounds < 1 or args.messages < 4:
        p.error("at least 1 round and 4 messages")
    args.build = os.path.abspath(args.build)
    return args


def main():
    args = arguments()
    directory = tempfile.mkdtemp(prefix="millgate-bench-")
    servers, place = [], None
    try:
        place = bench_milter.Place(directory, args.build)
        if args.before:
            servers.append(Before(place))
            servers[0].build = os.path.abspath(args.before)
        servers += [cls(place) for cls in (Off, On, Scraped, Flooded, Idle)]
        for server in servers:
            server.start()
        report(measure(place, servers, args), servers, args)
    except peer_servers.Trouble as trouble:
        sys.exit("bench_metrics: %s" % trouble)
    finally:
        for server in servers:
            server.stop()
        if place is not None:
            place.stop()
        shutil.rmtree(directory)


main()
