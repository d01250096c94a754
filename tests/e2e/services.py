"""The processes of the world: DNS server, Dovecot, Postfix, millgate.

Each is a child in the foreground with its own log file. start() returns when
it answers, stop() when it has ended. Nothing here sleeps for a fixed time, and
no process is found or ended by its name.
"""

import contextlib
import errno
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import bearer
import isolate
import programs
from processes import children, frozen, group_alive

# Users of base-passwd, so that none must be created. Postfix needs a user and
# a group that no other part of the world uses.
MAIL_OWNER, POSTDROP_GROUP = "news", "uucp"
SASL_USER, LOGIN_USER = "irc", "proxy"
DELIVERY_USER = "games"
MILTER_USER = "nobody"
# of this host; the world itself uses another one
OTHER_ADDRESS = "127.0.0.2"


class Trouble(Exception):
    """A process did not behave as required."""


def wait_until(what, condition, seconds=10.0):
    """The first true value of condition(); raises Trouble after a timeout."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Trouble("waited %g s without success: %s" % (seconds, what))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


def greets(address, port):
    """Does an SMTP server answer with 220 there?"""
    try:
        with socket.create_connection((address, port), timeout=5) as s:
            return s.recv(4) == b"220 "
    except OSError:
        return False


def write(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


class Service:
    """A child process. Subclasses define argv(), ready() and configure()."""

    name = "?"
    user = None		# that it runs as; None: root

    def __init__(self, world):
        self.world = world
        self.directory = os.path.join(world.directory, self.name)
        self.output = os.path.join(world.directory, self.name + ".log")
        self.process = None
        self.status = None	# of the last process that ended
        os.makedirs(self.directory, exist_ok=True)

    def logs(self):
        return [self.output]

    def configure(self):
        pass

    def descriptors(self):
        """Open files that it inherits, besides the standard ones."""
        return ()

    def environment(self):
        return programs.environment()

    def identity(self):
        """The arguments of subprocess that let a process run as the user."""
        if self.user is None:
            return {}
        return {"user": self.user, "extra_groups": [],
                "group": pwd.getpwnam(self.user).pw_gid}

    def start(self, seconds=10.0):
        assert self.process is None, self.name + " runs already"
        self.configure()
        with open(self.output, "ab") as out, \
                isolate.interruption.postponed():
            self.process = subprocess.Popen(
                self.argv(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.environment(), cwd=self.directory,
                start_new_session=True, preexec_fn=isolate.die_with_parent,
                pass_fds=self.descriptors(), **self.identity())
        wait_until(self.name + " answers", self.is_up, seconds)

    def is_up(self):
        if self.process.poll() is not None:
            status, self.process = self.process.returncode, None
            raise Trouble("%s ended with status %d" % (self.name, status))
        return self.ready()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def processes(self):
        pid = self.process.pid
        return [pid] + children(pid)

    def signal_all(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def freeze(self):
        """Connections are open, and accepted, but nothing is answered."""
        self.signal_all(signal.SIGSTOP)
        # until then, one of their threads may still answer
        wait_until(self.name + " is frozen", lambda: all(
            map(frozen, self.processes())))

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """End it; `status` is then its exit status."""
        if self.process is None:
            return
        group = self.process.pid
        if self.process.poll() is None:
            self.send(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.status = self.process.returncode
        self.process = None
        try:
            os.killpg(group, signal.SIGKILL)	# what it left behind
        except ProcessLookupError:
            return
        # until then it has its locks: Postfix's queue manager looks again in
        # five minutes at a message that was locked
        wait_until("the processes of %s have ended" % self.name,
                   lambda: not group_alive(group), 60)

    def restart(self):
        self.stop()
        self.start()


class Nsd(Service):
    """An authoritative server for the root zone, thus for every name."""

    name = "nsd"

    def configure(self):
        d = self.directory
        zones = [("." , "root.zone")]
        # a zone without a file: every name in it gets SERVFAIL
        zones += [(name, "missing.zone") for name in self.world.broken]
        write(d + "/nsd.conf", """\
server:
  ip-address: %s@%d
  username: ""
  chroot: ""
  pidfile: "%s/nsd.pid"
  zonesdir: "%s"
  xfrdfile: ""
  xfrdir: "%s"
  zonelistfile: "%s/zone.list"
  database: ""
  server-count: 1
remote-control:
  control-enable: no
""" % (self.world.address, self.world.port["dns"], d, d, d, d) + "".join(
            'zone:\n  name: "%s"\n  zonefile: "%s"\n' % z for z in zones))
        write(d + "/root.zone", self.world.zone_text())

    def argv(self):
        return [programs.find("nsd"), "-d", "-c", self.directory + "/nsd.conf"]

    def ready(self):
        return answers(self.world.address, self.world.port["dns"])


class Dovecot(Service):
    """Answers Postfix's SASL requests; has no mailboxes."""

    name = "dovecot"

    def configure(self):
        d = self.directory
        for part in ("base", "state"):
            os.makedirs(os.path.join(d, part), exist_ok=True)
        write(d + "/users", "".join("%s:{PLAIN}%s::::::\n" % login
              for login in self.world.logins.items()), 0o644)
        self.configure_tokens()
        write(d + "/dovecot.conf", """\
base_dir = {d}/base
state_dir = {d}/state
libexec_dir = {libexec}
import_environment = LD_LIBRARY_PATH={libraries}
log_path = {d}/dovecot.log
auth_verbose = yes
ssl = no
protocols =
listen = 127.0.0.1
default_internal_user = {sasl}
default_internal_group = {group}
default_login_user = {login}
auth_mechanisms = plain login scram-sha-256 oauthbearer xoauth2
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {d}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login scram-sha-256
  args = username_format=%u {d}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service auth {{
  unix_listener {d}/auth {{
    mode = 0660
    user = {owner}
  }}
}}
# no growing delay for an address whose logins failed
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
""".format(d=d, libexec=os.path.dirname(programs.find("auth")),
           libraries=programs.library_path(), sasl=SASL_USER,
           group=grp.getgrgid(pwd.getpwnam(SASL_USER).pw_gid).gr_name,
           login=LOGIN_USER, owner=MAIL_OWNER))

    def configure_tokens(self):
        """Dovecot verifies tokens itself, with the provider's key."""
        keys = os.path.join(self.directory, "keys")
        os.makedirs(keys + "/default/HS256", exist_ok=True)
        write(keys + "/default/HS256/default", bearer.key_file())
        write(self.directory + "/oauth2.conf", """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=%s/
username_attribute = email
issuers = %s
""" % (keys, bearer.ISSUER))

    def argv(self):
        # dovecot would run /usr/bin/doveconf, so doveconf runs dovecot
        conf = self.directory + "/dovecot.conf"
        return [programs.find("doveconf"), "-f", "service=master", "-c", conf,
                "-e", programs.find("dovecot"), "-F", "-c", conf]

    def ready(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(self.directory + "/auth")
                s.sendall(b"VERSION\t1\t0\nCPID\t1\n")
                return s.recv(1) == b"V"
        except OSError:
            return False

    def logs(self):
        return [self.output, self.directory + "/dovecot.log"]


QUEUES = ("active bounce corrupt defer deferred flush hold incoming maildrop "
          "pid private public saved trace").split()

MASTER_CF = """\
{smtp} inet n - {chroot} - - smtpd
{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_sasl_auth_enable=yes
  -o milter_macro_daemon_name=ORIGINATING
{smtps} inet n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o milter_macro_daemon_name=ORIGINATING
{second} inet n - n - - smtpd
  -o syslog_name=postfix/second
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_milters={second_milter}
pickup    unix  n       -       n       1       1       pickup
cleanup   unix  n       -       {chroot}       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
{fragment}"""

# The additions of operators to main.cf and master.cf, with our ports.
FRAGMENTS = os.path.join(programs.SOURCE, "contrib", "postfix")

# Postfix itself refuses almost nothing, so that millgate made each refusal.
# Only the services of the fragment require TLS and a login themselves.
# Mail for every domain ends in a maildir, so that outgoing mail can be read.
# A delivery agent that ends when it is called is called again in seconds.
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {d}/queue
data_directory = {d}/data
command_directory = {sbin}
daemon_directory = {libexec}
shlib_directory = {shlib}
meta_directory = {d}/etc
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={libraries} TZ=UTC
export_environment = MAIL_CONFIG LD_LIBRARY_PATH TZ
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
maillog_file = {d}/postfix.log
maillog_file_prefixes = {d}
transport_retry_time = 3s
multi_instance_enable = yes
multi_instance_name = postfix-millgate
myhostname = mx.example.net
mydomain = example.net
myorigin = example.net
mydestination =
mynetworks = {address}/32 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = all
disable_dns_lookups = yes
smtpd_peername_lookup = no
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtputf8_enable = yes
virtual_mailbox_domains = example.net
virtual_mailbox_base = {d}/mail
virtual_mailbox_maps = texthash:{d}/etc/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = virtual:
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated,
  reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access
  inline:{{{{gone@elsewhere.example = 550 5.1.1 no such user}}}}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {pki}/server.pem
smtpd_tls_CAfile = {pki}/trusted.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_sasl_auth_enable = no
smtpd_sasl_security_options = noanonymous
smtpd_client_connection_count_limit = 1000
smtpd_client_connection_rate_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
{fragment}"""


class Postfix(Service):
    name = "postfix"
    # of one case: lines for main.cf, millgate's socket, smtp and cleanup in
    # a chroot, lines for master.cf
    extra, milter, chroot, services = "", None, "n", ""

    def configure(self):
        d, uid = self.directory, pwd.getpwnam(MAIL_OWNER).pw_uid
        for part in ("etc", "data", "mail", "queue"):
            os.makedirs(os.path.join(d, part), exist_ok=True)
        os.chown(d + "/data", uid, -1)
        self.make_queues(uid)
        delivery = pwd.getpwnam(DELIVERY_USER)
        os.chown(d + "/mail", delivery.pw_uid, delivery.pw_gid)
        master = programs.find("master")
        write(d + "/etc/main.cf", MAIN_CF.format(
            d=d, sbin=os.path.dirname(programs.find("postdrop")),
            libexec=os.path.dirname(master),
            shlib=os.path.dirname(os.path.dirname(master)),
            libraries=programs.library_path(), owner=MAIL_OWNER,
            group=POSTDROP_GROUP, address=self.world.address,
            uid=delivery.pw_uid, gid=delivery.pw_gid,
            pki=self.world.pki, sasl=self.world.dovecot.directory + "/auth",
            fragment=self.main_fragment()) + self.extra)
        write(d + "/etc/master.cf", MASTER_CF.format(
            fragment=self.master_fragment() + self.services,
            chroot=self.chroot,
            second_milter="inet:" + self.place("milter2"),
            **{name: self.place(name)
               for name in ("smtp", "submission", "smtps", "second")}))
        write(d + "/etc/dynamicmaps.cf", programs.database_tables())
        write(d + "/etc/mailboxes", "".join(
            "@%s %s/\n" % (domain, domain)
            for domain in self.world.mail_domains))

    def place(self, name):
        return "%s:%d" % (self.address(), self.world.port[name])

    def address(self):
        return self.world.address

    def main_fragment(self):
        with open(os.path.join(FRAGMENTS, "main.cf")) as f:
            return f.read().replace(
                "unix:millgate/millgate.sock",
                self.milter or self.world.milter_for_postfix())

    def master_fragment(self):
        """Its services, on other ports and without chroot."""
        with open(os.path.join(FRAGMENTS, "master.cf")) as f:
            text = f.read()
        for name in ("submission", "submissions"):
            text = re.sub(r"(?m)^%s inet n( +)- +y" % name,
                          r"%s inet n\1- n" % self.place("contrib_" + name),
                          text)
        return text

    def make_queues(self, uid):
        """Make the directories of `postfix check`, a hundred times faster."""
        gid = grp.getgrnam(POSTDROP_GROUP).gr_gid
        for queue in QUEUES:
            path = os.path.join(self.directory, "queue", queue)
            os.makedirs(path, exist_ok=True)
            if queue in ("maildrop", "public"):
                os.chown(path, uid, gid)
                os.chmod(path, 0o1730 if queue == "maildrop" else 0o710)
            elif queue == "pid":
                os.chmod(path, 0o755)
            else:
                os.chown(path, uid, -1)
                os.chmod(path, 0o700)

    def argv(self):
        return [programs.find("master"), "-d", "-c", self.directory + "/etc"]

    def ready(self):
        address, port = self.address(), self.world.port
        return (answers(address, port["smtps"]) and
                greets(address, port["smtp"]) and
                greets(address, port["submission"]))

    def logs(self):
        return [self.output, self.directory + "/postfix.log"]

    def command(self, name, *args, stdin=b""):
        """Run a Postfix command on this instance."""
        env = programs.environment()
        env["MAIL_CONFIG"] = self.directory + "/etc"
        return subprocess.run([programs.find(name), *args], input=stdin,
                              env=env, capture_output=True, timeout=60)


class SecondPostfix(Postfix):
    """Another instance with the same ports on another address."""

    name = "postfix-out"

    def address(self):
        return OTHER_ADDRESS


# Runs a command with listening sockets as systemd does (sd_listen_fds(3)).
ACTIVATE = """
import fcntl, os, sys
given = [int(n) for n in sys.argv[1].split(",")]
high = [fcntl.fcntl(n, fcntl.F_DUPFD, 50) for n in given]
for n in given:
    os.close(n)
for n, fd in enumerate(high):
    os.dup2(fd, 3 + n)
    os.close(fd)
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Millgate(Service):
    name = "millgate"

    def __init__(self, world):
        super().__init__(world)
        self.conf = os.path.join(self.directory, "millgate.conf")
        self.extra = {}		# of one case: text for settings(**extra)
        self.prefix = []	# of one case: a command that runs millgate
        self.text = None	# of one case: the whole configuration
        self.before = 0		# characters of the log of earlier processes
        self.sockets = []	# of one case: passed to it, as systemd does

    def descriptors(self):
        return [s.fileno() for s in self.sockets]

    def configure(self):
        self.before = len(self.log_text())
        os.chown(self.directory, pwd.getpwnam(MILTER_USER).pw_uid, -1)
        write(self.conf, self.text or self.world.settings(**self.extra))

    def tracer(self):
        """A command that writes the system calls of what it runs to files."""
        directory = os.environ.get("MILLGATE_STRACE")
        if directory is None:
            return []
        # -DD: the process that is started here is that of millgate
        return ["strace", "-DD", "-ff", "-qq", "-ttt", "-s", "0", "-e",
                "signal=none", "-o", os.path.join(directory, "%s-%d" % (
                    os.path.basename(self.world.directory),
                    time.monotonic_ns()))]

    def argv(self):
        command = self.prefix + self.tracer() + [os.path.join(
            self.world.build, "millgate"), "-c", self.conf, "-f"]
        if not self.sockets:
            return command
        return [sys.executable, "-c", ACTIVATE,
                ",".join(map(str, self.descriptors())), *command]

    def ready(self):
        """millgate logs this when all its sockets are open."""
        return "ready on " in self.log_text()[self.before:]

    def log_text(self):
        try:
            with open(self.output, errors="replace") as f:
                return f.read()
        except OSError as e:
            if e.errno == errno.ENOENT:
                return ""
            raise

    def reload(self, number=signal.SIGHUP):
        """Send the signal and wait until the new configuration is used."""
        before = len(self.log_text())
        self.send(number)
        said = wait_until("log line of the reload", lambda: [
            line for line in self.log_text()[before:].splitlines()
            if re.search(r'[ "]reload', line)])
        if "reload failed" in said[0]:
            raise Trouble(said[0])

    def log_line(self, **fields):
        """The newest log line with all these key=value pairs, or None."""
        wanted = ["%s=%s" % (k.replace("_", "-"), v)
                  for k, v in fields.items()]
        for line in reversed(self.log_text().splitlines()):
            words = re.findall(r'[^\s"]+(?:"[^"]*")?', line)
            if all(w in words for w in wanted):
                return line
        return None


class SecondMillgate(Millgate):
    """A millgate as on another host, for Postfix's service "second"."""

    name = "millgate2"

    def configure(self):
        super().configure()
        with open(self.conf) as f:
            text = f.read()
        ours, its = (self.world.port[name] for name in ("milter", "milter2"))
        write(self.conf, text.replace("inet:%d@" % ours, "inet:%d@" % its))

    def ready(self):
        return answers(self.world.address, self.world.port["milter2"])


class Redis(Service):
    name = "redis"

    def argv(self):
        return [programs.find("redis-server"), "--bind", self.world.address,
                "--port", str(self.world.port["redis"]), "--dir",
                self.directory, "--save", "", "--appendonly", "yes",
                "--protected-mode", "no"]

    def ready(self):
        return answers(self.world.address, self.world.port["redis"])

    def forget(self):
        """Remove its data; it must not run."""
        shutil.rmtree(self.directory + "/appendonlydir", ignore_errors=True)

    def url(self):
        return "redis://%s:%d/0" % (self.world.address,
                                    self.world.port["redis"])
