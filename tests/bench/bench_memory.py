#!/usr/bin/python3
"""bench_memory - what an open session costs, stage by stage

Opens SESSIONS sessions (5000, or the argument) against millgate, as an MTA
does, and takes all of them to each stage: connect, HELO, MAIL, RCPT, and the
middle of a usual header (25 fields, about 3 KB, one DKIM signature). Prints
the daemon's proportional set size for each session; libmilter's context is in
it. The same with baremilter, which is libmilter alone.
"""
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("MILLGATE_BUILD", ".")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SESSIONS = 5000
ADDRESS = "127.0.0.1"
DNS_PORT, FIRST_PORT = 25453, 28990

ZONE = """example.org TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.example.org TXT "v=DMARC1; p=reject"
out.example.org A 192.0.2.1
"""
CONF = """socket = "inet:%(port)d@127.0.0.1"
authserv-id = "mx.example.net"
state = "%(dir)s/state.db"
user = "root"
resolver { servers = {"127.0.0.1@%(dns)d"} }
listener submission { daemon-ports = {587}  direction = submission }
listener mx { daemon-ports = {25}  direction = inbound }
plan huge { recipients-per-hour = unlimited }
default-plan = huge
"""
RECEIVED = """ from a%d.example.org (a%d.example.org [192.0.2.%d])
\tby b%d.example.org (Postfix) with ESMTPS id 4XYZ%d
\tfor <bob@example.net>; Mon, 23 Nov 2026 10:00:00 +0000 (UTC)"""
OTHERS = (
    ("Return-Path", " <alice@example.org>"),
    ("From", " Alice Example <alice@example.org>"),
    ("To", " Bob Example <bob@example.net>, Carol <carol@example.net>"),
    ("Subject", " a message of a usual size, about the usual things"),
    ("Date", " Mon, 23 Nov 2026 10:00:00 +0000"),
    ("Message-ID", " <20261123100000.1234567890@out.example.org>"),
    ("MIME-Version", " 1.0"),
    ("Content-Type", " multipart/alternative;\n\tboundary=\"%s\"" % ("b" * 60)),
    ("Content-Transfer-Encoding", " 8bit"),
    ("Reply-To", " alice@example.org"),
    ("In-Reply-To", " <20261122090000.987654321@mx.example.net>"),
    ("References", " <20261121080000.1@mx.example.net>\n\t"
     "<20261122090000.987654321@mx.example.net>"),
    ("User-Agent", " Mozilla Thunderbird 128.4"),
    ("List-Unsubscribe", " <https://example.org/u/%s>" % ("u" * 80)),
    ("List-Id", " News of Example <news.example.org>"),
    ("X-Mailer", " Example Mailer 5.1"),
    ("X-Spam-Status", " No, score=-2.1 required=5.0 tests=BAYES_00,\n\t"
     "DKIM_SIGNED,DKIM_VALID,SPF_PASS autolearn=ham version=4.0.0"),
    ("X-Originating-IP", " [192.0.2.77]"),
    ("Feedback-ID", " 1234567:example:newsletter"),
    ("Precedence", " bulk"),
)
SIGNATURE = """ v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;
\ts=s1; t=1795000000; h=From:To:Subject:Date:Message-ID:MIME-Version:
\tContent-Type:Content-Transfer-Encoding:Reply-To:In-Reply-To:References;
\tbh=%s=;
\tb=%s==""" % ("B" * 43, "b" * 342)
MACROS = ("j", "mx.example.net", "v", "Postfix 3.7.11", "{daemon_name}",
          "smtpd", "{daemon_port}", "%s", "{daemon_addr}", "127.0.0.1")
LOGIN = ("i", "4QUEUEID", "{auth_type}", "PLAIN", "{auth_authen}",
         "alice@example.org", "{tls_version}", "TLSv1.3", "{cipher}",
         "TLS_AES_256_GCM_SHA384", "{cipher_bits}", "256")
# Postfix's offer: all actions and all steps
OFFER = struct.pack("!III", 6, 0x1ff, 0x1fffff)
NO_REPLY = {"C": 0x1000, "H": 0x2000, "L": 0x80}


def header():
    """The first 25 fields of a header; more of it would follow."""
    fields = [("Received", RECEIVED % (n, n, n, n, n)) for n in range(1, 5)]
    return fields + [("DKIM-Signature", SIGNATURE)] + list(OTHERS)


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command.encode() + data


def strings(*words):
    return b"".join(w.encode() + b"\0" for w in words)


class Session:
    def __init__(self, port, daemon_port):
        self.s = socket.create_connection((ADDRESS, port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.login = daemon_port == "587"
        self.s.sendall(packet("O", OFFER))
        kind, data = self.reply()
        if kind != "O":
            sys.exit("no negotiation")
        self.steps = struct.unpack("!III", data[:12])[2]
        self.macros = [w.replace("%s", daemon_port) for w in MACROS]

    def receive(self, n):
        data = b""
        while len(data) < n:
            more = self.s.recv(n - len(data))
            if not more:
                sys.exit("the filter closed a session")
            data += more
        return data

    def reply(self):
        size = struct.unpack("!I", self.receive(4))[0]
        data = self.receive(size)
        return chr(data[0]), data[1:]

    def send(self, command, data):
        self.s.sendall(packet(command, data))
        if not self.steps & NO_REPLY.get(command, 0):
            kind, data = self.reply()
            if kind != "c":
                sys.exit("answer to %s: %s %s" % (command, kind, data))

    def connect(self):
        self.s.sendall(packet("D", b"C" + strings(*self.macros)))
        self.send("C", b"out.example.org\0004" + struct.pack("!H", 40000) +
                  b"192.0.2.1\0")

    def helo(self):
        self.send("H", b"out.example.org\0")

    def mail(self):
        words = LOGIN if self.login else LOGIN[:2]
        self.s.sendall(packet("D", b"M" + strings(*words)))
        self.send("M", b"<alice@example.org>\0")

    def rcpt(self):
        self.send("R", b"<bob@example.net>\0")

    def header(self):
        for name, value in header():
            self.send("L", strings(name, value))


STAGES = ("connect", "helo", "mail", "rcpt", "header")


def pss(pid):
    """KB; waits until the daemon has read all that was sent.

    The share of libraries changes with each process that other users start;
    differences below 0.05 KB a session count as none.
    """
    before, same = -1, 0
    while same < 3:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            now = [int(line.split()[1]) for line in f
                   if line.startswith("Pss:")][0]
        same = same + 1 if abs(now - before) * 20 < SESSIONS else 0
        before = now
        time.sleep(0.2)
    return before


def measure(what, port, pid, daemon_port):
    warm = Session(port, daemon_port)
    for stage in STAGES:
        getattr(warm, stage)()
    warm.s.close()
    start = pss(pid)
    sessions = [Session(port, daemon_port) for _ in range(SESSIONS)]
    row = []
    for stage in STAGES:
        for s in sessions:
            getattr(s, stage)()
        row.append((pss(pid) - start) / SESSIONS)
    for s in sessions:
        s.s.close()
    print("%-20s" % what + "".join("%9.1f" % kb for kb in row) +
          "   (%.1f MB before, %.1f MB after they closed)" %
          (start / 1024, pss(pid) / 1024), flush=True)


def start(directory, words, **more):
    p = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd=directory,
                         **more)
    return p


def run(directory, started):
    files = {"zone": ZONE}
    for n in range(2):
        sub = os.path.join(directory, str(n))
        os.mkdir(sub)
        files["conf%d" % n] = CONF % {"port": FIRST_PORT + n, "dir": sub,
                                      "dns": DNS_PORT}
    for name, text in files.items():
        with open(os.path.join(directory, name), "w") as f:
            f.write(text)
    started.append(start(directory, [
        sys.executable, os.path.join(SOURCE, "tests/tools/fakedns.py"),
        "--zone", "zone", ADDRESS, str(DNS_PORT)], stdout=subprocess.PIPE))
    started[0].stdout.readline()
    program = os.path.abspath(os.path.join(BUILD, "millgate"))
    bare = os.path.abspath(os.path.join(BUILD, "tests/bench/baremilter"))
    quiet = {"stdout": subprocess.DEVNULL}
    for words in ([program, "-f", "-c", "conf0"], [program, "-f", "-c",
                  "conf1"], [bare, "inet:%d@%s" % (FIRST_PORT + 2, ADDRESS)]):
        started.append(start(directory, words, **quiet))
    time.sleep(1)
    print("KB a session (proportional set size) of %d open sessions" %
          SESSIONS)
    print("%-20s" % "" + "".join("%9s" % stage for stage in STAGES))
    for i, (what, port) in enumerate((("inbound", "25"), (
            "submission", "587"), ("libmilter alone", "25"))):
        measure(what, FIRST_PORT + i, started[i + 1].pid, port)


def main():
    global SESSIONS
    if len(sys.argv) > 1:
        SESSIONS = int(sys.argv[1])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < SESSIONS + 100:
        sys.exit("%d sessions need %d open files; the limit is %d (ulimit "
                 "-Hn)" % (SESSIONS, SESSIONS + 100, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (SESSIONS + 100, most))
    directory = tempfile.mkdtemp(prefix="millgate-bench-")
    started = []
    try:
        run(directory, started)
    finally:
        for p in started:
            p.send_signal(signal.SIGTERM)
        for p in started:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(directory)


main()
