"""A supervisor and, if the kernel allows it, namespaces of our own.

The supervisor makes the temporary directory, runs the real program as its
child and removes the directory when the child has ended for any reason. With
namespaces the child has its own network (so the ports 25, 53, 465 and 587
are free), mounts, host name and process tree: all its processes end with it.
Without namespaces it uses addresses of 127.0.0.0/8 and the machine's network.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

INSIDE = "MILLGATE_WORLD"		# directory of the world, set for the child
SHARED = "MILLGATE_WORLD_SHARED"	# set when there are no namespaces
COMMON = "MILLGATE_WORLD_COMMON"	# directory that the worlds share, if several
UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork",
           "--kill-child", "--mount-proc"]
HOST = "mx.example.net"
# networks of the clients of an MTA that has no XCLIENT
NETWORKS = ("192.0.2.1", "198.51.100.1", "203.0.113.1")
MTA_GROUP, STRANGER = "millgate-mta", "stranger"
KEY_USER = "millgate-keys"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def inside():
    """Is this process the child?"""
    return INSIDE in os.environ


def isolated():
    """Is this process the child, and does it have its own namespaces?"""
    return inside() and SHARED not in os.environ


def namespaces_work():
    try:
        return subprocess.run(UNSHARE + ["true"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def die_with_parent():
    """For preexec_fn: SIGTERM when the parent has ended (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def as_child():
    """
    For preexec_fn of the child. A terminal sends SIGINT to the child, too, and
    the supervisor passes it on. The child ignores it while Python loads.
    """
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def loopback_up():
    """As "ip link set lo up", which needs iproute2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, 0x8913, request))[1]
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


def loopback_is(number, address):
    """Add the /24 of the address to lo: clients may use any address in it."""
    def request(what, value):
        packed = struct.pack("16sH2x4s8x", b"lo:%d" % number, socket.AF_INET,
                             socket.inet_aton(value))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, what, packed)
    request(0x8916, address)		# SIOCSIFADDR
    request(0x891c, "255.255.255.0")	# SIOCSIFNETMASK


def bind_over(directory, path, text):
    """Show text at path, in our mount namespace only."""
    if not os.path.exists(path):
        return
    copy = os.path.join(directory, os.path.basename(path))
    with open(copy, "w") as f:
        f.write(text)
    subprocess.run(["mount", "--bind", copy, path], check=True)


def system_users(text, names):
    """
    The lines of passwd or group text: without the people of this machine, and
    with a line for each name that is missing.
    """
    lines = [line for line in text.splitlines() if line.count(":") in (3, 6)
             and not 1000 <= int(line.split(":")[2]) < 65534]
    taken = {line.split(":")[2] for line in lines}
    known = {line.split(":")[0] for line in lines}
    numbers = (n for n in range(400, 1000) if str(n) not in taken)
    return lines, {name: next(numbers) for name in names if name not in known}


def make_users(directory):
    """
    The users and groups of packaging/millgate.sysusers, Postfix's, and one who
    has nothing to do with mail. Seen by this world only.
    """
    names = ("millgate", KEY_USER, "postfix", STRANGER)
    with open("/etc/passwd", encoding="utf-8") as f:
        passwd, users = system_users(f.read(), names)
    with open("/etc/group", encoding="utf-8") as f:
        group, groups = system_users(f.read(), (*names, MTA_GROUP))
    group += ["%s:x:%d:" % (name, number) for name, number in groups.items()]
    gid = {line.split(":")[0]: line.split(":")[2] for line in group}
    passwd += ["%s:x:%d:%s::/nonexistent:/usr/sbin/nologin" % (
        name, number, gid[name]) for name, number in users.items()]
    bind_over(directory, "/etc/passwd", "\n".join(passwd) + "\n")
    bind_over(directory, "/etc/group", "\n".join(group) + "\n")


def settle(directory):
    """Set up the namespaces of this process, the child."""
    loopback_up()
    for number, address in enumerate(NETWORKS, 1):
        loopback_is(number, address)
    socket.sethostname(HOST)
    bind_over(directory, "/etc/resolv.conf", "nameserver 127.0.0.1\n")
    bind_over(directory, "/etc/hosts", "127.0.0.1 localhost %s\n" % HOST)
    make_users(directory)


class Supervisor:
    """Starts the children, passes signals to them and waits for them."""

    def __init__(self):
        self.children, self.got, self.shared = [], 0, True
        for number in STOPPING:
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _frame):
        if self.got == 0:
            print("stopping", file=sys.stderr)
        self.got = number
        for child in self.children:
            # unshare blocks SIGTERM; SIGKILL also ends its children
            child.send_signal(signal.SIGTERM if self.shared else
                              signal.SIGKILL)

    def start(self, argv, directory, fds):
        env = dict(os.environ)
        env[INSIDE] = directory
        if self.shared:
            env[SHARED] = "yes"
        else:
            argv = UNSHARE + argv
        self.children.append(subprocess.Popen(
            argv, env=env, pass_fds=fds, preexec_fn=as_child))
        if self.got != 0:	# a signal came before the child was known
            self.on_signal(self.got, None)

    def run(self, argv, directories, fds):
        self.shared = not namespaces_work()
        # without namespaces only one world is possible: it shares names,
        # ports and processes with the machine
        for directory in directories[:1] if self.shared else directories:
            if self.got == 0:
                self.start(argv, directory, fds)
        statuses = [child.wait() for child in self.children]
        if self.got != 0:
            return 128 + self.got
        return max(status if status >= 0 else 128 - status
                   for status in statuses)


def remove(directory):
    """Try again: processes of an ending namespace may still write files."""
    for _ in range(100):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            return
        time.sleep(0.05)


def make_directory():
    directory = tempfile.mkdtemp(prefix="millgate-")
    os.chmod(directory, 0o755)	# the servers' users need access below it
    return directory


def supervise(argv, keep, worlds=1, fds=()):
    """
    Run argv as child processes, one in each world, with these file
    descriptors. Return the worst exit status; 128 + n after signal n.
    """
    supervisor = Supervisor()
    directories = [make_directory() for _ in range(worlds)]
    common = make_directory() if worlds > 1 else None
    if common:
        os.environ[COMMON] = common
    try:
        return supervisor.run(argv, directories, fds)
    finally:
        for directory in directories:
            if keep:
                print("kept: %s" % directory, file=sys.stderr)
            else:
                remove(directory)
        if common:
            remove(common)


class Interruption:
    """
    In the child: the first stop signal ends it; later ones are ignored, so
    that its cleanup is complete.
    """

    def __init__(self):
        self.held, self.pending = False, 0

    def install(self):
        for number in STOPPING:
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _frame):
        if self.held:
            self.pending = number
            return
        for other in STOPPING:
            signal.signal(other, signal.SIG_IGN)
        sys.exit(128 + number)

    @contextlib.contextmanager
    def postponed(self):
        """Postpone signals while a process is started and recorded."""
        self.held = True
        try:
            yield
        finally:
            self.held = False
            if self.pending:
                self.on_signal(self.pending, None)


interruption = Interruption()


def enter(keep=False):
    """
    A program calls this first. In the parent it never returns; in the child it
    returns the directory of the world.
    """
    if not inside():
        argv = [sys.executable] + sys.argv
        sys.exit(supervise(argv, keep))
    directory = os.environ[INSIDE]
    interruption.install()
    if isolated():
        settle(directory)
    return directory
