"""peer_servers - the servers of a comparison: configuration, start and end

Each class below is one server with as much of its configuration as the same
work needs: SPF, one signature, DMARC reject, no syslog. `proof_in` and
`proof_out` are words that its edits must have in them; a server that does less
is not measured.
All listen on unix sockets, as Debian sets them up: on TCP most of them wait 40
ms for Nagle's algorithm. They are ended by their process ids.
"""
import glob
import os
import signal
import socket
import subprocess
import sys
import time

HOST = "mx.example.net"
TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60		# rspamd needs some ten


class Trouble(Exception):
    """A server is missing, does not start or does not do its work."""


def family(pid):
    """The process and all below it."""
    found = [pid]
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        try:
            with open(path) as f:
                for child in f.read().split():
                    found += family(int(child))
        except OSError:
            pass			# ended in between
    return found


def cpu_clock(pid):
    """
    The clock of a process, clock_getcpuclockid(3): utime and stime of /proc,
    but not in units of 10 ms.
    """
    return time.clock_gettime((~pid << 3) | 2)


def cpu_seconds(pid):
    """Of all processes of a server; ended children count with their parent."""
    total = 0
    for process in family(pid):
        try:
            with open("/proc/%d/stat" % process) as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += cpu_clock(process) + sum(
                int(x) for x in fields[13:15]) / TICK
        except OSError:
            continue
    return total


def memory_kb(pid):
    """Proportional set size of all processes of a server, in KB."""
    total = 0
    for process in family(pid):
        try:
            with open("/proc/%d/smaps_rollup" % process) as f:
                total += sum(int(line.split()[1]) for line in f
                             if line.startswith("Pss:"))
        except OSError:
            continue
    return total


class Files:
    """What has a directory."""

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        return path


class Server(Files):
    name, package = "", None		# None: it is built, not unpacked
    milter = True
    proof_in, proof_out = (), None	# None: it does not sign
    arrives = "signed"			# the form of Message that it gets
    rejects = False			# does it refuse the forged message?

    def __init__(self, place):
        self.place, self.process, self.trouble = place, None, None
        self.directory = os.path.join(place.directory, self.name)
        self.socket = os.path.join(self.directory, "socket")
        self.log = os.path.join(self.directory, "log")
        os.makedirs(self.directory, exist_ok=True)

    def unpacked(self, path):
        return os.path.join(self.place.peers, path)

    def environment(self):
        if self.package is None:
            return None
        libraries = glob.glob(self.unpacked("usr/lib/*-linux-gnu"))
        return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries + [
            self.unpacked("usr/lib"), self.unpacked("usr/lib/rspamd")]),
            PYTHONPATH=self.unpacked("usr/lib/python3/dist-packages"),
            PYTHONDONTWRITEBYTECODE="1")

    def version(self):
        """Of the package; None if it is not unpacked, or from this tree."""
        try:
            with open(self.unpacked("versions")) as f:
                return dict(line.split() for line in f).get(self.package)
        except OSError:
            return None

    def start(self):
        words = self.words()
        program = words[words[0] == sys.executable]
        if not os.path.exists(program):
            raise Trouble("%s is missing" % os.path.basename(program))
        for left in (self.socket, os.path.join(self.directory, "pid")):
            if os.path.exists(left):
                os.unlink(left)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.directory,
                env=self.environment())
        self.wait_until_it_answers()

    def knock(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(self.socket)

    def wait_until_it_answers(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Trouble("ended with status %d: %s" % (
                    self.process.returncode, self.last_words()))
            try:
                self.knock()
                return
            except OSError:
                time.sleep(0.1)
        raise Trouble("does not listen after %d s: %s" % (
            START_SECONDS, self.last_words()))

    def last_words(self):
        with open(self.log, "rb") as f:
            lines = f.read().decode("latin1").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def stop(self):
        if self.process is None:
            return
        processes = family(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        for pid in processes[1:]:	# children that outlived it
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None

    def restart(self):
        self.stop()
        self.start()


class Millgate(Server):
    name = "millgate"
    proof_in = ("spf=pass", "dkim=pass", "dmarc=pass")
    proof_out, rejects = ("DKIM-Signature",), True

    more = ""				# of the configuration

    def __init__(self, place):
        super().__init__(place)
        self.build = place.build
        self.log = os.devnull		# it has a line for each message

    def last_words(self):
        program, _, _, conf = self.words()
        done = subprocess.run([program, "-t", "-c", conf], text=True,
                              capture_output=True, timeout=20)
        return (done.stderr.strip().splitlines() or ["?"])[-1]

    def words(self):
        conf = self.file("millgate.conf", """
socket = "unix:%s"
authserv-id = "%s"
state = "%s/state.db"
user = "root"
unlisted-users = any
resolver { servers = {"127.0.0.1@%d"} }
listener submission { daemon-ports = {587}  direction = submission }
listener mx { daemon-ports = {25}  direction = inbound }
plan huge { recipients-per-hour = 1000000000 }
default-plan = huge
signing { key-directory = "%s/keys" }
dmarc { on-reject = reject }
%s""" % (self.socket, HOST, self.directory, self.place.dns_port,
            self.place.directory, self.more))
        return [os.path.join(self.build, "millgate"), "-f", "-c", conf]


class Bare(Server):
    """libmilter alone: what no milter on libmilter can be below."""
    name = "bare"
    proof_in = ("X-Floor",)
    key = ()

    def words(self):
        return [os.path.join(self.place.build, "tests/bench/baremilter"),
                self.socket, *self.key]


class BareSigner(Bare):
    name = "bare+rsa"
    proof_in, proof_out = (), ("X-Floor",)

    def words(self):
        self.key = (self.place.key,)
        return super().words()


class OpenDKIM(Server):
    name, package = "opendkim", "opendkim"
    proof_in, proof_out = ("dkim=pass",), ("DKIM-Signature",)

    def words(self):
        conf = self.file("opendkim.conf", """
Mode sv
Nameservers 127.0.0.1
Socket local:%s
Domain example.org
Selector s1
KeyFile %s
AuthservID %s
AlwaysAddARHeader yes
InternalHosts 127.0.0.1
Canonicalization relaxed/simple
Syslog no
RequireSafeKeys no
""" % (self.socket, self.place.key, HOST))
        return [self.unpacked("usr/sbin/opendkim"), "-f", "-x", conf]


class OpenDMARC(Server):
    name, package = "opendmarc", "opendmarc"
    proof_in, arrives, rejects = ("dmarc=pass",), "judged", True

    def words(self):
        conf = self.file("opendmarc.conf", """
Socket local:%s
AuthservID %s
TrustedAuthservIDs %s
PublicSuffixList %s
RejectFailures true
SPFSelfValidate false
Syslog false
""" % (self.socket, HOST, HOST, self.unpacked(
            "usr/share/publicsuffix/public_suffix_list.dat")))
        return [self.unpacked("usr/sbin/opendmarc"), "-f", "-c", conf]


class PySPF(Server):
    name, package = "pyspf-milter", "pyspf-milter"
    proof_in = ("spf=pass",)

    def words(self):
        conf = self.file("pyspf.conf", """
debugLevel = -1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = False
Header_Type = AR
Authserv_Id = %s
skip_addresses = 127.0.0.0/8
Socket = local:%s
PidFile = %s/pid
UserID = root
InternalHosts = 127.0.0.1
""" % (HOST, self.socket, self.directory))
        return [sys.executable, self.unpacked("usr/bin/pyspf-milter"), conf]


class Rspamd(Server):
    name, package = "rspamd", "rspamd"
    proof_in = ("spf=pass", "dkim=pass", "dmarc=pass")
    proof_out, rejects = ("DKIM-Signature",), True

    def words(self):
        share = self.unpacked("usr/share/rspamd")
        conf = self.file("rspamd.conf", RSPAMD % {
            "d": self.directory, "socket": self.socket, "key": self.place.key,
            "share": share})
        names = {"SHAREDIR": share, "RULESDIR": share + "/rules",
                 "LUALIBDIR": share + "/lualib", "DBDIR": self.directory,
                 "PLUGINSDIR": share + "/plugins", "RUNDIR": self.directory,
                 "LOGDIR": self.directory, "CONFDIR": self.directory,
                 "LOCAL_CONFDIR": self.directory}
        return [self.unpacked("usr/bin/rspamd"), "-f", "-i", "-c", conf] + [
            word for pair in names.items() for word in ("--var",
                                                        "%s=%s" % pair)]


RSPAMD = """
options {
  pidfile = "%(d)s/pid"
  tempdir = "%(d)s"
  hs_cache_dir = "%(d)s"
  url_tld = "%(share)s/effective_tld_names.dat"
  filters = "dkim"
  local_addrs = ["127.0.0.1"]
  dns { nameserver = ["127.0.0.1:53"]; timeout = 5s; }
}
lang_detection { languages = "%(d)s/none"; }
logging { type = "console"; level = "error"; }
worker "rspamd_proxy" {
  bind_socket = "%(socket)s"
  milter = yes
  timeout = 120s
  count = 2
  upstream "local" { default = yes; self_scan = yes; }
}
actions { reject = 1000; }
spf { }
dkim { }
dmarc { actions { reject = "reject"; } }
dkim_signing {
  sign_authenticated = true
  sign_local = false
  use_esld = false
  allow_username_mismatch = true
  domain { "example.org" { selector = "s1"; path = "%(key)s"; } }
}
milter_headers {
  use = ["authentication-results"]
  skip_local = false
  authenticated_headers = []
}
modules {
  path = "%(share)s/plugins/spf.lua"
  path = "%(share)s/plugins/dmarc.lua"
  path = "%(share)s/plugins/dkim_signing.lua"
  path = "%(share)s/plugins/milter_headers.lua"
}
"""


class PolicydRateLimit(Server):
    """Postfix's policy protocol over a unix socket, not a milter."""
    name, package = "policyd-rate-limit", "policyd-rate-limit"
    milter = False
    limits = "[[1000000, 3600]]"

    def words(self):
        conf = self.file("policyd.yaml", """
debug: False
user: "root"
group: "root"
pidfile: "{d}/pid"
sqlite_config: {{database: "{d}/state.db"}}
backend: 0
SOCKET: "{d}/socket"
socket_permission: 0600
limits: {limits}
limit_by_sasl: True
success_action: "dunno"
report: False
delay_to_close: 300
""".format(d=self.directory, limits=self.limits))
        return [sys.executable, self.unpacked("usr/bin/policyd-rate-limit"),
                "-f", conf]


class MillgateThree(Millgate):
    name = "millgate-3-windows"

    def words(self):
        words = super().words()
        with open(words[-1]) as f:
            text = f.read()
        hour = "recipients-per-hour = 1000000000"
        assert hour in text
        self.file("millgate.conf", text.replace(hour, " ".join(
            hour.replace("hour", window)
            for window in ("minute", "hour", "day"))))
        return words


class PolicydThree(PolicydRateLimit):
    name = "policyd-rate-limit-3-windows"
    limits = "[[1000000, 60], [1000000, 3600], [1000000, 86400]]"


# in the part `quota` alone, beside the same server with one window
THREE_WINDOWS = (MillgateThree, PolicydThree)
MILTERS = (Millgate, OpenDKIM, OpenDMARC, PySPF, Rspamd, Bare, BareSigner)
# what one message passes through at a site without millgate
CHAIN = ("pyspf-milter", "opendkim", "opendmarc")
