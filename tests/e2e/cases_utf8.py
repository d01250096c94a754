"""Internationalized addresses (RFC 6531): one identity in all its spellings.

MUELLER and BUECHER are domains; their records and keys are at the A-labels.
"""

from message import compose, delivered, sign
from runner import case, settings
from steps import expect, inbound, log_line, results, submission
from world import STRANGER

ALICE = "alice@example.net"
MUELLER, BUECHER = "müller.example", "bücher.example"
TO = "empfänger@elsewhere.example"
USERS = """
user %s {
  senders = {"%s", "jürgen@example.net", "@%s"}
}""" % (ALICE, ALICE, MUELLER)


def send(client, sender, text, to=TO):
    reply = client.mail(sender, " SMTPUTF8 BODY=8BITMIME")
    if reply.code == 250:
        reply = client.rcpt(to)
    return client.data(text) if reply.code == 250 else reply


@case
def a_utf8_address_is_allowed_and_signed_like_any_other(w):
    with settings(w, users=USERS), submission(w) as client:
        for author, domain in (
                ("jürgen@example.net", "example.net"),
                ("Jürgen <jürgen+x@Example.NET>", "example.net"),
                ("=?utf-8?q?J=C3=BCrgen?= <jürgen@example.net>", "example.net"),
                ("ich@" + MUELLER, "xn--mller-kva.example"),
                ("ich@MÜLLER.example", "xn--mller-kva.example"),
                ("ich@mu\u0308ller.example", "xn--mller-kva.example"),
                ("ich@müller。example", "xn--mller-kva.example"),
                ("ich@xn--mller-kva.example", "xn--mller-kva.example"),
                ("ich@XN--MLLER-KVA.example", "xn--mller-kva.example")):
            text = compose(author, "größe@elsewhere.example")
            sender = author.split("<")[-1].rstrip(">")
            reply = send(client, sender, text)
            assert reply.starts("250 2.0.0"), (author, reply)
            found = delivered(w, "elsewhere.example", text)
            signed = found.signatures(w)
            assert signed and all(d == domain and good
                                  for d, _, good in signed), (author, signed)


@case
def a_foreign_utf8_address_is_refused(w):
    with settings(w, users=USERS), submission(w) as client:
        for other in ("jürgens@example.net", "jurgen@example.net",
                      "ju\u0308rgen@example.net", "josé@example.net",
                      "аlice@example.net",		# a Cyrillic а
                      "ich@muller.example", "ich@mueller.example",
                      "ich@sub.müller.example", "ich@bücher.example",
                      "ich@xn--mller-kva.example.net",
                      "ich@mü\u200dller.example"):	# not a valid name
            expect(send(client, other, compose(other)),
                   "553 5.1.7 " if "\u200d" in other else "550 5.7.1 ")
            expect(send(client, ALICE, compose(other)), "550 5.7.1 ")
            expect(send(client, ALICE, compose(
                "%s, %s" % (ALICE, other))), "550 5.7.1 ")
            expect(send(client, ALICE, compose(
                ALICE, extra=["Sender: " + other])), "550 5.7.1 ")
    with submission(w) as client:	# without USERS these are refused
        for other in ("jürgen@example.net", "ich@" + MUELLER,
                      "ich@xn--mller-kva.example"):
            expect(send(client, other, compose(other)), "550 5.7.1 ")
            expect(send(client, ALICE, compose(other)), "550 5.7.1 ")


@case
def inbound_utf8_mail_is_evaluated_by_its_a_label(w):
    for author in ("ich@" + BUECHER, "Ich <ich@BÜCHER.example>",
                   "größe@xn--bcher-kva.example"):
        sender = author.split("<")[-1].rstrip(">")
        text = compose(author, "empfänger@example.net")
        with inbound(w, helo="mail.xn--bcher-kva.example") as client:
            reply = send(client, sender, text, "empfänger@example.net")
        expect(reply, "250 2.0.0")
        said = results(delivered(w, "example.net", text))
        assert said["spf"].startswith("pass"), said
        assert said["dmarc"].startswith("pass"), said
        assert "header.from=xn--bcher-kva.example" in said["dmarc"], said
        line = log_line(w, reply)
        assert "@xn--bcher-kva.example" in line, line
        # a client that is not authorized for the domain
        with inbound(w, STRANGER, helo="mail.strict.example") as client:
            for forger in (sender, "eve@plain.example", "ewa@größe.example"):
                expect(send(client, forger, text, "bob@example.net"),
                       "550 5.7.1 ")


@case
def a_signature_by_an_a_label_is_aligned_with_its_u_label(w):
    text = sign(w, compose("Ich <ich@%s>" % BUECHER),
                "xn--bcher-kva.example")
    with inbound(w, STRANGER, helo="lists.plain.example") as client:
        expect(send(client, "list@plain.example", text, "bob@example.net"),
               "250 2.0.0")
    said = results(delivered(w, "example.net", text))
    assert "header.d=xn--bcher-kva.example" in said["dkim"], said
    assert said["dmarc"].startswith("pass"), said
