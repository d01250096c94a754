"""millgatectl setup with a real Postfix and Sendmail's m4; upgrade-check."""

import contextlib
import os
import pwd
import signal
import socket
import struct
import subprocess
import threading

import programs
import services
from cases_doctor import environment, service
from message import compose, delivered
from runner import case
from steps import submit

ALICE = "alice@example.net"
PLANNED = ("smtpd_milters", "non_smtpd_milters", "milter_default_action",
           "milter_protocol", "milter_content_timeout")


def run_setup(w, *args, conf=None, **more):
    env = dict(environment(w), **more)
    return subprocess.run(
        [os.path.join(w.build, "millgatectl"), "-c", conf or w.millgate.conf,
         "setup", *args], capture_output=True, text=True, timeout=60, env=env)


# --- Postfix ----------------------------------------------------------------

def setup_postfix(w, *args, status=0, **more):
    done = run_setup(w, "postfix", "--config", w.postfix.directory + "/etc",
                     *args, **more)
    assert done.returncode == status, (args, done)
    return done.stdout if status != 2 else done.stderr


def postconf(w, *args):
    done = w.postfix.command("postconf", *args)
    assert done.returncode == 0, done
    return done.stdout.decode()


class Other(threading.Thread):
    """Another milter: it adds the field X-Other to each message."""

    NEEDS_NOTHING = 0x37f		# SMFIP_NO* of all steps but the end

    def __init__(self, address):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        def answer(data):
            connection.sendall(struct.pack("!I", len(data)) + data)
        with connection, connection.makefile("rb") as packets:
            while True:
                head = packets.read(5)
                if len(head) < 5 or head[4:] == b"Q":
                    return
                packets.read(struct.unpack("!I", head[:4])[0] - 1)
                if head[4:] == b"O":
                    answer(b"O" + struct.pack("!III", 6, 1,
                                              self.NEEDS_NOTHING))
                elif head[4:] == b"E":
                    answer(b"hX-Other\0yes\0")
                    answer(b"c")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextlib.contextmanager
def postfix_without_millgate(w, *lines):
    """main.cf with these lines in place of those that setup writes."""
    postconf(w, "-X", *PLANNED)
    if lines:
        postconf(w, "-e", *lines)
    w.postfix.send(signal.SIGHUP)	# as postfix reload does
    try:
        yield
    finally:
        w.postfix.restart()


def fields_of_a_message(w):
    """Submit a message; is it signed, and the names of its fields."""
    text = compose(ALICE)
    reply = submit(w, text)
    assert reply.starts("250"), reply
    found = delivered(w, "elsewhere.example", text)
    return bool(found.signatures(w)), [name for name, _ in found.fields]


def wait_for_mail(w, signed):
    """
    The fields of a message that is signed or not. After a reload, old
    processes of Postfix may serve a last session.
    """
    def fields():
        found = fields_of_a_message(w)
        return found[1] if found[0] == signed else None
    return services.wait_until("signed: %s" % signed, fields, 30)


@case
def setup_makes_postfix_sign_and_takes_it_back(w):
    other = Other(w.address)
    milter = "inet:%s:%d" % (w.address, other.port)
    ours = w.milter_for_postfix()
    record = w.postfix.directory + "/etc/main.cf.millgate"
    with contextlib.closing(other), postfix_without_millgate(
            w, "smtpd_milters = " + milter, "milter_default_action = accept"):
        assert "X-Other" in wait_for_mail(w, signed=False)
        before = postconf(w, "-n")
        shown = setup_postfix(w, status=1)
        assert postconf(w, "-n") == before and not os.path.exists(record)
        for words in ("smtpd_milters: %s -> %s, %s\n    " % (
                          milter, milter, ours),
                      "non_smtpd_milters: (empty) (default) -> %s\n" % ours,
                      "milter_default_action: accept -> tempfail\n",
                      "milter_content_timeout: 300s (default) -> 60s\n",
                      "order for SMTP: %s, millgate (%s)\n" % (milter, ours),
                      "%s in master.cf: not changed" % service(w, "second"),
                      "Nothing was changed", "postfix reload"):
            assert words in shown, (words, shown)
        assert "milter_protocol" not in shown, shown
        said = setup_postfix(w, "--apply")
        assert said.endswith("now run:\npostfix reload\n"), said
        w.postfix.send(signal.SIGHUP)
        fields = wait_for_mail(w, signed=True)
        assert "X-Other" in fields, fields
        after, kept = postconf(w, "-n"), open(record).read()
        again = setup_postfix(w, "--apply")
        assert "nothing to change" in again, again
        assert "reload" not in again, again
        assert postconf(w, "-n") == after and open(record).read() == kept
        assert "nothing to change" in setup_postfix(w)
        setup_postfix(w, "--undo")
        assert postconf(w, "-n") == before, (before, postconf(w, "-n"))
        assert not os.path.exists(record)
        said = setup_postfix(w, "--undo")
        assert "--apply has changed nothing" in said, said


@case
def setup_takes_nothing_back_that_others_have_changed(w):
    with postfix_without_millgate(w):
        setup_postfix(w, "--apply")
        postconf(w, "-e", "milter_content_timeout = 90s")
        said = setup_postfix(w, "--undo", status=1)
        assert "milter_content_timeout: was changed since --apply" in said
        assert "not set" in said, said
        left = postconf(w, "-n")
        assert "milter_content_timeout = 90s\n" in left, left
        assert "smtpd_milters" not in left, left


@case
def setup_refuses_what_it_cannot_know(w):
    conf = w.directory + "/setup.conf"
    with postfix_without_millgate(w):
        before = postconf(w, "-n")
        said = setup_postfix(w, status=2, PATH="/no/such")
        assert "is Postfix installed on this host?" in said, said
        services.write(conf, 'socket = "unix:/run/setup-test.sock"\n'
                       'socket-group = "games"\n')
        # it can be reached, if Postfix may connect
        said = setup_postfix(w, status=1, conf=conf)
        assert "-> unix:/run/setup-test.sock\n" in said, said
        assert "adduser %s games\n" % services.MAIL_OWNER in said, said
        path = w.directory + "/setup.sock"
        services.write(conf, 'socket = "unix:%s"\nsocket-owner = "%s:games"\n' % (
            path, services.MAIL_OWNER))
        said = setup_postfix(w, status=1, conf=conf)
        assert "adduser" not in said and "socket-owner" not in said, said
        services.write(path, "", 0o600)		# of root
        said = setup_postfix(w, status=1, conf=conf)
        assert "change socket-owner" in said and "adduser" not in said, said
        # smtpd in a chroot
        name = service(w, "smtp")
        postconf(w, "-F", name + "/chroot=y")
        said = setup_postfix(w, "--apply", status=2, conf=conf)
        queue = w.postfix.directory + "/queue"
        for words in (name + " in master.cf runs in a chroot",
                      'socket = "unix:%s/millgate/millgate.sock"' % queue):
            assert words in said, (words, said)
        assert postconf(w, "-n") == before
        services.write(conf, 'socket = "unix:%s/millgate/millgate.sock"\n'
                       % queue)
        said = setup_postfix(w, status=1, conf=conf)
        assert "-> unix:millgate/millgate.sock\n" in said, said
        # a record that anybody could have made
        record = w.postfix.directory + "/etc/main.cf.millgate"
        services.write(record, "set smtpd_milters = inet:h:1\n", 0o666)
        said = setup_postfix(w, "--undo", status=2)
        assert "only root may write" in said, said
        services.write(record, "set mailbox_command = /bin/sh\n")
        said = setup_postfix(w, "--undo", status=2)
        assert "is not a line of a record" in said, said
        os.unlink(record)


# --- Sendmail ---------------------------------------------------------------

def make_cf(w, mc):
    """The configuration that m4 makes of it, as sendmailconfig does."""
    cf = programs.sendmail_cf() + "/"
    return w.sendmail.run(["m4", "-D_CF_DIR_=" + cf, cf + "m4/cf.m4",
                           mc]).decode()


def setup_sendmail(w, mc, *args, status=0):
    done = run_setup(w, "sendmail", "--mc", mc, *args)
    assert done.returncode == status, (args, done)
    return done.stdout if status != 2 else done.stderr


@case
def setup_inserts_a_block_that_m4_accepts(w):
    place = w.directory + "/mc"
    os.makedirs(place)
    mc = place + "/sendmail.mc"
    before = """\
OSTYPE(`linux')dnl
INPUT_MAIL_FILTER(`clamav', `S=local:/run/clamav, F=')dnl
MAILER_DEFINITIONS
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
    services.write(mc, before, 0o640)
    cf = make_cf(w, mc)
    shown = setup_sendmail(w, mc, status=1)
    line = "INPUT_MAIL_FILTER(`millgate', `S=inet:%d@%s, F=T, " \
        "T=C:10s;S:30s;R:30s;E:60s')dnl\n" % (w.port["milter"], w.address)
    for words in (mc + ", before line 3:", line, "clamav, millgate",
                  "Nothing was changed"):
        assert words in shown, (words, shown)
    assert os.listdir(place) == ["sendmail.mc"]
    said = setup_sendmail(w, mc, "--apply")
    assert "make -C %s\n" % place in said, said
    with open(mc) as f, open(mc + ".before-millgate") as old:
        text = f.read()
        assert old.read() == before and line in text
    assert os.stat(mc).st_mode & 0o777 == 0o640
    made = make_cf(w, mc)
    for words in ("\nO InputMailFilters=clamav, millgate\n",
                  "\nXmillgate, S=inet:%d@%s, F=T, T=C:10s;S:30s;R:30s;E:60s"
                  % (w.port["milter"], w.address)):
        assert words in made, words
    assert "nothing to change" in setup_sendmail(w, mc, "--apply")
    with open(mc) as f:
        assert f.read() == text
    setup_sendmail(w, mc, "--undo")
    with open(mc) as f, open(mc + ".before-millgate") as old:
        assert f.read() == before and old.read() == before
    assert "no block of millgate" in setup_sendmail(w, mc, "--undo")
    assert make_cf(w, mc).splitlines()[20:] == cf.splitlines()[20:]
    services.write(mc, "# not an .mc file\n")
    said = setup_sendmail(w, mc, "--apply", status=2)
    assert "no line begins with MAILER" in said, said


# --- before an upgrade --------------------------------------------------------

@case
def upgrade_check_only_reads_beside_a_running_daemon(w):
    before = w.ctl("stats", "--json")["messages"]
    found = w.ctl("upgrade-check", "--json")
    assert found["running"] and found["schema"] == "same", found
    assert found["safe"] and found["old_can_read"], found
    state = w.millgate.directory
    owners = {os.stat(os.path.join(state, name)).st_uid
              for name in os.listdir(state) if name.startswith("state.db-")}
    assert owners == {pwd.getpwnam(services.MILTER_USER).pw_uid}, owners
    assert fields_of_a_message(w)[0]
    assert w.ctl("stats", "--json")["messages"] == before + 1
