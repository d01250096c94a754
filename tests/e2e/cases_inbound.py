"""Inbound mail: SPF, DKIM, DMARC and the results of them."""

from message import compose, delivered, sign, was_delivered
from runner import case, settings
from smtp import queue_id
from steps import arrive, expect, inbound, log_line, results
from world import HONEST, STRANGER

STRICT, CAUTIOUS = "joe@strict.example", "joe@cautious.example"
WATCHING, PLAIN = "joe@watching.example", "joe@plain.example"


@case
def aligned_mail_is_delivered_with_dmarc_pass(w):
    text = compose(STRICT)
    reply = arrive(w, text, STRICT)
    expect(reply, "250 2.0.0")
    said = results(delivered(w, "example.net", text))
    assert said["spf"].startswith("pass"), said
    assert said["dmarc"].startswith("pass"), said
    assert "header.from=strict.example" in said["dmarc"], said
    line = log_line(w, reply)
    assert "listener=mx" in line and "dmarc=pass" in line, line


@case
def a_signature_alone_is_enough_for_dmarc(w):
    text = sign(w, compose(STRICT), "strict.example")
    expect(arrive(w, text, "list@plain.example", STRANGER,
                  "lists.plain.example"), "250")
    said = results(delivered(w, "example.net", text))
    assert said["dkim"].startswith("pass"), said
    assert "header.d=strict.example" in said["dkim"], said
    assert said["dmarc"].startswith("pass"), said


@case
def signatures_of_every_canonicalization_are_verified(w):
    odd = ["Reply-To:joe@strict.example", "References: folded,\r\n\tonce"
           "\r\n   and  again", "Cc:\r\n bob@example.net"]
    for how in (b"simple", b"simple"), (b"simple", b"relaxed"), \
            (b"relaxed", b"simple"):
        text = compose(STRICT, extra=odd, body="Two  blanks \t\r\n\r\n\r\n")
        text = sign(w, text, "strict.example", canonicalize=how,
                    names=(b"from", b"reply-to", b"references", b"cc"))
        expect(arrive(w, text, "list@plain.example", STRANGER,
                      "lists.plain.example"), "250")
        said = results(delivered(w, "example.net", text))
        assert said["dkim"].startswith("pass"), (how, said)


@case
def spoofed_mail_is_rejected_under_p_reject(w):
    text = compose(STRICT)
    reply = arrive(w, text, STRICT, STRANGER)
    expect(reply, "550 5.7.1 ")
    assert "strict.example" in reply.text, reply
    expect(arrive(w, text, "", STRANGER), "550 5.7.1 ")
    expect(arrive(w, text, "eve@plain.example", STRANGER), "550 5.7.1 ")
    # SPF passes, but for a domain that is not aligned with the author's
    expect(arrive(w, text, WATCHING, HONEST), "550 5.7.1 ")


@case
def a_broken_signature_does_not_save_spoofed_mail(w):
    text = sign(w, compose(STRICT), "strict.example")
    expect(arrive(w, text.replace("a letter", "a trick"), STRICT, STRANGER),
           "550 5.7.1 ")
    text = sign(w, compose(STRICT), "watching.example")
    expect(arrive(w, text, STRICT, STRANGER), "550 5.7.1 ")


@case
def spoofed_mail_is_held_under_p_quarantine(w):
    text = compose(CAUTIOUS)
    reply = arrive(w, text, CAUTIOUS, STRANGER)
    expect(reply, "250 2.0.0")
    assert w.queue().get(queue_id(reply)) == "hold", w.queue()
    assert "action=hold" in log_line(w, reply)
    w.settle()
    assert not was_delivered(w, "example.net", text)
    # the operator releases it: it is delivered with its DMARC result
    assert w.postfix.command("postsuper", "-H",
                             queue_id(reply)).returncode == 0
    w.postfix.command("postqueue", "-f")
    said = results(delivered(w, "example.net", text))
    assert said["dmarc"].startswith("fail"), said


@case
def spoofed_mail_is_tagged_under_p_none(w):
    text = compose(WATCHING)
    expect(arrive(w, text, WATCHING, STRANGER), "250")
    said = results(delivered(w, "example.net", text))
    assert said["dmarc"].startswith("fail"), said
    assert said["spf"].startswith("fail"), said


@case
def mail_of_a_domain_without_records_is_delivered(w):
    text = compose(PLAIN)
    expect(arrive(w, text, PLAIN, STRANGER), "250")
    said = results(delivered(w, "example.net", text))
    assert said["spf"].startswith("none"), said
    assert said["dkim"].startswith("none"), said
    assert said["dmarc"].startswith("none"), said


@case
def forged_results_are_removed_and_foreign_ones_stay(w):
    foreign = ["Authentication-Results: other.example; dkim=pass",
               "Authentication-Results: mx.example.net.other.example;"
               " spf=pass",
               "Authentication-Results: another.example; dmarc=pass"]
    forged = ["Authentication-Results: mx.example.net; dmarc=pass",
              "Authentication-Results:\r\n MX.Example.NET (not really)\r\n"
              " ; spf=pass",
              "authentication-results: mx.example.net 1; dkim=pass"]
    text = compose(WATCHING, extra=[forged[0], foreign[0], forged[1],
                                    foreign[1], forged[2], foreign[2]])
    expect(arrive(w, text, WATCHING, STRANGER), "250")
    found = delivered(w, "example.net", text)
    assert results(found)["dmarc"].startswith("fail"), found.head
    left = found.all("Authentication-Results")[1:]
    assert left == [f.split(": ", 1)[1] for f in foreign], left


@case
def forged_results_are_removed_from_a_submission(w):
    from steps import submit
    text = compose("alice@example.net", extra=[
        "Authentication-Results: mx.example.net; dmarc=pass"])
    expect(submit(w, text, recipients="bob@example.net"), "250")
    found = delivered(w, "example.net", text)
    assert "dmarc=pass" not in found.head, found.head


@case
def a_missing_or_repeated_from_is_refused(w):
    expect(arrive(w, compose(None), PLAIN), "550 5.7.1 ")
    expect(arrive(w, compose(PLAIN, extra=["From: " + STRICT]), PLAIN),
           "550 5.7.1 ")
    expect(arrive(w, compose("nobody"), PLAIN), "550 5.7.1 ")


@case
def each_message_of_a_session_is_evaluated_separately(w):
    good, again = compose(STRICT), compose(STRICT, subject="Again")
    with inbound(w) as client:
        expect(client.submit(STRICT, "bob@example.net", good), "250")
        expect(client.submit(CAUTIOUS, "bob@example.net",
                             compose("joe@strict.example")), "550 5.7.1")
        expect(client.submit(STRICT, "bob@example.net", again), "250")
        client.quit()
    for text in (good, again):
        said = results(delivered(w, "example.net", text))
        assert said["dmarc"].startswith("pass"), said


@case
def a_bounce_is_evaluated_by_its_helo_name(w):
    text = compose("postmaster@strict.example")
    with inbound(w, helo="strict.example") as client:
        expect(client.submit("", "bob@example.net", text), "250")
    said = results(delivered(w, "example.net", text))
    assert said["spf"].startswith("pass"), said
    assert said["dmarc"].startswith("pass"), said


@case
def an_ipv6_client_is_evaluated(w):
    text = compose(WATCHING)
    with inbound(w, "2001:db8::66") as client:
        expect(client.submit(WATCHING, "bob@example.net", text), "250")
    said = results(delivered(w, "example.net", text))
    assert said["spf"].startswith("fail"), said


@case
def inbound_mail_is_not_signed(w):
    text = compose("alice@example.net")
    reply = arrive(w, text, "alice@example.net", STRANGER)
    expect(reply, "250")
    found = delivered(w, "example.net", text)
    assert not found.all("DKIM-Signature"), found.head


@case
def monitor_mode_delivers_spoofed_mail_and_logs_it(w):
    with settings(w, top="mode = monitor"):
        text = compose(STRICT)
        reply = arrive(w, text, STRICT, STRANGER)
        expect(reply, "250")
        said = results(delivered(w, "example.net", text))
        assert said["dmarc"].startswith("fail"), said
        assert "would=reject" in log_line(w, reply)


@case
def actions_follow_the_configuration(w):
    with settings(w, judges="dmarc { on-reject = tag  on-quarantine = reject }"):
        text = compose(STRICT)
        expect(arrive(w, text, STRICT, STRANGER), "250")
        delivered(w, "example.net", text)
        expect(arrive(w, compose(CAUTIOUS), CAUTIOUS, STRANGER),
               "550 5.7.1 ")
    with settings(w, judges="spf { on-fail = reject }"):
        expect(arrive(w, compose(WATCHING), WATCHING, STRANGER), "550 5.7.")


# all of them are mail of somebody at watching.example to an MTA that takes them
ODD_SENDERS = (
    "aa,bb@watching.example", "a b@watching.example", "@watching.example",
    "a@plain.example@watching.example", "a @watching.example",
    "a@watching.example (x@plain.example)", "a@watching . example",
    "(@)a@watching.example", "a@(@)watching.example", "a@watching.example(@",
    'a@"watching.example"', r"a@wat\ching.example", "a@watching.example,",
    "x:a@watching.example;", "a@watching.example..", "a@watching.example@",
    "a%watching.example", "a%plain.example%watching.example",
    '"a"%watching.example', "watching.example!a", "watching.example!",
    "watching.example!a%plain.example", '"a@watching.example"')


def odd_senders(w, by_mta):
    """The MTA itself refuses as many as `by_mta`; SPF refuses the others."""
    replies = []
    with settings(w, judges="spf { on-fail = reject }"):
        for sender in ODD_SENDERS:
            replies.append(arrive(w, compose(PLAIN), sender, STRANGER))
    others = [r for r in replies if not r.starts("501 5.1.7 ")
              and not r.starts("553 5.")]
    for reply in others:
        expect(reply, "550 5.7.23 ")
    assert len(replies) - len(others) == by_mta, replies


@case
def odd_senders_do_not_avoid_spf(w):
    odd_senders(w, 3)
