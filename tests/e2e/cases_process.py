"""The process: what kills it does not end the service; what root touches."""

import contextlib
import ctypes
import grp
import json
import os
import pwd
import re
import resource
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time

import milter
import programs
from message import compose
from runner import Skip, case, settings
from services import MILTER_USER, Trouble, answers, wait_until, write
from steps import arrive, expect, given_back, serves, submission, submit

ALICE, SAM, TINA = "alice@example.net", "sam@example.net", "tina@example.net"


def need_bare_build(w):
    """A sanitizer catches the fault, and ends the process in its own way."""
    with open(os.path.join(w.build, "millgate"), "rb") as f:
        program = f.read()
        if b"__asan_init" in program or b"__tsan_init" in program:
            raise Skip("a sanitizer handles the signal")


def two_of_three(w, login):
    """The plan has three recipients an hour; use two."""
    expect(submit(w, compose(login), login=login,
                  recipients=["r1@elsewhere.example",
                              "r2@elsewhere.example"]), "250")


def one_is_left(w, login):
    with submission(w, login) as client:
        expect(client.mail(login), "250")
        expect(client.rcpt("r3@elsewhere.example"), "250")
        expect(client.rcpt("r4@elsewhere.example"), "451 4.7.1 ")
    given_back(w)


# A name, its value, and a name without one: libmilter makes an array of four
# pointers and reads the fifth. The field before it had the same size, so that
# its letters are found there.
MALFORMED_MACROS = [b"L" + b"A" * 30 + b"\0" + b"A" * 7 + b"\0",
                    b"DM" + b"{i}\0x\0{auth_type}\0", b"M<a@example.net>\0"]


def send_malformed_macros(w, is_over, tries=500):
    """Until is_over(): what lies behind the array depends on the threads."""
    for _ in range(tries):
        with contextlib.suppress(OSError, struct.error):
            session = milter.Session(w)
            session.negotiate()
            session.greet()
            session.send(*MALFORMED_MACROS * 3)
            session.answer()
            session.close()
        if is_over():
            return
    raise Trouble("%d malformed packets did nothing" % tries)


def child_of(w):
    """The process id of the daemon itself, which answers millgatectl."""
    return w.ctl("stats", "--json")["pid"]


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@case
def a_malformed_macro_kills_libmilter_by_sigsegv(w):
    """systemd starts it again then (Restart=on-failure)."""
    need_bare_build(w)
    two_of_three(w, SAM)
    send_malformed_macros(w, lambda: w.millgate.process.poll() is not None)
    w.millgate.stop()
    assert w.millgate.status == -signal.SIGSEGV, w.millgate.status
    w.millgate.start()
    one_is_left(w, SAM)


@case
def auto_restart_brings_it_back_within_a_second(w):
    need_bare_build(w)
    pid_file = w.millgate.directory + "/pid"
    with settings(w, top='auto-restart = yes\npid-file = "%s"' % pid_file):
        parent = w.millgate.process.pid
        two_of_three(w, TINA)
        # the claim is a time: a pause of the machine delays one try, slow
        # code all of them; each fault at once doubles the supervisor's pause
        times = []
        for _ in range(3):
            before, child = len(w.millgate.log_text()), child_of(w)
            assert child != parent
            send_malformed_macros(w, lambda: is_gone(child))
            began = time.monotonic()
            wait_until("a new daemon", lambda: "millgate: ready on" in
                       w.millgate.log_text()[before:])
            assert answers(w.address, w.port["milter"])
            times.append(time.monotonic() - began)
            assert "killed by signal 11 (Segmentation fault)" in \
                w.millgate.log_text()[before:]
            assert child_of(w) not in (child, parent)
        assert min(times) < 1, times
        one_is_left(w, TINA)
        serves(w)
        with open(pid_file) as f:
            assert int(f.read()) == parent
        before = len(w.millgate.log_text())
        w.millgate.reload()	# the parent passes it on
        child = child_of(w)
        w.millgate.stop()
        assert w.millgate.status == 0, w.millgate.status
        assert is_gone(child)
        assert not os.path.exists(pid_file)
        w.millgate.start()


@case
def the_daemon_ends_with_its_parent(w):
    with settings(w, top="auto-restart = yes"):
        child = child_of(w)
        os.kill(w.millgate.process.pid, signal.SIGKILL)
        wait_until("the daemon ends", lambda: is_gone(child))
        w.millgate.process.wait()
        w.millgate.process = None
        w.millgate.start()


@case
def the_parent_stays_small_and_alone(w):
    with settings(w, top="auto-restart = yes"):
        memory = {}
        for pid in (w.millgate.process.pid, child_of(w)):
            with open("/proc/%d/status" % pid) as f:
                memory[pid] = dict(line.split(":\t", 1) for line in f)
        parent, child = memory.values()
        assert parent["Threads"].strip() == "1", parent
        # it was started as root and must start a daemon that opens the socket
        assert parent["Uid"].split() == ["0"] * 4, parent["Uid"]
        uid = str(pwd.getpwnam(MILTER_USER).pw_uid)
        assert child["Uid"].split() == [uid] * 4, child["Uid"]
        sockets = [name for name in os.listdir(
            "/proc/%d/fd" % w.millgate.process.pid) if "socket" in
            os.readlink("/proc/%d/fd/%s" % (w.millgate.process.pid, name))]
        assert not sockets, sockets


@contextlib.contextmanager
def in_background(w, **extra):
    """millgate without -f; the id of the process in its pid-file."""
    pid_file = w.millgate.directory + "/pid"
    extra["top"] = extra.get("top", "") + '\npid-file = "%s"' % pid_file
    w.millgate.stop()
    write(w.millgate.conf, w.settings(**extra))
    # a file, and not a pipe, whose end strace(1) would hold open
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(w.millgate.argv()[:-1], stdout=said,
                              stderr=said, timeout=20,
                              env=programs.environment())
        said.seek(0)
        assert done.returncode == 0, said.read()
    with open(pid_file) as f:
        pid = int(f.read())
    try:
        yield pid
        os.kill(pid, signal.SIGTERM)
        wait_until("it ends", lambda: is_gone(pid))
        assert not os.path.exists(pid_file)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        w.millgate.start()


@case
def it_goes_into_the_background_when_it_is_ready(w):
    with in_background(w) as pid:
        assert child_of(w) == pid
        serves_in_background(w)


@case
def auto_restart_works_in_the_background(w):
    with in_background(w, top="auto-restart = yes") as pid:
        child = child_of(w)
        assert child != pid
        serves_in_background(w)
        os.kill(child, signal.SIGKILL)
        wait_until("a new daemon", lambda: w.run_ctl(
            "stats", "--json").returncode == 0)
        assert child_of(w) not in (pid, child)
        serves_in_background(w)
        for name in ("0", "1", "2"):
            assert os.readlink("/proc/%d/fd/%s" % (pid, name)) == "/dev/null"


def serves_in_background(w):
    expect(submit(w, compose(ALICE)), "250")


@case
def a_start_that_fails_in_the_background_is_reported(w):
    w.millgate.stop()
    for more in ("", "\nauto-restart = yes"):
        write(w.millgate.conf, w.settings(top='control-socket = "%s/no/c"' %
                                          w.directory + more))
        done = subprocess.run(w.millgate.argv()[:-1], capture_output=True,
                              text=True, timeout=20,
                              env=programs.environment())
        assert done.returncode == 2, done
        assert "control-socket" in done.stderr, done
    w.millgate.start()


def notify_messages(w, top, then):
    """(sender's pid, text) of the messages for a service manager."""
    path = os.path.join(w.directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        os.chmod(path, 0o777)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        w.millgate.prefix = ["env", "NOTIFY_SOCKET=" + path]
        found = []
        try:
            with settings(w, top=top):
                pid = w.millgate.process.pid
                then()
                w.millgate.stop()
                s.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    while True:
                        text, control, _, _ = s.recvmsg(1000, 1000)
                        sender = struct.unpack("iii", control[0][2])[0]
                        found.append((sender == pid, text.decode()))
                w.millgate.prefix = []
                w.millgate.start()
        finally:
            w.millgate.prefix = []
            os.unlink(path)
    return found


@case
def the_service_manager_hears_the_main_process(w):
    with open(os.path.join(w.build, "millgate"), "rb") as f:
        if b"libsystemd" not in f.read():
            raise Skip("built without libsystemd")
    wanted = [(True, "READY=1"), (True, "STOPPING=1")]
    found = notify_messages(w, "", lambda: None)
    assert found == wanted, found
    found = notify_messages(w, "auto-restart = yes", lambda: os.kill(
        child_of(w), signal.SIGKILL))
    assert found == wanted, found


@case
def the_limit_of_files_is_raised_before_the_resolver_is_made(w):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4 * 4096:
        raise Skip("the hard limit of open files is too low")
    w.millgate.prefix = ["prlimit", "--nofile=1024:"]
    try:
        with settings(w):
            found = w.ctl("stats", "--json")["resolver"]["pending_max"]
            assert found == 4096, found
    finally:
        w.millgate.prefix = []
    w.millgate.restart()


def shut_unix_pairs(pid):
    """shutdown(2) all nameless unix sockets of a process: libunbound's."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd, shut = os.pidfd_open(pid), 0
    for name in os.listdir("/proc/%d/fd" % pid):
        fd = libc.syscall(438, pidfd, int(name), 0)	# pidfd_getfd
        if fd == -1:
            if ctypes.get_errno() in (1, 38):
                raise Skip("pidfd_getfd(2) is not allowed here")
            continue
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.close(fd)
            continue
        with socket.socket(fileno=fd) as s:
            if s.family == socket.AF_UNIX and not s.getsockname():
                s.shutdown(socket.SHUT_RDWR)
                shut += 1
    os.close(pidfd)
    return shut


def looks_up(w):
    """The first question starts libunbound's thread."""
    expect(arrive(w, compose("joe@plain.example"), "joe@plain.example"),
           "250")


def answers_instead(w, old):
    """Does a daemon answer that is not `old`, which may just be ending?"""
    done = w.run_ctl("stats", "--json")
    return done.returncode == 0 and json.loads(done.stdout)["pid"] != old


@case
def the_end_of_libunbound_ends_the_daemon(w):
    """Otherwise all lookups would fail for ever."""
    looks_up(w)
    assert shut_unix_pairs(w.millgate.process.pid) > 0
    w.millgate.process.wait(10)
    w.millgate.stop()
    assert w.millgate.status == 2, w.millgate.status
    assert "libunbound has ended" in w.millgate.log_text()
    with settings(w, top="auto-restart = yes"):
        looks_up(w)
        child = child_of(w)
        assert shut_unix_pairs(child) > 0
        wait_until("a new daemon", lambda: answers_instead(w, child))
        serves(w)


# --- root's hands

SOCKET, PID = "milter.sock", "pid"


class Victim:
    """A file of root, to which the daemon's user lets names lead."""

    def __init__(self, w):
        self.path = os.path.join(w.directory, "victim")
        write(self.path, "root's", 0o600)
        self.as_it_was = self.look()

    def look(self):
        st = os.stat(self.path)
        with open(self.path) as f:
            return (f.read(), st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns)

    def check(self, what):
        now = self.look()
        assert now == self.as_it_was, (what, now)


def plant(kind, place, victim):
    if kind == "link":
        os.symlink(victim.path, place)
    elif kind == "dangling link":
        os.symlink(victim.path + "-new", place)
    elif kind == "hard link":
        os.link(victim.path, place)
    elif kind == "FIFO":
        os.mkfifo(place)
    else:
        os.mkdir(place)
    if kind != "hard link":
        os.chown(place, pwd.getpwnam(MILTER_USER).pw_uid, -1,
                 follow_symlinks=False)


def planted(w):
    """All names in its directory that the daemon opens, makes or removes."""
    d = w.millgate.directory
    return [os.path.join(d, name) for name in (
        PID, SOCKET, "state.db", "state.db-lock", "state.db-wal",
        "state.db-shm", "state.db-control", "state.db.new")]


@contextlib.contextmanager
def empty_directory(w):
    """Nothing but millgate.conf in the daemon's directory."""
    d, aside = w.millgate.directory, w.millgate.directory + ".aside"
    w.millgate.stop()
    os.rename(d, aside)
    os.mkdir(d)
    try:
        yield
    finally:
        subprocess.run(["rm", "-rf", d], check=True)
        os.rename(aside, d)
        w.unix_socket, w.millgate.extra = False, {}
        w.millgate.start()


def try_to_start(w):
    try:
        w.millgate.start()
    except Trouble as refusal:
        return str(refusal)
    w.millgate.stop()
    return "ready"


@case
def root_follows_no_link_of_the_daemons_user(w):
    w.millgate.stop()
    victim = Victim(w)
    with empty_directory(w):
        w.unix_socket = True
        for place in planted(w):
            for kind in ("link", "dangling link", "hard link", "FIFO",
                         "directory"):
                w.millgate.extra = {"top": 'pid-file = "%s/%s"' % (
                    w.millgate.directory, PID)}
                plant(kind, place, victim)
                said = try_to_start(w)
                what = "%s at %s: %s" % (kind, place, said)
                victim.check(what)
                assert not os.path.exists(victim.path + "-new"), what
                assert said == "ready" or "status 2" in said, what
                assert said != "ready" or not place.endswith(PID), what
                for path in planted(w):
                    subprocess.run(["rm", "-rf", path], check=True)


@contextlib.contextmanager
def configured(w, text):
    """millgate with this configuration, as a whole."""
    w.millgate.stop()
    w.millgate.text = text
    w.millgate.start()
    try:
        yield
    finally:
        w.millgate.text = None
        w.millgate.restart()


@case
def the_socket_has_its_mode_and_owner(w):
    user = pwd.getpwnam(MILTER_USER)
    group = grp.getgrnam("uucp").gr_gid
    # in a directory of the daemon's user, and in one of root
    for place in (w.millgate.directory, "/run"):
        path = os.path.join(place, "millgate-e2e.sock")
        for mode, owner, uid, gid in (
                (0o640, "", user.pw_uid, user.pw_gid),
                (0o620, MILTER_USER + ":uucp", user.pw_uid, group),
                (0o660, "uucp:nogroup", pwd.getpwnam("uucp").pw_uid,
                 user.pw_gid)):
            text = re.sub(r"(?m)^socket = .*", 'socket = "unix:%s"\n'
                          'socket-mode = "%04o"\nsocket-owner = "%s"' % (
                              path, mode, owner), w.settings())
            with configured(w, text):
                st = os.lstat(path)
                found = (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            assert found == (mode, uid, gid), (path, oct(mode), owner, found)


def answers_unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


@case
def a_start_does_not_disturb_a_daemon_that_serves_the_socket(w):
    path = os.path.join(w.millgate.directory, "one.sock")
    text = re.sub(r"(?m)^socket = .*", 'socket = "unix:%s"\n'
                  'socket-owner = "uucp:uucp"\nsocket-mode = "0600"' % path,
                  w.settings())
    with configured(w, text):
        before = os.lstat(path)
        done = subprocess.run(w.millgate.argv(), capture_output=True,
                              text=True, timeout=20,
                              env=programs.environment())
        assert done.returncode == 2, done
        assert "another daemon serves it" in done.stderr, done
        assert os.lstat(path).st_ino == before.st_ino
        w.millgate.stop(signal.SIGKILL)		# the file stays
        w.millgate.start()
        assert answers_unix(path)
