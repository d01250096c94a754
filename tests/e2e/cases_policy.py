"""What else a session must show, and what it may then do."""

from cases_login import first_listener
from message import compose
from runner import case, settings
from steps import certificate, expect, submit

CAROL = "carol@example.net"


@case
def a_certificate_of_another_issuer_is_no_second_factor(w):
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
def a_certificate_of_another_name_counts_where_it_is_written_down(w):
    context = certificate(w, "laptop", "/CN=Carol (laptop)")
    user = "user %s { second-factor = yes\n" % CAROL
    with settings(w, users=user + "}"):
        expect(submit(w, compose(CAROL), CAROL, tls_context=context), "530")
    with settings(w, users=user + 'certificates = {"Carol (laptop)"} }'):
        expect(submit(w, compose(CAROL), CAROL, tls_context=context), "250")
