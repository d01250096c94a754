"""Every program that can connect to the socket is the MTA for millgate: the
default socket, its group, the recipe for a Postfix in a chroot, and what other
users can do."""

import contextlib
import glob
import grp
import json
import os
import pwd
import re
import shutil
import socket
import subprocess

import isolate
import milter
import programs
import services
from cases_doctor import OF_THE_HOST, OURS, environment
from isolate import MTA_GROUP, STRANGER
from message import compose, delivered
from runner import case
from sendmail import View
from services import wait_until
from steps import arrive, expect, inbound, submit
from users import (add_members, as_user, become, denied, directories,
                   need_users, source)

ALICE, PLAIN = "alice@example.net", "joe@plain.example"
DEFAULT = "/run/millgate/millgate.sock"


class Site(services.Millgate):
    """
    millgate as packaging has it: its own user and group, the directories of
    millgate.tmpfiles, and the default socket. It has the name of the world's
    daemon, which it replaces.
    """

    def __init__(self, world, top="", as_root=False):
        super().__init__(world)
        self.top, self.as_root = top, as_root
        self.plain = False	# no setgid bit at the directory of the socket
        self.root = world.directory + "/site"
        self.conf = self.root + "/millgate.conf"
        self.state = self.root + "/lib/state.db"
        self.keys = self.root + "/etc/keys"

    def configure(self):
        self.before = len(self.log_text())
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.world.keys, self.keys)
        gid = grp.getgrnam("millgate").gr_gid
        keys = pwd.getpwnam(isolate.KEY_USER).pw_uid
        for place, _, files in os.walk(self.keys):
            os.chown(place, 0, gid)
            os.chmod(place, 0o751)
            for path in [os.path.join(place, f) for f in files]:
                os.chown(path, keys, gid)
        text = source("packaging/millgate.tmpfiles.in")
        if self.plain:
            text = text.replace(" 2755 ", " 0755 ")
        directories(text, {
            "@statedir@": self.root + "/lib",
            "@pkgsysconfdir@": self.root + "/etc"})
        services.write(self.conf, self.whole_text())

    def whole_text(self):
        w = self.world
        text = w.settings(top=self.top)
        for old, new in ((w.socket_settings() + "\n", ""),
                         (w.directory + "/millgate/state.db", self.state),
                         ('user = "%s"' % services.MILTER_USER,
                          'user = "millgate"'), (w.keys, self.keys)):
            assert old in text, old
            text = text.replace(old, new)
        return text

    def argv(self):
        if self.as_root:
            return super().argv()
        # as the unit does it, which lets root become other users
        return programs.with_capabilities_of_unit(self.world.build) + \
            super().argv()


@contextlib.contextmanager
def members(*names):
    """millgate and these users may connect."""
    need_users()
    add_members(MTA_GROUP, "millgate", *names)
    try:
        yield
    finally:
        add_members(MTA_GROUP)


@contextlib.contextmanager
def default_place():
    """An empty /run, which this world alone sees."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs",
                    "/run"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", "/run"], check=True)


@contextlib.contextmanager
def site(w, top='socket-group = "millgate-mta"', as_root=False, plain=False):
    """A Site in place of the world's millgate."""
    ours = w.millgate
    ours.stop()
    w.millgate = Site(w, top, as_root)
    w.millgate.plain = plain
    try:
        w.millgate.start()
        yield w.millgate
    finally:
        w.millgate.stop()
        w.millgate = ours
        ours.start()


def run(w, program, *args, **options):
    """Run a copy of the program: only its owner may enter some build trees."""
    copy = shutil.copy(os.path.join(w.build, program),
                       os.path.join(w.directory, program + "-copy"))
    return subprocess.run(
        [copy, *args], capture_output=True, text=True, timeout=60,
        env=environment(w), **options)


def plays_mta(w, place=None):
    """
    Say that alice has logged in, and send a message of hers. The edits that
    millgate asks for, as their letters and texts.
    """
    session = milter.Session(w, place, **{"{auth_authen}": ALICE})
    session.negotiate()
    assert session.answer()[0] == b"O"
    session.greet()
    session.mail(ALICE)
    assert session.answer()[0] == b"c"
    session.rcpt("r@elsewhere.example")
    assert session.answer()[0] == b"c"
    session.data([("From", " " + ALICE)], b"hello\r\n")
    assert session.answer()[0] == b"c"		# of DATA
    answers = [session.answer()]
    while answers[-1][0] not in b"catrdy":
        answers.append(session.answer())
    session.close()
    return [(letter.decode(), text.decode()) for letter, text in answers]


def signs_for(answers):
    return any("DKIM-Signature" in text and "d=example.net" in text
               for _, text in answers)


def connect(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)


def below(directory):
    for place, _, files in os.walk(directory):
        yield place
        for name in files:
            yield os.path.join(place, name)


def look_at(path):
    """Read the file, or list the directory."""
    if os.path.isdir(path):
        return os.listdir(path)
    with open(path, "rb") as f:
        return f.read()


# --- the default ------------------------------------------------------------

@case
def the_default_socket_is_open_to_its_group_alone(w):
    with members("postfix"), default_place():
        for as_root in (False, True):
            with site(w, as_root=as_root):
                found = os.stat(DEFAULT)
                assert found.st_mode & 0o7777 == 0o660, oct(found.st_mode)
                assert found.st_uid == pwd.getpwnam("millgate").pw_uid
                assert found.st_gid == grp.getgrnam(MTA_GROUP).gr_gid
                assert denied(STRANGER, connect, DEFAULT)
                answers = as_user("postfix", plays_mta, w, DEFAULT)
                assert signs_for(answers), answers
            assert not os.path.exists(DEFAULT)


@case
def without_socket_group_only_the_daemons_group_can_connect(w):
    with members("postfix"), default_place(), site(w, "", plain=True):
        assert os.stat(DEFAULT).st_gid == grp.getgrnam("millgate").gr_gid
        for name in ("postfix", STRANGER):
            assert denied(name, connect, DEFAULT), name
        as_user("millgate", connect, DEFAULT)


@case
def a_setgid_directory_gives_the_socket_its_group(w):
    """The daemon is not a member, so it could not give the socket away."""
    for top in ("", 'socket-group = "millgate-mta"'):
        with members(), default_place():
            add_members(MTA_GROUP, "postfix")
            with site(w, top) as millgate:
                # ExecReload= of the unit
                done = subprocess.run(
                    programs.with_capabilities_of_unit(w.build) + [
                        w.build + "/millgate", "-t", "-c", millgate.conf],
                    capture_output=True, text=True, timeout=30,
                    env=programs.environment())
                assert done.returncode == 0, done
                as_user("postfix", connect, DEFAULT)
                assert denied(STRANGER, connect, DEFAULT)


@case
def a_daemon_started_as_root_gives_the_socket_to_socket_owner(w):
    owner = 'socket-owner = "postfix:%s"\nsocket-mode = "0600"' % MTA_GROUP
    with members(STRANGER), default_place(), site(w, owner, as_root=True):
        found = os.stat(DEFAULT)
        assert found.st_uid == pwd.getpwnam("postfix").pw_uid, found
        assert found.st_gid == grp.getgrnam(MTA_GROUP).gr_gid, found
        assert found.st_mode & 0o7777 == 0o600, oct(found.st_mode)
        as_user("postfix", connect, DEFAULT)
        assert denied(STRANGER, connect, DEFAULT)


@case
def the_mtas_group_reads_no_keys_and_no_state(w):
    """The user postfix can connect, and nothing else."""
    with members("postfix"), default_place(), site(w) as millgate:
        as_user("postfix", connect, DEFAULT)
        answers = plays_mta(w, DEFAULT)		# so that there is a state
        assert signs_for(answers), answers
        places = list(below(millgate.keys)) + list(below(
            os.path.dirname(millgate.state)))
        assert millgate.keys + "/example.net/rsa2026.private" in places
        assert millgate.state in places, places
        control = millgate.state + "-control"
        assert control in places, places
        for path in places:
            assert denied("postfix", look_at, path), path
        for name in ("postfix", STRANGER):
            assert denied(name, connect, control), name
            done = run(w, "millgatectl", "-c", millgate.conf, "stats",
                       preexec_fn=lambda user=name: become(user))
            assert done.returncode == 2 and "permission denied" in \
                done.stderr, done
        # they are not protected by their directory alone
        os.chmod(os.path.dirname(millgate.state), 0o755)
        assert denied("postfix", connect, control)
        # the old recipe, adduser postfix millgate, would have opened the
        # names of the keys; the key process has the keys
        add_members("millgate", "postfix")
        try:
            as_user("postfix", os.listdir, millgate.keys)
            assert denied("postfix", look_at,
                          millgate.keys + "/example.net/rsa2026.private")
            done = run(w, "millgatectl", "-c", millgate.conf, "doctor",
                       "--json")
            found = {one["id"]: one for one in
                     json.loads(done.stdout)["advice"]}
            assert "deluser postfix millgate" in \
                found["key-group"]["change"], found
        finally:
            add_members("millgate")


def about_the_mta(done):
    """The advice that doctor has printed, without that about millgate."""
    return [one for one in json.loads(done.stdout)["advice"]
            if one["id"] not in (*OURS, *OF_THE_HOST)]


@case
def sendmail_uses_the_default_socket(w):
    """Sendmail connects as root; its .mc line is that of contrib."""
    need_users()
    if not w.sendmail.running():
        w.sendmail.stop()
        w.sendmail.start()
    line = re.search(r"INPUT_MAIL_FILTER\(`millgate', `(.*)'\)dnl",
                     source("contrib/sendmail/millgate.mc")).group(1)
    path = w.sendmail.directory + "/daemon.cf"
    with open(path) as f:
        text = f.read()
    changed = re.sub(r"(?m)^Xmillgate, .*$", "Xmillgate, " + line, text)
    assert changed != text and "S=unix:" + DEFAULT in changed
    with members(), default_place(), site(w):
        try:
            services.write(path, changed)
            w.sendmail.restart()
            expect(submit(View(w), compose(ALICE)), "250")
            wait_until("log line", lambda: w.millgate.log_line(
                listener="submission", signed="2"))
            done = run(w, "millgatectl", "-c", w.millgate.conf, "doctor",
                       "--json", "--sendmail", path)
            assert about_the_mta(done) == [], done
        finally:
            services.write(path, text)
            w.sendmail.restart()


# --- what others can do -----------------------------------------------------

@case
def a_port_on_loopback_is_open_to_every_user(w):
    """This is why the default is a unix socket."""
    need_users()
    answers = as_user(STRANGER, plays_mta, w)
    assert signs_for(answers), answers
    # while the daemon is stopped, anyone takes its port, but not its path
    w.millgate.stop()
    try:
        as_user(STRANGER, lambda: socket.create_server(
            (w.address, w.port["milter"])).close())
    finally:
        w.millgate.start()
    with members("postfix"), default_place():
        with site(w):
            pass
        for name in (STRANGER, "postfix"):
            assert denied(name, lambda: socket.socket(
                socket.AF_UNIX).bind(DEFAULT)), name


def warnings_of(w, conf):
    """What -t, the start, conf check and doctor say about the socket."""
    test = run(w, "millgate", "-t", "-c", conf)
    check = run(w, "millgatectl", "-c", conf, "conf", "check")
    assert test.returncode == 0 and check.returncode == 0, (test, check)
    doctor = run(w, "millgatectl", "-c", conf, "doctor", "--json",
                 "--postfix", w.postfix.directory + "/etc")
    found = [one["text"] for one in json.loads(doctor.stdout)["advice"]
             if one["id"] == "socket"]
    return test.stderr, check.stderr, "\n".join(found)


@case
def a_port_that_others_can_reach_gets_a_warning(w):
    need_users()
    conf = w.millgate.conf
    assert warnings_of(w, conf) == ("", "", "")
    with open("/etc/passwd", "r+") as f:
        before = f.read()
        f.write("visitor:x:1000:1000::/home/visitor:/bin/bash\n")
    try:
        for said in warnings_of(w, conf):
            assert "every user of this host (visitor, for example) can act " \
                "as the MTA" in said, said
        w.millgate.restart()
        wait_until("the warning in the log", lambda: "(visitor, for example)"
                   in w.millgate.log_text()[w.millgate.before:])
    finally:
        with open("/etc/passwd", "r+") as f:
            f.write(before)
            f.truncate()
    with open(conf) as f:
        text = f.read()
    public = w.directory + "/public.conf"
    services.write(public, text.replace("@" + w.address + '"', '@0.0.0.0"'))
    for said in warnings_of(w, public):
        assert "every host that reaches this address can act as the MTA" in \
            said, said
    services.write(public, text.replace("@" + w.address + '"', '"'))
    done = run(w, "millgate", "-t", "-c", public)
    assert done.returncode == 1 and "has no host, so every host could " \
        "connect; write inet:%d@127.0.0.1" % w.port["milter"] in \
        done.stderr, done


@case
def a_group_that_is_no_group_of_its_own_is_refused(w):
    with members(), default_place():
        millgate = Site(w)
        millgate.plain = True
        for group, words in (
                ("millgate", "is the daemon's own group"),
                ("no-such-group", "no such group; create it")):
            millgate.top = 'socket-group = "%s"' % group
            millgate.configure()
            for status, command in (
                    (1, ("millgate", "-t", "-c", millgate.conf)),
                    (1, ("millgatectl", "-c", millgate.conf, "conf",
                         "check")),
                    (2, ("millgate", "-f", "-c", millgate.conf))):
                done = run(w, *command)
                assert done.returncode == status, done
                assert 'socket-group "%s"' % group in done.stderr, done
                assert words in done.stderr, done
        # the unit lets not even root give it away
        millgate.top = 'socket-group = "millgate-mta"'
        millgate.configure()
        done = subprocess.run(millgate.argv(), capture_output=True, text=True,
                              timeout=30, env=programs.environment())
        assert done.returncode == 2, done
        assert "its directory must give it that group: chgrp " in \
            done.stderr, done
        # without root, a socket can only be given to a group of one's own
        add_members(MTA_GROUP)
        shutil.chown(millgate.keys, "millgate")
        for path in glob.glob(millgate.keys + "/*/*"):
            shutil.chown(path, "millgate")
        done = run(w, "millgate", "-f", "-c", millgate.conf,
                   preexec_fn=lambda: become("millgate"))
        assert done.returncode == 2, done
        assert "must be a member (adduser millgate millgate-mta)" in \
            done.stderr, done


# --- the recipe for Postfix in a chroot, as on Debian -----------------------

@contextlib.contextmanager
def recipe(w):
    """The directory, the main.cf lines and the chroot of contrib/postfix."""
    queue = w.postfix.directory + "/queue"
    made = directories(source("contrib/postfix/millgate-postfix.conf"),
                       {"/var/spool/postfix": queue})
    assert made == [queue + "/millgate"], made
    w.postfix.milter, w.postfix.chroot = "unix:millgate/millgate.sock", "y"
    path = queue + "/millgate/millgate.sock"
    try:
        with site(w, 'socket = "unix:%s"\nsocket-group = "millgate-mta"' %
                  path):
            w.postfix.restart()
            yield path
    finally:
        w.postfix.milter, w.postfix.chroot = None, "n"
        w.postfix.restart()
        os.rmdir(queue + "/millgate")


def roots(program):
    """The root directories of all processes of this program."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.path.basename(os.readlink("/proc/%s/exe" % pid)) == program:
                found.add(os.readlink("/proc/%s/root" % pid))
    return found


def doctor_on_postfix(w):
    done = run(w, "millgatectl", "-c", w.millgate.conf, "doctor", "--json",
               "--postfix", w.postfix.directory + "/etc")
    return {one["id"]: one["change"] for one in about_the_mta(done)}


@case
def a_postfix_in_a_chroot_reaches_the_socket_of_the_recipe(w):
    queue = w.postfix.directory + "/queue"
    with members(services.MAIL_OWNER), recipe(w):
        with inbound(w) as client:
            text = compose(PLAIN)
            expect(client.submit(PLAIN, "bob@example.net", text), "250")
            assert queue in roots("smtpd"), roots("smtpd")
        found = delivered(w, "example.net", text)
        assert found.all("Authentication-Results"), found.head
        # sendmail(1): cleanup connects
        text = compose(ALICE)
        done = w.postfix.command("sendmail", "-f", ALICE,
                                 "r@elsewhere.example",
                                 stdin=text.replace("\r\n", "\n").encode())
        assert done.returncode == 0, done
        found = delivered(w, "elsewhere.example", text)
        assert found.signatures(w), found.head
        done = w.postfix.command("postconf", "-MX", "%s:%d/inet" % (
            w.address, w.port["second"]))
        assert done.returncode == 0, done
        assert doctor_on_postfix(w) == {}, doctor_on_postfix(w)


@case
def a_postfix_outside_the_group_defers_and_doctor_says_why(w):
    with members(), recipe(w) as path:
        expect(arrive(w, compose(PLAIN), PLAIN), "451 4.7.1 ")
        with open(w.postfix.directory + "/postfix.log") as f:
            assert "millgate.sock: Permission denied" in f.read()
        found = doctor_on_postfix(w)
        assert "adduser %s millgate-mta" % services.MAIL_OWNER in \
            found["socket-group"], found
        # a new process of Postfix has the new group
        add_members(MTA_GROUP, "millgate", services.MAIL_OWNER)
        w.postfix.restart()
        expect(arrive(w, compose(PLAIN), PLAIN), "250")
        assert os.stat(path).st_mode & 0o777 == 0o660


@case
def the_default_socket_in_a_chroot_gets_advice(w):
    with members(services.MAIL_OWNER), default_place():
        w.postfix.milter, w.postfix.chroot = "unix:" + DEFAULT, "y"
        try:
            with site(w):
                w.postfix.restart()
                expect(arrive(w, compose(PLAIN), PLAIN), "451 4.7.1 ")
                found = doctor_on_postfix(w)
                assert "/queue/millgate/millgate.sock" in found["chroot"], \
                    found
        finally:
            w.postfix.milter, w.postfix.chroot = None, "n"
            w.postfix.restart()


@case
def the_texts_of_the_recipe_agree(w):
    """The manual, README, the unit and contrib have the same lines."""
    directory = re.search(r"(?m)^d (\S+) .*$", source(
        "contrib/postfix/millgate-postfix.conf"))
    path = directory.group(1) + "/millgate.sock"
    main = re.findall(r"(?m)^\w+_milters = .*$",
                      source("contrib/postfix/main.cf"))
    assert len(main) == 2, main
    manual, readme = (source(name) for name in (
        "packaging/millgate.8.in", "README"))
    assert directory.group() in manual
    for text in (manual, readme):
        for line in ['socket = "unix:%s"' % path,
                     'socket-group = "%s"' % MTA_GROUP,
                     "adduser postfix " + MTA_GROUP, *main]:
            assert line in text, line
    assert 'socket = "unix:%s"' % path in \
        source("packaging/millgate.conf.5.in")
    unit = source("packaging/millgate.service.in")
    assert "\nReadWritePaths=-/run/millgate -%s\n" % directory.group(1) in unit
    # chown(2) is forbidden: the directories give the socket its group
    assert "@chown" not in unit
    for text in (directory.group(), source("packaging/millgate.tmpfiles.in")):
        assert re.search(r"(?m)^d \S+ 27\d\d millgate %s -$" % MTA_GROUP, text)
    users = source("packaging/millgate.sysusers")
    for line in ("g %s -" % MTA_GROUP, "m millgate " + MTA_GROUP):
        assert "\n%s\n" % line in users, line
    sysusers = shutil.which("systemd-sysusers")
    if sysusers is not None:
        root = w.directory + "/root"
        os.makedirs(root + "/etc", exist_ok=True)
        done = subprocess.run([sysusers, "--root=" + root, os.path.join(
            programs.SOURCE, "packaging/millgate.sysusers")],
            capture_output=True, text=True)
        assert done.returncode == 0, done
        with open(root + "/etc/group") as f:
            assert re.search(r"(?m)^%s:x:\d+:millgate$" % MTA_GROUP, f.read())
