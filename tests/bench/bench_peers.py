#!/usr/bin/python3
"""bench_peers - millgate beside its peers; contrib/bench-peers has the manual

Runs in a network namespace of its own, with a DNS server on port 53 of it.
"""
import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e"))
import isolate				# noqa: E402
import peer_mail			# noqa: E402
import peer_measure as measure		# noqa: E402
import peer_servers			# noqa: E402
import peer_table			# noqa: E402

PARTS = ("load", "quota", "cold", "memory", "stuck")
STUCK = 400
SILENT = ["silent%d.example" % i for i in range(STUCK)]
OPTIONS = ("rounds", "messages", "sizes", "sessions", "cold", "delay_ms",
           "parts", "servers")


class Place(peer_servers.Files):
    """Where one comparison lives: its files, programs, key and DNS server."""

    def __init__(self, directory, build, peers):
        self.directory, self.build, self.peers = directory, build, peers
        self.key, self.public = peer_mail.make_key(directory)
        self.dns, self.dns_port = None, 53


def words(text):
    return [word for word in text.split(",") if word]


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=".")
    p.add_argument("--peers", default=os.path.join(
        SOURCE, "build-programs", "peers"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--messages", type=int, default=2000)
    p.add_argument("--sizes", default="4,50")
    p.add_argument("--sessions", type=int, default=5000)
    p.add_argument("--cold", type=int, default=20)
    p.add_argument("--delay-ms", type=int, default=50)
    p.add_argument("--parts", default=",".join(PARTS))
    p.add_argument("--servers", default="")
    p.add_argument("--json", default="bench-peers.json")
    p.add_argument("--table", metavar="JSON")
    args = p.parse_args()
    args.build, args.json = (os.path.abspath(x)
                             for x in (args.build, args.json))
    args.peers = os.path.realpath(args.peers)
    args.parts, args.servers = words(args.parts), words(args.servers)
    known = {s.name for s in peer_servers.MILTERS} | {
        peer_servers.PolicydRateLimit.name}
    for what, found, good in (("part", args.parts, PARTS),
                              ("server", args.servers, known)):
        for word in set(found) - set(good):
            p.error("unknown %s %s; known: %s" % (what, word,
                                                  " ".join(sorted(good))))
    if min(args.rounds, args.sessions, args.cold) < 1 or args.messages < 4:
        p.error("at least 1 round, 1 session, 1 cold and 4 messages")
    return args


def machine():
    with open("/proc/cpuinfo") as f:
        model = [line.split(":", 1)[1].strip() for line in f
                 if line.startswith("model name")]
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) // 1024
    return {"system": platform.freedesktop_os_release()["PRETTY_NAME"],
            "kernel": platform.release(), "processors": os.cpu_count(),
            "model": model[0] if model else platform.machine(),
            "memory_mb": memory}


def say(text):
    print("bench-peers: " + text, file=sys.stderr, flush=True)


def run_parts(place, args, servers, messages, cold, result):
    milters = [s for s in servers if s.milter and
               s.name != peer_servers.MillgateThree.name]
    small = messages[min(messages)]
    say("starting the servers")
    place.dns.start(0)
    measure.start_all(place, servers, small)
    if "load" in args.parts:
        say("load, %d rounds" % args.rounds)
        result["load"] = measure.measure_load(
            place, milters, messages, args.rounds, args.messages)
    if "quota" in args.parts:
        say("quota")
        result["quota"] = measure.measure_quota(
            place, [s for s in servers if s.name.startswith((
                "millgate", "policyd-rate-limit"))], args.rounds,
            args.messages)
    if "cold" in args.parts:
        say("cold DNS, %d ms a query" % args.delay_ms)
        place.dns.start(args.delay_ms)
        result["cold"] = measure.measure_cold(place, milters, cold)
        place.dns.start(0)
    if "memory" in args.parts:
        say("memory of %d sessions" % args.sessions)
        result["memory"] = measure.measure_memory(milters, small,
                                                  args.sessions)
    if "stuck" in args.parts:
        say("load beside %d sessions with silent name servers" % STUCK)
        result["stuck"] = measure.measure_stuck(
            place, milters, small, args.messages,
            [peer_mail.Message(domain, 4096, place.key) for domain in SILENT])


def allow_sessions(count):
    """Each session is a descriptor here, and in the server, which inherits."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < count + 200:
        sys.exit("bench-peers: %d sessions need %d open files; the limit is "
                 "%d (ulimit -Hn)" % (count, count + 200, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def compare(directory, args):
    place = Place(directory, args.build, args.peers)
    sizes = sorted(int(x) for x in words(args.sizes))
    messages = {size: peer_mail.Message(peer_mail.DOMAIN, size * 1024,
                                        place.key) for size in sizes}
    cold = {domain: peer_mail.Message(domain, 4096, place.key)
            for domain in ("cold%d.example" % i for i in range(args.cold))}
    place.dns = measure.Dns(place.file("zone", "".join(
        peer_mail.domain_zone(domain, place.public)
        for domain in [peer_mail.DOMAIN, *cold]) + "".join(
            peer_mail.silent_zone(domain) for domain in SILENT)),
        place.dns_port)
    servers = measure.milters(place, args.servers)
    if not args.servers or "policyd-rate-limit" in args.servers:
        servers.append(peer_servers.PolicydRateLimit(place))
    if "quota" in args.parts:
        chosen = {s.name for s in servers}
        servers += [three(place) for three in peer_servers.THREE_WINDOWS
                    if three.__base__.name in chosen]
    result = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
              "machine": machine(), "options": {key: vars(args)[key] for key in OPTIONS},
              "load_before": os.getloadavg()[0]}
    try:
        run_parts(place, args, servers, messages, cold, result)
    finally:
        for server in servers:
            server.stop()
        place.dns.stop()
    result["load_after"] = os.getloadavg()[0]
    result["versions"] = {s.name: s.version() for s in servers
                          if s.version()}
    result["trouble"] = {s.name: s.trouble for s in servers if s.trouble}
    return result


def main():
    args = arguments()
    if args.table:
        with open(args.table) as f:
            print(peer_table.text(json.load(f)))
        return
    directory = isolate.enter()
    if not isolate.isolated():
        sys.exit("bench-peers: no namespaces here; run it as root, where "
                 "unshare(1) may make them")
    allow_sessions(args.sessions)
    result = compare(directory, args)
    with open(args.json, "w") as f:
        json.dump(result, f, indent=1)
    print(peer_table.text(result))
    sys.exit("millgate" in result["trouble"])


main()
