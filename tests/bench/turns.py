"""turns - servers that get the same messages in turns, in one run

Each round compares servers that ran one after the other, so that other load on
the machine meets all of them.
"""
import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import types

import peer_mail
import peer_measure
import peer_servers
from peer_session import Session

WORKS = ("signing", "inbound")


class Place(peer_servers.Files):
    """The directory of one run, its key and its DNS server."""

    def __init__(self, directory, build):
        self.directory, self.build, self.peers = directory, build, directory
        self.key, public = peer_mail.make_key(directory)
        zone = self.file("zone", peer_mail.domain_zone(peer_mail.DOMAIN,
                                                       public))
        self.dns = peer_measure.Dns(zone, 0)
        self.dns.start()
        self.dns_port = self.dns.port

    def stop(self):
        self.dns.stop()


def message(millgate, size):
    """As submitted, as it arrives (millgate signs it), and as it is forged."""
    plain = peer_mail.FIELDS % {"d": peer_mail.DOMAIN} + "\n" + \
        peer_mail.body_text(size * 1024)
    answer, edits = Session(millgate.socket, login=peer_mail.SENDER).message(
        peer_mail.SENDER, *peer_mail.split(plain))
    field = dict(edits).get("DKIM-Signature")
    if answer != "accept" or field is None:
        sys.exit("the message was not signed: %s" % answer)
    signed = "DKIM-Signature:%s\n%s" % (field, plain)
    return types.SimpleNamespace(
        sender=peer_mail.SENDER, plain=plain, signed=signed,
        forged=signed.replace("\n0 ", "\n0 forged "))


def drive(place, server, what, text, count):
    """4 sessions; `beside` of the server has functions for threads."""
    path = place.file(what, text)
    words = peer_measure.login_words(
        what == "signing" and peer_mail.SENDER)
    done = threading.Event()
    beside = getattr(server, "beside", lambda _: ())
    threads = [threading.Thread(target=f) for f in beside(done)]
    for thread in threads:
        thread.start()
    try:
        return peer_measure.drive(place, server, path, count, 4, *words)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def measure(place, servers, args):
    text = message(servers[0], 4)
    rows = {(what, server.name): [] for what in WORKS for server in servers}
    for n in range(args.rounds + 1):		# the first one is the warm-up
        for what in WORKS:
            for server in servers:
                row = drive(place, server, what, text.plain if
                            what == "signing" else text.signed,
                            200 if n == 0 else args.messages // 4 * 4)
                if n > 0:
                    rows[what, server.name].append(row)
    return rows


def report(rows, servers, args):
    """The ratios are those of each round to the first server."""
    def median(what, server, name):
        return statistics.median(
            row[name] for row in rows[what, server.name])

    width = max(len(server.name) for server in servers)
    print("4 sessions, medians of %d rounds of %d messages of 4 KB, load "
          "average %.1f" % (args.rounds, args.messages, os.getloadavg()[0]))
    print("%-8s %-*s %10s %8s %7s %12s %8s %8s" % (
        "", width, "", "messages/s", "CPU ms", "ratio", "range", "p50 ms",
        "p99 ms"))
    for what in WORKS:
        first = [row["cpu"] for row in rows[what, servers[0].name]]
        for server in servers:
            cpu = [row["cpu"] for row in rows[what, server.name]]
            ratios = [a / b for a, b in zip(cpu, first)]
            print("%-8s %-*s %10.0f %8.3f %7.3f %6.2f-%.2f %8.2f %8.2f" % (
                what, width, server.name, median(what, server, "rate"),
                statistics.median(cpu), statistics.median(ratios),
                min(ratios), max(ratios), median(what, server, "p50"),
                median(what, server, "p99")))


def parser(text, rounds=5, messages=2000):
    p = argparse.ArgumentParser(
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.environ.get("MILLGATE_BUILD", "."))
    p.add_argument("--rounds", type=int, default=rounds)
    p.add_argument("--messages", type=int, default=messages,
                   help="of each server in a round (%d)" % messages)
    return p


def checked(p):
    args = p.parse_args()
    if args.rounds < 1 or args.messages < 4:
        p.error("at least 1 round and 4 messages")
    args.build = os.path.abspath(args.build)
    return args


def run(args, make, measure=measure, report=report):
    """make(place) has the servers, the first one is what others are compared
    with."""
    directory = tempfile.mkdtemp(prefix="millgate-bench-")
    servers, place = [], None
    try:
        place = Place(directory, args.build)
        servers = make(place)
        for server in servers:
            server.start()
        report(measure(place, servers, args), servers, args)
    except peer_servers.Trouble as trouble:
        sys.exit("%s: %s" % (os.path.basename(sys.argv[0]), trouble))
    finally:
        for server in servers:
            server.stop()
        if place is not None:
            place.stop()
        shutil.rmtree(directory)
    return servers
