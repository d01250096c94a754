"""Postfix's own tables: Postfix and millgate give the same answers."""

import os
import shutil

import cases_doctor
import cases_setup
import directories
import postfix_tables
from directories import Asker, quoted
from cases_tool import millgate
from message import compose
from postfix_tables import (ADDRESSES, LOGINS, SOURCES, STRICTER,
                            UTF8_ADDRESSES)
from programs import Missing
from runner import Skip, case, settings
from services import MILTER_USER, wait_until, write
from steps import expect, submit

CONF = """\
socket = "inet:{milter}@{address}"
authserv-id = "mx.example.net"
state = "{state}"
user = "{user}"
unlisted-users = refuse
recipient-delimiter = "+"
local-domains = {{"example.net"}}
users-timeout = 5000
sender-login-maps = {{{maps}}}
listener submission {{
  daemon-ports = {{{submission}}}
  direction = submission
  require-auth = yes
}}
{more}
"""


class OnlyTables:
    """millgate with no users but those of these tables."""

    def __init__(self, w, maps, more=""):
        self.w = w
        w.millgate.stop()
        w.millgate.text = CONF.format(
            address=w.address, user=MILTER_USER, more=more,
            state=w.directory + "/millgate/state.db",
            maps=", ".join(map(quoted, maps)), **w.port)

    def __enter__(self):
        self.w.millgate.start()

    def __exit__(self, *_why):
        self.w.millgate.stop()
        self.w.millgate.text = None
        self.w.millgate.start()


def tables(w):
    directories.need_drivers(w, *directories.DRIVERS)
    try:
        return postfix_tables.Tables(w)
    except Missing as why:
        raise Skip(why)


def answers(w, logins, addresses):
    """As Oracle.answers(), of millgate."""
    found, asker = {}, Asker(w)
    for login in logins:
        for address in addresses:
            answer = asker.ask(login, address)
            if not answer.accepted:
                assert answer.text[:9] in ("550 5.7.1", "451 4.3.0"), answer
            found[login, address] = True if answer.accepted else \
                None if answer.starts("4") else False
    asker.close()
    return found


@case
def postfix_and_millgate_give_the_same_answers(w):
    made, differences = tables(w), []
    addresses = ADDRESSES + UTF8_ADDRESSES
    assert len(LOGINS) * len(addresses) > 1000
    with postfix_tables.Oracle(made) as oracle:
        for source in SOURCES:
            right = oracle.answers(source, LOGINS, addresses + STRICTER)
            assert len(set(right.values())) > 1, (source, "one answer")
            with OnlyTables(w, made.maps(source)):
                got = answers(w, LOGINS, addresses + STRICTER)
            differences += [
                (source, pair, right[pair], got[pair]) for pair in right
                if right[pair] != got[pair] and (got[pair] is True or
                                                 pair[1] not in STRICTER)]
    assert not differences, differences[:40]


@case
def millgate_asks_a_table_what_postmap_asks(w):
    # without catch-alls, delimiters and local parts, one key is one question
    made = tables(w)
    keys = [a for a in ADDRESSES if '"' not in a and "+" not in a]
    for source in SOURCES:
        maps = made.maps(source)
        owners = {}
        if source == "pgsql-limit":	# postmap fails for a whole list
            continue
        for table in maps:
            for key, value in made.postmap(table, keys).items():
                owners.setdefault(key, value)
        with OnlyTables(w, maps):
            asker = Asker(w)
            for key, value in owners.items():
                for login in value.replace(",", " ").split():
                    assert asker.ask(login, key).accepted, (source, key, login)
            asker.close()


@case
def a_server_of_a_table_is_away_and_mail_is_deferred(w):
    made = tables(w)
    for name, source in (("pgsql", "pgsql"), ("mysql", "mysql"),
                         ("ldap", "ldap")):
        database = getattr(w, name)
        with OnlyTables(w, made.maps(source)):
            alice = "alice@acme.example"
            directories.accepted(w, alice, "sales@acme.example")
            database.stop()
            answer = directories.ask(w, alice, "info@acme.example")
            assert answer.starts("451 4.3.0 "), answer
            database.start()
            wait_until("the server is asked again", lambda: directories.ask(
                w, alice, "info@acme.example").starts("550 5.7.1 "))
            directories.accepted(w, alice, "sales@acme.example")


@case
def user_entries_and_tables_allow_together(w):
    made = tables(w)
    maps = ", ".join(map(quoted, made.maps("texthash")))
    extra = 'sender-login-maps = {%s}\nlocal-domains = {"example.net"}\n' % maps
    leo = "leo@example.net"
    with settings(w, top=extra):
        # bob has a section with bob@ and @shop.example.net
        for sender in ("bob@example.net", "x@shop.example.net",
                       "robert@example.net"):
            expect(submit(w, compose(sender), "bob@example.net",
                          sender=sender), "250")
        expect(submit(w, compose("leonard@example.net"), leo,
                      sender="leonard@example.net"), "250")
        # From is bound as the sender is
        expect(submit(w, compose("robert@example.net"), leo,
                      sender="leonard@example.net"), "550 5.7.1 ")


@case
def tables_that_cannot_be_read_are_refused_with_the_way_round(w):
    directories.need_drivers(w, "pgsql")
    place = os.path.join(w.directory, "refused-tables")
    os.makedirs(place, exist_ok=True)
    write(place + "/senders", "a@example.net b\n")
    bad = place + "/bad.cf"
    write(bad, "hosts = localhost\nno_such_parameter = 1\nquery = SELECT 1\n")
    for table, words in (
            ("hash:%s/senders" % place, ("hash", "texthash", "postmap -s")),
            ("btree:%s/senders" % place, ("btree", "texthash")),
            ("texthash:%s/missing" % place, ("missing", "No such file")),
            ("pgsql:" + bad, (bad,)),
            ("nosuch:" + bad, ("nosuch",)),
            (place + "/senders", ("senders",))):
        conf = place + "/millgate.conf"
        write(conf, CONF.format(
            address=w.address, user=MILTER_USER, state=place + "/state.db",
            maps=quoted(table), more="", **w.port))
        done = millgate(w, "-t", "-c", conf)
        said = done.stdout + done.stderr
        assert done.returncode != 0, (table, done)
        assert all(word in said for word in words), (table, said)
    shutil.rmtree(place)


@case
def user_explain_says_which_table_owns_an_address(w):
    made = tables(w)
    address = "sales@acme.example"
    with OnlyTables(w, made.maps("pgsql")):
        for login, status in (("alice@acme.example", 0),
                              ("carol@zenith.example", 1)):
            done = w.run_ctl("user", "explain", login, "--address", address)
            assert done.returncode == status, done
            for words in (address, made.path("pgsql_alias.cf"),
                          "alice@acme.example"):
                assert words in done.stdout, (words, done.stdout)


@case
def doctor_proposes_postfixs_tables(w):
    made = tables(w)
    maps = made.maps("pgsql") + made.maps("texthash")
    indexed = made.path("indexed")
    with cases_doctor.postfix_with(w, "smtpd_sender_login_maps=%s, hash:%s" % (
            ", ".join(maps), indexed)):
        found = {one["id"]: one for one in cases_doctor.on_postfix(w)}
        setup = cases_setup.run_setup(w, "postfix", "--config",
                                      w.postfix.directory + "/etc").stdout
    said = str(found["sender-login-maps"])
    for words in (*maps, "sender-login-maps = {", "postmap -s hash:" + indexed,
                  "texthash:" + indexed):
        assert words in said, (words, said)
        assert words in setup, (words, setup)
