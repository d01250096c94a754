"""Submissions of our own users."""

import ssl

import smtp
from message import compose, delivered
from runner import case, settings
from steps import expect, log_line, submission, submit

BOTH = {("example.net", "rsa-sha256", True),
        ("example.net", "ed25519-sha256", True)}
ALICE = "alice@example.net"


def signed_by_both(world, text, domain="elsewhere.example"):
    found = delivered(world, domain, text)
    got = found.signatures(world)
    assert len(got) == 2 and set(got) == BOTH, (got, found.head)
    return found


@case
def a_message_is_signed_with_both_algorithms(w):
    text = compose("Alice <alice@example.net>")
    reply = submit(w, text)
    expect(reply, "250 2.0.0")
    signed_by_both(w, text)
    line = log_line(w, reply)
    assert "login=alice@example.net" in line, line
    assert "listener=submission" in line, line


@case
def login_and_scram_and_the_tls_port_are_accepted(w):
    for mechanism in ("LOGIN", "SCRAM-SHA-256"):
        text = compose(ALICE)
        reply = submit(w, text, mechanism=mechanism, port="smtps")
        expect(reply, "250 2.0.0")
        signed_by_both(w, text)
        assert "mechanism=" + mechanism in log_line(w, reply)


@case
def a_client_without_login_is_refused(w):
    for port in ("submission", "smtps"):
        expect(submit(w, compose(ALICE), login=None, sender=ALICE, port=port),
               "530 5.7.0 ")


@case
def a_client_without_tls_is_refused(w):
    with smtp.Client(w, "submission", tls=False) as client:
        expect(client.mail(ALICE),
               "530 5.7.0 Must issue a STARTTLS command first")


@case
def a_login_without_tls_is_refused(w):
    reply = submit(w, compose(ALICE), tls=False)
    expect(reply, "530 5.7.0 Must issue a STARTTLS command first")


@case
def an_old_tls_version_is_refused(w):
    context = smtp.Client.make_context(w, ssl.TLSVersion.TLSv1_1)
    reply = submit(w, compose(ALICE), tls_context=context)
    expect(reply, "530 5.7.0 ")
    assert "TLSv1.2" in reply.text, reply


@case
def the_auth_parameter_of_mail_is_not_a_login(w):
    with smtp.Client(w, "submission") as client:
        expect(client.mail(ALICE, " AUTH=<alice@example.net>"), "530 5.7.0 ")


@case
def a_login_by_xclient_is_not_an_allowed_mechanism(w):
    with smtp.Client(w, "submission", tls=False) as client:
        expect(client.command("XCLIENT LOGIN=alice@example.net"), "220")
        client.ehlo()
        client.starttls()
        reply = client.mail(ALICE)
        assert reply.code in (530, 535), reply


@case
def a_foreign_envelope_sender_is_refused(w):
    expect(submit(w, compose(ALICE), sender="ceo@example.net"), "550 5.7.1 ")
    expect(submit(w, compose(ALICE), sender="alice@strict.example"),
           "550 5.7.1 ")


@case
def a_foreign_from_is_refused(w):
    for author in ("ceo@example.net", "alice@strict.example",
                   "alice@example.net, ceo@example.net",
                   '"alice@example.net" <ceo@example.net>',
                   "alice@example.net <ceo@example.net>",
                   "Alice <alice@sub.example.net>"):
        expect(submit(w, compose(author)), "550 5.7.1 ")


@case
def a_foreign_sender_field_is_refused(w):
    for field in ("Sender: ceo@example.net", "Resent-From: ceo@example.net"):
        expect(submit(w, compose(ALICE, extra=[field])), "550 5.7.1 ")


@case
def a_from_that_cannot_be_parsed_is_refused(w):
    for author in ("", "alice", "<alice@example.net", "alice@", "@example.net",
                   "alice@example.net ceo@example.net"):
        expect(submit(w, compose(author)), "550 5.7.1 ")
    expect(submit(w, compose(None)), "550 5.7.1 ")
    expect(submit(w, compose(ALICE, extra=["From: alice@example.net"])),
           "550 5.7.1 ")


@case
def granted_and_tagged_addresses_are_allowed(w):
    text = compose("shop@shop.example.net")
    expect(submit(w, text, login="bob@example.net",
                  sender="orders@shop.example.net"), "250")
    delivered(w, "elsewhere.example", text)
    text = compose("Alice+lists@Example.NET")
    expect(submit(w, text, sender="ALICE+x@example.net"), "250")
    signed_by_both(w, text)


@case
def a_read_receipt_with_the_null_sender_is_accepted_and_counted(w):
    text = compose(ALICE, subject="Read: figures")
    reply = submit(w, text, sender="")
    expect(reply, "250")
    signed_by_both(w, text)
    line = log_line(w, reply)
    assert " sender=\"\" " in line and " quota=" in line, line
    expect(submit(w, compose("ceo@example.net"), sender=""), "550 5.7.1 ")


@case
def a_second_message_in_a_session_is_independent(w):
    first, second = compose(ALICE), compose(ALICE, subject="Another")
    with submission(w) as client:
        expect(client.submit(ALICE, "r@elsewhere.example", first), "250")
        expect(client.submit(ALICE, "r@elsewhere.example",
                             compose("ceo@example.net")), "550 5.7.1")
        expect(client.mail(ALICE), "250")
        expect(client.rcpt("r@elsewhere.example"), "250")
        expect(client.command("RSET"), "250")
        expect(client.submit(ALICE, "s@elsewhere.example", second), "250")
        client.quit()
    for text in (first, second):
        signed_by_both(w, text)


@case
def eight_bit_and_utf8_addresses_are_signed(w):
    text = compose("Alicé <alice@example.net>", subject="Grüße, 世界",
                   body="naïve\r\n..dots\r\n.\r\n  spaces  \r\n\r\n\r\n")
    with submission(w) as client:
        expect(client.mail(ALICE, " SMTPUTF8 BODY=8BITMIME"), "250")
        expect(client.rcpt("jürgen@elsewhere.example"), "250")
        expect(client.data(text), "250")
    signed_by_both(w, text)


@case
def a_large_message_in_chunks_is_signed(w):
    text = compose(ALICE, body=("x" * 76 + "\r\n") * 50000).encode()
    with submission(w) as client:
        expect(client.mail(ALICE), "250")
        expect(client.rcpt("r@elsewhere.example"), "250")
        expect(client.chunks(text, 1000), "250")
    signed_by_both(w, text.decode())


@case
def an_empty_body_is_signed(w):
    text = compose(ALICE, body="")
    expect(submit(w, text), "250")
    signed_by_both(w, text)


@case
def many_clients_at_once_are_all_served(w):
    clients = [submission(w) for _ in range(20)]
    texts = [compose(ALICE) for _ in clients]
    for client in clients:
        expect(client.mail(ALICE), "250")
        expect(client.rcpt("r@elsewhere.example"), "250")
    for client, text in zip(clients, texts):
        expect(client.data(text), "250")
        client.quit()
    for text in texts:
        signed_by_both(w, text)


ODD_FIELDS = ["Reply-To:alice@example.net", "X-Odd:  two  blanks \t",
              "Comments: folded,\r\n\tonce\r\n   and  again",
              "MIME-Version:1.0 ", "Content-Type : text/plain"]


def every_canonicalization_survives(w, fields):
    for how in ("simple/simple", "simple/relaxed", "relaxed/simple"):
        with settings(w, judges="signing { canonicalization = %s }" % how):
            for body in ("Two  blanks \t\r\nand lines\r\n\r\n\r\n", ""):
                text = compose("alice@example.net", extra=fields,
                               body=body)
                expect(submit(w, text), "250")
                found = signed_by_both(w, text)
                assert "c=%s" % how in found.head, found.head


@case
def signatures_of_every_canonicalization_verify_after_postfix(w):
    every_canonicalization_survives(w, ODD_FIELDS + [
        "Cc:\r\n carol@example.net,dave@example.net"])


@case
def monitor_mode_refuses_nothing_and_logs_the_action(w):
    with settings(w, top="mode = monitor"):
        text = compose("ceo@example.net")
        reply = submit(w, text)
        expect(reply, "250")
        delivered(w, "elsewhere.example", text)
        assert "would=reject" in log_line(w, reply)


@case
def monitor_mode_signs_mail_with_allowed_addresses(w):
    carol = "carol@example.net"
    with settings(w, top="mode = monitor", users="""
            plan one { recipients-per-hour = 1 }
            user carol@example.net { plan = one
                networks = {"203.0.113.0/24"} }"""):
        # from another network, and over her plan
        text = compose(carol)
        reply = submit(w, text, login=carol, recipients=[
            "r@elsewhere.example", "s@elsewhere.example"])
        expect(reply, "250")
        assert "would=" in log_line(w, reply), log_line(w, reply)
        signed_by_both(w, text)
        # but it never signs a foreign author or envelope sender
        for author, sender in (("ceo@example.net", carol),
                               (carol, "ceo@example.net")):
            text = compose(author)
            expect(submit(w, text, login=carol, sender=sender), "250")
            found = delivered(w, "elsewhere.example", text)
            assert not found.all("DKIM-Signature"), found.head


@case
def a_user_outside_its_networks_is_refused(w):
    users = ('user carol@example.net { networks = {"203.0.113.0/24"} }')
    with settings(w, users=users):
        carol = "carol@example.net"
        expect(submit(w, compose(carol), login=carol, address="198.51.100.7"),
               "550 5.7.1 ")
        expect(submit(w, compose(carol), login=carol, address="203.0.113.7"),
               "250 ")
