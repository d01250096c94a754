"""Postfix's sendmail(1), whose mail millgate gets by non_smtpd_milters."""

import os

from cases_submission import BOTH, signed_by_both
from message import compose, delivered, deliveries, message_id
from runner import case, settings
from services import wait_until
from steps import expect, submit

ALICE = "alice@example.net"


def sendmail(world, text, *args):
    done = world.postfix.command("sendmail", *args,
                                 stdin=text.replace("\r\n", "\n").encode())
    assert done.returncode == 0, done.stderr.decode()


@case
def a_message_of_sendmail_is_signed(w):
    text = compose("alice@example.net")
    sendmail(w, text, "-f", "alice@example.net", "r@elsewhere.example")
    signed_by_both(w, text)
    line = w.millgate.log_line(listener="local")
    assert line and "client=local" in line, line


@case
def an_author_without_key_is_delivered_unsigned(w):
    text = compose("root@other.example")
    sendmail(w, text, "-f", "root@other.example", "r@elsewhere.example")
    found = delivered(w, "elsewhere.example", text)
    assert not found.all("DKIM-Signature"), found.head


@case
def a_bounce_with_the_null_sender_passes(w):
    text = compose("alice@example.net")
    sendmail(w, text, "-f", "<>", "bob@example.net")
    signed_by_both(w, text, "example.net")


def bounce_of(world, text):
    """Postfix's bounce of a message that could not be delivered."""
    def arrived():
        for found in deliveries(world, "example.net"):
            if found.all("Auto-Submitted") and \
                    message_id(text).encode() in found.body:
                return found
        return None
    return wait_until("the bounce of " + message_id(text), arrived)


@case
def a_bounce_that_postfix_makes_is_signed(w):
    text = compose(ALICE)
    expect(submit(w, text, recipients="nobody@no-mailbox.example"), "250")
    found = bounce_of(w, text)
    assert found.one("Return-Path") == "<>", found.head
    assert set(found.signatures(w)) == BOTH, found.head
    line = w.millgate.log_line(listener="local", sender='""')
    assert "from=MAILER-DAEMON@example.net" in line, line


@case
def mail_over_the_plan_of_its_listener_is_bounced_or_queued(w):
    text, late, unknown = compose(ALICE), compose(ALICE), compose(ALICE)
    with settings(w, local="plan = tiny", judges="quota { action = reject }"):
        sendmail(w, compose(ALICE), "-f", ALICE, "r@elsewhere.example",
                 "s@elsewhere.example")
        wait_until("log line with quota=2/3", lambda: w.millgate.log_line(
            listener="local", quota="2/3"))
        sendmail(w, text, "-f", ALICE, "r@elsewhere.example",
                 "s@elsewhere.example")
        # the plan had room for the bounce, but has none for further mail
        bounce = bounce_of(w, text)
        assert b"Quota exceeded for listener local" in bounce.body, bounce.raw
        sendmail(w, late, "-f", ALICE, "r@elsewhere.example")
        expect(submit(w, unknown, recipients="x@no-mailbox.example"), "250")
        wait_until("both are queued", lambda: sorted(w.queue().values()) ==
                   ["deferred", "maildrop"])
    assert w.postfix.command("postqueue", "-f").returncode == 0
    bounce_of(w, unknown)
    signed_by_both(w, late)


@case
def fields_added_by_postfix_are_signed(w):
    subject = "Of root's crontab %d" % os.getpid()
    sendmail(w, "Subject: %s\r\n\r\nIt ran.\r\n" % subject, "-f", ALICE,
             "-F", "Cron Daemon", "r@elsewhere.example")

    def arrived():
        return [found for found in deliveries(w, "elsewhere.example")
                if found.all("Subject") == [subject]]
    found = wait_until("the message is delivered", arrived)[0]
    assert found.one("From") == "Cron Daemon <%s>" % ALICE, found.head
    assert found.all("Date") and found.all("Message-ID"), found.head
    assert set(found.signatures(w)) == BOTH, found.head


@case
def all_recipients_of_sendmail_t_are_served(w):
    text = compose(ALICE, "a@elsewhere.example, b@elsewhere.example",
                   extra=["Cc: c@elsewhere.example",
                          "Bcc: d@elsewhere.example"])
    sendmail(w, text, "-t", "-f", ALICE)
    found = signed_by_both(w, text)
    assert not found.all("Bcc"), found.head
    line = wait_until("the log line", lambda: w.millgate.log_line(
        listener="local", recipients=4))
    assert "client=local" in line, line
