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
import os
import statistics
import sys

sys.dont_write_bytecode = True
import peer_measure			# noqa: E402
import peer_servers			# noqa: E402
import turns				# noqa: E402

# name, size in KB, the floor, target
WORKS = (("signing", 4, "bare+rsa", 1.25), ("inbound", 4, "bare", 1.9),
         ("inbound", 50, "bare", 2.3))


def measure(place, servers, args):
    by_name = {server.name: server for server in servers}
    messages = {size: turns.message(servers[0], size) for size in (4, 50)}
    for server in servers:
        peer_measure.prove(server, messages[4])
    rows = {work: [] for work in WORKS}
    for n in range(args.rounds + 1):		# the first one is the warm-up
        for work in WORKS:
            what, size, floor, _ = work
            text = messages[size].plain if what == "signing" else \
                messages[size].signed
            count = 200 if n == 0 else args.messages // 4 * 4
            pair = [turns.drive(place, server, what, text, count)
                    for server in (servers[0], by_name[floor])]
            if n > 0:
                rows[work].append(pair)
    return rows


def report(rows, _, args):
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


def main():
    turns.run(turns.checked(turns.parser(__doc__)), lambda place: [
        cls(place) for cls in (peer_servers.Millgate, peer_servers.Bare,
                               peer_servers.BareSigner)], measure, report)


main()
