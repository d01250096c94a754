"""mix_site - one millgate with the DNS, keys and messages that mixload.c sends

All listen on loopback or on a unix socket below the site's directory, and are
ended by their process ids.
"""
import contextlib
import os
import shutil
import sqlite3
import subprocess

import peer_mail
from peer_measure import Dns
from peer_servers import Files, Server, Trouble, cpu_seconds, family
from peer_session import Session

NETWORK = "198.18.0.0/15"	# RFC 2544: of benchmarks; only in the protocol
CLIENT = "198.18.0.1"
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
%(more)s"""


class Millgate(Server):
    name = "millgate"

    def __init__(self, place):
        super().__init__(place)
        self.log = os.devnull		# it has a line for each message
        self.state = os.path.join(place.directory, "state.db")
        self.more = ""			# of the configuration

    def words(self):
        conf = self.file("millgate.conf", CONF % {
            "socket": self.socket, "dir": self.place.directory,
            "dns": self.place.dns.port, "more": self.more})
        return [os.path.join(self.place.build, "millgate"), "-f", "-c", conf]

    def last_words(self):
        _, _, _, conf = words = self.words()
        done = subprocess.run([words[0], "-t", "-c", conf], text=True,
                              capture_output=True, timeout=20)
        return (done.stderr.strip().splitlines() or ["?"])[-1]


class Site(Files):
    """The files of a run, its DNS server, and millgate."""

    def __init__(self, directory, build, domains, hosts):
        self.directory, self.build = directory, build
        self.domains = ["d%d.example" % i for i in range(domains)]
        public = self.make_keys()
        self.dns = Dns(self.file("zone", "".join(
            peer_mail.domain_zone(domain, public, NETWORK)
            for domain in self.domains) + "".join(
                HOST_ZONE % {"n": n, "high": n >> 8, "low": n & 255}
                for n in range(hosts))), 0)
        self.millgate = Millgate(self)

    def make_keys(self):
        """One key for all domains; its record's data."""
        path, public = peer_mail.make_key(self.directory)
        for domain in self.domains:
            target = os.path.join(self.directory, "keys", domain)
            os.mkdir(target, 0o700)
            shutil.copy(path, target)
        return public

    def stop(self):
        self.millgate.stop()
        self.dns.stop()

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

    def load(self, files, **options):
        """mixload with these options, its output in a pipe."""
        words = [os.path.join(self.build, "tests/bench/mixload"), "--socket",
                 self.millgate.socket]
        for name, value in options.items():
            words.append("--" + name.replace("_", "-"))
            words += [] if value is True else [str(value)]
        return subprocess.Popen(words + files, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, text=True)


# --- samples -------------------------------------------------------------

def rollup(pid):
    """Of one process: RSS and PSS in KB."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        found = dict(line.split(":", 1) for line in f if ":" in line)
    return [int(found[key].split()[0]) for key in ("Rss", "Pss")]


def size_kb(path):
    return os.path.getsize(path) // 1024 if os.path.exists(path) else 0


def counted(path):
    """Minutes of logins that the quota counts: the rows of the state file."""
    with contextlib.closing(sqlite3.connect(
            "file:%s?mode=ro" % path, uri=True, timeout=5)) as db:
        return db.execute("SELECT count(*) FROM bucket").fetchone()[0]


def sample(site, messages, seconds):
    pid, state = site.millgate.process.pid, site.millgate.state
    sizes = [rollup(process) for process in family(pid)]
    return {
        "messages": messages, "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds(pid), 1),
        "rss_kb": rollup(pid)[0],
        "rss_all_kb": sum(rss for rss, _ in sizes),
        "pss_all_kb": sum(pss for _, pss in sizes),
        "threads": len(os.listdir("/proc/%d/task" % pid)),
        "descriptors": len(os.listdir("/proc/%d/fd" % pid)),
        "counted": counted(state),
        "state_kb": size_kb(state), "wal_kb": size_kb(state + "-wal")}
