"""peer_measure - what a comparison measures, each part a list of plain rows

All parts go through the servers in turns, so that whatever else the machine
does meets all of them. A server with trouble is left out from then on, and its
`trouble` says why.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import peer_mail
from peer_servers import CHAIN, MILTERS, Trouble, cpu_seconds, memory_kb
from peer_session import STAGES, Gone, Session

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CLIENT, STRANGER = "192.0.2.1", "203.0.113.9"
LOAD_SECONDS = 120		# for one run of the driver
OPEN_SECONDS = 180		# for opening all sessions of one stage
LOGINS, COUNTED = 1000, "carol@example.net"
POLICY = """request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
sender=alice@example.org
recipient=bob@example.net
client_address=192.0.2.1
sasl_method=PLAIN
sasl_username=user%d@example.org

"""


class Dns:
    """tests/tools/fakedns.py on a port of loopback; 0: one that is free."""

    def __init__(self, zone, port):
        self.words = [sys.executable, os.path.join(
            SOURCE, "tests/tools/fakedns.py"), "--zone", zone]
        self.process, self.port = None, port

    def start(self, delay_ms=0):
        self.stop()
        self.process = subprocess.Popen(
            self.words + ["--delay-ms", str(delay_ms), "127.0.0.1",
                          str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise Trouble("the DNS server of the test does not start")
        if self.port == 0:
            self.port = int(said[1])

    def queries(self):
        self.process.send_signal(signal.SIGUSR1)
        return int(self.process.stdout.readline().split()[1])

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


def fit(servers):
    return [s for s in servers if s.trouble is None]


def guarded(server, function, *arguments):
    """The result; None if the server had trouble, which is remembered."""
    try:
        return function(*arguments)
    except (Trouble, Gone, OSError, subprocess.SubprocessError) as e:
        server.trouble = str(e) or type(e).__name__
        print("%s: %s" % (server.name, server.trouble), file=sys.stderr)
        return None


# --- equal work -----------------------------------------------------------

def expect(what, found, edits, answer, words):
    text = " ".join(" ".join(pair) for pair in edits)
    missing = [word for word in words if word not in text]
    if found != answer or missing:
        raise Trouble("%s: answered %s%s" % (what, found, "".join(
            ", without %s" % word for word in missing)))


def prove(server, message):
    """That the server does the work that it is measured with."""
    def send(text, client, login=None):
        return Session(server.socket, client, login).message(
            message.sender, *peer_mail.split(text))
    if server.proof_in:
        found = send(getattr(message, server.arrives), CLIENT)
        expect("a good message", *found, "accept", server.proof_in)
    if server.rejects:
        form = {"signed": "forged", "judged": "judged_forged"}[server.arrives]
        found = send(getattr(message, form), STRANGER)
        expect("a forged message", *found, "reject", ())
    if server.proof_out:
        found = send(message.plain, CLIENT, message.sender)
        expect("a submission", *found, "accept", server.proof_out)


def start_all(place, servers, message):
    for server in servers:
        guarded(server, server.start)
        if server.trouble is None and server.milter:
            guarded(server, prove, server, message)
        if server.trouble is not None:
            server.stop()


# --- load -------------------------------------------------------------------

def drive(place, server, path, count, sessions, *more):
    """One run of mtaload; CPU time is that of all processes of the server."""
    cpu = cpu_seconds(server.process.pid)
    done = subprocess.run(
        [os.path.join(place.build, "tests/bench/mtaload"), "--port",
         server.socket, "--messages", str(count), "--sessions",
         str(sessions), *more, path], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LOAD_SECONDS)
    cpu = cpu_seconds(server.process.pid) - cpu
    found = re.match(r"messages/s (\d+) .*p50 ([\d.]+) ms  p90 ([\d.]+) ms  "
                     r"p99 ([\d.]+) ms  accepted (\d+)", done.stdout)
    if not found or int(found[5]) != count:
        raise Trouble("not every message was accepted: %s" % (
            done.stdout.strip() or done.stderr.strip()[:200]))
    return {"rate": float(found[1]), "cpu": cpu * 1000 / count,
            "p50": float(found[2]), "p90": float(found[3]),
            "p99": float(found[4])}


def login_words(login):
    return ("--daemon-port", "587", "--login", login) if login else ()


def works(servers, messages):
    """(name, server, form of the message, login) in the order of a round."""
    for size, message in messages.items():
        for s in servers:
            if s.proof_out:
                yield ("sign %d KB" % size, s, message.plain, message.sender)
        for s in servers:
            if s.proof_in:
                yield ("inbound %d KB" % size, s,
                       getattr(message, s.arrives), None)


def measure_load(place, servers, messages, rounds, count):
    rows = {}
    paths = {}
    for n in range(rounds + 1):		# the first one is the warm-up
        for work, server, text, login in works(fit(servers), messages):
            path = paths.setdefault((work, server.name), place.file(
                "message-%s-%s" % (work.replace(" ", "-"), server.name),
                text))
            # a multiple of the driver's four sessions
            m = min(count, 100) if n == 0 else count
            found = server.trouble is None and guarded(
                server, drive, place, server, path, m // 4 * 4, 4,
                *login_words(login))
            if found and n > 0:
                rows.setdefault((work, server.name), []).append(found)
    return [{"work": work, "server": name, "rounds": found}
            for (work, name), found in rows.items()]


# --- cold DNS ---------------------------------------------------------------

def measure_cold(place, servers, messages):
    """Each message is the first of its domain: all its names are asked."""
    rows = {}
    for n, (domain, message) in enumerate(messages.items()):
        for server in fit(servers):
            if not server.proof_in:
                continue
            path = place.file("cold-%d-%s" % (n, server.name),
                              getattr(message, server.arrives))
            queries = place.dns.queries()
            found = guarded(server, drive, place, server, path, 1, 1, "--from",
                            "<%s>" % message.sender, "--helo",
                            "out." + domain)
            if found:
                row = rows.setdefault(server.name, {"ms": [], "queries": []})
                row["ms"].append(found["p50"])
                row["queries"].append(place.dns.queries() - queries)
    if all(len(rows.get(x, {"ms": ()})["ms"]) == len(messages)
           for x in CHAIN):
        rows["chain"] = {key: [sum(x) for x in zip(*(
            rows[name][key] for name in CHAIN))] for key in ("ms", "queries")}
    return [dict(row, server=name) for name, row in rows.items()]


# --- memory -----------------------------------------------------------------

def settle(server):
    """Wait until the server has nothing to do, at most 20 s."""
    last = -1
    for _ in range(40):
        now = cpu_seconds(server.process.pid)
        if now == last:
            return
        last = now
        time.sleep(0.5)


def open_sessions(path, stage, count, sender, fields):
    """`count` sessions that wait at the stage; fewer if time is up."""
    opened, end = [], time.monotonic() + OPEN_SECONDS
    while len(opened) < count and time.monotonic() < end:
        opened.append(Session(path, CLIENT))
        opened[-1].go(stage, sender, fields)
    return opened


def memory_of_stage(server, stage, count, message):
    """From a new start, so that no stage profits from the one before."""
    server.restart()
    settle(server)
    before, opened = memory_kb(server.process.pid), []
    fields = peer_mail.split(getattr(message, server.arrives))[0]
    try:
        opened = open_sessions(server.socket, stage, count, message.sender,
                               fields)
        settle(server)
        after = memory_kb(server.process.pid)
    finally:
        for session in opened:
            session.close()
    return {"server": server.name, "stage": stage, "open": len(opened),
            "before_kb": before, "after_kb": after,
            "kb_per_session": (after - before) / max(len(opened), 1)}


def measure_memory(servers, message, count):
    rows = []
    for stage in STAGES:
        for server in fit(servers):
            if server.proof_in:
                rows.append(guarded(server, memory_of_stage, server, stage,
                                    count, message))
    return [row for row in rows if row]


# --- quota ------------------------------------------------------------------

def ask_policy(path, first, count, times, bad):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(path)
            for n in range(first, first + count):
                began, answer = time.monotonic(), b""
                s.sendall((POLICY % (n * 7919 % LOGINS)).encode())
                while not answer.endswith(b"\n\n"):
                    piece = s.recv(4096)
                    if not piece:
                        break
                    answer += piece
                if answer != b"action=dunno\n\n":
                    raise Trouble("answered %r" % answer)
                times.append(time.monotonic() - began)
    except (OSError, Trouble) as e:
        bad.append(str(e))


def drive_policy(server, connections, count):
    each, times, bad = count // connections, [], []
    threads = [threading.Thread(target=ask_policy, args=(
        server.socket, i * each, each, times, bad))
        for i in range(connections)]
    began, cpu = time.monotonic(), cpu_seconds(server.process.pid)
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - began
    if bad:
        raise Trouble(bad[0])
    times = sorted(t * 1000 for t in times)
    return {"rate": len(times) / took, "cpu": (cpu_seconds(
        server.process.pid) - cpu) * 1000 / len(times),
        **{"p%d" % p: times[len(times) * p // 100] for p in (50, 90, 99)}}


def measure_quota(place, servers, rounds, count):
    """
    One decision is one message of one recipient, or one policy request. The
    domain has no key: nothing is signed.
    """
    path = place.file("quota-message", "From: %s\nSubject: x\n\nHello.\n" %
                      COUNTED)
    rows = {}
    for _ in range(rounds):
        for connections in (1, 4):
            for server in fit(servers):
                if server.milter:
                    found = guarded(server, drive, place, server, path,
                                    count // 4 * 4, connections,
                                    "--from", "<%s>" % COUNTED,
                                    *login_words(COUNTED))
                else:
                    found = guarded(server, drive_policy, server, connections,
                                    count // 4 * 4)
                if found:
                    rows.setdefault((connections, server.name),
                                    []).append(found)
    return [{"work": "quota, %d connections" % connections, "server": name,
             "rounds": found} for (connections, name), found in rows.items()]


# --- silent name servers ----------------------------------------------------

def stick(server, messages):
    """A session for each message, each of which waits for the DNS."""
    def one(message):
        fields, body = peer_mail.split(getattr(message, server.arrives))
        try:
            Session(server.socket, CLIENT, seconds=LOAD_SECONDS).message(
                message.sender, fields, body)
        except OSError:
            pass			# the server was stopped, or gave up
    threads = [threading.Thread(target=one, args=(m,), daemon=True)
               for m in messages]
    for thread in threads:
        thread.start()
    time.sleep(2)
    return threads


def load_while_stuck(place, server, path, count, messages):
    """The same load alone and beside the sessions that are stuck."""
    server.restart()
    drive(place, server, path, 100, 4)		# warm
    alone = drive(place, server, path, count, 4)
    threads = stick(server, messages)
    before = sum(t.is_alive() for t in threads)
    beside = drive(place, server, path, count, 4)
    after = sum(t.is_alive() for t in threads)
    server.stop()
    for thread in threads:
        thread.join(LOAD_SECONDS)
    return {"server": server.name, "alone": alone, "beside": beside,
            "stuck_before": before, "stuck_after": after}


def measure_stuck(place, servers, message, count, stuck):
    rows = []
    for server in fit(servers):
        if server.proof_in:
            path = place.file("stuck-" + server.name,
                              getattr(message, server.arrives))
            rows.append(guarded(server, load_while_stuck, place, server, path,
                                count // 4 * 4, stuck))
    return [row for row in rows if row]


def milters(place, names):
    return [cls(place) for cls in MILTERS if not names or cls.name in names]
