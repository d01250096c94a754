"""What is special to users in LDAP; cases_directory has the rest."""

import contextlib

import databases
from cases_directory_mysql import database_files
from databases import SUFFIX
from directories import (CAROL, LDAP, LEO, SALES, accepted, deferred,
                         recovers, refused, started, using)
from message import compose
from recipes import millgate_conf, millgate_with, run
from runner import case
from services import write
from steps import expect, submit

USERS = "ou=Users,domainName=example.net,o=domains," + SUFFIX


@contextlib.contextmanager
def server_without_tls(database):
    path = database.path("slapd.conf")
    with open(path) as f:
        before = f.read()
    write(path, "".join(line for line in before.splitlines(True)
                        if not line.startswith("TLS")))
    argv = database.argv
    database.argv = lambda: [
        word.replace(" ldaps://", " ldap://") for word in argv()]
    database.restart()
    try:
        yield
    finally:
        database.argv = argv
        write(path, before)
        database.restart()


@case
def ldap_is_asked_with_tls_from_the_first_octet(w):
    database = started(w, "ldap")
    with using(w, database, url=database.url(database.tls_place(),
                                             scheme="ldaps")):
        accepted(w)
        refused(w, CAROL, CAROL)


@case
def ldap_without_tls_gets_no_password(w):
    database = started(w, "ldap")
    with server_without_tls(database):
        with using(w, database):
            deferred(w, "offers no TLS")
        with using(w, database, url=database.url(database.tls_place(),
                                                 scheme="ldaps")):
            deferred(w, "contact", "TLS")
        with using(w, database, url=database.url(options="?tls=no")):
            accepted(w)


@case
def ldap_has_the_login_in_the_search_base(w):
    database = started(w, "ldap")
    query = ("mail=$1,%s?senders=mail,senders=shadowAddress?base?"
             "(accountStatus=active)" % USERS)
    with using(w, database, query=query):
        accepted(w)
        # no such entry is no such login, and not a failure
        refused(w, CAROL, CAROL)
        for login in ("leo@example.net,ou=Users", "leo@example.net+uid=leo",
                      "*", "#leo", 'leo"', "a\\2cb", "<leo>"):
            refused(w, login, SALES)
        accepted(w)


@case
def ldap_has_the_login_in_a_name_within_the_filter(w):
    database = started(w, "ldap")
    database.modify(
        "dn: cn=staff,%s\nobjectClass: groupOfNames\ncn: staff\n"
        "description: %s\nmember: uid=leo,ou=x\nmember: uid=a\\,ou\\3Dy,ou=x\n"
        % (SUFFIX, SALES))
    query = "%s?senders=description?sub?(member=uid=$1,ou=x)" % SUFFIX
    try:
        with using(w, database, query=query):
            accepted(w, "leo", SALES)
            accepted(w, "a,ou=y", SALES)
            refused(w, "a", SALES)
            # this would be another name: uid=leo,ou=x,ou=x
            refused(w, "leo,ou=x", SALES)
            refused(w, "*", SALES)
    finally:
        database.modify("dn: cn=staff,%s\nchangetype: delete\n" % SUFFIX)


@case
def ldap_answers_with_another_name_of_an_attribute(w):
    database = started(w, "ldap")
    # rfc822Mailbox is mail; slapd always answers with mail
    with using(w, database, query=LDAP.replace(
            "senders=mail", "senders=rfc822Mailbox")):
        deferred(w, "with the attribute mail; write this name")


@case
def ldap_refuses_a_filter_that_is_none(w):
    database = started(w, "ldap")
    with using(w, database, query=LDAP[:-1]):
        deferred(w, "filter")


@case
def ldap_has_more_entries_than_a_login_may_have(w):
    database = started(w, "ldap")
    numbers = range(1100)
    database.modify("dn: ou=Many,%s\nobjectClass: organizationalUnit\n"
                    "ou: Many\n\n" % SUFFIX + "".join(
                        "dn: cn=many%d,ou=Many,%s\nobjectClass: inetOrgPerson\n"
                        "cn: many%d\nsn: many\nmail: many%d@example.net\n\n" % (
                            n, SUFFIX, n, n) for n in numbers))
    try:
        with using(w, database, query=SUFFIX + "?senders=mail?sub?"
                   "(|(mail=$1)(sn=$1))"):
            deferred(w, "rows", "limit", "many", login="many",
                     sender="many1@example.net")
            accepted(w, LEO, LEO)
    finally:
        database.modify("".join(
            "dn: cn=many%d,ou=Many,%s\nchangetype: delete\n\n" % (n, SUFFIX)
            for n in numbers) + "dn: ou=Many,%s\nchangetype: delete\n"
            % SUFFIX)


@case
def ldap_has_a_huge_entry_and_other_logins_go_on(w):
    database = started(w, "ldap")
    database.modify("dn: cn=huge,%s\nobjectClass: inetOrgPerson\ncn: huge\n"
                    "sn: huge\nmail: huge@example.net\nmail: %s\n" % (
                        SUFFIX, "x" * 2000000))
    try:
        with using(w, database, query=SUFFIX + "?senders=mail?sub?(mail=$1)"):
            accepted(w, LEO, LEO)
            deferred(w, "octets", login="huge@example.net", sender=LEO)
            accepted(w, LEO, LEO)
    finally:
        database.modify("dn: cn=huge,%s\nchangetype: delete\n" % SUFFIX)


@case
def ldap_needs_a_password_for_its_bind_dn(w):
    database = started(w, "ldap")
    with using(w, database, users_password_file=None):
        deferred(w, "has no password")
    # a server that lets anybody read needs neither
    with using(w, database, users_password_file=None,
               url="ldap://" + database.place()):
        deferred(w, "object", "access", "denied", "nsufficient")
    with using(w, database):
        recovers(w)
        assert databases.PASSWORD not in w.millgate.log_text()


@case
def ldap_has_the_users_of_iredmail_as_the_manual_says(w):
    database = started(w, "ldap")
    database_files(w, databases.PASSWORD)
    conf = millgate_conf(w, "iredmail", places=(
        ("@ldap.example.net", "@" + database.place()),
        ("dc=example,dc=org", SUFFIX)))
    with millgate_with(w, conf):
        for sender in (LEO, SALES, "leonard@example.net"):
            accepted(w, LEO, sender)
        for login in ("heidi@example.net", "nina@example.net", CAROL):
            refused(w, login, login)
        expect(submit(w, compose(SALES), LEO, sender=SALES), "250")
        shown = run(w, "iredmail", "check")
        assert "alice@example.net" in shown, shown
