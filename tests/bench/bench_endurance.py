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
there within the first tenth of the run, unless --logins or --hosts has more:
what is kept of each has its size by then. Needs no root and no network but
loopback.

Ends with status 1 if a message gets another answer or other results than
expected, if millgate ends, or if its memory (RSS) at the end is more than 10
percent above that after a tenth of the messages. Else prints the samples as a
table. --json FILE has them after each sample, also of a run that is not ended.

The whole process group may be stopped and continued (kill -STOP -- -PGID). No
program of it has a timeout that ends the run. The lookups that were under way
fail after 20 seconds; their messages are deferred and sent again ("again").

Columns: messages; seconds, without those stopped; messages a second, and CPU
seconds of all processes of millgate for 1000 messages, both since the row
before; RSS of the daemon, RSS and PSS of all its processes; threads and open
descriptors of the daemon; size of the state file, and of its -wal.
"""
import argparse
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer_mail			# noqa: E402
from peer_servers import Server, Trouble, cpu_seconds, family	# noqa: E402
from peer_session import Session	# noqa: E402

GROWTH = 1.10			# of memory, from a tenth of the run to its end
STOPPED = 5			# a longer second is one in which we were stopped
CLIENT = "198.18.0.1"
NETWORK = "198.18.0.0/15"	# RFC 2544: of benchmarks; only in the protocol
COLUMNS = ("rss_kb", "rss_all_kb", "pss_all_kb", "threads", "descriptors",
           "state_kb", "wal_kb")
HOST_ZONE = """h%(n)d.hosts.example A 198.18.%(high)d.%(low)d
%(low)d.%(high)d.18.198.in-addr.arpa PTR h%(n)d.hosts.example
"""
CONF = """
socket = "unix:%(socket)s"
authserv-id = "mx.example.net"
state = "%(dir)s/state.db"
user = "root"
resolver { servers = {"127.0.0.1@%(dns)d"} }
listener submission { daemon-ports = {587}  direction = submission }
listener mx { daemon-ports = {25}  direction = inbound }
plan huge { recipients-per-hour = 1000000000  messages-per-hour = 1000000000 }
default-plan = huge
signing { key-directory = "%(dir)s/keys" }
dmarc { on-reject = reject }
"""


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
    p.add_argument("--logins", type=int,
                   help="of submissions (as many as a tenth of the run uses)")
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
    args.logins = args.logins or sessions // 5
    args.hosts = args.hosts or min(sessions, 65536)
    if not 2 <= args.domains <= 64 or not 1 <= args.hosts <= 65536:
        p.error("2 to 64 domains and 1 to 65536 hosts")
    args.build, args.json = (os.path.abspath(x)
                             for x in (args.build, args.json))
    return args


# --- the servers ------------------------------------------------------------

class Millgate(Server):
    name = "millgate"

    def __init__(self, place):
        super().__init__(place)
        self.log = os.devnull		# it has a line for each message
        self.state = os.path.join(place.directory, "state.db")

    def words(self):
        conf = self.file("millgate.conf", CONF % {
            "socket": self.socket, "dir": self.place.directory,
            "dns": self.place.port})
        return [os.path.join(self.place.build, "millgate"), "-f", "-c", conf]

    def last_words(self):
        _, _, _, conf = words = self.words()
        done = subprocess.run([words[0], "-t", "-c", conf], text=True,
                              capture_output=True, timeout=20)
        return (done.stderr.strip().splitlines() or ["?"])[-1]


class Place:
    """The files of the run, its DNS server, and millgate."""

    def __init__(self, directory, args):
        self.directory, self.build = directory, args.build
        self.domains = ["d%d.example" % i for i in range(args.domains)]
        public = self.make_keys()
        self.zone = self.file("zone", "".join(
            peer_mail.domain_zone(domain, public, NETWORK)
            for domain in self.domains) + "".join(
                HOST_ZONE % {"n": n, "high": n >> 8, "low": n & 255}
                for n in range(args.hosts)))
        self.dns, self.port = None, 0
        self.millgate = Millgate(self)

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def make_keys(self):
        """One key for all domains; its record's data."""
        path, public = peer_mail.make_key(self.directory)
        for domain in self.domains:
            target = os.path.join(self.directory, "keys", domain)
            os.mkdir(target, 0o700)
            shutil.copy(path, target)
        return public

    def start(self):
        self.dns = subprocess.Popen(
            [sys.executable, os.path.join(SOURCE, "tests/tools/fakedns.py"),
             "--zone", self.zone, "127.0.0.1", "0"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.dns.stdout.readline().split()[1])
        self.millgate.start()

    def stop(self):
        self.millgate.stop()
        if self.dns is not None:
            self.dns.terminate()
            self.dns.wait(20)

    def messages(self, size):
        """The files for mixload; millgate itself signs what arrives."""
        def text(domain):
            return peer_mail.FIELDS % {"d": domain} + "\n" + \
                peer_mail.body_text(size)
        files = [self.file("submission", text("example.net"))]
        for domain in self.domains:
            sender, plain = "alice@" + domain, text(domain)
            answer, edits = Session(
                self.millgate.socket, CLIENT, sender).message(
                    sender, *peer_mail.split(plain))
            field = dict(edits).get("DKIM-Signature")
            if answer != "accept" or field is None:
                raise Trouble("%s is not signed: %s" % (sender, answer))
            files.append(self.file(domain, "DKIM-Signature: %s\n%s" % (
                field.strip(), plain)))
        return files


# --- samples ------------------------------------------------------------------

def rollup(pid):
    """Of one process: RSS and PSS in KB."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        found = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(found[key].split()[0]) for key in ("Rss", "Pss")]


def size_kb(path):
    return os.path.getsize(path) // 1024 if os.path.exists(path) else 0


def sample(place, messages, seconds):
    pid, state = place.millgate.process.pid, place.millgate.state
    sizes = [rollup(process) for process in family(pid)]
    return {
        "messages": messages, "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds(pid), 1),
        "rss_kb": rollup(pid)[0],
        "rss_all_kb": sum(rss for rss, _ in sizes),
        "pss_all_kb": sum(pss for _, pss in sizes),
        "threads": len(os.listdir("/proc/%d/task" % pid)),
        "descriptors": len(os.listdir("/proc/%d/fd" % pid)),
        "state_kb": size_kb(state), "wal_kb": size_kb(state + "-wal")}


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


def follow(place, load, result, save):
    """Samples, until the load has ended. What it counted."""
    clock, lines, counted = Clock(), lines_of(load.stdout), {}
    while True:
        try:
            words = lines.get(timeout=1)
        except queue.Empty:
            clock.tick()
            if place.millgate.process.poll() is not None:
                raise Trouble("millgate ended with status %d" %
                              place.millgate.process.returncode) from None
            continue
        if words is None:
            break
        if words[0] == "done":
            result["samples"].append(sample(place, int(words[1]),
                                            clock.tick()))
            result["stopped_seconds"] = round(clock.stopped)
            save()
        else:
            counted = dict(zip(words[1::2], map(int, words[2::2])))
    if load.wait() != 0:
        raise Trouble("the load ended with status %d" % load.returncode)
    return counted


def run(place, args, result, save):
    place.start()
    files = place.messages(args.bytes)
    result["samples"].append(sample(place, 0, 0))
    load = subprocess.Popen(
        [os.path.join(args.build, "tests/bench/mixload"), "--socket",
         place.millgate.socket] + [str(word) for name in (
             "messages", "sessions", "per_session", "logins", "hosts", "every")
            for word in ("--" + name.replace("_", "-"), vars(args)[name])] +
        files, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        result["answers"] = follow(place, load, result, save)
    finally:
        load.kill()
        load.wait()


# --- the table --------------------------------------------------------------

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
    first = [s for s in samples if s["messages"] == args.messages // 10]
    return samples[-1]["rss_all_kb"] / first[0]["rss_all_kb"]


def main():
    args = arguments()
    directory = tempfile.mkdtemp(prefix="millgate-endurance-")
    place = Place(directory, args)
    result = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
              "options": vars(args), "samples": []}

    def save():
        with open(args.json + ".new", "w") as f:
            json.dump(result, f, indent=1)
        os.rename(args.json + ".new", args.json)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    try:
        run(place, args, result, save)
        result["growth"] = round(growth(args, result["samples"]), 3)
    except (Trouble, OSError) as e:
        result["trouble"] = str(e)
    finally:
        place.stop()
        shutil.rmtree(directory)
        save()
    print(table(result))
    print("answers: %s; growth of RSS since a tenth of the messages: %s" % (
        result.get("answers"), result.get("growth")))
    if "trouble" in result:
        sys.exit("bench_endurance: " + result["trouble"])
    if result["growth"] > GROWTH:
        sys.exit("bench_endurance: memory has grown by more than 10 percent")


main()
