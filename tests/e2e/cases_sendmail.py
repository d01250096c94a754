"""A real Sendmail, configured with contrib/sendmail/millgate.mc.

Cases of the other files that do not depend on Postfix run here again. The
first case starts Sendmail.
"""

import functools
import os
import re

import cases_dns as dns_cases
import cases_identity as identity_cases
import cases_inbound as inbound_cases
import cases_login as login_cases
import cases_mta as mta_cases
import cases_policy as policy_cases
import cases_recipes as recipe_cases
import cases_results as results_cases
import cases_robust as robust_cases
import cases_session as session_cases
import cases_submission as submission_cases
import recipes
import runner
import smtp
from message import compose, deliveries, delivered, was_delivered
from runner import Skip, settings
from sendmail import View, needs_addresses
from services import wait_until
from smtp import queue_id
from steps import (arrive, certificate, expect, log_line, results, submission,
                   submit)
from world import STRANGER

ALICE = "alice@example.net"


def on_sendmail(function):
    """A case that runs with Sendmail as the MTA of the world."""
    @functools.wraps(function)
    def run(world):
        if not needs_addresses():
            raise Skip("needs namespaces: Sendmail has no XCLIENT")
        if not world.sendmail.running():
            world.sendmail.stop()
            world.sendmail.start()
        function(View(world))
    run.__module__ = __name__
    runner.case(run)
    return run


for shared in (
        submission_cases.a_message_is_signed_with_both_algorithms,
        submission_cases.login_and_scram_and_the_tls_port_are_accepted,
        submission_cases.a_client_without_login_is_refused,
        submission_cases.the_auth_parameter_of_mail_is_not_a_login,
        submission_cases.a_foreign_envelope_sender_is_refused,
        submission_cases.a_foreign_from_is_refused,
        submission_cases.a_foreign_sender_field_is_refused,
        submission_cases.a_from_that_cannot_be_parsed_is_refused,
        submission_cases.granted_and_tagged_addresses_are_allowed,
        submission_cases.
        a_read_receipt_with_the_null_sender_is_accepted_and_counted,
        policy_cases.null_sender_no_refuses_it,
        submission_cases.a_second_message_in_a_session_is_independent,
        submission_cases.an_empty_body_is_signed,
        submission_cases.many_clients_at_once_are_all_served,
        submission_cases.monitor_mode_refuses_nothing_and_logs_the_action,
        submission_cases.a_user_outside_its_networks_is_refused,
        login_cases.a_verified_certificate_of_the_login_is_a_second_factor,
        policy_cases.a_certificate_of_another_issuer_is_not_a_second_factor,
        policy_cases.
        a_certificate_with_another_name_counts_if_configured,
        policy_cases.one_login_has_a_limit_in_each_of_five_tiers,
        login_cases.a_certificate_alone_is_not_a_login,
        login_cases.a_cipher_with_too_few_bits_is_refused,
        policy_cases.a_client_of_a_relay_needs_no_login_and_its_mail_is_signed,
        policy_cases.a_listener_serves_only_its_networks,
        login_cases.each_listener_has_its_own_min_tls,
        session_cases.a_session_continues_after_any_refusal_or_rset,
        session_cases.a_second_login_in_a_session_is_refused,
        mta_cases.no_message_is_smuggled_into_inbound_mail,
        inbound_cases.aligned_mail_is_delivered_with_dmarc_pass,
        inbound_cases.a_signature_alone_is_enough_for_dmarc,
        inbound_cases.spoofed_mail_is_rejected_under_p_reject,
        inbound_cases.a_broken_signature_does_not_save_spoofed_mail,
        inbound_cases.spoofed_mail_is_tagged_under_p_none,
        inbound_cases.mail_of_a_domain_without_records_is_delivered,
        inbound_cases.forged_results_are_removed_and_foreign_ones_stay,
        inbound_cases.a_missing_or_repeated_from_is_refused,
        inbound_cases.each_message_of_a_session_is_evaluated_separately,
        inbound_cases.a_bounce_is_evaluated_by_its_helo_name,
        inbound_cases.inbound_mail_is_not_signed,
        inbound_cases.actions_follow_the_configuration,
        inbound_cases.signatures_of_every_canonicalization_are_verified,
        inbound_cases.monitor_mode_delivers_spoofed_mail_and_logs_it,
        results_cases.one_forged_field_in_each_form_is_removed,
        results_cases.foreign_fields_between_forged_ones_stay_in_their_order,
        results_cases.our_field_is_removed_from_a_submission,
        dns_cases.a_servfail_defers_or_tags,
        robust_cases.clients_may_disconnect_at_any_point,
        robust_cases.messages_in_progress_finish_after_sigterm,
        robust_cases.a_client_cannot_forge_the_log):
    on_sendmail(shared)


@on_sendmail
def a_password_without_tls_is_refused(w):
    with smtp.Client(w, "submission", tls=False) as client:
        assert "PLAIN" not in client.offers.get("AUTH", []), client.offers
        reply = client.login(ALICE)
        assert reply.code >= 500, reply
        expect(client.mail(ALICE), "530 5.7.0")


@on_sendmail
def the_inbound_port_offers_no_login(w):
    with smtp.Client(w, "smtp", tls=True) as client:
        assert "AUTH" not in client.offers, client.offers
        reply = client.login(ALICE)
        assert reply.code >= 500, reply


@on_sendmail
def spoofed_mail_is_quarantined_under_p_quarantine(w):
    author = "joe@cautious.example"
    text = compose(author)
    reply = arrive(w, text, author, STRANGER)
    expect(reply, "250 2.0.0")
    assert queue_id(reply) in w.sendmail.quarantined(), reply
    assert "action=hold" in log_line(w, reply)
    assert not was_delivered(w, "example.net", text)


@on_sendmail
def the_recipient_over_the_limit_gets_451(w):
    ivan = "ivan@example.net"
    text = compose(ivan)
    with submission(w, ivan) as client:
        expect(client.mail(ivan), "250")
        for n in range(3):
            expect(client.rcpt("r%d@elsewhere.example" % n), "250")
        expect(client.rcpt("more@elsewhere.example"), "451 4.7.1 ")
        expect(client.data(text), "250")
    delivered(w, "elsewhere.example", text)
    shown = w.ctl("quota", "show", ivan, "--json")
    assert sum(row["recipients"] for row in shown) == 3, shown
    expect(submit(w, compose(ivan), login=ivan), "451 4.7.1 ")


@on_sendmail
def a_fuse_for_refused_recipients_ignores_accepted_ones(w):
    text = compose(ALICE)
    with settings(w, judges="fuse { refused = 2 }"):
        reply = submit(w, text, recipients=[
            "r%d@elsewhere.example" % n for n in range(5)])
        expect(reply, "250 2.0.0")
        assert " recipients=5 " in log_line(w, reply), log_line(w, reply)
    delivered(w, "elsewhere.example", text)


@on_sendmail
def pipelined_recipients_over_the_limit_get_a_reply_each(w):
    session_cases.pipelined_recipients(w, "ken@example.net")


@on_sendmail
def sendmail_1_is_signed_for_the_identities_of_its_relay(w):
    text = compose(ALICE)
    done = w.sendmail.submit(text, "-f", ALICE, "r@elsewhere.example")
    assert done.returncode == 0, done.stderr.decode()
    submission_cases.signed_by_both(w, text)
    line = w.millgate.log_line(listener="msp", client="127.0.0.1")
    assert "relay=msp" in line and "signed=2" in line, line
    assert "plan=standard quota=1/1500" in line, line
    # an address that the relay section does not list
    foreign = "ceo@elsewhere.example"
    w.sendmail.submit(compose(foreign), "-f", foreign, "r@elsewhere.example")
    line = w.millgate.log_line(listener="msp", sender=foreign)
    assert "rule=sender" in line and "relay=msp" in line, line


@on_sendmail
def programs_on_port_25_of_loopback_are_a_relay(w):
    conf = recipes.millgate_conf(w, "localhost")
    conf = re.sub(r"daemon-ports.*\n *daemon-addrs.*",
                  'daemon-names = {"WEB"}', conf)
    with recipes.millgate_with(w, conf):
        text, reply = recipe_cases.send(w, ALICE, "sendmail_web")
        expect(reply, "250 2.0.0")
        submission_cases.signed_by_both(w, text)
        line = log_line(w, reply)
        assert " listener=web " in line and " relay=web " in line, line
        expect(recipe_cases.send(w, "joe@strict.example", "sendmail_web")[1],
               "550 5.7.1 ")
        reply = arrive(w, compose(ALICE), ALICE, STRANGER)
        assert " listener=mx " in log_line(w, reply), log_line(w, reply)


@on_sendmail
def mail_that_a_content_filter_returns_is_not_seen_again(w):
    author = "joe@strict.example"
    text = compose(author)
    before = len(w.millgate.log_text())
    with smtp.Client(w, "sendmail_return", tls=False) as client:
        expect(client.submit(author, "bob@example.net", text), "250 2.0.0")
    found = delivered(w, "example.net", text)
    assert not found.all("Authentication-Results"), found.head
    assert w.millgate.log_text()[before:] == ""


@on_sendmail
def held_mail_is_listed_and_can_be_released(w):
    author = "joe@cautious.example"
    text = compose(author)
    number = queue_id(arrive(w, text, author, STRANGER))
    assert number in w.sendmail.command("-bp", "-qQ")
    w.sendmail.command("-qQ", "-Q", "-qI" + number)
    w.sendmail.command("-qI" + number)
    found = delivered(w, "example.net", text)
    assert results(found)["dmarc"].startswith("fail "), found.head
    assert number not in w.sendmail.quarantined()


@on_sendmail
def without_millgate_mail_is_deferred(w):
    w.millgate.stop()
    try:
        with smtp.Client(w, "smtp", tls=False) as client:
            reply = client.mail("joe@plain.example")
        assert reply.code == 451, reply
    finally:
        w.millgate.start()


@on_sendmail
def a_whole_subject_can_be_required(w):
    own = certificate(w, "whole", "/O=Smith (and) Sons/CN=Carol")
    other = certificate(w, "whole2", "/O=Jones/CN=Carol")
    carol = "carol@example.net"
    user = """user %s { second-factor = yes
        certificates = {"/O=Smith (and) Sons/CN=Carol"}
        certificate-issuer = "/O=millgate tests/CN=Test CA" }""" % carol
    with settings(w, users=user):
        expect(submit(w, compose(carol), carol, tls_context=own), "250")
        expect(submit(w, compose(carol), carol, tls_context=other), "530")


@on_sendmail
def auth_external_of_another_issuer_is_refused(w):
    with settings(w, users='user %s { certificate-issuer = "Test CA" }' %
                  ALICE):
        for ca, want in (("ca", "250"), ("partner", "530 5.7.9 ")):
            context = certificate(w, "ext" + ca, "/CN=" + ALICE, ca)
            with smtp.Client(w, "submission", tls_context=context) as client:
                expect(client.command("AUTH EXTERNAL ="), "235")
                expect(client.mail(ALICE), want)


@on_sendmail
def the_login_of_auth_external_is_the_name_of_the_certificate(w):
    text = compose(ALICE)
    context = certificate(w, "external", "/O=Example/CN=" + ALICE)
    with smtp.Client(w, "submission", tls_context=context) as client:
        assert "EXTERNAL" in client.offers["AUTH"], client.offers
        expect(client.command("AUTH EXTERNAL ="), "235")
        reply = client.submit(ALICE, "r@elsewhere.example", text)
        expect(reply, "250 2.0.0")
        expect(client.submit(ALICE, "r@elsewhere.example",
                             compose("ceo@example.net")), "550 5.7.1 ")
    submission_cases.signed_by_both(w, text)
    assert "mechanism=EXTERNAL" in log_line(w, reply)
    # a certificate that is not verified is not a login
    context = certificate(w, "nobody", "/O=Example/CN=" + ALICE, ca=None)
    with smtp.Client(w, "submission", tls_context=context) as client:
        assert client.command("AUTH EXTERNAL =").code >= 500
        expect(client.mail(ALICE), "530 5.7.0")


@on_sendmail
def a_sample_of_identities_gets_the_results_of_the_model(w):
    identity_cases.check_matrix(w, 64, 8)


@on_sendmail
def fields_added_by_sendmail_are_signed(w):
    """Date and Message-ID, which a client may leave out (RFC 6409 8)."""
    subject = "Of a bare client %d" % os.getpid()
    expect(submit(w, "From: %s\r\nTo: r@elsewhere.example\r\nSubject: %s\r\n"
                  "\r\nIt ran.\r\n" % (ALICE, subject)), "250")

    def arrived():
        return [found for found in deliveries(w, "elsewhere.example")
                if found.all("Subject") == [subject]]
    found = wait_until("the message is delivered", arrived)[0]
    assert set(found.signatures(w)) == submission_cases.BOTH, found.head


@on_sendmail
def signatures_of_every_canonicalization_verify_after_sendmail(w):
    submission_cases.every_canonicalization_survives(
        w, submission_cases.ODD_FIELDS)


@on_sendmail
def address_fields_rewritten_by_sendmail_are_signed(w):
    """Sendmail rewrites these fields on delivery; see commaize.h."""
    values = [
        "a@elsewhere.example,b@elsewhere.example",
        "a@elsewhere.example , b@elsewhere.example",
        ",a@elsewhere.example,, b@elsewhere.example,",
        "a@elsewhere.example,\r\n\t,\r\n b@elsewhere.example",
        "Bob\r\n <b@elsewhere.example>,c@elsewhere.example",
        '"A,B" <a@elsewhere.example>,"C\\",D" <c@elsewhere.example>',
        "a@elsewhere.example (one,two (3,4)),b@elsewhere.example",
        "g:a@elsewhere.example,b@elsewhere.example;",
        "undisclosed-recipients:;",
        "a@elsewhere.example (\"),b@elsewhere.example",
        "Bob<b@elsewhere.example>,<c@elsewhere.example>",
        "Acme Inc. <a@elsewhere.example>,B. C.<b@elsewhere.example>",
        "a@elsewhere.example  <a@elsewhere.example>",
        "Pat O'Hara <a@elsewhere.example>",
        "=?utf-8?q?J=C3=B6_A.?= <a@elsewhere.example>",
        "Long\r\n Name A. <a@elsewhere.example>, Al [x] <a@elsewhere.example>",
        "Jos\u00e9 A. <a@elsewhere.example>",
        "=?utf-8?q?J=C3=B6?= <a@elsewhere.example>,b@elsewhere.example",
        ",".join("r%d@elsewhere.example" % n for n in range(40)),
    ]
    want = {}
    for value in values:
        for name in "Cc", "Reply-To":
            text = compose(ALICE, extra=["%s: %s" % (name, value)])
            expect(submit(w, text), "250")
            want[text] = "%s: %s" % (name, value)
    text = compose("Acme Inc. <%s>" % ALICE)
    expect(submit(w, text), "250")
    want[text] = "From"
    bad = [field for text, field in want.items() if set(delivered(
        w, "elsewhere.example", text).signatures(w)) != submission_cases.BOTH]
    assert not bad, "\n".join(bad)


@on_sendmail
def odd_senders_do_not_avoid_spf(w):
    inbound_cases.odd_senders(w, 6)
