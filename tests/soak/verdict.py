"""What must be true at the end: counts, log lines, memory, descriptors."""

import collections
import contextlib
import json
import os
import re
import time

from place import CONTROLLED, FEW, LIMITED
from processes import children
from services import Trouble, wait_until

# of record.c: a value with anything but these is quoted
PLAIN = r"[!#-<>-\[\]-~]+"
QUOTED = r'"(?:[ !#-\[\]-~]|\\["\\]|\\x[0-9a-f]{2})*"(?:\.\.\.)?'
PAIR = r"[a-z][a-z0-9.-]*=(?:%s|%s)" % (QUOTED, PLAIN)
LINE = re.compile(r"%s(?: %s)*" % (PAIR, PAIR))
HEAD = re.compile(r"millgate: (?:(error|warning): )?([ -~]*)")
# what is said at these levels, and the disturbance that explains it
EXPLAINED = (
    ("clock", "^the system clock was set (back|forward); quota buckets are "),
    ("bad reload", "^reload failed, the old configuration remains in use: "),
    ("disk", "^metrics-file .* cannot be written; .*: No space left on"),
    ("disk", "^state: .*: cannot be written: database or disk is full "),
    ("redis", "^state: redis://[^ ]*: "),
    ("keys", r"^(keys-database: )?[^ ]*/keys\.db: "),
    # from octets that are no session
    (None, "^the MTA does not allow filters to add and change "),
    (None, "^sandbox: system calls are not limited: .* sanitizers$"),
    # root of a container may be unable to lock it
    (None, "^the memory of the key process is not locked, "),
)
WARNINGS = ("blocked", "key-refused", "quota-warning", "health-failing",
            "health-ok")
# from the warm-up to the end: factor and KB; some files are opened at first use
MEMORY, FILES = (1.10, 4 << 10), 4


def pairs_of(line):
    """Level and pairs of a text line; {"text": ...} if it has none."""
    found = HEAD.fullmatch(line)
    if found is None:
        raise ValueError("not a log line")
    level, text = found.groups()
    if not re.match(r"(?:id|event)=", text):
        return level or "info", {"text": text}
    if LINE.fullmatch(text) is None:
        raise ValueError("not key=value pairs")
    return level or "info", {
        key: value.strip('"') for key, value in
        (pair.split("=", 1) for pair in re.findall(PAIR, text))}


def object_of(line):
    found = json.loads(line)
    return found.pop("level"), found


class Log:
    """Reads the log of one daemon, once, at the end."""

    def __init__(self, world, daemon, report):
        self.world = world
        self.lines, self.accepted = 0, collections.Counter()
        self.texts = collections.Counter()
        parse = object_of if daemon.port == "milter2" else pairs_of
        with open(daemon.output, encoding="utf-8") as f:
            for line in f:
                self.lines += 1
                try:
                    self.take(*parse(line.rstrip("\n")), report)
                except (ValueError, KeyError) as e:
                    report("%s: %s: %r" % (daemon.name, e, line[:300]))

    def take(self, level, pairs, report):
        if "text" in pairs and level != "info":
            self.texts[level, re.sub(r"\d+", "N", pairs["text"])] += 1
            if not any(re.search(known, pairs["text"]) for cause, known in
                       EXPLAINED if cause in (None, *self.world.seen)):
                report("log: %s: %s" % (level, pairs["text"]))
            return
        if level != "info":
            self.texts[level, pairs["event"]] += 1
            if pairs["event"] not in WARNINGS:
                report("log: %s: %s" % (level, pairs))
        if "store-error" in pairs:
            self.texts["store-error", pairs["store-error"]] += 1
        if pairs.get("event") == "eom" and \
                pairs.get("action") == "accept" and \
                int(pairs.get("recipients", 0)) > 0:
            self.accepted[pairs.get("login")] += 1


# --- counts -----------------------------------------------------------------

def counted(world, daemon):
    """{login: (messages, recipients)} of millgatectl quota show"""
    done = world.tool(daemon, "quota", "show", "--json")
    assert done.returncode == 0, done
    found = {}
    for row in json.loads(done.stdout):
        used = {window["name"]: window["used"] for window in row["windows"]}
        found[row["login"]] = (used["messages-per-month"],
                               used["recipients-per-month"])
    return found


def check_counts(daemon, shown, tally, report):
    """Compare with what the clients counted; messages of all logins."""
    messages = 0
    logins = {login for port, login in tally.sure + tally.maybe
              if port == daemon.port and login not in (None, CONTROLLED)}
    for login in logins:
        key = daemon.port, login
        for what, used, sure, maybe in zip(
                ("messages", "recipients"), shown.get(login, (0, 0)),
                (tally.sure[key], tally.recipients[key]),
                (tally.maybe[key], tally.doubtful[key])):
            if not sure <= used <= sure + maybe:
                report("%s: %s of %s: %d counted, %d accepted, %d unknown" % (
                    daemon.name, what, login, used, sure, maybe))
        messages += shown.get(login, (0, 0))[0]
    if shown.get(LIMITED, (0, 0))[1] > FEW:
        report("%s: %s of %d" % (daemon.name, shown[LIMITED], FEW))
    return messages


def check_log(daemon, shown, log, tally, report):
    """Each message that is counted has its line in the log."""
    for login, used in shown.items():
        if login == CONTROLLED:
            continue
        # Redis may have counted what it could not answer any more
        maybe = tally.maybe[daemon.port, login] if \
            daemon.port == "milter2" else 0
        if not log.accepted[login] <= used[0] <= log.accepted[login] + maybe:
            report("%s: %s: %d counted, %d logged" % (
                daemon.name, login, used[0], log.accepted[login]))


def open_messages(world, daemon):
    done = world.tool(daemon, "stats", "--json")
    return json.loads(done.stdout)["open_messages"] if \
        done.returncode == 0 else None


def wait_idle(world):
    for daemon in world.daemons:
        wait_until("no message is open", lambda: open_messages(
            world, daemon) == 0, 60)


# --- memory and descriptors ---------------------------------------------------

def to_redis(world):
    """The inodes of connections to Redis: some are kept for later."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return {"socket:[%s]" % row[9] for row in rows
            if row[2].endswith(":%04X" % world.port["redis"])}


def processes(daemon):
    """{name: pid}: the daemon, the key process, and what runs commands"""
    found = {}
    for pid in (daemon.process.pid, *children(daemon.process.pid)):
        with open("/proc/%d/comm" % pid) as f:
            found[f.read().strip()] = pid
    return found


def descriptors(world, pid):
    """{what it is, without numbers: how many}"""
    place = "/proc/%d/fd/" % pid
    kept, found = to_redis(world), collections.Counter()
    for name in os.listdir(place):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(place + name)
            if target not in kept:
                found[os.path.basename(re.sub(r"\[\d+\]", "", target))] += 1
    return found


def memory(pid):
    """Resident, in KB"""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def size(world, pid):
    least = []
    # what millgate asked the DNS for a client that has gone ends later
    for _ in range(20):
        least.append(descriptors(world, pid))
        time.sleep(0.1)
    return memory(pid), min(least, key=lambda of: of.total())


def sizes(world):
    """{(daemon, process): (memory, descriptors)}, when nothing goes on"""
    return {(daemon.name, name): size(world, pid) for daemon in world.daemons
            for name, pid in processes(daemon).items()}


def instrumented(pid):
    with open("/proc/%d/maps" % pid) as f:
        return "san.so" in f.read()


def check_sizes(world, before, after, report):
    for daemon in world.daemons:
        for name, pid in processes(daemon).items():
            old, files = before[daemon.name, name]
            new, _ = after[daemon.name, name]
            what = "%s, %s" % (daemon.name, name)
            if new > old * MEMORY[0] + MEMORY[1] and not instrumented(pid):
                report("%s: memory grew from %d to %d KB" % (what, old, new))
            try:
                wait_until("descriptors are closed", lambda: descriptors(
                    world, pid).total() <= files.total() + FILES, 60)
            except Trouble:
                report("%s still has these descriptors: %s" % (
                    what, descriptors(world, pid) - files))
