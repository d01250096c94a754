"""Signing keys in a database: signatures, changes of state, and failures."""

import base64
import contextlib
import os
import pwd
import subprocess
import time

import databases
import isolate
import key_bytes
from cases_key_process import group_of_daemon, key_process, need_key_user, \
    owner_of
from cases_load import is_instrumented, memory
from directories import each_driver, quoted, started
from message import compose, delivered
from milter import Session
from runner import case, settings
from services import MILTER_USER, wait_until, write
from steps import expect, submit

ALICE = "alice@example.net"
QUERY = "SELECT selector, pem AS \"key\", state FROM dkim WHERE domain = $1"
SLACK = 8.0
MANY = 100000		# domains
ENTRY = """\
dn: cn=%(selector)s,dc=example,dc=net
objectClass: mailDomain
cn: %(selector)s
domainName: %(domain)s
accountStatus: %(state)s
description:: %(key)s
"""
LDAP_QUERY = ("dc=example,dc=net?selector=cn,key=description,"
              "state=accountStatus?sub?(&(cn=*)(domainName=$1))")


def new_key(kind, *options):
    return subprocess.run(
        ["openssl", "genpkey", "-algorithm", kind, *options], check=True,
        capture_output=True, text=True).stdout


def make_table(database):
    database.sql("DROP TABLE IF EXISTS dkim; CREATE TABLE dkim (domain "
                 "varchar(255), selector varchar(255), pem text, state "
                 "varchar(20)); CREATE INDEX dkim_domain ON dkim (domain);")
    if database.name == "pgsql":
        database.sql("GRANT SELECT ON dkim TO " + databases.LOGIN)


def add(database, domain, selector, key, state="active"):
    if database.name == "ldap":
        database.modify(ENTRY % {
            "domain": domain, "selector": selector, "state": state,
            "key": base64.b64encode(key.encode()).decode()})
    else:
        database.sql("INSERT INTO dkim VALUES ('%s', '%s', '%s', '%s')" % (
            domain, selector, key, state))


def set_state(database, selector, state):
    database.sql("UPDATE dkim SET state = '%s' WHERE selector = '%s'" % (
        state, selector))


@contextlib.contextmanager
def keys_in(w, cache=0, database=None):
    """millgate with keys in a new table; alice may be anybody."""
    database = database or started(w, "pgsql")
    query = {"pgsql": QUERY, "mysql": QUERY.replace('"', "`"),
             "ldap": LDAP_QUERY}[database.name]
    if database.name != "ldap":
        make_table(database)
    signing = ('signing { keys-database = %s\nkeys-query = %s\n'
               'keys-password-file = %s\nkeys-ca-file = %s }' % (
                   quoted(database.url()), quoted(query),
                   quoted(databases.keys_password_file(w)),
                   quoted(w.pki + "/ca.pem")))
    with settings(w, judges=signing, users='user alice@example.net { senders ='
                  ' {"*"} plan = big }\nplan big { }',
                  top="users-cache = %d\n" % cache):
        yield database


class Signer:
    """A session of alice, in which any author writes."""

    def __init__(self, w):
        self.session = Session(w, **{"{auth_authen}": ALICE})
        self.session.negotiate()
        self.session.answer()
        self.session.greet()

    def close(self):
        self.session.close()

    def sign(self, domain):
        """d= and s= of each signature, as "DOMAIN/SELECTOR"; or the reply."""
        s = self.session
        s.mail("x@" + domain)
        assert s.answer()[0] == b"c"
        s.rcpt("r@elsewhere.example")
        assert s.answer()[0] == b"c"
        s.data([("From", " x@" + domain), ("Subject", " t")], b"Hello.\r\n")
        assert s.answer()[0] == b"c"
        found = []
        while True:
            letter, text = s.answer()
            if letter == b"y":
                return text.rstrip(b"\0").decode()
            if letter not in (b"i", b"h"):
                return sorted(found)
            name, value = text.split(b"\0")[-3:-1] \
                if letter == b"i" else (b"", b"")
            if name.endswith(b"DKIM-Signature"):
                tags = dict(part.strip().split("=", 1) for part in
                            value.decode().split(";") if "=" in part)
                found.append("%s/%s" % (tags["d"], tags["s"]))


def signed(w, domain):
    signer = Signer(w)
    try:
        return signer.sign(domain)
    finally:
        signer.close()


def counts(w):
    return w.ctl("stats", "--json")["keys"]


@case
def keys_of_a_database_sign_and_are_rotated(w):
    author = "x@keys.example"
    with keys_in(w, cache=1) as database:
        lines = list(w.zone_lines)
        add(database, "keys.example", "r1", new_key("RSA"))
        add(database, "keys.example", "e1", new_key("ED25519"))
        add(database, "keys.example", "e2", new_key("ED25519"), "pending")
        try:
            for selector in ("r1", "e1"):
                w.zone_lines.append(w.run_ctl("key", "dns", "keys.example",
                                              selector).stdout)
            w.nsd.restart()
            text = compose(author)
            expect(submit(w, text, ALICE, sender=author), "250")
            found = delivered(w, "elsewhere.example", text)
            assert found.signatures(w) == [
                ("keys.example", "rsa-sha256", True),
                ("keys.example", "ed25519-sha256", True)], found.head
            assert signed(w, "sub.keys.example") == [
                "keys.example/e1", "keys.example/r1"]
            # the pending key waits for its record, and then replaces e1
            w.zone_lines.append(w.run_ctl("key", "dns", "keys.example",
                                          "e2").stdout)
            w.nsd.restart()

            def replaced():
                w.millgate.reload()
                return signed(w, "keys.example") == [
                    "keys.example/e2", "keys.example/r1"]
            wait_until("the pending key signs", replaced, 30)
            listed = w.run_ctl("key", "list", "keys.example").stdout
            assert "pending" in listed and "signs since" in listed and \
                ", in pgsql://" in listed, listed
            checked = w.run_ctl("key", "check", "keys.example")
            assert checked.returncode == 0, checked
            # a change of the state acts within the cache time
            set_state(database, "r1", "retired")
            wait_until("the retired key does not sign",
                       lambda: signed(w, "keys.example") ==
                       ["keys.example/e2"], 1 + SLACK)
        finally:
            w.zone_lines[:] = lines
            w.nsd.restart()


def needles_of(w, keys):
    """What of the keys must not be in the daemon."""
    found = {}
    for n, key in enumerate(keys):
        path = "%s/needle-%d.private" % (w.directory, n)
        write(path, key, 0o600)
        found.update(key_bytes.needles(path))
        os.unlink(path)
    return found


def stay_in_the_key_process(w, keys):
    if is_instrumented(w):	# a sanitizer maps terabytes
        return
    wanted = needles_of(w, keys)
    assert key_bytes.in_process(key_process(w), wanted), wanted.keys()
    found = key_bytes.in_process(w.millgate.process.pid, wanted)
    assert not found, found


@each_driver
def has_keys_that_sign(w, database):
    keys = [new_key("RSA"), new_key("ED25519")]
    with keys_in(w, database=database):
        add(database, "drivers.example", "d1", keys[0])
        add(database, "drivers.example", "d2", keys[1])
        add(database, "drivers.example", "d3", new_key("RSA"), "retired")
        try:
            assert signed(w, "drivers.example") == [
                "drivers.example/d1", "drivers.example/d2"]
            for domain in ("none.example", "x-_.drivers.example.none"):
                assert signed(w, domain) == [], domain
            stay_in_the_key_process(w, keys)
            w.millgate.reload()
            assert len(signed(w, "drivers.example")) == 2
            stay_in_the_key_process(w, keys)
            listed = w.run_ctl("key", "list", "drivers.example")
            assert listed.returncode == 0 and \
                listed.stdout.count(", in " + database.name) == 3, listed
            probed = w.run_ctl("conf", "check", "--probe")
            assert "keys-database" in probed.stdout, probed
        finally:
            if database.name == "ldap":
                for selector in ("d1", "d2", "d3"):
                    database.modify("dn: cn=%s,dc=example,dc=net\n"
                                    "changetype: delete\n" % selector)


@case
def key_fix_gives_the_password_to_the_key_process(w):
    need_key_user()
    path = databases.keys_password_file(w)
    with keys_in(w) as database:
        add(database, "fix.example", "f1", new_key("ED25519"))
        daemon = pwd.getpwnam(MILTER_USER)
        os.chown(path, daemon.pw_uid, daemon.pw_gid)
        try:
            done = w.run_ctl("key", "fix")
            assert done.returncode == 0 and path in done.stdout, done
            assert owner_of(path) == "%s:%s 0600" % (
                isolate.KEY_USER, group_of_daemon()), owner_of(path)
            w.millgate.restart()
            assert signed(w, "fix.example") == ["fix.example/f1"]
        finally:
            os.unlink(path)


@case
def signing_goes_on_while_the_database_of_keys_is_away(w):
    with keys_in(w) as database:
        add(database, "keys.example", "s1", new_key("ED25519"))
        assert signed(w, "keys.example") == ["keys.example/s1"]
        assert signed(w, "none.example") == []
        database.sql("CHECKPOINT")	# kill() loses what is not on the disk
        database.kill()
        assert signed(w, "keys.example") == ["keys.example/s1"]
        assert w.millgate.log_line(keys="stale", signed="1")
        began = time.monotonic()
        reply = signed(w, "other.example")
        assert reply.startswith("451 4.7.0 "), reply
        assert time.monotonic() - began < 1 + SLACK
        line = wait_until("the reason is logged", lambda: w.millgate.log_line(
            reply='"451 4.7.0"'))
        assert "keys-error=" in line, line
        # the reload loses nothing, and a domain without keys is remembered
        w.millgate.reload()
        assert signed(w, "keys.example") == ["keys.example/s1"]
        assert signed(w, "none.example") == []
        # through Postfix, the client is told to try again
        expect(submit(w, compose("x@other.example"), ALICE,
                      sender="x@other.example"), "451 4.7.0")
        explained = w.run_ctl("user", "explain", "erin@example.net")
        assert explained.returncode == 0, explained
        database.ensure()
        wait_until("the keys are read again",
                   lambda: signed(w, "other.example") == [], 30)
        # frozen: it accepts connections and is silent
        database.freeze()
        try:
            began = time.monotonic()
            assert signed(w, "keys.example") == ["keys.example/s1"]
            reply = signed(w, "third.example")
            assert reply.startswith("451 4.7.0 "), reply
            assert time.monotonic() - began < 2 + SLACK
        finally:
            database.thaw()
        wait_until("the keys are read again",
                   lambda: signed(w, "third.example") == [], 30)
        assert counts(w)["stale"] >= 3, counts(w)


@case
def a_bad_row_of_the_database_of_keys_is_refused(w):
    with keys_in(w) as database:
        key = new_key("ED25519")
        add(database, "mixed.example", "good", key)
        add(database, "mixed.example", "bad", "SECRET-TEXT")
        add(database, "bad.example", "s1", key[:60] + "SECRET-TEXT")
        add(database, "short.example", "s1", new_key(
            "RSA", "-pkeyopt", "rsa_keygen_bits:768"))
        assert signed(w, "mixed.example") == ["mixed.example/good"]
        line = w.millgate.log_line(event="key-refused",
                                   domain="mixed.example")
        assert "selector=bad" in line and "reason=" in line, line
        for domain in ("bad.example", "short.example"):
            reply = signed(w, domain)
            assert reply.startswith("451 4.7.0 "), reply
        assert "less than 1024 bits" in w.millgate.log_line(
            event="key-refused", domain="short.example")
        assert "SECRET-TEXT" not in w.millgate.log_text()
        listed = w.run_ctl("key", "list", "mixed.example")
        assert listed.returncode == 1 and "unusable" in listed.stdout and \
            "active, in pgsql://" in listed.stdout, listed
        # a name that is not a domain is a value like any other
        database.sql("ALTER TABLE dkim DROP COLUMN state")
        reply = signed(w, "new.example")
        assert reply.startswith("451 4.7.0 "), reply
        # what was good goes on
        assert signed(w, "mixed.example") == ["mixed.example/good"]


@case
def of_100000_domains_only_those_in_use_are_in_memory(w):
    with keys_in(w, cache=3600) as database:
        database.sql(
            "INSERT INTO dkim SELECT 'd' || n || '.example', 's', '%s', NULL "
            "FROM generate_series(1, %d) AS n; ANALYZE dkim" % (
                new_key("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), MANY))
        signer = Signer(w)
        domains = ["d%d.example" % n for n in range(1, MANY, MANY // 1000)]
        assert signer.sign(domains[0]) == [domains[0] + "/s"]
        before = memory(w)
        began = time.monotonic()
        for domain in domains:
            assert signer.sign(domain) == [domain + "/s"]
        first = time.monotonic() - began
        asked = counts(w)["asked"]
        assert asked == len(domains), asked	# one lookup for each
        began = time.monotonic()
        for domain in domains:
            assert signer.sign(domain) == [domain + "/s"]
        again = time.monotonic() - began
        now = counts(w)
        assert now["asked"] == asked and now["domains"] == len(domains), now
        grown = memory(w) - before
        print("# %d of %d domains: first message %.2f ms, next %.2f ms, "
              "%.1f KB a domain" % (
                  len(domains), MANY, first * 1e3 / len(domains),
                  again * 1e3 / len(domains), grown / 1024 / len(domains)))
        signer.close()
