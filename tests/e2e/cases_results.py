"""Forged Authentication-Results are removed; checked after delivery."""

import json

from message import compose, delivered, sign
from runner import case, settings
from steps import arrive, expect, inbound, results, submit
from world import STRANGER

WATCHING = "joe@watching.example"
NAME = "Authentication-Results"

# values of the field with our id, in every form
FORGED = [
    "mx.example.net; dmarc=pass",
    "MX.Example.NET; dmarc=pass",
    "mx.example.net 1; dmarc=pass",
    "mx.example.net; none",
    "mx.example.net ; dmarc=pass",
    "(hello) mx.example.net; dmarc=pass",
    "(a(b)\\)c) mx.example.net (x); dmarc=pass",
    "mx.example.net (c) 1 (d); dmarc=pass",
    "\"mx.example.net\"; dmarc=pass",
    "\"MX.example.net\" 1; dmarc=pass",
    "\"mx\\.example.net\"; dmarc=pass",
    "\r\n mx.example.net; dmarc=pass",
    "\r\n\tmx.example.net\r\n\t;\r\n\tdmarc=pass",
    "(\r\n folded) mx.example.net; dmarc=pass",
    "mx.example.net.; dmarc=pass",
    "mx.example.net 99; dmarc=pass",
    "mx.example.net",
    "(unclosed mx.example.net; dmarc=pass",
    "\"unclosed mx.example.net; dmarc=pass",
    ";mx.example.net; dmarc=pass",
]
# values whose id only looks like ours
FOREIGN = [
    "other.example; dmarc=pass",
    "mx.example.net.other.example; dmarc=pass",
    "xmx.example.net; dmarc=pass",
    "example.net; dmarc=pass",
    "other.example 1; spf=pass smtp.mailfrom=a@other.example",
]


def arrives(w, fields, sender=WATCHING, helo="mail.strict.example",
            author=WATCHING):
    """Deliver a spoofed message with these fields; return it as delivered."""
    text = compose(author, extra=fields)
    expect(arrive(w, text, sender, STRANGER, helo), "250")
    return delivered(w, "example.net", text)


def check_field(found, left):
    """Our field is on top, once, with dmarc=fail; below it only `left`."""
    said = results(found)
    assert said["dmarc"].startswith("fail"), found.head
    assert found.all(NAME)[1:] == left, found.head
    assert "dmarc=pass" not in found.all(NAME)[0], found.head


def forged_fields(n):
    """n forged fields: the forms in turn, the name in different cases."""
    names = (NAME, NAME.upper(), NAME.lower())
    return ["%s: %s" % (names[i % 3], FORGED[i % len(FORGED)])
            for i in range(n)]


@case
def one_forged_field_in_each_form_is_removed(w):
    for value in FORGED:
        found = arrives(w, ["%s: %s" % (NAME, value)])
        check_field(found, [])


@case
def one_two_three_and_fifty_forged_fields_are_removed(w):
    for n in (1, 2, 3, 50):
        check_field(arrives(w, forged_fields(n)), [])


@case
def foreign_fields_between_forged_ones_stay_in_their_order(w):
    for n in (1, 2, 3, 50):
        mixed, left = [], []
        for i, field in enumerate(forged_fields(n)):
            value = FOREIGN[i % len(FOREIGN)]
            mixed += [field, "%s: %s" % (NAME, value)]
            left.append(value)
        check_field(arrives(w, mixed), left)


@case
def forged_fields_above_and_below_received_are_removed(w):
    received = ("Received: from a.example by b.example; "
                "Mon, 23 Nov 2026 11:00:00 +0000")
    forged = "%s: %s" % (NAME, FORGED[0])
    found = arrives(w, [forged, received, forged, received, forged])
    check_field(found, [])
    assert len(found.all("Received")) >= 3, found.head


@case
def a_forged_field_with_a_blank_before_its_colon_is_removed(w):
    found = arrives(w, [NAME + " : " + FORGED[0], NAME + "\t: " + FORGED[0]])
    said = results(found)
    assert said["dmarc"].startswith("fail"), found.head
    assert found.head.count("dmarc=pass") == 0, found.head


@case
def values_from_a_client_cannot_add_results(w):
    hostile = ["a;dmarc=pass", "a(b", "a)b", "\"x; dmarc=pass\"",
               "a b=pass", "x\"y", "dmarc=pass"]
    for word in hostile:
        quoted = '"%s"@watching.example' % word.replace("\"", "")
        found = arrives(w, [], sender=quoted)
        check_field(found, [])
    for helo in ("a;dmarc=pass", "a(b", "dmarc=pass", "[192.0.2.1;x]"):
        with inbound(w, STRANGER, helo) as client:
            text = compose(WATCHING)
            reply = client.submit(WATCHING, "bob@example.net", text)
        if reply.starts("250"):         # Postfix may refuse the name
            check_field(delivered(w, "example.net", text), [])


@case
def each_message_of_a_session_has_one_field(w):
    with inbound(w, STRANGER) as client:
        texts = [compose(WATCHING, extra=forged_fields(3)) for _ in range(3)]
        for text in texts:
            expect(client.submit(WATCHING, "bob@example.net", text), "250")
    for text in texts:
        check_field(delivered(w, "example.net", text), [])


@case
def our_field_is_removed_from_a_submission(w):
    for n in (1, 2, 3, 50):
        for told, want in (("none", 0), ("login", 1)):
            text = compose("alice@example.net", extra=forged_fields(n))
            with settings(w, top="submission-results = " + told):
                expect(submit(w, text, recipients="bob@example.net"), "250")
            found = delivered(w, "example.net", text)
            assert len(found.all(NAME)) == want, found.head
            assert "dmarc=pass" not in found.head, found.head


# Received-SPF: fields that look like ours, and one that does not
RECEIVED_SPF_FORGED = [
    "pass (mx.example.net: ok) client-ip=192.0.2.1; receiver=mx.example.net",
    "pass receiver=\"MX.Example.Net\"",
    "pass\r\n\treceiver (x) =\r\n mx.example.net",
    "pass client-ip=192.0.2.1; envelope-from=\"joe@watching.example\"",
    "Pass (mailfrom) receiver=<UNKNOWN>",
    "pass (unclosed mx.example.net",
]
RECEIVED_SPF_FOREIGN = "pass (other.example: ok) receiver=other.example"


def received_spf_left(w, n):
    """
    Send n forged fields, each above a foreign one; return the fields of the
    delivered message.
    """
    fields = []
    for i in range(n):
        forged = RECEIVED_SPF_FORGED[i % len(RECEIVED_SPF_FORGED)]
        fields += ["Received-SPF: " + forged,
                   "Received-SPF: " + RECEIVED_SPF_FOREIGN]
    return arrives(w, fields).all("Received-SPF")


@case
def forged_received_spf_is_removed_if_we_write_our_own(w):
    with settings(w, judges="spf { received-spf = yes }"):
        for n in (1, 2, 3, 50):
            found = received_spf_left(w, n)
            # ours: one for the sender, one for the HELO name
            assert found[2:] == [RECEIVED_SPF_FOREIGN] * n, found
            assert found[0].startswith("fail"), found
            for ours in found[:2]:
                assert "receiver=mx.example.net" in ours, found
                assert not ours.startswith("pass"), found
    assert len(received_spf_left(w, 3)) == 6    # we write none: all stay


@case
def the_outcomes_of_a_day_have_the_data_for_a_report(w):
    strict = "ceo@strict.example"
    with settings(w, judges="dmarc { record-outcomes = yes }"):
        for _ in range(2):
            text = compose(strict)
            expect(arrive(w, text, "x@watching.example", STRANGER,
                          "mail.strict.example"), "550")
        text = sign(w, compose(strict), "strict.example")
        expect(arrive(w, text, strict), "250")
        delivered(w, "example.net", text)
    shown = w.run_ctl("outcomes", "--json")
    assert shown.returncode == 0, shown
    refused, passed = [row for row in json.loads(shown.stdout)
                       if row["header_from"] == "strict.example"]
    assert refused["messages"] == 2 and passed["messages"] == 1, shown
    assert refused["source_ip"] == STRANGER, refused
    assert refused["disposition"] == "reject", refused
    assert refused["spf_domain"] == "watching.example", refused
    assert refused["envelope_from"] == "watching.example", refused
    assert refused["policy_published"].startswith("p=reject"), refused
    assert passed["aligned"] == "spf+dkim", passed
    assert passed["dkim_signatures"] == "strict.example/s1=pass", passed
    assert passed["spf_scope"] == "mfrom", passed
