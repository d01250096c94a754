#!/usr/bin/python3
"""bench_metrics - what metrics cost

Starts millgate without metrics (it counts all the same, and serves nothing),
with http-listen, and with http-listen and metrics-file while a client scrapes
it once a second. With --before DIRECTORY it also starts the millgate of that
build, for example one that does not count. They get the same messages in
turns; printed are messages per second and CPU time per message, and the
median of the ratios of each round to the first one.
"""
import argparse
import os
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


class Off(peer_servers.Millgate):
    name = "off"


class Before(peer_servers.Millgate):
    name = "before"


class On(peer_servers.Millgate):
    name = "http"

    def __init__(self, place):
        super().__init__(place)
        self.http = os.path.join(self.directory, "http")
        self.more = 'http-listen = "unix:%s"\n' % self.http


class Scraped(On):
    name = "scraped"

    def __init__(self, place):
        super().__init__(place)
        self.more += 'metrics-file = "%s/millgate.prom"\n' % self.directory
        self.scrapes, self.octets = 0, 0

    def scrape(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.http)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            text = b"".join(iter(lambda: s.recv(65536), b""))
        if not text.endswith(b"# EOF\n"):
            raise peer_servers.Trouble("a scrape was cut")
        self.scrapes, self.octets = self.scrapes + 1, len(text)


def drive(place, server, what, text, count):
    path = place.file(what, text)
    words = peer_measure.login_words(
        what == "signing" and bench_milter.peer_mail.SENDER)
    done = threading.Event()

    def scrape_on():
        while True:
            server.scrape()
            if done.wait(1):
                return

    thread = threading.Thread(target=scrape_on)
    if isinstance(server, Scraped):
        thread.start()
    try:
        return peer_measure.drive(place, server, path, count, 4, *words)
    finally:
        done.set()
        if thread.is_alive():
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
    print("4 sessions, medians of %d rounds of %d messages of 4 KB, load "
          "average %.1f; %d scrapes of %d octets" % (
              args.rounds, args.messages, os.getloadavg()[0],
              servers[-1].scrapes, servers[-1].octets))
    print("%-8s %-8s %10s %10s %10s %12s" % (
        "", "metrics", "messages/s", "CPU ms", "ratio", "range"))
    for what, _ in WORKS:
        first = [row["cpu"] for row in rows[what, servers[0].name]]
        for server in servers:
            cpu = [row["cpu"] for row in rows[what, server.name]]
            ratios = [a / b for a, b in zip(cpu, first)]
            print("%-8s %-8s %10.0f %10.3f %10.3f %6.2f-%.2f" % (
                what, server.name, statistics.median(
                    row["rate"] for row in rows[what, server.name]),
                statistics.median(cpu), statistics.median(ratios),
                min(ratios), max(ratios)))


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
        servers += [Off(place), On(place), Scraped(place)]
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
