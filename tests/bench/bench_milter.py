#!/usr/bin/python3
"""bench_milter - millgate's CPU time as a multiple of libmilter's own

Starts millgate with a DNS server on loopback, and baremilter twice: libmilter
alone, and libmilter with one SHA-256 pass and one RSA-2048 signature. Sends
them the same messages in turns, over unix sockets, and prints three ratios of
their CPU time (user and system) per message, each the median of the rounds:

    signing 4 KB     against libmilter with the signature  target 1.25
    inbound 4 KB     against libmilter alone               target 1.9
    inbound 50 KB    against libmilter alone               target 2.3

The work is that of `make bench-peers`: inbound is SPF with three includes, one
RSA-2048 signature and DMARC with p=reject; signing is one RSA-2048 signature
for a submission with a login. The DNS answers are in millgate's cache for most
messages: their TTL is 60 s. Each round compares servers that ran one after the
other, so that other load on the machine meets both.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import types

sys.dont_write_bytecode = True
import peer_mail			# noqa: E402
import peer_measure			# noqa: E402
import peer_servers			# noqa: E402
from peer_session import Session	# noqa: E402

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# name, size in KB, the floor, target
WORKS = (("signing", 4, "bare+rsa", 1.25), ("inbound", 4, "bare", 1.9),
         ("inbound", 50, "bare", 2.3))


class Place:
    """The directory of one run, its key and its DNS server."""

    def __init__(self, directory, build):
        self.directory, self.build, self.peers = directory, build, directory
        self.key, public = peer_mail.make_key(directory)
        zone = self.file("zone", peer_mail.domain_zone(peer_mail.DOMAIN,
                                                       public))
        self.dns = subprocess.Popen(
            [sys.executable, os.path.join(SOURCE, "tests/tools/fakedns.py"),
             "--zone", zone, "127.0.0.1", "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.dns_port = int(re.match(r"ready (\d+)",
                                     self.dns.stdout.readline())[1])

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def stop(self):
        self.dns.terminate()
        self.dns.wait(20)


def message(millgate, size):
    """As submitted, as it arrives (millgate signs it), and as it is forged."""
    plain = peer_mail.FIELDS % {"d": peer_mail.DOMAIN} + "\n" + \
        peer_mail.body_text(size * 1024)
    answer, edits = Session(millgate.socket, login=peer_mail.SENDER).message(
        peer_mail.SENDER, *peer_mail.split(plain))
    field = dict(edits).get("DKIM-Signature")
    if answer != "accept" or field is None:
        sys.exit("bench_milter: the message was not signed: %s" % answer)
    signed = "DKIM-Signature:%s\n%s" % (field, plain)
    return types.SimpleNamespace(
        sender=peer_mail.SENDER, plain=plain, signed=signed,
        forged=signed.replace("\n0 ", "\n0 forged "))


def run(place, server, work, text, count):
    what, size, _, _ = work
    path = place.file("%s-%d" % (what, size), text)
    return peer_measure.drive(place, server, path, count, 4,
                              *peer_measure.login_words(
                                  what == "signing" and peer_mail.SENDER))


def measure(place, servers, args):
    millgate = servers["millgate"]
    messages = {size: message(millgate, size) for size in (4, 50)}
    for server in servers.values():
        peer_measure.prove(server, messages[4])
    rows = {work: [] for work in WORKS}
    for n in range(args.rounds + 1):		# the first one is the warm-up
        for work in WORKS:
            what, size, floor, _ = work
            text = messages[size].plain if what == "signing" else \
                messages[size].signed
            count = 200 if n == 0 else args.messages // 4 * 4
            pair = [run(place, server, work, text, count)
                    for server in (millgate, servers[floor])]
            if n > 0:
                rows[work].append(pair)
    return rows


def report(rows, args):
    print("CPU milliseconds per message; 4 sessions, medians of %d rounds of "
          "%d messages, load average %.1f" % (args.rounds, args.messages,
                                              os.getloadavg()[0]))
    print("%-14s %9s %9s %7s %13s %7s" % ("", "millgate", "floor", "ratio",
                                          "range", "target"))
    for (what, size, _, target), pairs in rows.items():
        ours, floor = ([pair[i]["cpu"] for pair in pairs] for i in (0, 1))
        ratios = [a / b for a, b in zip(ours, floor)]
        ratio = statistics.median(ratios)
        print("%-14s %9.3f %9.3f %7.2f %6.2f-%-6.2f %7.2f %s" % (
            "%s %d KB" % (what, size), statistics.median(ours),
            statistics.median(floor), ratio, min(ratios), max(ratios), target,
            "met" if ratio <= target else "MISSED"))


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.environ.get("MILLGATE_BUILD", "."))
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
    servers, place = {}, None
    try:
        place = Place(directory, args.build)
        for cls in (peer_servers.Millgate, peer_servers.Bare,
                    peer_servers.BareSigner):
            servers[cls.name] = server = cls(place)
            server.start()
        report(measure(place, servers, args), args)
    except peer_servers.Trouble as trouble:
        sys.exit("bench_milter: %s" % trouble)
    finally:
        for server in servers.values():
            server.stop()
        if place is not None:
            place.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
