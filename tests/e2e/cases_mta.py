"""Rules that the MTAs enforce themselves when set up as in contrib/."""

import smtp
from cases_submission import signed_by_both
from message import compose, deliveries, message_id, was_delivered
from runner import case
from steps import expect, inbound, log_line, submission, submit
from world import STRANGER

ALICE, PLAIN = "alice@example.net", "joe@plain.example"
PORTS = ("contrib_submission", "contrib_submissions")


@case
def the_services_of_the_fragment_accept_users(w):
    for port in PORTS:
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "XOAUTH2"):
            text = compose(ALICE)
            reply = submit(w, text, port=port, mechanism=mechanism)
            expect(reply, "250 2.0.0")
            signed_by_both(w, text)
            line = log_line(w, reply)
            assert "listener=submission" in line, line
        expect(submit(w, compose("ceo@example.net"), port=port), "550 5.7.1 ")


@case
def the_services_of_the_fragment_need_a_login_and_tls(w):
    for port in PORTS:
        expect(submit(w, compose(ALICE), None, ALICE, port=port), "530 5.7.0 ")
    with smtp.Client(w, "contrib_submission", tls=False) as client:
        assert "AUTH" not in client.offers, client.offers
        expect(client.mail(ALICE), "530 5.7.0 Must issue a STARTTLS")


# sequences that only some servers take for the end of a message
ENDS = ("\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\n.\r", "\r.\n",
        "\r.\r\n", "\r\n.\0\r\n", "\r\n\0.\r\n")


def smuggle(client, end, sender):
    """
    Send a message that hides another one; return both texts and the reply to
    the first.
    """
    outer, hidden = compose(sender), compose(sender)
    for line in ("MAIL FROM:<%s>" % sender, "RCPT TO:<bob@example.net>"):
        expect(client.command(line), "250")
    expect(client.command("DATA"), "354")
    client.send_raw((outer + end + "MAIL FROM:<%s>\r\n" % sender +
                     "RCPT TO:<bob@example.net>\r\nDATA\r\n" + hidden +
                     "\r\n.\r\n").encode())
    return outer, hidden, client.read()


def check_smuggling(w, connect, sender):
    attempts = []
    for end in ENDS:
        with connect() as client:
            attempts.append((end,) + smuggle(client, end, sender))
    w.settle()
    arrived = deliveries(w, "example.net")
    for end, outer, hidden, reply in attempts:
        found = [d for d in arrived if message_id(hidden).encode() in d.raw]
        if reply.code != 250:
            assert not found, (end, reply, found[0].head)
            continue
        assert len(found) == 1, (end, reply, [d.head for d in found])
        assert found[0].all("Message-ID") == [message_id(outer)], (
            end, reply, found[0].head)


@case
def no_message_is_smuggled_into_inbound_mail(w):
    check_smuggling(w, lambda: inbound(w, STRANGER), PLAIN)


@case
def no_message_is_smuggled_into_a_submission(w):
    check_smuggling(w, lambda: submission(
        w, port="contrib_submission", address=STRANGER), ALICE)


@case
def a_message_sent_before_the_reply_to_data_is_refused(w):
    with inbound(w, STRANGER) as client:
        client.mail(PLAIN)
        client.rcpt("bob@example.net")
        text = compose(PLAIN)
        client.send_raw(("DATA\r\n" + text + "\r\n.\r\n").encode())
        reply = client.read()
        assert reply.code in (503, 554), reply
    w.settle()
    assert not was_delivered(w, "example.net", text)
