"""The steps of contrib/check-deb: a Debian with a real systemd and Postfix.

Runs in a network and a process tree of its own. The mail of example.org is
here, forged.example has p=reject, and 203.0.113.9 is a client on the Internet.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import dkim

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HERE, OUTSIDE = "192.0.2.1", "203.0.113.9"
ALICE, PASSWORD = "alice@example.org", "a long password"
CONF, KEYS = "/etc/millgate/millgate.conf", "/etc/millgate/keys/example.org"
SOCKET = "/var/spool/postfix/millgate/millgate.sock"
ZONE = """\
example.org MX 10 mx.example.org
example.org TXT "v=spf1 a:mx.example.org -all"
mx.example.org A 192.0.2.1
1.2.0.192.in-addr.arpa PTR mx.example.org
forged.example A 192.0.2.99
forged.example TXT "v=spf1 -all"
_dmarc.forged.example TXT "v=DMARC1; p=reject"
"""
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq",
       "-o", "Dpkg::Options::=--force-confdef",
       "-o", "Dpkg::Options::=--force-confold"]
MESSAGE = "From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@%s>\r\n" \
    "Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\nHello\r\n"


class Results:
    """Prints a line for each step, with the time it took."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def step(self, name, function, *args):
        """A step that raises an exception ends its round."""
        begin = time.monotonic()
        try:
            return function(*args)
        except Exception as error:
            self.failed += 1
            print("not ok - %s: %s" % (name, error), flush=True)
            name = None
            raise
        finally:
            if name:
                self.passed += 1
                print("ok - %s (%.1f s)" % (name, time.monotonic() - begin),
                      flush=True)


def must(condition, text):
    if not condition:
        raise AssertionError(text)


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited %d s for %s" % (seconds, what))


class DNS:
    """The server that the resolv.conf of the machine names."""

    def __init__(self, directory):
        self.path, self.process = directory + "/zone", None
        self.publish("")

    def publish(self, records):
        self.stop()
        self.text = ZONE + records
        with open(self.path, "w", encoding="ascii") as f:
            f.write(self.text)
        self.process = subprocess.Popen(
            [sys.executable, SOURCE + "/tests/tools/fakedns.py", "--zone",
             self.path, "127.0.0.1", "53"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()

    def txt(self, name, timeout=None):
        """For dkimpy: the TXT record of a name."""
        name = name.decode().rstrip(".")
        for line in self.text.splitlines():
            if line.startswith(name + " TXT "):
                return "".join(re.findall('"([^"]*)"', line)).encode()
        return None


class Machine:
    """A copy of the base directory, in which systemd runs."""

    def __init__(self, work, name, cgroup):
        self.root, self.parent = work + "/" + name, cgroup
        shutil.rmtree(self.root, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", work + "/base",
                        self.root], check=True)
        for path, text in (("hostname", "mx.example.org"),
                           ("mailname", "example.org"),
                           ("hosts", "127.0.0.1 localhost\n"
                            "192.0.2.1 mx.example.org mx"),
                           ("resolv.conf", "nameserver 127.0.0.1"),
                           ("dpkg/dpkg.cfg.d/check-deb", "force-unsafe-io")):
            self.write("/etc/" + path, text + "\n")
        self.unshare, self.init = None, None

    def __enter__(self):
        self.cgroup = tempfile.mkdtemp(prefix="millgate-", dir=self.parent)
        self.unshare = subprocess.Popen(
            ["sh", SOURCE + "/contrib/lib/boot", self.root, self.cgroup],
            stdin=subprocess.DEVNULL)
        wait_until("systemd", self.is_up)
        return self

    def is_up(self):
        must(self.unshare.poll() is None, "systemd does not start here")
        found = subprocess.run(
            ["ps", "-o", "pid=,comm=", "--ppid", str(self.unshare.pid)],
            capture_output=True, text=True).stdout.split()
        if found[1:] != ["systemd"]:
            return False
        self.init = found[0]
        said = self.run("systemctl", "is-system-running", check=False).stdout
        return said.strip() in ("running", "degraded")

    def __exit__(self, *exception):
        self.unshare.kill()
        self.unshare.wait()
        for place, _, _ in os.walk(self.cgroup, topdown=False):
            wait_until("the end of " + place, lambda p=place: removed(p))

    def run(self, *argv, check=True, stdin=None):
        done = subprocess.run(
            ["nsenter", "-t", self.init, "--all", "--root", "--wd=/", "env",
             "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *argv], input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        must(not check or done.returncode == 0,
             "%s: status %d\n%s" % (" ".join(argv), done.returncode,
                                    done.stdout))
        return done

    def read(self, path):
        with open(self.root + path, encoding="utf-8") as f:
            return f.read()

    def write(self, path, text, mode="w"):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, mode, encoding="utf-8") as f:
            f.write(text)

    def journal(self, *match):
        return self.run("journalctl", "-q", "-o", "cat", "-u", "millgate",
                        *match).stdout

    def pid(self):
        return self.run("systemctl", "show", "-P", "MainPID",
                        "millgate").stdout.strip()


def removed(directory):
    try:
        os.rmdir(directory)
    except OSError:
        return not os.path.exists(directory)
    return True


# --- the steps --------------------------------------------------------------

def install(m, package):
    """Return what the installation printed."""
    shutil.copy(package, m.root + "/root")
    m.run("debconf-set-selections", stdin="""\
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string example.org
""")
    said = m.run(*APT, "install", "/root/" + os.path.basename(package),
                 "postfix").stdout
    for unit in ("millgate", "postfix"):
        m.run("systemctl", "is-active", unit)
    m.run("systemctl", "is-enabled", "millgate")
    user = m.run("stat", "-c", "%U", "/proc/" + m.pid()).stdout.strip()
    must(user == "millgate", "the daemon runs as " + user)
    must(" mode=monitor " in m.journal(), "not in monitor mode")
    if os.path.exists(m.root + "/lib/systemd/system/millgate.socket"):
        the_socket_is_of_systemd(m)
    return said


def printed_steps(m, dns, said):
    """Do what the package has printed, in its order."""
    lines = re.findall(r"(?m)^    (\S.*)$", said)
    settings = [line for line in lines if " = " in line]
    must(len(settings) == 2, "not two lines for main.cf:\n" + said)
    m.write("/etc/postfix/main.cf", "\n".join(settings) + "\n", "a")
    for line in lines:
        if line.startswith(("adduser ", "systemctl restart ")):
            m.run(*line.split())
    key = [line for line in lines if line.startswith("millgatectl key new ")]
    must(len(key) == 1, "no key:\n" + said)
    record = m.run(*key[0].split()).stdout
    name = re.search(r"(?m)^(\S+\._domainkey\.\S+?)\.?\s", record).group(1)
    dns.publish("%s TXT %s\n" % (name, " ".join(
        re.findall('"[^"]*"', record))))
    m.run("millgatectl", "key", "check", "example.org")
    m.run("millgatectl", "key", "activate", "example.org")
    m.run("systemctl", "reload", "millgate")


def submission_service(m):
    """What the site has already: submission with TLS, a login, a mailbox."""
    m.run(*APT, "install", "sasl2-bin", "libsasl2-modules",
          "libsasl2-modules-db")
    m.write("/etc/postfix/master.cf", m.read(
        "/usr/share/doc/millgate/examples/postfix/master.cf"), "a")
    m.write("/etc/postfix/sasl/smtpd.conf", "pwcheck_method: auxprop\n"
            "auxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n")
    database = "/var/spool/postfix/etc/sasldb2"
    m.run("saslpasswd2", "-f", database, "-p", "-c", "-u", "example.org",
          "alice", stdin=PASSWORD)
    m.run("chgrp", "postfix", database)
    m.run("chmod", "0640", database)
    m.run("useradd", "-m", "alice")
    m.run("systemctl", "restart", "postfix")


def connect(port, source):
    """An SMTP connection, when Postfix listens."""
    def attempt():
        try:
            return smtplib.SMTP(HERE, port, "client.example", 60,
                                source_address=(source, 0))
        except OSError:
            return None
    return wait_until("port %d" % port, attempt)


def submit(m, dns):
    """A submission with a login, which arrives signed."""
    subject = "submission %d" % time.monotonic_ns()
    with connect(587, OUTSIDE) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        client.login(ALICE, PASSWORD)
        client.sendmail(ALICE, [ALICE], MESSAGE % (
            ALICE, ALICE, subject, time.monotonic_ns(), "example.org"))

    def arrived():
        try:
            mails = re.split(r"(?m)^From .*\n", m.read("/var/mail/alice"))
        except FileNotFoundError:
            return None
        return next((one for one in mails if subject in one), None)
    found = wait_until("the message", arrived).rstrip("\n") + "\n"
    must("\nDKIM-Signature: " in "\n" + found, "not signed:\n" + found)
    must(dkim.verify(found.replace("\n", "\r\n").encode(),
                     dnsfunc=dns.txt), "a bad signature:\n" + found)


def forge(m):
    """Send a message that fails DMARC, and return the reply."""
    with connect(25, OUTSIDE) as client:
        try:
            client.sendmail("x@forged.example", [ALICE], MESSAGE % (
                "x@forged.example", ALICE, "forged", time.monotonic_ns(),
                "forged.example"))
        except smtplib.SMTPDataError as error:
            return "%d %s" % (error.smtp_code, error.smtp_error.decode())
    return "250"


def forged_in_monitor_mode(m):
    reply = forge(m)
    must(reply == "250", "the reply is " + reply)
    line = wait_until("the log line", lambda: re.search(
        "(?m)^.*rule=dmarc-reject.*$", m.journal()))
    must(" would=reject" in line.group(), line.group())


def enforce(m):
    text = m.read(CONF)
    m.write(CONF, re.sub("(?m)^mode = monitor", "mode = enforce", text))
    m.run("millgate", "-t")
    m.run("systemctl", "reload", "millgate")
    wait_until("the reload",
               lambda: "mode=enforce" in m.journal() or
               forge(m).startswith("550"))


def forged_when_enforcing(m):
    reply = forge(m)
    must(reply.startswith("550 5.7.1 "), "the reply is " + reply)


def restart(m, dns, *command):
    """systemd keeps the socket, and a message meanwhile is not refused."""
    def state():
        info = os.stat(m.root + SOCKET)
        return info.st_ino, info.st_ctime_ns	# inodes are used again
    before, pid = state(), m.pid()
    with ThreadPoolExecutor() as pool:
        done = pool.submit(m.run, *command)
        for _ in range(5):
            submit(m, dns)
        done.result(120)
    must(m.pid() != pid, "the daemon was not restarted")
    must(state() == before, "the socket was made again")
    the_socket_is_of_systemd(m)


def the_socket_is_of_systemd(m):
    m.run("systemctl", "is-active", "millgate.socket")
    said = m.journal()
    must("opened by millgate itself" not in said, said)


# --- what an upgrade keeps and a removal leaves -----------------------------

def kept(m):
    """What must be the same after an upgrade."""
    found = {"quota": m.run("millgatectl", "quota", "show", ALICE).stdout}
    for path in [CONF] + [KEYS + "/" + one
                          for one in os.listdir(m.root + KEYS)]:
        info = os.stat(m.root + path)
        owner = (info.st_mode, info.st_uid, info.st_gid)
        # keys of a version without the key process get another owner
        found[path] = (m.read(path), owner if path == CONF else None)
    return found


def keys_are_apart(m):
    """The key process has its user, and the daemon cannot read the keys."""
    users = m.run("sh", "-c", "for p in $0 $(cat /proc/$0/task/$0/children); "
                  "do stat -c %U /proc/$p; done", m.pid()).stdout.split()
    # the shell of this machine may complain about its directory first
    must({"millgate", "millgate-keys"} <= set(users) and "root" not in users,
         "users of the processes: %s" % users)
    for name in os.listdir(m.root + KEYS):
        said = m.run("stat", "-c", "%U %a", KEYS + "/" + name).stdout.strip()
        must(said == "millgate-keys 600" or not name.endswith(".private"),
             "%s: %s" % (name, said))


def upgrade(m, package):
    before, pid = kept(m), m.pid()
    shutil.copy(package, m.root + "/root")
    said = m.run(*APT, "install",
                 "/root/" + os.path.basename(package)).stdout
    must("adduser" not in said, "prints the first steps again:\n" + said)
    m.run("systemctl", "is-active", "millgate")
    must(m.pid() != pid, "the daemon was not restarted")
    the_socket_is_of_systemd(m)
    after = kept(m)
    for name, value in before.items():
        must(after.get(name) == value, "%s: %s is now %s" % (
            name, value, after.get(name)))
    must(set(before) == set(after), "keys: %s" % set(after))
    keys_are_apart(m)


def left(m):
    """The paths, users and groups of millgate on the machine."""
    paths = m.run("find", "/", "-xdev", "-path", "*millgate*", "!", "-path",
                  "/root/*", "!", "-path", "/var/log/*", "!", "-path",
                  "/var/cache/*").stdout.split()
    names = re.findall("(?m)^(millgate[^:]*):", m.read("/etc/passwd"))
    groups = re.findall("(?m)^(millgate[^:]*):", m.read("/etc/group"))
    return sorted(paths) + ["user " + name for name in names] + [
        "group " + name for name in groups]


def remove(m, how, want):
    """The words of `want` must be, or with a hyphen not be, what remains."""
    said = m.run(*APT, how, "millgate").stdout
    must(m.run("systemctl", "is-active", "millgate",
               check=False).returncode != 0, "the daemon still runs")
    found = left(m)
    for path in want:
        gone = path.startswith("-")
        must((path.lstrip("-") in found) != gone, "after %s: %s, found %s" % (
            how, path, " ".join(found)))
    return said, found


def show_rest(how, found):
    print("# after apt-get %s:" % how)
    for path in found:
        print("#    " + path, flush=True)


def removal(m, results):
    state, rest = "/var/lib/millgate/state.db", ["user millgate",
                                                 "group millgate-mta", KEYS]
    said, found = results.step("remove keeps configuration, keys and state",
                               remove, m, "remove", [
                                   CONF, state, "-/usr/sbin/millgate"] + rest)
    must("Postfix still asks it" in said, "no warning about main.cf:\n" + said)
    show_rest("remove", found)
    said, found = results.step("purge keeps the keys only", remove, m, "purge",
                               ["-" + CONF, "-" + state, "-/var/lib/millgate",
                                "-/var/spool/postfix/millgate"] + rest)
    must("are kept" in said, "does not name the keys:\n" + said)
    show_rest("purge", found)


# --- the rounds --------------------------------------------------------------

def first_days(m, dns, package, results, prefix=""):
    """From the installation to the first refused message."""
    def step(name, *args):
        return results.step(prefix + name, *args)
    said = step("apt-get install ./%s postfix" % os.path.basename(package),
                install, m, package)
    step("the steps that the package prints", printed_steps, m, dns, said)
    step("a submission service of the site", submission_service, m)
    step("a submission arrives signed", submit, m, dns)
    if not prefix:	# an earlier version may have no key process
        step("the key process has a user of its own", keys_are_apart, m)
    step("monitor mode accepts a forged message, and logs it",
         forged_in_monitor_mode, m)
    step("mode = enforce", enforce, m)
    step("a forged message is refused", forged_when_enforcing, m)


def fresh(m, dns, options, results):
    first_days(m, dns, options.new, results)
    results.step("a restart keeps the socket and refuses nothing", restart, m,
                 dns, "systemctl", "restart", "millgate")
    results.step("so does an upgrade", restart, m, dns, "dpkg", "--install",
                 "/root/" + os.path.basename(options.new))
    # 1.9: more than a user of its own (1.2) are the three capabilities and the
    # calls with which the daemon and the key process become two users, and the
    # one that keeps a thread on its processor
    for verb, *args in (("security", "--offline=yes", "--threshold=19"),
                        ("verify", "--man=no")):
        said = results.step("systemd-analyze " + verb, m.run,
                            "systemd-analyze", verb, *args, "--no-pager",
                            "/lib/systemd/system/millgate.service").stdout
        print("# " + (said.strip().splitlines() or ["(no output)"])[-1])
    print("# " + m.run("millgatectl", "doctor", check=False).stdout.replace(
        "\n", "\n# "))
    removal(m, results)


def upgraded(m, dns, options, results):
    m.run(*APT, "install", "procps")	# the unit of 0.1.0 runs /bin/kill
    first_days(m, dns, options.old, results, "earlier version: ")
    m.run("millgatectl", "quota", "set", ALICE, "--recipients", "77")
    results.step("upgrade keeps configuration, keys and state", upgrade, m,
                 options.new)
    results.step("upgraded: a submission arrives signed", submit, m, dns)
    results.step("upgraded: a forged message is refused",
                 forged_when_enforcing, m)


def lintian(package):
    changes = package.replace(".deb", ".changes")
    done = subprocess.run(["lintian", "-i", "-E", "--pedantic",
                           "--allow-root", changes], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    must(done.returncode == 0 and done.stdout == "", done.stdout)


def attempt(options, dns, results, name, function):
    try:
        with Machine(options.work, name, options.cgroup) as m:
            try:
                function(m, dns, options, results)
            except AssertionError:
                print(m.journal("-n", "40"), file=sys.stderr)
                raise
    except Exception as error:
        print("# %s ends: %s" % (name, str(error).splitlines()[:1]))
        results.failed = results.failed or 1
    shutil.rmtree(options.work + "/" + name, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("work", "cgroup", "new", "old"):
        parser.add_argument("--" + name)
    options = parser.parse_args()
    # process 1 of a process tree is not ended by a signal without a handler
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))
    for command in ("link set lo up", "addr add %s/32 dev lo" % HERE,
                    "addr add %s/32 dev lo" % OUTSIDE):
        subprocess.run(["ip"] + command.split(), check=True)
    results, dns = Results(), DNS(options.work)
    attempt(options, dns, results, "fresh", fresh)
    dns.publish("")
    if options.old:
        attempt(options, dns, results, "upgraded", upgraded)
    else:
        print("skipped: the upgrade, because no earlier version is known")
    dns.stop()
    with contextlib.suppress(AssertionError):
        results.step("lintian -i -E --pedantic prints nothing", lintian,
                     options.new)
    print("%d passed, %d failed" % (results.passed, results.failed))
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
