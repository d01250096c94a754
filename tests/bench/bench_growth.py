#!/usr/bin/python3
"""bench_growth - what millgate's memory and start take from how much it has

Each part is measured at the sizes of --sizes, each time with a new daemon:

  users-file      users in a users file, each with a plan and two senders
  users-database  the same users in an SQLite database
  domains         signing domains, each with an RSA-2048 key file (copies of 16)
  logins          logins that have sent one message within the hour; start is
                  a restart, and the file is the state file after it
  clients         clients of inbound mail, each with three answers of the DNS:
                  PTR, A and the SPF record of its name

file_kb       the users file, the database, or the state file with its -wal
start_ms      until the daemon negotiates with an MTA
start_cpu     milliseconds of CPU time until then, a multiple of 10
rss_kb        resident memory then
cpu_ms        CPU time of one message, each by another login or client; 2,000
              messages, or as many as there are logins or clients
used_kb       resident memory after these messages
reload_ms     from SIGHUP to the line "reloaded" in the log
reload_cpu    milliseconds of CPU time of it
after_kb      resident memory after the reload
peak_kb       and its maximum until then
each          octets of used_kb for one more user, domain, login or client than
              in the row before
Needs no root and no network but loopback.
"""
import argparse
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

import peer_mail
from mix_site import Site, size_kb
from peer_servers import Trouble, cpu_seconds
from peer_session import Session

DOMAINS = 20			# of the logins
WAIT_SECONDS = 600		# for a start or a reload
FILES = 16			# different keys
PROBES = 2000
SIZES = {"users-file": "1000,100000,1000000",
         "users-database": "1000,100000,1000000", "domains": "100,10000",
         "logins": "10000,100000", "clients": "1000,20000"}
COLUMNS = ("part", "size", "file_kb", "start_ms", "start_cpu", "rss_kb",
           "cpu_ms", "used_kb", "reload_ms", "reload_cpu", "after_kb",
           "peak_kb", "each")


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--build", default=os.environ.get("MILLGATE_BUILD", "."))
    p.add_argument("--parts", default=",".join(SIZES))
    p.add_argument("--sizes", help="of each of these parts (%s)" % "; ".join(
        "%s %s" % pair for pair in SIZES.items()))
    p.add_argument("--json", default="bench-growth.json")
    args = p.parse_args()
    args.parts = args.parts.split(",")
    for part in args.parts:
        if part not in SIZES:
            p.error("unknown part %s; known: %s" % (part, " ".join(SIZES)))
    args.build, args.json = (os.path.abspath(x)
                             for x in (args.build, args.json))
    return args


# --- a daemon ------------------------------------------------------------

def memory_kb(site, key):
    with open("/proc/%d/status" % site.millgate.process.pid) as f:
        return [int(line.split()[1]) for line in f if line.startswith(key)][0]


def cpu_ms(site):
    return round(cpu_seconds(site.millgate.process.pid) * 1000)


def until(what, daemon, condition):
    """Milliseconds until the condition holds."""
    began = time.monotonic()
    while not condition():
        if daemon.process.poll() is not None:
            raise Trouble("millgate ended: " + daemon.last_words())
        if time.monotonic() - began > WAIT_SECONDS:
            raise Trouble("millgate does not " + what)
        time.sleep(0.002)
    return round((time.monotonic() - began) * 1000)


def answers(path):
    """Does it negotiate, as with an MTA?"""
    try:
        session = Session(path, seconds=WAIT_SECONDS)
    except OSError:
        return False
    session.connect()
    session.close()
    return True


def start(site, row):
    daemon = site.millgate
    daemon.wait_until_it_answers = lambda: None
    daemon.start()
    row["start_ms"] = until("start", daemon, lambda: answers(daemon.socket))
    row["start_cpu"] = cpu_ms(site)
    row["rss_kb"] = memory_kb(site, "VmRSS:")


def reload(site, row):
    cpu = cpu_ms(site)
    with open(site.millgate.log) as log:
        log.seek(0, os.SEEK_END)
        site.millgate.process.send_signal(signal.SIGHUP)
        row["reload_ms"] = until("reload", site.millgate,
                                 lambda: "reloaded " in log.read())
    row["reload_cpu"] = cpu_ms(site) - cpu
    row["after_kb"] = memory_kb(site, "VmRSS:")
    row["peak_kb"] = memory_kb(site, "VmHWM:")


def send(site, files, count, **more):
    """One message a session; CPU milliseconds of one message."""
    cpu = cpu_ms(site)
    load = site.load(files, messages=count, per_session=1, every=count, **more)
    load.communicate()
    if load.returncode != 0:
        raise Trouble("the load ended with status %d" % load.returncode)
    return round((cpu_ms(site) - cpu) / count, 2)


# --- what it has ---------------------------------------------------------

def users(count):
    for n in range(count):
        yield "user%d@d%d.example" % (n, n % DOMAINS), "@shop%d.example" % n


def users_file(site, count):
    path = os.path.join(site.directory, "users")
    with open(path, "w") as f:
        for login, shop in users(count):
            f.write("%s plan=huge senders=%s,%s\n" % (login, login, shop))
    return 'users-file = "%s"\n' % path, path


def users_database(site, count):
    path = os.path.join(site.directory, "users.db")
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE users(login TEXT PRIMARY KEY, plan TEXT, "
               "senders TEXT)")
    db.executemany("INSERT INTO users VALUES(?, 'huge', ?)", (
        (login, login + "," + shop) for login, shop in users(count)))
    db.commit()
    db.close()
    return ('users-database = "%s"\nusers-query = "SELECT plan, senders FROM '
            'users WHERE login = ?1"\n' % path), path


def domains(site, count):
    keys = []
    for n in range(min(FILES, count)):
        path = os.path.join(site.directory, "key%d" % n)
        peer_mail.run("openssl", "genrsa", "-out", path, "2048")
        with open(path) as f:
            keys.append(f.read())
    top = os.path.join(site.directory, "keys")
    for n in range(count):
        target = os.path.join(top, "more%d.example" % n)
        os.mkdir(target, 0o700)
        with open(os.path.join(target, "s1.private"), "w", opener=private) as f:
            f.write(keys[n % len(keys)])
    return "", top


def private(path, flags):
    return os.open(path, flags, 0o600)


MAKE = {"users-file": users_file, "users-database": users_database,
        "domains": domains}


# --- measuring -----------------------------------------------------------

def load_options(part, count):
    if part == "clients":
        return count, {"hosts": count, "of_sessions": 0}
    count = count if part == "logins" else PROBES
    return count, {"logins": count, "of_sessions": 1, "unsigned": True}


def measure(site, part, count):
    row = {"part": part, "size": count}
    path = site.millgate.state
    if part in MAKE:
        site.millgate.more, path = MAKE[part](site, count)
    start(site, row)
    messages, more = load_options(part, count)
    row["cpu_ms"] = send(site, site.messages(1200), messages, **more)
    row["used_kb"] = memory_kb(site, "VmRSS:")
    if part == "logins":
        site.millgate.stop()
        start(site, row)
    reload(site, row)
    if part not in ("domains", "clients"):
        row["file_kb"] = size_kb(path) + size_kb(path + "-wal")
    return row


def one(args, part, count):
    directory = tempfile.mkdtemp(prefix="millgate-growth-")
    site = Site(directory, args.build, DOMAINS,
                count if part == "clients" else 1)
    site.millgate.log = os.path.join(directory, "log")
    try:
        site.dns.start()
        return measure(site, part, count)
    finally:
        site.stop()
        shutil.rmtree(directory)


def table(rows):
    lines = [COLUMNS] + [[str(row.get(key, "-")) for key in COLUMNS]
                         for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(
        line, widths)) for line in lines)


def main():
    args = arguments()
    rows = []
    for part in args.parts:
        before = None
        for count in map(int, (args.sizes or SIZES[part]).split(",")):
            row = one(args, part, count)
            if before:
                row["each"] = (row["used_kb"] - before["used_kb"]) * 1024 // (
                    count - before["size"])
            before = row
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
            with open(args.json, "w") as f:
                json.dump(rows, f, indent=1)
    print(table(rows))


main()
