"""Proofs of identity: tokens, TLS versions, certificates."""

import concurrent.futures
import ssl

import bearer
import smtp
from cases_submission import signed_by_both
from message import compose
from runner import case, settings
from steps import certificate, expect, log_line, results, submit

ALICE, CAROL = "alice@example.net", "carol@example.net"
TOKENS = ("OAUTHBEARER", "XOAUTH2")


def token_login(w, mechanism):
    """Submit a message after this login; return it as delivered."""
    text = compose(ALICE)
    reply = submit(w, text, mechanism=mechanism)
    expect(reply, "250 2.0.0")
    line = log_line(w, reply)
    assert "login=%s mechanism=%s " % (ALICE, mechanism) in line, line
    return signed_by_both(w, text)


@case
def a_login_with_a_token_is_accepted_and_recorded(w):
    with settings(w, top="submission-results = login"):
        for mechanism in TOKENS:
            found = token_login(w, mechanism)
            assert results(found)["auth"] == "pass (%s) smtp.auth=%s" % (
                mechanism, ALICE), found.head


@case
def recipients_learn_of_a_login_only_what_is_configured(w):
    found = token_login(w, "XOAUTH2")
    assert not found.all("Authentication-Results"), found.head
    with settings(w, top="submission-results = anonymous"):
        found = token_login(w, "XOAUTH2")
        assert results(found) == {"auth": "pass"}, found.head


@case
def a_login_with_a_token_may_use_only_its_addresses(w):
    for mechanism in TOKENS:
        expect(submit(w, compose("ceo@example.net"), mechanism=mechanism),
               "550 5.7.1 ")


@case
def an_invalid_token_is_not_a_login(w):
    attempts = (
        ("OAUTHBEARER", bearer.token(ALICE, key=b"some other key")),
        ("OAUTHBEARER", bearer.token(ALICE, exp=1000000000)),
        ("OAUTHBEARER", bearer.token(CAROL)),
        ("XOAUTH2", bearer.token(ALICE, iss="https://idp.other.example")),
        ("XOAUTH2", bearer.token(ALICE, algorithm="none")),
        ("XOAUTH2", "no.token.atall"))

    def replies(attempt):
        mechanism, token = attempt
        with smtp.Client(w, "submission") as client:
            return (client.login(ALICE, token, mechanism),
                    client.mail(ALICE))
    # Dovecot takes half a second to refuse a token
    with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
        for login, mail in pool.map(replies, attempts):
            expect(login, "535 5.7.8 ")
            expect(mail, "530 5.7.0 ")


def first_listener(w, name, rules):
    """A submission listener that is matched before those of the world."""
    ports = [w.port[p] for p in ("submission", "smtps", "sendmail_msa")]
    return "listener %s {\n  daemon-ports = {%s}\n%s\n}" % (
        name, ", ".join(map(str, ports)),
        "  direction = submission\n  " + rules)


@case
def a_token_is_a_second_factor_and_a_password_is_not(w):
    top = first_listener(w, "factor", "second-factor = token-or-certificate")
    with settings(w, top=top):
        for mechanism in TOKENS:
            reply = submit(w, compose(ALICE), mechanism=mechanism)
            expect(reply, "250 2.0.0")
            assert "listener=factor" in log_line(w, reply)
        for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
            expect(submit(w, compose(ALICE), mechanism=mechanism),
                   "530 5.7.9 ")
    # only one user must have a second factor
    with settings(w, users="user %s { second-factor = yes }" % CAROL):
        expect(submit(w, compose(CAROL), CAROL, mechanism="XOAUTH2"), "250")
        expect(submit(w, compose(CAROL), CAROL), "530 5.7.9 ")
        expect(submit(w, compose(ALICE)), "250")


@case
def a_verified_certificate_of_the_login_is_a_second_factor(w):
    own = "/O=Smith (and) Sons/CN=" + CAROL
    w.make_ca("untrusted")	# it has the same name as the trusted one
    with settings(w, users="user %s { second-factor = yes }" % CAROL):
        for name, subject, ca, want in (
                ("own", own, "ca", "250 "),
                ("capitals", "/CN=Carol@Example.NET", "ca", "250 "),
                ("selfmade", own, None, "530 5.7.9 "),
                ("elsewhere", own, "untrusted", "530 5.7.9 "),
                ("other", "/CN=mallory@example.net", "ca", "530 5.7.9 "),
                ("hidden", "/CN=mallory@example.net/O=x\\/CN=" + CAROL, "ca",
                 "530 5.7.9 "),
                ("longer", "/CN=x" + CAROL, "ca", "530 5.7.9 "),
                ("nameless", "/O=" + CAROL, "ca", "530 5.7.9 ")):
            context = certificate(w, name, subject, ca)
            reply = submit(w, compose(CAROL), CAROL, tls_context=context)
            assert reply.starts(want), (name, reply)
        expect(submit(w, compose(CAROL), CAROL), "530 5.7.9 ")


@case
def a_certificate_alone_is_not_a_login(w):
    context = certificate(w, "alone", "/CN=" + ALICE)
    expect(submit(w, compose(ALICE), None, ALICE, tls_context=context),
           "530 5.7.0 ")
    # it does not give another login the addresses of its owner
    expect(submit(w, compose(ALICE), CAROL, ALICE, tls_context=context),
           "550 5.7.1 ")


VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def of_version(w, version):
    return smtp.Client.make_context(w, getattr(
        ssl.TLSVersion, version.replace(".", "_")))


@case
def tls_before_1_2_is_refused_and_later_versions_are_recorded(w):
    for port in ("submission", "smtps"):
        for version in VERSIONS:
            text = compose(ALICE)
            reply = submit(w, text, port=port,
                           tls_context=of_version(w, version))
            if version in ("TLSv1", "TLSv1.1"):
                assert repr(reply) == (
                    "530 5.7.0 This session uses %s; at least TLSv1.2 is "
                    "required here" % version), reply
                continue
            expect(reply, "250 2.0.0")
            assert "tls=%s " % version in log_line(w, reply)
            signed_by_both(w, text)


@case
def each_listener_has_its_own_min_tls(w):
    for oldest in VERSIONS:
        top = first_listener(w, "oldest", 'min-tls = "%s"' % oldest)
        with settings(w, top=top):
            for version in VERSIONS:
                good = VERSIONS.index(version) >= VERSIONS.index(oldest)
                reply = submit(w, compose(ALICE),
                               tls_context=of_version(w, version))
                assert reply.starts("250 " if good else "530 5.7.0 "), (
                    oldest, version, reply)


@case
def a_cipher_with_too_few_bits_is_refused(w):
    top = first_listener(w, "bits", "min-tls-bits = 256")
    with settings(w, top=top):
        for cipher, want in (
                ("AES128-GCM-SHA256", "530 5.7.0 This session's cipher has "
                 "128 bits; at least 256 are required here"),
                ("AES256-GCM-SHA384", "250 "),
                ("CHACHA20-POLY1305", "250 ")):
            context = of_version(w, "TLSv1.2")
            context.set_ciphers("ECDHE-ECDSA-" + cipher)
            reply = submit(w, compose(ALICE), tls_context=context)
            assert reply.starts(want), (cipher, reply)
