"""Certificates, tiers, relays and networks."""

import re

import smtp
from cases_login import first_listener, of_version
from cases_submission import signed_by_both
from message import compose, delivered
from runner import case, settings
from steps import certificate, expect, inbound, log_line, results, submit
from world import HONEST, STRANGER

ALICE = "alice@example.net"
# has no user section
LEO = "leo@example.net"
CAROL = "carol@example.net"


@case
def a_certificate_of_another_issuer_is_not_a_second_factor(w):
    own = certificate(w, "own", "/CN=" + CAROL)
    partner = certificate(w, "partners", "/CN=" + CAROL, "partner")

    def outcomes(**extra):
        with settings(w, **extra):
            for context in (own, partner):
                reply = submit(w, compose(CAROL), CAROL, tls_context=context)
                yield str(reply.code)
    two = "second-factor = token-or-certificate\n"
    # the MTA trusts both CAs
    assert list(outcomes(top=first_listener(w, "two", two))) == ["250", "250"]
    assert list(outcomes(top=first_listener(
        w, "two", two + 'certificate-issuers = {"Test CA"}'))) == [
            "250", "530"]
    assert list(outcomes(
        users='user %s { second-factor = yes\n'
        'certificate-issuer = "Partner CA" }' % CAROL)) == ["530", "250"]


@case
def a_certificate_with_another_name_counts_if_configured(w):
    context = certificate(w, "laptop", "/CN=Carol (laptop)")
    user = "user %s { second-factor = yes\n" % CAROL
    with settings(w, users=user + "}"):
        expect(submit(w, compose(CAROL), CAROL, tls_context=context), "530")
    with settings(w, users=user + 'certificates = {"Carol (laptop)"} }'):
        expect(submit(w, compose(CAROL), CAROL, tls_context=context), "250")


TIERS = """
submission-results = login
plan tier1 { recipients-per-hour = 601 }
plan tier2 { recipients-per-hour = 602 }
plan tier3 { recipients-per-hour = 603 }
plan tier4 { recipients-per-hour = 604 }
plan tier5 { recipients-per-hour = 605 }
tier both { mechanisms = {"scram"}  certificate = yes  plan = tier5 }
tier identity { mechanisms = {"token", "certificate"}  plan = tier4 }
tier scram { mechanisms = {"scram"}  plan = tier3 }
tier modern { min-tls = "TLSv1.3"  plan = tier2 }
tier rest { plan = tier1  senders = {"login"} }
"""


def in_tier(w, context, mechanism):
    """Submit a message; return its tier and limit from log and header."""
    text = compose(LEO)
    reply = submit(w, text, LEO, mechanism=mechanism, tls_context=context)
    expect(reply, "250")
    line = log_line(w, reply)
    found = delivered(w, "elsewhere.example", text)
    tier = re.search(r" tier=(\S+) .* quota=\d+/(\d+)", line)
    assert results(found)["auth"].startswith("pass (%s, tier %s) " % (
        mechanism, tier.group(1))), found.head
    return tier.group(1), tier.group(2)


@case
def one_login_has_a_limit_in_each_of_five_tiers(w):
    with settings(w, top=TIERS + "unlisted-users = any"):
        shown = certificate(w, "tier", "/CN=" + LEO)
        old, new = of_version(w, "TLSv1.2"), of_version(w, "TLSv1.3")
        kinds = [("PLAIN", old, ("rest", "601")),
                 ("LOGIN", new, ("modern", "602")),
                 ("SCRAM-SHA-256", new, ("scram", "603")),
                 ("SCRAM-SHA-256", shown, ("both", "605"))]
        with smtp.Client(w, "submission") as client:
            tokens = "XOAUTH2" in client.offers["AUTH"]
        if tokens:		# not with Sendmail
            kinds.append(("XOAUTH2", old, ("identity", "604")))
        for mechanism, context, want in kinds:
            got = in_tier(w, context, mechanism)
            assert got == want, (mechanism, got, want)
        # an address that one tier does not allow is allowed in another
        text = compose("ceo@example.net")
        expect(submit(w, text, LEO, tls_context=old), "550 5.7.1 ")
        expect(submit(w, text, LEO, tls_context=new), "250")


@case
def a_client_of_a_relay_needs_no_login_and_its_mail_is_signed(w):
    with settings(w, top="""
relay apps {
  networks = {"127.0.0.0/8", "203.0.113.0/24"}
  senders = {"alice@example.net"}
  plan = premium
}
listener apps {
  daemon-ports = {%d}
  direction = submission
  relay-for = {"apps"}
}""" % w.port["smtp"]):
        text = compose(ALICE)
        with smtp.Client(w, "smtp", tls=False) as client:
            reply = client.submit(ALICE, "r@elsewhere.example", text)
            expect(reply, "250")
            expect(client.submit(ALICE, "r@elsewhere.example",
                                 compose("ceo@example.net")), "550 5.7.1 ")
        assert not signed_by_both(w, text).all("Authentication-Results")
        line = log_line(w, reply)
        assert " relay=apps " in line and "login=" not in line, line
        assert re.search(r" plan=premium quota=\d+/3000 ", line), line
        for address, sender, want in (
                ("203.0.113.9", ALICE, "250"),
                ("203.0.113.9", "ceo@example.net", "550 5.7.1 "),
                (STRANGER, ALICE, "530 5.7.0 ")):
            with inbound(w, address) as client:
                expect(client.mail(sender), want)


@case
def a_listener_serves_only_its_networks(w):
    with settings(w, top="""
listener inside { daemon-ports = {%d}  networks = {"192.0.2.0/24"} }""" %
                  w.port["smtp"]):
        for address, want in ((STRANGER, "550 5.7.1 "), (HONEST, "250")):
            with inbound(w, address) as client:
                expect(client.mail("joe@plain.example"), want)
    top = first_listener(w, "inside", 'networks = {"192.0.2.0/24"}')
    with settings(w, top=top):
        for address, want in ((STRANGER, "550 5.7.1 "), (HONEST, "250")):
            expect(submit(w, compose(ALICE), address=address), want)


@case
def null_sender_no_refuses_it(w):
    with settings(w, top=first_listener(w, "strict", "null-sender = no")):
        expect(submit(w, compose(ALICE), sender=""), "550 5.7.1 ")
        expect(submit(w, compose(ALICE)), "250")
