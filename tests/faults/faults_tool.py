"""faults_tool - each command of millgatectl, once for each use of each system
call, which fails

usage: faults_tool.py [--every N] [--jobs N] [--only [COMMAND:]KIND:N]

Each point has a site of its own. The command ends by itself, with a status that
the manual knows. With status 2 it has given a reason. Whatever it did, there is
no file that neither the site nor the command without a fault has, a file that
was there has the octets of before or, where the command changes it, of after,
and a private key is closed to others. If the command says that it has
succeeded, all files are there that it makes, and it says the same as without a
fault, or a reason. The same command succeeds afterwards, where nothing fails,
unless it has already been carried out. A signal changes nothing.
"""
import contextlib
import multiprocessing
import os
import pwd
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile

import points
from points import BUILD, KINDS, SRC, Plan, Wrong

sys.path.insert(0, os.path.join(SRC, "tests/e2e"))
import programs	# noqa: E402

SECONDS = 60	# a loaded machine needs far less
TRIED = ("open", "read", "write", "sync", "name", "stat", "lock", "socket",
         "thread", "poll", "process", "user", "signal")
SITE = """
socket = "unix:%(top)s/socket"
control-socket = "%(top)s/control"
state = "%(top)s/state.db"
user = "%(user)s"
authserv-id = "mx.example.net"
resolver { servers = {"127.0.0.1@9"} timeout = 1 }
listener submission { daemon-ports = {587} direction = submission }
listener mx { daemon-ports = {25} direction = inbound }
"""
CONF = SITE + """
signing { key-directory = "%(top)s/keys" }
users-file = "%(top)s/users"
"""
# as OpenDKIM has it, and users in a database
TABLES = SITE + """
signing {
	key-table = "%(top)s/KeyTable"
	signing-table = "refile:%(top)s/SigningTable"
}
plan gold { recipients-per-hour = 1000 }
users-database = "%(top)s/users.db"
users-query = "SELECT plan, blocked FROM users WHERE login = $1"
"""
KEY_TABLE = "s example.org:s:%s/keys/example.org/s.private\n"
USERS = "alice@example.org\nbob@example.org plan=professional\n"
MESSAGE = ("From: alice@example.org\nTo: bob@example.net\nSubject: x\n"
           "Date: Tue, 1 Dec 2026 10:00:00 +0000\nMessage-ID: <a@b>\n\nbody\n")
ZONE = "n._domainkey.example.org TXT v=DKIM1; k=ed25519; p=%s\n"
MC = ("VERSIONID(`test')\nOSTYPE(`debian')\nDOMAIN(`debian-mta')\n"
      "MAILER_DEFINITIONS\nMAILER(`local')\nMAILER(`smtp')\n")
MAIN_CF = ("compatibility_level = 3.6\nsmtpd_milters = inet:localhost:8891\n"
           "milter_default_action = accept\n")
MASTER_CF = "smtp inet n - n - - smtpd\nsubmission inet n - n - - smtpd\n"
SCENARIO = """[conf]
authserv-id = "mx.example.net"
[zone]
example.org TXT "v=spf1 -all"
[session]
connect 198.51.100.7
helo evil.test
mail <a@example.org>
rcpt <bob@example.net>
[message]
From: a@example.org

x
[expect]
eom reject 550 5.7.1 *
"""
IMPORTED = {
    "opendkim.conf": "Mode v\nSyslog yes\n",
    "opendmarc.conf": "RejectFailures true\nTrustedAuthservIDs a, b\n",
    "policyd-spf.conf": "debugLevel = 1\nHELO_reject = Fail\n",
    "rate-limit.yaml": "limits_by_id:\n  alice: [[10, 60]]\n",
}

# name: the words, and the statuses that it may end with
COMMANDS = {
    "key new": ("key new --type both --bits 1024 --selector t example.org",
                (0, 2)),
    "key new, another domain": (
        "key new --type ed25519 --active --selector t example.net", (0, 2)),
    "key list": ("key list --json", (0, 1, 2)),
    "key dns": ("key dns example.org", (0, 2)),
    "key check": ("key check example.org --zone %(top)s/zone", (0, 1, 2)),
    "key activate": ("key activate example.org --zone %(top)s/zone",
                     (0, 1, 2)),
    "key retire": ("key retire example.org s", (0, 1, 2)),
    "key prune": ("key prune --keep 0", (0, 1, 2)),
    "key fix": ("key fix", (0, 1, 2)),
    "quota set": ("quota set alice@example.org --recipients 5", (0, 2)),
    "quota show": ("quota show", (0, 2)),
    "quota reset": ("quota reset alice@example.org", (0, 2)),
    "user block": ("user block alice@example.org --for 2h --reason x",
                   (0, 2)),
    "user explain": ("user explain bob@example.org", (0, 1, 2)),
    "outcomes": ("outcomes", (0, 1, 2)),
    "upgrade-check": ("upgrade-check", (0, 1, 2)),
    "conf check": ("conf check", (0, 1, 2)),
    "check": ("check --login alice@example.org --tls TLSv1.3 --port 587 "
              "--from alice@example.org --rcpt b@example.net --zone "
              "%(top)s/zone %(top)s/message", (0, 1, 2)),
    "import": ("import-opendkim --opendkim %(top)s/opendkim.conf "
               "--opendmarc %(top)s/opendmarc.conf "
               "--policyd-spf %(top)s/policyd-spf.conf "
               "--policyd-rate-limit %(top)s/rate-limit.yaml "
               "-o %(top)s/new.conf", (0, 2)),
    "setup sendmail": ("setup sendmail --mc %(top)s/sendmail.mc --apply",
                       (0, 1, 2)),
    "setup postfix": ("setup postfix --config %(top)s/new --apply", (0, 1, 2)),
    "setup postfix, undo": ("setup postfix --config %(top)s/old --undo",
                            (0, 1, 2)),
    "doctor": ("doctor --postfix %(top)s/new", (0, 1, 2)),
    "replay": ("replay %(top)s/scenario", (0, 1, 2)),
    "conf show": ("conf show", (0, 2)),
    "quota show, one": ("quota show --json bob@example.org", (0, 2)),
    "quota show, two": ("quota show --top 2", (0, 2)),
    "user unblock": ("user unblock carol@example.org", (0, 2)),
    "tables: conf check": ("-c %(top)s/tables conf check --probe", (0, 1, 2)),
    "tables: key list": ("-c %(top)s/tables key list", (0, 1, 2)),
    "tables: key check": ("-c %(top)s/tables key check example.org s "
                          "--zone %(top)s/zone", (0, 1, 2)),
    "tables: key fix": ("-c %(top)s/tables key fix", (0, 1, 2)),
    "tables: user explain": ("-c %(top)s/tables user explain "
                             "alice@example.org", (0, 1, 2)),
}
# SQLite's own files, which it may make and remove at any time
PASSING = re.compile(r"state\.db(-wal|-shm|-journal|-lock)?$")
# in an output: base64, seconds and a time of the day
VARIES = re.compile(r"\n\tb=(?:.|\n\t)*|[\w+/]{16,}=*|\b\d{9,}|[\d:]+ UTC|"
                    r"\d+ ms(?!=)|\bms=\d+")
# Postfix's postconf(1) changes values, and then removes others; new ones are
# in any order
STEPWISE = re.compile(r"(old|new)/main\.cf$")
# what stays when it cannot be removed: a temporary file, a marker without a key
UNREMOVED = re.compile(r"\.(private\.\w{6}|pending|retired)$")


def postfix():
    """The environment in which Postfix's programs are found; {}: nowhere."""
    try:
        place = os.path.dirname(programs.find("postconf"))
    except programs.Missing:
        return {}
    return {**programs.environment(), "PATH": "%s:%s" % (
        place, os.environ["PATH"])}


POSTFIX = postfix()
if not POSTFIX:
    COMMANDS = {name: command for name, command in COMMANDS.items()
                if "postfix" not in command[0]}


class Site:
    def __init__(self, top):
        self.top, self.plan = top, Plan(top + ".plan")
        self.user = "nobody" if os.geteuid() == 0 else \
            pwd.getpwuid(os.geteuid()).pw_name

    def at(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text):
        with open(self.at(name), "w") as f:
            f.write(text)

    def tool(self, words, fails):
        return subprocess.run(
            [os.path.join(BUILD, "millgatectl"), "-c", self.at("conf"),
             *(words % {"top": self.top}).split()], cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=SECONDS,
            env={**os.environ, **(self.plan.environment() if fails else {}),
                 **POSTFIX})

    def must(self, words):
        done = self.tool(words, False)
        if done.returncode != 0:
            sys.exit("FAILED: %s: %s" % (words, done.stderr))
        return done.stdout

    def make(self):
        """The site that each point begins with: a copy of the first one."""
        shutil.rmtree(self.top, ignore_errors=True)
        first = os.path.join(os.path.dirname(self.top), "first")
        if not os.path.exists(first):
            Site(first).make_first()
        subprocess.run(["cp", "-a", first, self.top], check=True)
        self.write_places()

    def write_places(self):
        """The files with the path of this site in them."""
        for name, text in (("conf", CONF), ("tables", TABLES)):
            self.write(name, text % {"top": self.top, "user": self.user})
        self.write("KeyTable", KEY_TABLE % self.top)

    def make_first(self):
        os.mkdir(self.top, 0o755)
        os.mkdir(self.at("keys"), 0o700)
        self.write_places()
        self.write("SigningTable", "*@example.org s\n")
        self.write("users", USERS)
        self.write("message", MESSAGE)
        self.write("zone", "")
        self.write("sendmail.mc", MC)
        for name in ("new", "old"):
            os.mkdir(self.at(name), 0o755)
            self.write(name + "/main.cf", MAIN_CF)
            self.write(name + "/master.cf", MASTER_CF)
        self.write("scenario", SCENARIO)
        for name, text in IMPORTED.items():
            self.write(name, text)
        with contextlib.closing(sqlite3.connect(self.at("users.db"))) as db:
            db.execute("CREATE TABLE users (login, plan, blocked)")
            db.execute("INSERT INTO users VALUES (?, 'gold', 0)",
                       ("alice@example.org",))
            db.commit()
        self.must("key new --type ed25519 --selector s --active example.org")
        self.must("key new --type ed25519 --selector n example.org")
        self.must("key new --type ed25519 --selector o example.org")
        self.must("key retire example.org o")
        record = self.must("key dns example.org n --format string")
        self.write("zone", ZONE % re.search(r"p=([\w+/=]+)", record)[1])
        os.utime(self.at("keys/example.org/o.private"), (1, 1))
        self.serve()
        self.must("quota set bob@example.org --recipients 9")
        self.must("user block carol@example.org")
        if POSTFIX:
            self.must("setup postfix --config %(top)s/old --apply")

    def serve(self):
        """The daemon makes the state file."""
        shutil.chown(self.top, self.user)
        if os.geteuid() == 0:
            self.must("key fix")
        with subprocess.Popen(
                [os.path.join(BUILD, "millgate"), "-f", "-c",
                 self.at("conf")], cwd="/", stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True) as daemon:
            said = ""
            for line in daemon.stderr:
                said += line
                if "ready on" in line:
                    break
            else:
                sys.exit("FAILED: the daemon does not start: " + said)
            daemon.terminate()
            daemon.communicate(timeout=SECONDS)

    def files(self):
        """{name: octets} of all but those of SQLite."""
        found = {}
        for base, _, names in os.walk(self.top):
            for name in names:
                path = os.path.join(base, name)
                short = os.path.relpath(path, self.top)
                if not PASSING.match(short):
                    with open(path, "rb") as f:
                        found[short] = f.read()
        return found

    def check_keys(self):
        for name in self.files():
            mode = os.stat(self.at(name)).st_mode
            if name.endswith(".private") and stat.S_IMODE(mode) & 0o027:
                raise Wrong("%s has mode %o" % (name, stat.S_IMODE(mode)))

    # --- a command

    def run(self, command, kind, nth):
        words, statuses = COMMANDS[command]
        self.plan.set(kind, nth)
        self.plan.arm(1)
        done = self.tool(words, True)
        self.plan.arm(0)
        if done.returncode not in statuses:
            raise Wrong("status %d: %s" % (done.returncode, done.stderr))
        if done.returncode == 2 and not (done.stderr + done.stdout).strip():
            raise Wrong("no reason is given")
        return done

    def learn(self, command):
        """What the command uses, the files after it, and its status."""
        self.make()
        done = self.run(command, "none", 1)
        if done.returncode == 2:
            sys.exit("FAILED: %s, without a fault: %s" % (
                command, done.stderr))
        return self.plan.used(), {
            name: octets.replace(self.top.encode(), b"TOP")
            for name, octets in self.files().items()
        }, done.returncode, self.plain(done)

    def plain(self, done):
        """The output, without what is another in each site, key and second."""
        return VARIES.sub("*", done.stdout.replace(self.top, "TOP"))

    def right(self, right, name):
        """The octets of a file after the command without a fault."""
        return right.get(name, b"").replace(b"TOP", self.top.encode())

    def names(self, kind, files=None):
        return {name for name in files or self.files() if kind != "name" or
                not UNREMOVED.search(name)}

    def live(self, command, kind, nth):
        _, right, status, said = known[command]
        self.make()
        before = self.files()
        done = self.run(command, kind, nth)
        after, names = self.files(), self.names(kind, right)
        if kind == "signal" and done.returncode != status:
            raise Wrong("a signal: status %d: %s" % (
                done.returncode, done.stderr))
        if strange := sorted(self.names(kind) - set(before) - names):
            raise Wrong("left behind: %s" % " ".join(strange))
        for name in sorted(set(before) & set(after)):
            if after[name] not in (before[name], self.right(right, name)) and \
                    not STEPWISE.match(name):
                raise Wrong("%s is neither old nor new" % name)
        # a user that is not found is a line of the report of upgrade-check
        if done.returncode == status == 0 and not done.stderr and \
                kind != "user" and self.plain(done) != said:
            raise Wrong("says:\n%s\nand not:\n%s" % (
                self.plain(done), said))
        if done.returncode == 0 and self.names(kind) != names:
            raise Wrong("success, but: %s" % " ".join(
                sorted(self.names(kind) ^ names)))
        self.check_keys()
        again = self.tool(COMMANDS[command][0], False)
        after = self.files()
        for name in filter(STEPWISE.match, right):
            if sorted(after[name].split(b"\n")) != sorted(
                    self.right(right, name).split(b"\n")):
                raise Wrong("%s is not new after the next one" % name)
        if self.names(kind) != names or (
                done.returncode == 2 and set(after) == set(before) and
                again.returncode != status):
            raise Wrong("the next one has status %d: %s; %s" % (
                again.returncode, again.stderr,
                " ".join(sorted(self.names(kind) ^ names))))


site, known = None, {}


def worker_starts(top, results):
    global site
    site = Site(tempfile.mkdtemp(dir=top))
    known.update(results)


def one(point):
    try:
        site.live(*point)
    except (Wrong, subprocess.TimeoutExpired) as e:
        return point, str(e)
    return point, None


def choose(args, results):
    if args.only:
        *command, kind, nth = args.only.rsplit(":", 2)
        return [(c, kind, int(nth)) for c in command or results]
    return [(command, kind, n) for command, result in results.items()
            for kind in TRIED for n in range(1, result[0][kind] + 1)
            ][::args.every]


def main():
    args = points.parser(os.cpu_count()).parse_args()
    with points.directory() as top:
        teacher = Site(os.path.join(top, "teacher"))
        results = {command: teacher.learn(command) for command in COMMANDS}
        with multiprocessing.Pool(args.jobs, worker_starts,
                                  (top, results)) as pool:
            return points.try_all("millgatectl", KINDS, pool, one,
                                  choose(args, results))


if __name__ == "__main__":
    sys.exit(main())
