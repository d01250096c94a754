"""Quota: recipients per hour; the plan tiny has three."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading

import milter
import programs
import services
import smtp
from isolate import isolated
from message import compose, delivered
from runner import Skip, case, settings
from services import wait_until, write
from steps import expect, submission, submit

LIMIT = 3


def to(n):
    return "r%d@elsewhere.example" % n


def used(world, login):
    """The recipients of a login, as millgatectl shows them."""
    shown = world.ctl("quota", "show", login, "--json")
    return sum(row["recipients"] for row in shown)


@case
def the_recipient_over_the_limit_gets_451(w):
    dave = "dave@example.net"
    text = compose(dave)
    with submission(w, dave) as client:
        expect(client.mail(dave), "250")
        for n in range(LIMIT):
            expect(client.rcpt(to(n)), "250")
        reply = client.rcpt(to(LIMIT))
        expect(reply, "451 4.7.1 ")	# and when the next one fits
        assert any(c.isdigit() for c in reply.text[6:]), reply
        expect(client.data(text), "250")
    delivered(w, "elsewhere.example", text)
    w.settle()
    line = w.millgate.log_line(login=dave)
    assert "quota=%d/%d" % (LIMIT, LIMIT) in line, line
    expect(submit(w, compose(dave), login=dave), "451 4.7.1 ")


@case
def refused_and_aborted_mail_is_not_counted(w):
    erin = "erin@example.net"
    with submission(w, erin) as client:
        client.mail(erin)
        for n in range(LIMIT):
            expect(client.rcpt(to(n)), "250")
        expect(client.command("RSET"), "250")
        client.mail(erin)
        for n in range(LIMIT):
            expect(client.rcpt(to(n)), "250")
        expect(client.data(compose("ceo@example.net")), "550 5.7.1")
        client.mail(erin)
        for n in range(LIMIT):
            expect(client.rcpt(to(n)), "250")
        # close the connection without QUIT
    expect(submit(w, compose(erin), login=erin,
                  recipients=[to(n) for n in range(LIMIT)]), "250")
    expect(submit(w, compose(erin), login=erin), "451 4.7.1 ")


@case
def after_kill_9_accepted_mail_is_counted(w):
    frank = "frank@example.net"
    expect(submit(w, compose(frank), login=frank, recipients=to(0)), "250")
    expect(submit(w, compose(frank), login=frank, recipients=to(1)), "250")
    with submission(w, frank) as client:
        client.mail(frank)
        expect(client.rcpt(to(2)), "250")	# reserved, never committed
        w.millgate.stop(signal.SIGKILL)
        w.millgate.start()
        assert client.data(compose(frank)).code in (451, 354)
    assert used(w, frank) == 2
    expect(submit(w, compose(frank), login=frank, recipients=to(3)), "250")
    expect(submit(w, compose(frank), login=frank, recipients=to(4)),
           "451 4.7.1 ")


@case
def concurrent_sessions_never_exceed_the_limit(w):
    grace, replies = "grace@example.net", []
    ready = threading.Barrier(12)

    def one():
        with submission(w, grace) as client:
            client.mail(grace)
            ready.wait(30)
            reply = client.rcpt(to(0))
            if reply.code == 250:
                reply = client.data(compose(grace))
            replies.append(reply)
    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    accepted = [r for r in replies if r.code == 250]
    assert len(replies) == 12 and len(accepted) == LIMIT, replies
    assert used(w, grace) == LIMIT


@case
def kill_9_at_any_moment_loses_no_accepted_mail(w):
    heidi, rounds = "heidi@example.net", 4
    accepted, over = [], threading.Event()

    def send_on():
        while not over.is_set():
            try:
                with submission(w, heidi) as client:
                    while not over.is_set():
                        reply = client.submit(heidi, to(0), compose(heidi))
                        if reply.code == 250:
                            accepted.append(1)
                        else:
                            expect(reply, "451 ")
            except (smtp.Closed, OSError, AssertionError):
                pass	# without millgate there is no TLS and no mail

    threads = [threading.Thread(target=send_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(1, rounds + 1):
        wait_until("more mail is accepted", lambda: len(accepted) > n * 8, 30)
        w.millgate.stop(signal.SIGKILL)
        w.millgate.start()
    over.set()
    for thread in threads:
        thread.join(60)
    # for each thread and kill, one message may be accepted by millgate and
    # not confirmed by Postfix
    count = used(w, heidi)
    assert len(accepted) <= count <= len(accepted) + 4 * rounds, (
        len(accepted), count)


@case
def a_quota_warning_runs_the_notify_command(w):
    login = "lea@example.net"
    directory = os.path.join(w.directory, "millgate")
    script = os.path.join(directory, "warn")
    told = os.path.join(directory, "told")

    def shares():
        with contextlib.suppress(FileNotFoundError), open(told) as f:
            return f.read().splitlines()
        return []

    write(script, """#!/bin/sh
echo "$1 $MILLGATE_EVENT $MILLGATE_LOGIN $MILLGATE_SHARE" \
"$MILLGATE_USED/$MILLGATE_LIMIT $MILLGATE_UNIT $MILLGATE_PLAN" >>%s
""" % told, 0o755)
    with settings(w, users="user %s { plan = tiny }" % login, judges="""
quota {
  warn-at = {60, 100}
  notify-command = "%s now"
}""" % script):
        expect(submit(w, compose(login), login=login, recipients=to(0)), "250")
        expect(submit(w, compose(login), login=login, recipients=to(1)), "250")
        wait_until("notify-command has run", lambda: len(shares()) == 1)
        expect(submit(w, compose(login), login=login, recipients=to(2)), "250")
        wait_until("notify-command has run twice", lambda: len(shares()) == 2)
        expect(submit(w, compose(login), login=login), "451 4.7.1 ")
        line = w.millgate.log_line(event="quota-warning", login=login,
                                   share="100")
        assert "used=3 limit=3 unit=recipients" in line, line
    assert shares() == [
        "now quota-warning %s 60 2/3 recipients tiny" % login,
        "now quota-warning %s 100 3/3 recipients tiny" % login], shares()


@contextlib.contextmanager
def small_disk(w):
    """Put millgate's directory on a separate disk of half a megabyte."""
    directory = os.path.join(w.directory, "millgate")
    w.millgate.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs",
                    directory], check=True)
    try:
        w.millgate.start()
        yield directory
    finally:
        w.millgate.stop()
        # the cases that follow need the directory
        wait_until("the disk can be unmounted", lambda: subprocess.run(
            ["umount", directory]).returncode == 0, 30)
        w.millgate.start()


def fill(path):
    """Fill the rest of the disk."""
    with open(path, "wb", buffering=0) as f, \
            contextlib.suppress(OSError):
        while True:
            f.write(bytes(512))


def last_answer(session, login):
    """What millgate says at the end of a message of this login."""
    session.negotiate()
    session.answer()
    session.greet()
    session.mail(login)
    session.rcpt("r@elsewhere.example")
    session.data([("From", " " + login)], b"Hello.\r\n")
    letters = [session.answer() for _ in range(3)]	# of MAIL, RCPT and T
    assert {letter for letter, _ in letters} == {b"c"}, letters
    letter, text = session.answer()
    while letter in b"ih":	# new fields
        letter, text = session.answer()
    return text.decode().rstrip("\0")


def until_full(w):
    """
    Send mail of new logins until a count cannot be written, since those that
    are there need no space. Returns the login, and its last answer.
    """
    for n in range(2000):
        login = "full%d@example.net" % n
        session = milter.Session(w, **{"{auth_authen}": login})
        text = last_answer(session, login)
        session.close()
        if w.ctl("stats", "--json")["store_failures"] > 0:
            return login, text
    raise AssertionError("the state file never was full")


@case
def a_full_disk_defers_mail_until_there_is_space(w):
    if not isolated():
        raise Skip("mounts need a namespace")
    bob = "bob@example.net"
    with small_disk(w) as directory:
        filler = os.path.join(directory, "filler")
        expect(submit(w, compose(bob), login=bob), "250")
        before = used(w, bob)
        fill(filler)
        login, text = until_full(w)
        assert text.startswith("451 4.3.0 "), text
        line = w.millgate.log_line(action="defer", rule="quota-unknown")
        assert "store-error=" in line and "state.db" in line, line
        assert used(w, bob) == before
        os.unlink(filler)
        expect(submit(w, compose(bob), login=bob), "250")
        assert used(w, bob) == before + 1
        session = milter.Session(w, **{"{auth_authen}": login})
        assert last_answer(session, login) == ""
        session.close()


@case
def a_full_disk_accepts_mail_if_so_configured(w):
    if not isolated():
        raise Skip("mounts need a namespace")
    bob = "bob@example.net"
    with settings(w, judges="quota { on-store-failure = accept }"), \
            small_disk(w) as directory:
        expect(submit(w, compose(bob), login=bob), "250")
        fill(os.path.join(directory, "filler"))
        login, text = until_full(w)
        assert text == "", text
        line = w.millgate.log_line(action="accept", rule="quota-unknown")
        assert "store-error=" in line and login in line, line
        expect(submit(w, compose(bob), login=bob), "250")
        os.unlink(os.path.join(directory, "filler"))


def refused_at_start(w):
    """millgate must not start; return its error text."""
    done = subprocess.run(w.millgate.argv(), capture_output=True, text=True,
                          timeout=20, env=programs.environment())
    assert done.returncode == 2, done
    return done.stderr


@case
def an_unusable_state_file_is_reported_at_the_start(w):
    state = os.path.join(w.directory, "millgate", "state.db")
    kept = state + ".kept"
    w.millgate.stop()
    os.rename(state, kept)

    def garbage():
        write(state, "no database\n" * 400, 0o600)
        shutil.chown(state, services.MILTER_USER)

    def foreign():
        write(state, "", 0o644)	# owned by root

    def link():
        os.symlink(kept, state)

    try:
        for make, words in ((garbage, "state file"), (foreign, "belongs"),
                            (link, "symbolic link")):
            make()
            before = os.lstat(state)
            said = refused_at_start(w)
            assert state in said and words in said, said
            after = os.lstat(state)
            assert (before.st_size, before.st_mtime_ns) == (
                after.st_size, after.st_mtime_ns), words
            os.unlink(state)
    finally:
        os.rename(kept, state)
        w.millgate.start()
