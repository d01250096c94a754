#!/usr/bin/python3
"""bench_policyd - quota decisions compared with policyd-rate-limit, in one run

policyd-rate-limit answers one request of Postfix's policy delegation for
each recipient, over a unix socket. millgate gets a whole message with one
recipient over the milter protocol, which it reserves and commits. Both count
in SQLite, in turns, over one connection and over four. policyd-rate-limit
counts 1,000 logins, which is easier for it than one. It waits for the disk;
compare the ratio of CPU time.

Debian's package is unpacked below build-programs if apt can fetch it.
"""
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("MILLGATE_BUILD", ".")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PEER = os.path.join(SOURCE, "build-programs", "policyd")
ROUNDS, CHECKS, LOGINS = 3, 1500, 1000
PORT = 28897
TICK = os.sysconf("SC_CLK_TCK")

MILLGATE = """socket = "inet:%d@127.0.0.1"
authserv-id = "mx.example.net"
state = "%s/state.db"
user = "root"
unlisted-users = any
resolver { servers = {"127.0.0.1@9"} }
listener submission { daemon-ports = {587}  direction = submission }
plan huge { recipients-per-hour = 1000000000 }
default-plan = huge
"""
POLICYD = """debug: False
user: "root"
group: "root"
pidfile: "{d}/policyd.pid"
sqlite_config: {{database: "{d}/policyd.db"}}
backend: 0
SOCKET: "{d}/policy"
socket_permission: 0666
limits: [[1000000, 3600]]
limit_by_sasl: True
success_action: "dunno"
report: False
delay_to_close: 300
"""
REQUEST = """request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
sender=alice@example.org
recipient=bob@example.net
client_address=192.0.2.1
sasl_method=PLAIN
sasl_username=user%d@example.org

"""
MESSAGE = "From: alice@example.org\nSubject: x\n\nHello.\n"


def peer_program():
    """The path of the unpacked program, or None if apt cannot fetch it."""
    program = os.path.join(PEER, "usr/bin/policyd-rate-limit")
    if not os.path.exists(program):
        with tempfile.TemporaryDirectory() as d:
            done = subprocess.run(
                ["apt-get", "download", "-qq", "-o",
                 "APT::Sandbox::User=root", "policyd-rate-limit"], cwd=d,
                capture_output=True)
            for name in os.listdir(d) if done.returncode == 0 else ():
                subprocess.run(["dpkg-deb", "-x", os.path.join(d, name),
                                PEER], check=True)
    return program if os.path.exists(program) else None


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def ask(path, first, count, bad):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        for n in range(first, first + count):
            s.sendall((REQUEST % (n * 7919 % LOGINS)).encode())
            answer = b""
            while not answer.endswith(b"\n\n"):
                piece = s.recv(4096)
                if not piece:
                    break
                answer += piece
            if answer != b"action=dunno\n\n":
                bad.append(answer)
                return


def load_policyd(path, pid, connections):
    bad, each = [], CHECKS // connections
    threads = [threading.Thread(target=ask, args=(path, i * each, each, bad))
               for i in range(connections)]
    begin, cpu = time.monotonic(), cpu_seconds(pid)
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        sys.exit("policyd-rate-limit answered %r" % bad[0])
    return (each * connections / (time.monotonic() - begin),
            (cpu_seconds(pid) - cpu) / (each * connections) * 1000)


def load_millgate(message, pid, connections):
    out = subprocess.run(
        [os.path.join(BUILD, "tests/bench/mtaload"), "--port", str(PORT),
         "--pid", str(pid), "--messages", str(CHECKS), "--sessions",
         str(connections), "--daemon-port", "587", "--login",
         "alice@example.org", message],
        check=True, capture_output=True, text=True).stdout
    found = re.match(r"messages/s (\d+)  cpu-s/1000 ([\d.]+) .*accepted (\d+)",
                     out)
    if int(found[3]) != CHECKS:
        sys.exit("not every message was accepted: " + out)
    return float(found[1]), float(found[2])


def median(rows):
    return [statistics.median(column) for column in zip(*rows)]


def wait_for(path):
    for _ in range(100):
        if os.path.exists(path):
            return
        time.sleep(0.1)
    sys.exit("policyd-rate-limit does not come up")


def measure(directory, started, program):
    files = {"millgate.conf": MILLGATE % (PORT, directory),
             "policyd.yaml": POLICYD.format(d=directory), "message": MESSAGE}
    for name, text in files.items():
        files[name] = os.path.join(directory, name)
        with open(files[name], "w") as f:
            f.write(text)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=os.path.join(
        PEER, "usr/lib/python3/dist-packages"))
    millgate = subprocess.Popen([os.path.join(BUILD, "millgate"), "-f", "-c",
                                 files["millgate.conf"]], **quiet)
    started.append(millgate)
    policyd = subprocess.Popen([sys.executable, program, "-f",
                                files["policyd.yaml"]], env=env, **quiet)
    started.append(policyd)
    path = os.path.join(directory, "policy")
    wait_for(path)
    time.sleep(1)
    for connections in (1, 4):
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(load_policyd(path, policyd.pid, connections))
            ours.append(load_millgate(files["message"], millgate.pid,
                                      connections))
        ours, theirs = median(ours), median(theirs)
        for name, row in (("millgate", ours), ("policyd-rate-limit", theirs)):
            print("quota %-18s %d connections %6.0f decisions/s  "
                  "%.3f CPU-s per 1000" % (name, connections, *row))
        print("quota ratio              %d connections   %.1f times the "
              "decisions/s, %.2f times the CPU time" % (
                  connections, ours[0] / theirs[0], ours[1] / theirs[1]))


def main():
    program = peer_program()
    if program is None:
        print("quota policyd-rate-limit: not measured, the package is "
              "missing and apt cannot fetch it")
        return
    directory, started = tempfile.mkdtemp(prefix="millgate-bench-"), []
    try:
        measure(directory, started, program)
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
