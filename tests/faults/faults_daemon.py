"""faults_daemon - the whole daemon, once for each use of each system call and
each call of libmilter, which fails

usage: faults_daemon.py [--every N] [--jobs N] [--life NAME] [--only KIND:N]

One life of the daemon: start, a message that is right, one with a foreign
From, one from outside, a reload, questions to the control socket and to the
HTTP server, another right message, stop. It has a key process, in which the
fault may be, too. There are other lives, for the calls that are new in them:
  upgrade	the state file has the first version, and the start upgrades it
  databases	users and signing keys are in SQLite databases
  redis		the state is in a Redis server; left out where there is none
  restart	auto-restart = yes, and the daemon is killed
  dropped	root starts the daemon, which becomes another user; left out
		where the test is not root

The fault may be anywhere in it. The daemon starts as a whole, or ends with a
reason and leaves nothing behind. Neither the forged message nor one of a
blocked user ever passes. No accepted submission lacks one of its two
signatures. The last message passes, because then nothing fails any more. The
state has each accepted message once. Only a message whose last answer was lost
may be counted and not accepted. A signal changes nothing.
"""
import contextlib
import ctypes
import glob
import http.client
import json
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import points
from points import BUILD, KINDS, SRC, Plan, Wrong

sys.path.insert(0, os.path.join(SRC, "tests/e2e"))
import milter	# noqa: E402
import programs	# noqa: E402

SECONDS = 40	# for anything; a loaded machine needs far less
# The clock is read all the time; faults_scenarios has each of its reads.
SAMPLED, SAMPLES = ("clock",), 100
MTA_SECONDS = 30	# of a command
LOGIN, RECIPIENTS = "alice@example.org", 2
BLOCKED = "mallory@example.org"
OTHER_USER = "nobody"
SIGNATURES = 2
# Which kinds of a life are tried; none: all.
LIVES = {
    "usual": (),
    "upgrade": (),
    "databases": ("open", "read", "stat", "lock", "thread", "process"),
    "redis": ("socket", "receive", "send", "read", "write", "poll", "lock",
              "thread", "signal"),
    "restart": ("open", "read", "write", "socket", "receive", "send", "thread",
                "poll", "process", "signal"),
    "dropped": ("open", "name", "stat", "process", "user"),
}
# A lost Redis server is asked again a little later; the supervisor pauses.
SLOW = ("redis", "restart")
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def nothing_fails(plan):
    plan.arm(0)
    yield
    plan.arm(1)


def wait_until(what, true):
    end = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > end:
            raise Wrong("hangs: " + what)
        time.sleep(0.005)


class Site:
    """One configuration, and the daemon that serves it."""

    port = {"submission": 587}

    def __init__(self, top):
        self.top = top
        self.plan = Plan(self.at("plan"))
        self.process = None
        self.life = "usual"
        self.redis = None	# its port
        self.accepted = 0	# messages
        self.unanswered = 0	# their last answer was lost
        os.makedirs(self.at("keys/example.org"))
        for kind in ("rsa", "ed25519"):
            path = self.at("keys/example.org/%s.private" % kind)
            subprocess.run(["openssl", "genpkey", "-algorithm", kind, "-out",
                            path], check=True, stderr=subprocess.DEVNULL)
            os.chmod(path, 0o600)

    def at(self, name):
        return os.path.join(self.top, name)

    def said(self):
        with open(self.at("log"), errors="replace") as f:
            return f.read()

    def clean(self):
        for name in os.listdir(self.top):
            if name not in ("keys", "plan"):
                os.unlink(self.at(name))
        self.accepted = self.unanswered = 0

    def prepare(self, life):
        self.clean()
        self.life = life
        words = {"top": self.top, "state": self.at("state.db"),
                 "user": pwd.getpwuid(os.geteuid()).pw_name,
                 "signing": 'key-directory = "%s/keys"' % self.top,
                 "more": ""}
        if life == "dropped":
            words.update(user=OTHER_USER)
            self.give_files()
        elif life == "upgrade":
            self.old_state()
        elif life == "databases":
            self.databases()
            words.update(signing=KEYS_DATABASE % self.top,
                         more=USERS_DATABASE % self.top)
        elif life == "redis":
            self.empty_redis()
            words.update(state="redis://127.0.0.1:%d/0" % self.redis)
        elif life == "restart":
            words.update(more="auto-restart = yes")
        with open(self.at("conf"), "w") as f:
            f.write(CONF % words)

    def give_files(self):
        """Key files, and a directory for the sockets, of the other user."""
        os.chmod(self.top, 0o755)
        for base, _, names in os.walk(self.top):
            for name in ["", *names]:
                shutil.chown(os.path.join(base, name), OTHER_USER)

    def databases(self):
        with contextlib.closing(sqlite3.connect(self.at("users.db"))) as db:
            db.execute("CREATE TABLE users (login, plan, blocked)")
            db.executemany("INSERT INTO users VALUES (?, 'gold', ?)",
                           [(LOGIN, 0), (BLOCKED, 1)])
            db.commit()
        with contextlib.closing(sqlite3.connect(self.at("keys.db"))) as db:
            db.execute("CREATE TABLE dkim (domain, selector, key)")
            for kind in ("rsa", "ed25519"):
                with open(self.at("keys/example.org/%s.private" % kind)) as f:
                    db.execute("INSERT INTO dkim VALUES (?, ?, ?)",
                               ("example.org", kind, f.read()))
            db.commit()
        for name in ("users.db", "keys.db"):
            os.chmod(self.at(name), 0o600)

    def empty_redis(self):
        """The server ends with this process."""
        if self.redis is None:
            with socket.create_server(("127.0.0.1", 0)) as s:
                self.redis = s.getsockname()[1]
            subprocess.Popen(
                [programs.find("redis-server"), "--bind", "127.0.0.1",
                 "--port", str(self.redis), "--save", "", "--dir", self.top],
                stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)
        wait_until("redis", self.flushed)

    def flushed(self):
        try:
            with socket.create_connection(("127.0.0.1", self.redis)) as s:
                s.sendall(b"FLUSHALL\r\n")
                return s.recv(100).startswith(b"+OK")
        except OSError:
            return False

    # --- the daemon

    def start(self):
        """False: it has ended, as it should when a step of its start fails."""
        with open(self.at("log"), "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "millgate"), "-f", "-c",
                 self.at("conf")], stderr=log, stdout=log,
                stdin=subprocess.DEVNULL, cwd="/", start_new_session=True,
                preexec_fn=end_with_parent, env=self.plan.environment())
        wait_until("start", lambda: "ready on" in self.said() or
                   self.process.poll() is not None)
        if self.process.poll() is None:
            return True
        self.ended_well("start")
        if self.plan.kind() == "signal":
            raise Wrong("a signal ends the start")
        for name in ("socket", "control", "http", "pid"):
            if os.path.exists(self.at(name)) and \
                    "cannot become root again" not in self.said():
                raise Wrong("a start that failed leaves the file %s" % name)
        return False

    def ended_well(self, when):
        """The daemon has ended by itself: with status 2, and a reason."""
        status = self.process.returncode
        if status < 0:
            raise Wrong("crash at %s: %s" % (
                when, signal.Signals(-status).name))
        if status != 2:
            raise Wrong("status %d at %s" % (status, when))
        if not self.said().strip():
            raise Wrong("ends at %s without a reason" % when)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        wait_until("stop", lambda: not self.alive())
        if self.process.returncode != 0:
            self.ended_well("stop")

    def kill(self):
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    # --- what is asked of it

    def message(self, author, port="587", login=LOGIN):
        """The letter of the last answer; None: the connection has ended."""
        macros = {"{daemon_port}": port}
        if port == "587":
            macros["{auth_authen}"] = login
        else:
            macros["{auth_type}"] = ""
        session = None
        try:
            session = milter.Session(self, place=self.at("socket"), **macros)
            session.sock.settimeout(MTA_SECONDS)
            return self.talk(session, author, port == "587")
        except TimeoutError as e:
            raise Wrong("hangs: a message") from e
        except (OSError, EOFError, struct.error):
            return None
        finally:
            if session is not None:
                session.close()

    def talk(self, s, author, signed):
        s.negotiate()
        if s.answer()[0] != b"O":
            return None
        s.greet()
        s.mail(author)
        if s.answer()[0] != b"c":
            return None
        for n in range(RECIPIENTS):
            s.rcpt("r%d@example.net" % n)
            if s.answer()[0] != b"c":
                return None
        s.data([("From", " " + author), ("Subject", " x"),
                ("Authentication-Results", " mx.example.net; spf=pass")],
               b"text\r\n")
        letter, edits = s.answer()[0], []
        if letter != b"c":	# of DATA
            return letter
        try:
            while (answer := s.answer())[0] in b"ihmq":
                edits.append(answer)
            letter = answer[0]
        except (OSError, struct.error):
            self.unanswered += 1
            raise
        if letter in b"ca":
            self.check_edits(edits, SIGNATURES if signed else 0)
        return letter

    def check_edits(self, edits, signatures):
        if [letter for letter, _ in edits].count(b"m") != 1:
            raise Wrong("accepted with a forged field: %s" % edits)
        if sum(b"DKIM-Signature" in data for _, data in edits) != signatures:
            raise Wrong("accepted without %d signatures: %s" % (
                signatures, edits))

    def submit(self):
        """True: accepted."""
        letter = self.message(LOGIN)
        self.accepted += letter == b"c"
        if letter != b"c" and self.plan.kind() == "signal":
            raise Wrong("a signal: the answer is %s" % letter)
        return letter == b"c"

    def forge(self):
        if self.message("bob@example.com") == b"c":
            raise Wrong("a foreign sender is accepted")
        if self.life == "databases" and self.alive() and \
                self.message(BLOCKED, login=BLOCKED) == b"c":
            raise Wrong("a blocked user is accepted")

    def reload(self):
        before = self.loads()
        self.process.send_signal(signal.SIGHUP)
        wait_until("reload", lambda: self.loads() > before or
                   not self.alive())

    def loads(self):
        """Also a daemon that the supervisor starts reads the files again."""
        said = self.said()
        return said.count("reload") + said.count("ready on")

    def tool(self, *words):
        env = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
        return subprocess.run(
            [os.path.join(BUILD, "millgatectl"), "-c", self.at("conf"),
             *words], capture_output=True, text=True, timeout=SECONDS,
            env=env)

    def get(self, path):
        """The status of an HTTP answer, or None."""
        c = http.client.HTTPConnection("localhost")
        try:
            c.sock = socket.socket(socket.AF_UNIX)
            c.sock.settimeout(SECONDS)
            c.sock.connect(self.at("http"))
            c.request("GET", path)
            answer = c.getresponse()
            answer.read()
            return answer.status
        except TimeoutError as e:
            raise Wrong("hangs: HTTP") from e
        except (OSError, http.client.HTTPException):
            return None
        finally:
            c.close()

    def check_count(self):
        done = self.tool("quota", "show", "--json", LOGIN)
        rows = json.loads(done.stdout) if done.returncode == 0 else None
        if rows is None:
            raise Wrong("quota show: %s%s" % (done.stdout, done.stderr))
        messages, recipients = find(rows, "messages"), find(rows, "recipients")
        if recipients != messages * RECIPIENTS or not (
                self.accepted <= messages <= self.accepted +
                self.unanswered + self.lost()):
            raise Wrong("%d messages were accepted, %d have no answer, and "
                        "counted are %d, with %d recipients" % (
                            self.accepted, self.unanswered, messages,
                            recipients))

    def lost(self):
        """Redis may have counted a message, and its answer was lost."""
        return self.life == "redis" and self.plan.struck() and \
            self.plan.kind() in ("receive", "read", "poll")

    # --- a life

    def old_state(self):
        """A state file of the first version, which the start upgrades."""
        db = sqlite3.connect(self.at("state.db"))
        db.executescript(
            "CREATE TABLE bucket(minute INTEGER NOT NULL, key TEXT NOT NULL, "
            "recipients INTEGER NOT NULL, messages INTEGER NOT NULL, "
            "sum INTEGER NOT NULL, PRIMARY KEY(minute, key)) WITHOUT ROWID; "
            "PRAGMA user_version = 1; PRAGMA application_id = 0x6d696c67")
        db.close()
        os.chmod(self.at("state.db"), 0o640)

    def serve(self):
        self.submit()
        if self.alive():
            self.forge()
        if self.alive():
            self.message("eve@example.com", port="25")
        if self.alive():
            self.reload()
        if self.alive():
            self.tool("stats")
            self.get("/metrics")
            self.get("/healthz")

        if self.life == "restart" and self.alive():
            self.kill_child()

    def kill_child(self):
        """The parent starts another one, or ends."""
        before = self.said().count("ready on")
        for name in glob.glob("/proc/%d/task/*/children" % self.process.pid):
            with open(name) as f:
                for pid in f.read().split():
                    os.kill(int(pid), signal.SIGKILL)
        wait_until("restart", lambda: not self.alive() or
                   self.said().count("ready on") > before)

    def starts_again(self):
        """The daemon has ended, or has said that it does: start it again."""
        if not self.alive() or "the daemon stops" in self.said():
            if self.life != "restart":
                wait_until("end", lambda: not self.alive())
        if self.alive():
            return
        self.ended_well("work")
        if not self.start():
            raise Wrong("does not start again: " + self.said())

    def accepts(self):
        """It may take some time: see SLOW. So may the end of the daemon."""
        end = time.monotonic() + SECONDS
        while not self.submit():
            if time.monotonic() > end or (
                    self.life not in SLOW and self.alive() and
                    "the daemon stops" not in self.said()):
                return False
            self.starts_again()
            time.sleep(0.05)
        return True

    def recovered(self):
        """Nothing fails now."""
        self.starts_again()
        if not self.accepts():
            raise Wrong("does not accept mail again")
        if self.tool("stats").returncode != 0:
            raise Wrong("the control socket does not answer again")
        if self.get("/healthz") not in (200, 503) and \
                "HTTP is not served until" not in self.said():
            raise Wrong("HTTP does not answer again")

    def live(self, life, kind, nth):
        self.prepare(life)
        self.plan.set(kind, nth)
        self.plan.arm(1)
        if self.start() and life != "upgrade":
            self.serve()
        with nothing_fails(self.plan):
            self.recovered()
        self.stop()
        self.plan.arm(0)
        self.check_count()


CONF = """
socket = "unix:%(top)s/socket"
control-socket = "%(top)s/control"
http-listen = "unix:%(top)s/http"
metrics-file = "%(top)s/metrics.prom"
pid-file = "%(top)s/pid"
state = "%(state)s"
user = "%(user)s"
authserv-id = "mx.example.net"
resolver { servers = {"127.0.0.1@9"} timeout = 1 }
listener submission { daemon-ports = {587} direction = submission }
listener mx { daemon-ports = {25} direction = inbound }
signing { %(signing)s }
%(more)s
"""
USERS_DATABASE = """
plan gold { recipients-per-hour = 1000 }
users-database = "%s/users.db"
users-query = "SELECT plan, blocked FROM users WHERE login = $1"
users-cache = 0
"""
KEYS_DATABASE = """
keys-database = "%s/keys.db"
keys-query = "SELECT selector, key FROM dkim WHERE domain = $1"
"""


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def find(value, name):
    """The first value of this name in JSON data; 0: there is none."""
    if isinstance(value, dict):
        if isinstance(value.get(name), int):
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        for v in value:
            if n := find(v, name):
                return n
    return 0


# --- all points ------------------------------------------------------------

site = None


def worker_starts(top):
    global site
    site = Site(tempfile.mkdtemp(dir=top))


def one(point):
    """The point, what is wrong, and what was used."""
    try:
        site.live(*point)
        return point, None, site.plan.used()
    except (Wrong, subprocess.TimeoutExpired) as e:
        return point, "%s\n%s" % (e, site.said()[-600:]), None
    finally:
        site.kill()


def all_points(life, used):
    tried = []
    for kind in LIVES[life] or KINDS[1:]:
        step = 1
        if kind in SAMPLED:
            step = used[kind] // SAMPLES + 1
        tried += [(life, kind, n) for n in range(1, used[kind] + 1, step)]
    return tried


def lives(args):
    chosen = [args.life] if args.life else list(LIVES)
    try:
        programs.find("redis-server")
    except Exception as e:
        print("redis: left out: %s" % e)
        chosen = [life for life in chosen if life != "redis"]
    if os.geteuid() != 0:
        print("dropped: left out: not root")
        chosen = [life for life in chosen if life != "dropped"]
    return chosen


def choose(pool, args):
    tried = []
    if args.only:
        kind, nth = args.only.split(":")
        return [(life, kind, int(nth)) for life in lives(args)]
    for life in lives(args):
        _, why, used = pool.apply(one, ((life, "none", 1),))
        if why is not None:
            sys.exit("FAILED: %s, without a fault: %s" % (life, why))
        tried += all_points(life, used)
    return tried[::args.every]


def parse():
    p = points.parser(8)	# they mostly wait
    p.add_argument("--life", choices=LIVES)
    return p.parse_args()


def main():
    args = parse()
    with points.directory() as top, multiprocessing.Pool(
            args.jobs, worker_starts, (top,)) as pool:
        return points.try_all("daemon", KINDS + tuple(LIVES), pool, one,
                              choose(pool, args))


if __name__ == "__main__":
    sys.exit(main())
