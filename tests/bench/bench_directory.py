#!/usr/bin/python3
"""bench_directory - users in PostgreSQL compared with a users file

100,000 logins are in a users file, and in a table of a PostgreSQL server that
this starts: on TCP with TLS, and on its unix socket. It measures twice:

Questions: a program asks the server and the cache, by one thread and by eight.

Messages: each message comes from another login. Four variants run in turns: the
file; the database, asked for each message; the same through the socket; and the
database with all answers in the cache. Prints messages per second and CPU time
of millgate, with their ratios to those of the file.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e"))
import databases			# noqa: E402
import directories			# noqa: E402
import turns				# noqa: E402
from programs import Missing		# noqa: E402
from world import World			# noqa: E402

QUERY = "SELECT plan, senders FROM many WHERE login = $1"
CONF = """\
socket = "unix:{d}/milter.sock"
authserv-id = "mx.example.net"
state = "{d}/state.db"
user = "root"
plan standard {{ recipients-per-hour = 1000000000 }}
resolver {{ servers = {{"127.0.0.1@9"}} }}
listener submission {{ daemon-ports = {{587}}  direction = submission }}
{users}
"""
MESSAGE = "From: news@many.example\nSubject: x\n\nHello.\n"
SESSIONS = 4


class Millgate:
    """millgate with one variant of its users."""

    def __init__(self, args, directory, name, users):
        self.args, self.name = args, name
        self.directory = os.path.join(directory, name)
        os.mkdir(self.directory)
        self.conf = self.directory + "/millgate.conf"
        with open(self.conf, "w") as f:
            f.write(CONF.format(d=self.directory, users=users))
        with open(self.directory + "/message", "w") as f:
            f.write(MESSAGE)
        self.log = open(self.directory + "/log", "w")
        self.process = subprocess.Popen(
            [os.path.join(args.build, "millgate"), "-f", "-c", self.conf],
            stdout=self.log, stderr=self.log)

    def wait(self):
        for _ in range(600):
            if os.path.exists(self.directory + "/milter.sock"):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(self.directory + "/log") as f:
            sys.exit("bench_directory: millgate does not start: " + f.read())

    def load(self, messages):
        """Messages a second, and CPU milliseconds of one."""
        before = self.cpu()
        out = subprocess.run(
            [os.path.join(self.args.build, "tests/bench/mtaload"),
             "--port", self.directory + "/milter.sock",
             "--messages", str(messages), "--sessions", str(SESSIONS),
             "--per-session", "100",
             "--daemon-port", "587", "--from", "<news@many.example>",
             "--login", "user#@many.example", "--logins",
             str(databases.MANY), self.directory + "/message"],
            check=True, capture_output=True, text=True).stdout
        found = re.match(r"messages/s (\d+) .*accepted (\d+)", out)
        if int(found[2]) != messages:
            sys.exit("bench_directory: %s: not every message was accepted: %s"
                     % (self.name, out))
        return float(found[1]), (self.cpu() - before) * 1000 / messages

    def cpu(self):
        """Seconds of processor time since the start."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident megabytes."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def users_file(directory):
    path = directory + "/users"
    with open(path, "w") as f:
        for n in range(1, databases.MANY + 1):
            f.write("user%d@many.example plan=standard senders="
                    "user%d@many.example,sales%d@many.example,"
                    "news@many.example\n" % (n, n, n))
    return 'users-file = "%s"' % path


def variants(world, directory):
    """(name, users), the one to compare with first."""
    def users(host, cache):
        return directories.top(world, world.pgsql, host=host, query=QUERY,
                               users_cache=cache, users_timeout=10000)
    socket = world.pgsql.socket()
    return (("file", users_file(directory)),
            ("TLS", users(None, 0)),
            ("socket", users(socket, 0)),
            ("cached", users(socket, 86400)))


def questions(world, build):
    print("questions       threads   us each  questions/s")
    for where, url in (("TLS", world.pgsql.url()),
                       ("socket", world.pgsql.socket_url())):
        out = subprocess.run(
            [os.path.join(build, "tests/bench/dirload"), url,
             databases.password_file(world), world.pki + "/ca.pem", QUERY],
            check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            what, threads, each, rate = line.split("\t")
            if what != "fill":
                print("%-15s %7s %9s %12s" % (
                    what + ", " + where, threads, each, rate))


def measure(millgates, args):
    rows = {m.name: [] for m in millgates}
    for n in range(args.rounds + 1):	# the first one fills the cache
        for m in millgates:
            row = m.load(args.messages)
            if n > 0:
                rows[m.name].append(row)
    return {name: [statistics.median(column) for column in zip(*some)]
            for name, some in rows.items()}


def report(millgates, rows, args):
    print("%d logins, %d sessions; medians of %d rounds of %d messages, load "
          "average %.1f" % (databases.MANY, SESSIONS, args.rounds,
                            args.messages, os.getloadavg()[0]))
    print("%-8s %11s %11s %11s %13s %8s" % (
        "users in", "messages/s", "of the file", "CPU ms each", "of the file",
        "MB"))
    base = rows[millgates[0].name]
    for m in millgates:
        speed, cpu = rows[m.name]
        print("%-8s %11.0f %10.2fx %11.3f %12.2fx %8.1f" % (
            m.name, speed, speed / base[0], cpu, cpu / base[1], m.memory()))


def arguments():
    args = turns.checked(turns.parser(__doc__, rounds=3, messages=4000))
    args.messages -= args.messages % SESSIONS
    return args


def main():
    args = arguments()
    if os.geteuid() != 0:
        sys.exit("bench_directory: it starts a server as another user, so it "
                 "must run as root")
    directory = tempfile.mkdtemp(prefix="millgate-bench-")
    os.chmod(directory, 0o755)		# for the server's user
    world, millgates = World(directory, args.build), []
    try:
        world.make_pki()
        world.pgsql.start()
        questions(world, args.build)
        for name, users in variants(world, directory):
            millgates.append(Millgate(args, directory, name, users))
        for m in millgates:
            m.wait()
        report(millgates, measure(millgates, args), args)
    except Missing as why:
        print("directory: not measured: %s" % why)
    finally:
        for m in millgates:
            m.stop()
        world.pgsql.stop()
        shutil.rmtree(directory)


main()
