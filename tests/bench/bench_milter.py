#!/usr/bin/python3
"""bench_milter - the whole daemon compared with a bare milter, in one run

Starts millgate with a DNS server on loopback, and baremilter: libmilter with
one RSA-2048 signature over the message, or without a signature. Sends the same
4 KB message through each with mtaload, in turns, and prints the medians and
their ratio. Compare the CPU time of the filters.
"""
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("MILLGATE_BUILD", ".")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
ROUNDS = 5
ADDRESS = "127.0.0.1"
PORTS = {"dns": 25353, "millgate": 28898, "sign": 28899, "bare": 28900}

ZONE = """example.org TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.example.org TXT "v=DMARC1; p=reject"
out.example.org A 192.0.2.1
s1._domainkey.example.org TXT "v=DKIM1; k=rsa; p=%s"
"""
CONF = """socket = "inet:%(millgate)d@127.0.0.1"
authserv-id = "mx.example.net"
state = "%(dir)s/state.db"
user = "root"
resolver { servers = {"127.0.0.1@%(dns)d"} }
listener submission { daemon-ports = {587}  direction = submission }
listener mx { daemon-ports = {25}  direction = inbound }
plan huge { recipients-per-hour = unlimited }
default-plan = huge
signing { key-directory = "%(dir)s/keys" }
"""
HEADER = """Received: from out.example.org (out.example.org [192.0.2.1])
\tby mx.example.net (Postfix) with ESMTP id 4XYZ
\tfor <bob@example.net>; Mon, 23 Nov 2026 10:00:00 +0000 (UTC)
From: Alice <alice@example.org>
To: Bob <bob@example.net>
Subject: a message of a usual size
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
Reply-To: alice@example.org
In-Reply-To: <0@example.org>
References: <0@example.org>
"""


def run(*words):
    return subprocess.run(words, check=True, capture_output=True,
                          text=True).stdout


def make_key(directory):
    domain = os.path.join(directory, "keys", "example.org")
    os.makedirs(domain, 0o700)
    path = os.path.join(domain, "s1.private")
    run("openssl", "genrsa", "-out", path, "2048")
    os.chmod(path, 0o600)
    public = run("openssl", "rsa", "-in", path, "-pubout")
    return path, "".join(public.split("\n")[1:-2])


def sign(directory, key):
    """The message, with a signature by dkimpy if dkimpy is installed."""
    body = "The quick brown fox jumps over the lazy dog.\n" * 80
    text = (HEADER + "\n" + body)[:4096]
    try:
        import dkim
    except ImportError:
        return text
    raw = text.replace("\n", "\r\n").encode()
    with open(key, "rb") as f:
        field = dkim.sign(raw, b"s1", b"example.org", f.read())
    return field.decode().replace("\r\n", "\n") + text


class Servers:
    def __init__(self):
        self.started = []

    def start(self, *words, **more):
        p = subprocess.Popen(words, stdin=subprocess.PIPE, **more)
        self.started.append(p)
        return p

    def stop(self):
        for p in self.started:
            p.send_signal(signal.SIGTERM)
        for p in self.started:
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()


def load(port, pid, message, count, *more):
    out = run(os.path.join(BUILD, "tests/bench/mtaload"), "--port", str(port),
              "--pid", str(pid), "--messages", str(count), *more, message)
    found = re.match(r"messages/s (\d+)  cpu-s/1000 ([\d.]+)  p50 ([\d.]+) ms"
                     r".*accepted (\d+)", out)
    if int(found[4]) != count:
        sys.exit("not every message was accepted: " + out)
    return float(found[1]), float(found[2]), float(found[3])


def median(rows):
    return [statistics.median(column) for column in zip(*rows)]


def compare(what, ours, bare):
    for name, rows in (("millgate", ours), ("baremilter", bare)):
        rate, cpu, p50 = median(rows)
        print("%-8s %-10s %6.0f messages/s  %.3f CPU-s per 1000  p50 %.2f ms" %
              (what, name, rate, cpu, p50))
    print("%-8s ratio      %.2f times baremilter's CPU time" %
          (what, median(ours)[1] / max(median(bare)[1], 0.001)))


def measure(directory, servers):
    key, public = make_key(directory)
    files = {}
    for name, text in (("zone", ZONE % public), ("plain", sign(directory, key)),
                       ("conf", CONF % dict(PORTS, dir=directory))):
        files[name] = os.path.join(directory, name)
        with open(files[name], "w") as f:
            f.write(text)
    dns = servers.start(sys.executable,
                        os.path.join(SOURCE, "tests/tools/fakedns.py"), "--zone",
                        files["zone"], ADDRESS, str(PORTS["dns"]),
                        stdout=subprocess.PIPE)
    dns.stdout.readline()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    millgate = servers.start(os.path.join(BUILD, "millgate"), "-f", "-c",
                             files["conf"], **quiet)
    bare = os.path.join(BUILD, "tests/bench/baremilter")
    signer = servers.start(bare, "inet:%d@%s" % (PORTS["sign"], ADDRESS), key,
                           **quiet)
    nothing = servers.start(bare, "inet:%d@%s" % (PORTS["bare"], ADDRESS),
                            **quiet)
    time.sleep(1)
    rows = {"out": [], "sign": [], "in": [], "bare": []}
    for _ in range(ROUNDS):
        rows["out"].append(load(PORTS["millgate"], millgate.pid,
                                files["plain"], 600, "--daemon-port", "587",
                                "--login", "alice@example.org"))
        rows["sign"].append(load(PORTS["sign"], signer.pid, files["plain"],
                                 600))
        rows["in"].append(load(PORTS["millgate"], millgate.pid,
                               files["plain"], 2000))
        rows["bare"].append(load(PORTS["bare"], nothing.pid, files["plain"],
                                 2000))
    print("4 KB messages, 4 sessions, %d rounds; baremilter is libmilter with "
          "one signature (outbound) or without one (inbound)" % ROUNDS)
    compare("outbound", rows["out"], rows["sign"])
    compare("inbound", rows["in"], rows["bare"])


def main():
    directory = tempfile.mkdtemp(prefix="millgate-bench-")
    servers = Servers()
    try:
        measure(directory, servers)
    finally:
        servers.stop()
        shutil.rmtree(directory)


main()
