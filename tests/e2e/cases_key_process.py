"""The key process: the process that reads mail has no private key."""

import contextlib
import ctypes
import glob
import grp
import os
import pwd
import shutil
import signal
import subprocess
import threading

import isolate
import key_bytes
import milter
import programs
from cases_load import is_instrumented, login_of
from cases_process import is_gone
from message import compose
from recipes import millgate_with
from runner import Skip, case, settings
from services import MILTER_USER, wait_until, write
from steps import expect, serves, submission, submit

ALICE = "alice@example.net"
NEW = "fresh.example"
SESSIONS, MESSAGES = 20, 5000	# with two signatures each
INSERT, CONTINUE = b"i", b"c"
PTRACE_ATTACH = 16


def children(pid):
    """The ids of its child processes."""
    found = []
    for name in glob.glob("/proc/%d/task/*/children" % pid):
        with open(name) as f:
            found += map(int, f.read().split())
    return found


def name_of(pid):
    with open("/proc/%d/comm" % pid) as f:
        return f.read().strip()


def key_processes(w):
    return [pid for pid in children(w.millgate.process.pid)
            if name_of(pid) == "millgate-keys"]


def key_process(w):
    found = key_processes(w)
    assert len(found) == 1, found
    return found[0]


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def limit_of(pid, name):
    """The soft and the hard limit."""
    with open("/proc/%d/limits" % pid) as f:
        line, = [line for line in f if line.startswith("Max " + name)]
    return line[len("Max " + name):].split()[:2]


def all_needles(keys):
    found = {}
    for path in glob.glob(keys + "/*/*.private"):
        found.update(key_bytes.needles(path))
    assert len(found) > 30, found.keys()
    return found


def need_bare_memory(w):
    if is_instrumented(w):
        raise Skip("a sanitizer maps terabytes")


# --- load

def one_message(session, login):
    session.macros["{auth_authen}"] = login
    session.mail(login)
    session.rcpt("r@elsewhere.example")
    session.data([("From", " " + login), ("Subject", " Many")],
                 b"Hello.\r\n" * 500)
    for _ in range(3):		# to the sender, the recipient, the header
        letter, reply = session.answer()
        assert letter == CONTINUE, (letter, reply)
    inserted = 0
    while (answer := session.answer())[0] == INSERT:
        inserted += b"DKIM-Signature" in answer[1]
    assert answer[0] == CONTINUE, answer
    return inserted


class Load:
    """Clients of the milter that send until all messages are signed."""

    def __init__(self, w, messages=MESSAGES):
        self.w, self.signatures, self.troubles = w, 0, []
        self.lock, self.left = threading.Lock(), messages
        self.threads = [threading.Thread(target=self.run)
                        for _ in range(SESSIONS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.wait()

    def wait(self):
        for thread in self.threads:
            thread.join()
        assert not self.troubles, self.troubles

    def going_on(self):
        return any(thread.is_alive() for thread in self.threads)

    def next(self):
        with self.lock:
            self.left -= 1
            return self.left

    def run(self):
        try:
            session = milter.Session(self.w)
            session.negotiate()
            assert session.answer()[0] == b"O"
            session.greet()
            while (n := self.next()) >= 0:
                signed = one_message(session, login_of(n))
                with self.lock:
                    self.signatures += signed
            session.close()
        except Exception as e:
            self.troubles.append(e)


def searched_under_load(w, wanted):
    """Send, and search meanwhile and afterwards; return what was found."""
    found, searches, pid = set(), 0, w.millgate.process.pid
    with Load(w) as load:
        while load.going_on():
            found |= key_bytes.in_process(pid, wanted)
            searches += 1
    found |= key_bytes.in_process(pid, wanted)
    print("# %d signatures, %d searches for %d texts: %d found" % (
        load.signatures, searches + 1, len(wanted), len(found)))
    assert load.signatures == 2 * MESSAGES, load.signatures
    return found


# --- what the daemon has

@contextlib.contextmanager
def new_key(w):
    """A key that the tool makes while the daemon runs."""
    done = w.run_ctl("key", "new", NEW, "--active", "--type", "both")
    assert done.returncode == 0, done
    try:
        w.millgate.reload()
        yield
    finally:
        shutil.rmtree(os.path.join(w.keys, NEW))
        w.millgate.reload()


@case
def the_daemon_never_has_a_byte_of_a_private_key(w):
    need_bare_memory(w)
    with settings(w):
        wanted = all_needles(w.keys)
        found = searched_under_load(w, wanted)
        assert not found, found
        # the search works: the key process has them
        there = key_bytes.in_process(key_process(w), wanted)
        assert there, wanted.keys()
        w.millgate.reload()
        serves(w)
        found = key_bytes.in_process(w.millgate.process.pid, wanted)
        assert not found, found
        with new_key(w):
            wanted = all_needles(w.keys)
            serves(w)
            found = key_bytes.in_process(w.millgate.process.pid, wanted)
            assert not found, found


@contextlib.contextmanager
def key_in_a_table(w):
    """The text of a key as OpenDKIM's KeyTable may have it, and its file."""
    place = os.path.join(w.directory, "key-in-table")
    os.makedirs(place)
    os.chmod(place, 0o755)
    path = place + "/in.private"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True,
                   capture_output=True)
    with open(path) as f:
        text = "".join(f.read().split("\n")[1:-2])
    write(place + "/key.table", "k example.net:intable:" + text + "\n", 0o640)
    write(place + "/signing.table", "*@example.net k\n", 0o644)
    shutil.chown(place + "/key.table", MILTER_USER)
    try:
        tables = 'key-table = "%s/key.table"\n' \
            'signing-table = "refile:%s/signing.table"' % (place, place)
        with millgate_with(w, w.settings().replace(
                'key-directory = "%s"' % w.keys, tables)):
            yield path
    finally:
        shutil.rmtree(place)


@case
def a_key_in_the_text_of_a_table_does_not_stay_in_the_daemon(w):
    need_bare_memory(w)
    with key_in_a_table(w) as path:
        wanted = key_bytes.needles(path)
        for reload in (False, True):
            if reload:
                w.millgate.reload()
            serves(w)
            assert key_bytes.in_process(key_process(w), wanted)
            found = key_bytes.in_process(w.millgate.process.pid, wanted)
            assert not found, found


@contextlib.contextmanager
def keys_of_the_daemon(w, prefix=(), **extra):
    """millgate with keys that its own user can read."""
    place, keys = w.directory + "/keys-of-the-daemon", w.keys
    w.millgate.stop()
    shutil.copytree(keys, place)
    user = pwd.getpwnam(MILTER_USER)
    for path, _, names in os.walk(place):
        for name in [path] + [os.path.join(path, n) for n in names]:
            os.chown(name, user.pw_uid, user.pw_gid)
    w.keys, w.millgate.prefix, w.millgate.extra = place, list(prefix), extra
    try:
        w.millgate.start()
        yield
    finally:
        w.millgate.stop()
        w.keys, w.millgate.prefix, w.millgate.extra = keys, [], {}
        shutil.rmtree(place)
        w.millgate.start()


@case
def the_same_search_finds_them_without_the_key_process(w):
    need_bare_memory(w)
    with keys_of_the_daemon(w, top="key-process = no"):
        assert not key_processes(w)
        wanted = all_needles(w.keys)
        serves(w)
        found = key_bytes.in_process(w.millgate.process.pid, wanted)
        for path in glob.glob(w.keys + "/*/*.private"):
            assert any(path in name for name in found), (path, found)
        print("# %d of %d" % (len(found), len(wanted)))


def not_root(w):
    """
    Started by its user, as a service manager does it; it may dump core. The key
    process has the same user then.
    """
    user = pwd.getpwnam(MILTER_USER)
    return keys_of_the_daemon(w, [
        "prlimit", "--core=unlimited", "setpriv", "--reuid",
        str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"])


@case
def a_core_of_the_daemon_has_no_key(w):
    need_bare_memory(w)
    with open("/proc/sys/kernel/core_pattern") as f:
        if f.read().strip() != "core":
            raise Skip("cores are not written into the working directory")
    with not_root(w):
        wanted = all_needles(w.keys)
        expect(submit(w, compose(ALICE)), "250")
        keys = key_process(w)
        assert limit_of(keys, "core file size") == ["0", "0"]
        w.millgate.send(signal.SIGABRT)
        w.millgate.process.wait(30)
        cores = glob.glob(w.millgate.directory + "/core*")
        assert len(cores) == 1, os.listdir(w.millgate.directory)
        with open(cores[0], "rb") as f:
            core = f.read()
        os.unlink(cores[0])
        assert b"millgate.conf" in core and len(core) > 1024 ** 2
        found = key_bytes.in_text(core, wanted)
        assert not found, found
        wait_until("the key process ends with it",
                   lambda: is_gone(keys))


# --- the process itself

def refusals(user, pid, path):
    """
    Try, as this user, to look into the process and to read the file; return
    the names of what worked.
    """
    inside, outside = os.pipe()
    child = os.fork()
    if child == 0:
        worked = []
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
            worked.append("ptrace")
        for name in ("/proc/%d/mem" % pid, "/proc/%d/maps" % pid, path):
            with contextlib.suppress(OSError):
                os.open(name, os.O_RDONLY)
                worked.append(name)
        os.write(outside, " ".join(worked).encode())
        os._exit(0)
    os.close(outside)
    with open(inside, "rb") as f:
        said = f.read().decode()
    os.waitpid(child, 0)
    return said.split()


@case
def the_key_process_is_closed_to_the_user_of_the_daemon(w):
    need_key_user()
    with settings(w):
        pid, daemon = key_process(w), pwd.getpwnam(MILTER_USER)
        status = status_of(pid)
        uid = str(pwd.getpwnam(isolate.KEY_USER).pw_uid)
        assert status["Uid"].split() == [uid] * 4, status
        assert status["NoNewPrivs"] == "1", status
        assert int(status["CapEff"], 16) == 0, status
        if limit_of(pid, "locked memory")[0] == "unlimited":
            assert status["VmLck"].split()[0] != "0", status
        files = {os.readlink("/proc/%d/fd/%s" % (pid, name)).split(":")[0]
                 for name in os.listdir("/proc/%d/fd" % pid)
                 if int(name) > 2}
        assert files == {"socket"}, files
        path = glob.glob(w.keys + "/*/rsa2026.private")[0]
        assert os.stat(path).st_mode & 0o777 == 0o600
        worked = refusals(daemon, pid, path)
        assert not worked, worked
        # the test can tell: root's daemon, as its own user; under strace(1),
        # no other process can trace it
        root = pwd.getpwnam("root")
        assert len(refusals(root, pid, path)) == \
            4 - (status["TracerPid"] != "0")


@case
def nobody_looks_into_a_key_process_of_the_same_user(w):
    with not_root(w):
        pid, daemon = key_process(w), pwd.getpwnam(MILTER_USER)
        path = glob.glob(w.keys + "/*/rsa2026.private")[0]
        # the file belongs to that user; the process does not
        assert refusals(daemon, pid, path) == [path]


@case
def it_stays_when_a_terminal_sends_signals_to_all(w):
    with settings(w):
        pid = key_process(w)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM,
                       signal.SIGUSR1, signal.SIGPIPE):
            os.kill(pid, number)
        serves(w)
        assert key_process(w) == pid


@case
def it_ends_with_the_daemon_however_that_ends(w):
    for number in (signal.SIGTERM, signal.SIGKILL):
        w.millgate.restart()
        pid = key_process(w)
        os.kill(w.millgate.process.pid, number)
        w.millgate.process.wait(30)
        wait_until("the key process ends", lambda: is_gone(pid))
        w.millgate.stop()
        w.millgate.start()


@case
def its_end_ends_the_daemon_and_mail_is_deferred(w):
    """Otherwise mail would go out without signatures."""
    w.millgate.restart()
    with submission(w) as client:
        expect(client.mail(ALICE), "250")
        expect(client.rcpt("r@elsewhere.example"), "250")
        os.kill(key_process(w), signal.SIGKILL)
        reply = client.data(compose(ALICE))
    assert reply.code // 100 == 4, reply
    w.millgate.process.wait(60)
    w.millgate.stop()
    assert w.millgate.status == 2, w.millgate.status
    said = w.millgate.log_text()[w.millgate.before:]
    assert "the key process has ended" in said, said
    w.millgate.start()
    serves(w)


@case
def auto_restart_starts_both_again(w):
    with settings(w, top="auto-restart = yes"):
        daemon = w.ctl("stats", "--json")["pid"]
        keys = [pid for pid in children(daemon)
                if name_of(pid) == "millgate-keys"]
        assert len(keys) == 1, keys
        before = len(w.millgate.log_text())
        os.kill(keys[0], signal.SIGKILL)
        wait_until("a new daemon", lambda: "millgate: ready on" in
                   w.millgate.log_text()[before:], 60)
        assert w.ctl("stats", "--json")["pid"] != daemon
        serves(w)


# --- the unit

@case
def the_capabilities_of_the_unit_are_enough(w):
    """Root without the others can neither change owners nor write anywhere."""
    need_key_user()
    start, = programs.unit_settings(w.build, "ExecStart")
    assert start.startswith("!/"), start
    few = programs.with_capabilities_of_unit(w.build)
    w.millgate.prefix = few
    try:
        with settings(w):
            serves(w)
            own = status_of(key_process(w))
            assert own["CapBnd"] == status_of(w.millgate.process.pid)[
                "CapBnd"] and int(own["CapBnd"], 16).bit_count() == 3, own
            assert own["Uid"].split()[0] == str(
                pwd.getpwnam(isolate.KEY_USER).pw_uid), own
            w.millgate.reload()
            done = subprocess.run(
                few + [w.build + "/millgate", "-t", "-c", w.millgate.conf],
                capture_output=True, text=True, timeout=60,
                env=programs.environment())
            assert done.returncode == 0, done
            serves(w)
    finally:
        w.millgate.prefix = []
    w.millgate.restart()


# --- what the tool makes and mends

def owner_of(path):
    """"user:group mode" of a file."""
    st = os.stat(path)
    return "%s:%s %04o" % (pwd.getpwuid(st.st_uid).pw_name,
                           grp.getgrgid(st.st_gid).gr_name,
                           st.st_mode & 0o7777)


def need_key_user():
    if not isolate.isolated():
        raise Skip("needs the user millgate-keys")


def group_of_daemon():
    return grp.getgrgid(pwd.getpwnam(MILTER_USER).pw_gid).gr_name


@case
def a_new_key_belongs_to_the_key_process(w):
    need_key_user()
    place = os.path.join(w.keys, NEW)
    with new_key(w):
        said = {name: owner_of(os.path.join(place, name))
                for name in os.listdir(place)}
        assert len(said) == 2 and set(said.values()) == {
            "%s:%s 0600" % (isolate.KEY_USER, group_of_daemon())}, said
        assert owner_of(place) == "root:%s 0751" % group_of_daemon()
        keys = w.ctl("key", "list", NEW, "--json")
        assert [key["state"] for key in keys] == 2 * ["active"], keys


def as_before(w, path, owner, mode):
    """As earlier versions had it: the group of the daemon reads keys."""
    shutil.chown(path, owner, group_of_daemon())
    os.chmod(path, mode)


@contextlib.contextmanager
def old_owners(w, owner):
    """Only the daemon can read the keys of the world."""
    found = [(path, os.stat(path)) for path in
             glob.glob(w.keys) + glob.glob(w.keys + "/*") +
             glob.glob(w.keys + "/*/*.private")]
    for path, st in found:
        as_before(w, path, owner if path.endswith(".private") else "root",
                  0o640 if path.endswith(".private") else 0o750)
    try:
        yield
    finally:
        for path, st in found:
            os.chown(path, st.st_uid, st.st_gid)
            os.chmod(path, st.st_mode & 0o7777)
        w.millgate.restart()


@case
def key_fix_gives_the_keys_of_root_to_the_key_process(w):
    need_key_user()
    for owner in ("root", MILTER_USER):
        with old_owners(w, owner):
            done = w.run_ctl("doctor", "--json")
            assert '"key-owner"' in done.stdout, done
            done = w.run_ctl("key", "fix")
            assert done.returncode == 0, done
            path = glob.glob(w.keys + "/*/rsa2026.private")[0]
            assert owner_of(path).startswith(isolate.KEY_USER + ":"), \
                owner_of(path)
            assert owner_of(path).endswith(" 0600"), owner_of(path)
            assert owner_of(w.keys) == "root:%s 0751" % group_of_daemon()
            again = w.run_ctl("key", "fix")
            assert (again.returncode, again.stdout) == (0, ""), again
            w.millgate.restart()
            serves(w)
            assert '"key-owner"' not in w.run_ctl("doctor", "--json").stdout


@case
def key_fix_leaves_the_owner_who_is_another_program(w):
    need_key_user()
    with old_owners(w, isolate.STRANGER):
        done = w.run_ctl("key", "fix")
        assert done.returncode == 0, done
        path = glob.glob(w.keys + "/*/rsa2026.private")[0]
        assert owner_of(path) == "%s:%s 0640" % (
            isolate.STRANGER, isolate.KEY_USER), owner_of(path)
        w.millgate.restart()
        serves(w)
