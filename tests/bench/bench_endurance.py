#!/usr/bin/python3
"""bench_endurance - what millgate has after many messages: memory, state file

Starts one millgate with a state file and a DNS server, and sends it 800 inbound
messages for each 200 signed submissions (mixload.c says what they are):

  inbound     SPF with three includes, one RSA-2048 signature, DMARC p=reject,
              iprev and a HELO name of its own for each client; 1 percent is
              forged and must be refused
  submission  a login with its own address as sender, counted by the quota, and
              one RSA-2048 signature

Messages have about 2 KB. The log goes to /dev/null. All clients and logins are
there within the first tenth of the run, unless --hosts has more: what is kept
of each has its size by then. Needs no root and no network but loopback.

Ends with status 1 if a message gets another answer or other results than
expected, if millgate ends, or if its memory (RSS) at the end is more than 10
percent above that after a tenth of the messages. With many --logins it is, in
the first hour: the quota needs some 36 octets for each minute of the last hour
in which a login has sent, and has all of them only after an hour.

Prints the samples as a table. --json FILE has them after each sample, also of a
run that is not ended.

The whole process group may be stopped and continued (kill -STOP -- -PGID). No
program of it has a timeout that ends the run. The lookups that were under way
fail after 20 seconds; their messages are deferred and sent again ("again").

Columns: messages; seconds, without those stopped; messages a second, and CPU
seconds of all processes of millgate for 1000 messages, both since the row
before; RSS of the daemon, RSS and PSS of all its processes; threads and open
descriptors of the daemon; rows of the state file, its size and that of its
-wal. Sizes are in KB.
"""
import argparse
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time

from mix_site import Site, sample
from peer_servers import Trouble

GROWTH = 1.10			# of memory, from a tenth of the run to its end
STOPPED = 5			# a longer second is one in which we were stopped
COLUMNS = ("rss_kb", "rss_all_kb", "pss_all_kb", "threads", "descriptors",
           "counted", "state_kb", "wal_kb")


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--build", default=os.environ.get("MILLGATE_BUILD", "."))
    p.add_argument("--messages", type=int, default=100000)
    p.add_argument("--sessions", type=int, default=8,
                   help="at a time (8)")
    p.add_argument("--per-session", type=int, default=10,
                   help="messages of a session (10)")
    p.add_argument("--domains", type=int, default=20,
                   help="that send and sign (20, at most 64)")
    p.add_argument("--logins", type=int, default=100,
                   help="of submissions (100)")
    p.add_argument("--hosts", type=int,
                   help="clients (the same, at most 65536)")
    p.add_argument("--bytes", type=int, default=1200,
                   help="of a body (1200)")
    p.add_argument("--every", type=int,
                   help="messages from sample to sample (a tenth of all)")
    p.add_argument("--json", default="bench-endurance.json")
    args = p.parse_args()
    args.every = args.every or max(1, args.messages // 10)
    if args.messages < 10 or args.messages // 10 % args.every:
        p.error("--every must divide a tenth of --messages")
    sessions = max(5, args.messages // 10 // args.per_session)
    args.hosts = args.hosts or min(sessions, 65536)
    if not 2 <= args.domains <= 64 or not 1 <= args.hosts <= 65536:
        p.error("2 to 64 domains and 1 to 65536 hosts")
    args.build, args.json = (os.path.abspath(x)
                             for x in (args.build, args.json))
    return args


# --- the run -------------------------------------------------------------

class Clock:
    """Seconds, without those in which the process group was stopped."""

    def __init__(self):
        self.last, self.seconds, self.stopped = time.monotonic(), 0, 0

    def tick(self):
        now = time.monotonic()
        if now - self.last > STOPPED:
            self.stopped += now - self.last
        else:
            self.seconds += now - self.last
        self.last = now
        return self.seconds


def lines_of(stream):
    """A queue of its lines, and None at its end."""
    lines = queue.SimpleQueue()

    def read():
        for line in stream:
            lines.put(line.split())
        lines.put(None)
    threading.Thread(target=read, daemon=True).start()
    return lines


def follow(site, load, result, save):
    """Samples, until the load has ended. What it counted."""
    clock, lines, counted = Clock(), lines_of(load.stdout), {}
    while True:
        try:
            words = lines.get(timeout=1)
        except queue.Empty:
            clock.tick()
            if site.millgate.process.poll() is not None:
                raise Trouble("millgate ended with status %d" %
                              site.millgate.process.returncode) from None
            continue
        if words is None:
            break
        if words[0] == "done":
            result["samples"].append(sample(site, int(words[1]),
                                            clock.tick()))
            result["stopped_seconds"] = round(clock.stopped)
            save()
        else:
            counted = dict(zip(words[1::2], map(int, words[2::2])))
    if load.wait() != 0:
        raise Trouble("the load ended with status %d" % load.returncode)
    return counted


def run(site, args, result, save):
    site.dns.start()
    site.millgate.start()
    files = site.messages(args.bytes)
    result["samples"].append(sample(site, 0, 0))
    load = site.load(files, **{name: vars(args)[name] for name in (
        "messages", "sessions", "per_session", "logins", "hosts", "every")})
    try:
        result["answers"] = follow(site, load, result, save)
    finally:
        load.kill()
        load.wait()


# --- the table -----------------------------------------------------------

def rows(samples):
    before = samples[0]
    for now in samples:
        seconds = now["seconds"] - before["seconds"]
        count = now["messages"] - before["messages"]
        cpu = now["cpu_seconds"] - before["cpu_seconds"]
        yield [now["messages"], round(now["seconds"]),
               round(count / seconds) if seconds else "-",
               "%.2f" % (cpu * 1000 / count) if count else "-"] + [
                   now[key] for key in COLUMNS]
        before = now


def table(result):
    head = ["messages", "seconds", "a second", "CPU-s/1000", *COLUMNS]
    lines = [[str(cell) for cell in line]
             for line in [head, *rows(result["samples"])]]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(
        line, widths)) for line in lines)


def growth(args, samples):
    """RSS at the end, as a multiple of that after a tenth."""
    first = [s for s in samples if s["messages"] == args.messages // 10][0]
    return round(samples[-1]["rss_all_kb"] / first["rss_all_kb"], 3)


def main():
    args = arguments()
    directory = tempfile.mkdtemp(prefix="millgate-endurance-")
    site = Site(directory, args.build, args.domains, args.hosts)
    result = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
              "options": vars(args), "samples": []}

    def save():
        with open(args.json + ".new", "w") as f:
            json.dump(result, f, indent=1)
        os.rename(args.json + ".new", args.json)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    try:
        run(site, args, result, save)
        result["growth"] = growth(args, result["samples"])
    except (Trouble, OSError) as e:
        result["trouble"] = str(e)
    finally:
        site.stop()
        shutil.rmtree(directory)
        save()
    print(table(result))
    for key in ("answers", "growth"):
        print("%s: %s" % (key, result.get(key)))
    if "trouble" in result:
        sys.exit("bench_endurance: " + result["trouble"])
    if result["growth"] > GROWTH:
        sys.exit("bench_endurance: memory has grown by more than 10 percent")


main()
