"""Several messages, logins or clients in one session."""

import smtp
from cases_login import first_listener
from cases_submission import signed_by_both
from message import compose, delivered
from runner import case, settings
from steps import expect, inbound, log_line, results, submission
from world import HONEST

ALICE, BOB, JUDY = "alice@example.net", "bob@example.net", "judy@example.net"
STRICT = "joe@strict.example"
TO = "r@elsewhere.example"


def pipelined_recipients(w, login):
    """Two more recipients than the plan tiny allows in an hour."""
    text = compose(login)
    rcpt = ["RCPT TO:<r%d@elsewhere.example>" % n for n in range(5)]
    with submission(w, login) as client:
        assert "PIPELINING" in client.offers, client.offers
        replies = client.pipeline("MAIL FROM:<%s>" % login, *rcpt, "DATA")
        assert [repr(reply)[:9] for reply in replies[:-1]] == [
            "250 2.1.0"] + 3 * ["250 2.1.5"] + 2 * ["451 4.7.1"], replies
        expect(replies[-1], "354 ")
        accepted = client.message(text)
        expect(accepted, "250 2.0.0")
        # a message without recipients ends, the session continues
        replies = client.pipeline("MAIL FROM:<%s>" % login, *rcpt[:2], "DATA")
        codes = [reply.code for reply in replies]
        assert codes[:3] == [250, 451, 451] and codes[3] in (503, 554), (
            replies)
        replies = client.pipeline("RSET", "MAIL FROM:<%s>" % BOB, "NOOP")
        assert [reply.code for reply in replies] == [250, 550, 250], replies
    delivered(w, "elsewhere.example", text)
    line = log_line(w, accepted)
    assert " recipients=3 refused=2 " in line and "quota=3/3 " in line, line


@case
def pipelined_recipients_over_the_limit_get_a_reply_each(w):
    pipelined_recipients(w, JUDY)


@case
def a_session_continues_after_any_refusal_or_rset(w):
    texts = []
    with submission(w) as client:
        for steps in (["MAIL FROM:<ceo@example.net>"],
                      ["MAIL FROM:<>", "RSET"],
                      ["MAIL FROM:<%s>" % ALICE, "RSET"],
                      ["MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % TO, "RSET"],
                      ["MAIL FROM:<%s>" % ALICE, "EHLO again.example"],
                      ["MAIL FROM:<%s>" % ALICE, "RCPT TO:<broken", "RSET"],
                      ["RSET", "RSET", "NOOP", "VRFY " + TO]):
            for step in steps:
                client.command(step)
            texts.append(compose(ALICE))
            expect(client.submit(ALICE, TO, texts[-1]), "250 2.0.0")
            expect(client.submit(ALICE, TO, compose("ceo@example.net")),
                   "550 5.7.1 ")
    for text in texts:
        signed_by_both(w, text)


@case
def a_second_login_in_a_session_is_refused(w):
    text = compose(ALICE)
    with submission(w) as client:
        expect(client.command("AUTH PLAIN " + smtp.b64(
            "\0%s\0%s" % (BOB, w.logins[BOB]))), "503 5.5.")
        expect(client.submit(BOB, TO, compose(BOB)), "550 5.7.1 ")
        client.command("RSET")
        reply = client.submit(ALICE, TO, text)
        expect(reply, "250 2.0.0")
    signed_by_both(w, text)
    assert "login=" + ALICE in log_line(w, reply)


@case
def a_login_before_starttls_is_forgotten(w):
    with smtp.Client(w, "submission", tls=False) as client:
        expect(client.login(ALICE), "235")
        client.starttls()
        client.ehlo()
        expect(client.mail(ALICE), "530 5.7.0 Authentication required")
        expect(client.login(ALICE), "235")
        expect(client.submit(ALICE, TO, compose(ALICE)), "250 2.0.0")


@case
def a_new_login_in_a_session_has_its_own_addresses(w):
    top = first_listener(w, "proxied", 'mechanisms = {"XCLIENT"}')
    shop = "orders@shop.example.net"
    first, second = compose(ALICE), compose(BOB)
    with settings(w, top=top), smtp.Client(w, "submission") as client:
        def become(login):
            expect(client.command("XCLIENT LOGIN=" + login), "220")
            client.ehlo()
        become(ALICE)
        reply = client.submit(ALICE, TO, first)
        expect(reply, "250 2.0.0")
        assert "login=%s " % ALICE in log_line(w, reply)
        expect(client.submit(shop, TO, compose(shop)), "550 5.7.1 ")
        become(BOB)
        reply = client.submit(shop, TO, second)
        expect(reply, "250 2.0.0")
        assert "login=%s mechanism=XCLIENT " % BOB in log_line(w, reply)
        expect(client.submit(ALICE, TO, compose(ALICE)), "550 5.7.1 ")
        expect(client.submit(BOB, TO, compose(ALICE)), "550 5.7.1 ")
        become("[UNAVAILABLE]")
        expect(client.mail(ALICE), "530 5.7.0 Authentication required")
    for text in (first, second):
        signed_by_both(w, text)


@case
def after_xclient_the_new_address_is_evaluated(w):
    text = compose(STRICT)
    with inbound(w, None) as client:
        expect(client.submit(STRICT, BOB, compose(STRICT)), "550 5.7.1 ")
        client.xclient(HONEST)
        expect(client.submit(STRICT, BOB, text), "250 2.0.0")
    assert results(delivered(w, "example.net", text))["spf"].startswith(
        "pass")


@case
def a_client_with_an_unknown_port_is_not_sendmail(w):
    """Postfix passes both to millgate as 127.0.0.1, port 0."""
    for port in ("[UNAVAILABLE]", "0"):
        with smtp.Client(w, "submission", tls=False) as client:
            expect(client.command("XCLIENT ADDR=127.0.0.1 PORT=" + port),
                   "220")
            client.ehlo()
            expect(client.mail("ceo@example.net"),
                   "530 5.7.0 Must issue a STARTTLS command first")


@case
def chunks_are_evaluated_as_one_message(w):
    body = "one\r\n.\r\ntwo\r\n..\r\nthree\r\n"
    size = len(compose(ALICE, body=body))
    with submission(w) as client:
        for sizes in ((), (1,), (size // 2,), (10, 20, 30), (size - 1,),
                      (size,)):
            text = compose(ALICE, body=body)
            client.pipeline("MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % TO)
            expect(client.chunks(text, *sizes), "250 2.0.0")
            found = signed_by_both(w, text)
            assert found.body == body.replace("\r", "").encode(), found.raw
            client.pipeline("MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % TO)
            expect(client.chunks(compose("ceo@example.net"), *sizes[:1]),
                   "550 5.7.1 ")
