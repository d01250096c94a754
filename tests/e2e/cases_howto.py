"""The recipes of millgate-howto(7) about limits, keys and several hosts."""

import contextlib
import glob
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time

import isolate
import programs
import services
from cases_local import sendmail
from cases_recipes import ALICE, STRICT
from cases_submission import signed_by_both
from message import compose, delivered, sign, was_delivered
from recipes import (Elsewhere, block, main_cf, millgate_conf, millgate_with,
                     postfix_with, run, says)
from runner import Skip, case
from services import OTHER_ADDRESS, wait_until
from smtp import queue_id
from steps import arrive, expect, log_line, submission, submit
from world import HONEST, STRANGER
import smtp

ACME, INFO, CAROL = ("alice@acme.example", "info@acme.example",
                     "carol@zenith.example")
LIST, FORWARDER = "watching.example", "203.0.113.7"


def to(n):
    return ["r%d@elsewhere.example" % i for i in range(n)]


def selectors(found):
    return {part.strip()[2:] for value in found.all("DKIM-Signature")
            for part in value.split(";") if part.strip().startswith("s=")}


@contextlib.contextmanager
def key_of(w, domain, selector=None):
    """Remove the key that the case makes, and its record."""
    lines = list(w.zone_lines)
    try:
        yield
    finally:
        if selector is None:
            shutil.rmtree(os.path.join(w.keys, domain), ignore_errors=True)
        else:
            place = os.path.join(w.keys, domain)
            for name in os.listdir(place):
                if name.startswith(selector + ".") or \
                        name.endswith(".retired"):
                    os.unlink(os.path.join(place, name))
        w.zone_lines[:] = lines
        w.nsd.restart()


def publish(w, domain, *args):
    w.zone_lines.append(w.run_ctl("key", "dns", domain, *args).stdout)
    w.nsd.restart()


# --- hosting and limits


def make_users(w):
    path = os.path.join(w.millgate.directory, "users.db")
    base = sqlite3.connect(path)
    base.executescript(block("hosting", "users.sql"))
    base.close()
    os.chmod(path, 0o644)
    return path


@case
def customers_have_their_own_users_limits_and_keys(w):
    path = make_users(w)
    with key_of(w, "acme.example"), \
            millgate_with(w, millgate_conf(w, "hosting")):
        record = run(w, "hosting", "new key")
        assert "v=DKIM1" in record, record
        publish(w, "acme.example")
        run(w, "hosting", "activate")

        def signed():
            text = compose(ACME)
            expect(submit(w, text, ACME), "250")
            return delivered(w, "elsewhere.example", text).signatures(w)
        wait_until("the key of the customer signs",
                   lambda: signed() == [("acme.example", "rsa-sha256", True)])
        w.ctl("quota", "reset", "group acme", "--json")
        w.ctl("quota", "reset", ACME, "--json")
        signed()
        says(w, "hosting", "log of a message")
        said = run(w, "hosting", "check")
        assert "acme" in said and "1000" in said, said

        # a login is bound to its addresses
        expect(submit(w, compose(CAROL), ACME, sender=CAROL), "550 5.7.1 ")
        says(w, "hosting", "log of a refusal")
        sales = "sales@acme.example"
        expect(submit(w, compose(sales), INFO, sender=sales), "250")
        expect(submit(w, compose(sales), ACME, sender=sales), "550 5.7.1 ")
        expect(submit(w, compose(ALICE), ALICE), "550 5.7.1 ")
        text = compose(CAROL)
        reply = submit(w, text, CAROL)
        expect(reply, "250")
        assert " plan=standard quota=1/1500 groups=zenith:1/20000" in \
            log_line(w, reply), log_line(w, reply)

        # the limit of the customer is that of all its logins
        w.ctl("quota", "set", "group acme", "--recipients", "4", "--json")
        expect(submit(w, compose(INFO), INFO, recipients=to(2)), "250")
        expect(submit(w, compose(ACME), ACME), "451 4.7.1 ")
    os.unlink(path)


@case
def a_plan_has_the_limits_of_the_price_list(w):
    with postfix_with(w, main=main_cf(w, "sold")), \
            millgate_with(w, millgate_conf(w, "sold")):
        expect(submit(w, compose(ALICE), ALICE), "250")
        says(w, "sold", "log of a message")
        with submission(w, ALICE) as client:
            expect(client.mail(ALICE), "250")
            for recipient in to(100):
                expect(client.rcpt(recipient), "250")
            expect(client.rcpt("one@elsewhere.example"), "452 4.5.3 Too many "
                   "recipients for %s: plan gold allows 100 " % ALICE)
            says(w, "sold", "log of a recipient")
            client.command("RSET")
            expect(client.mail(ALICE, " SIZE=%d" % (25 << 20)), "250")
            client.command("RSET")
            expect(client.mail(ALICE, " SIZE=%d" % ((25 << 20) + 1)),
                   "552 5.3.4 Message too large for " + ALICE)
            says(w, "sold", "log of a large message")
        said = run(w, "sold", "raise")
        assert " 1/10000 " in said and " 1/20000 " in said and \
            "  set until 20" in said and said.rstrip().endswith(
                " 00:00:00 UTC (configured: 10000 recipients)"), said
        bob = "bob@example.net"		# has the default plan
        with submission(w, bob) as client:
            expect(client.mail(bob), "250")
            for recipient in to(10):
                expect(client.rcpt(recipient), "250")
            expect(client.rcpt("one@elsewhere.example"), "451 4.7.1 Quota "
                   "exceeded for %s: plan bronze allows 10 recipients a "
                   "minute; the next one fits at " % bob)


def make_warning(w):
    """The program of notify-command; the file that it writes."""
    d = w.millgate.directory
    services.write(d + "/millgate-warning",
                   block("customer", "millgate-warning").replace(
                       "/var/lib/millgate", d), 0o755)
    path = d + "/warnings"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return path


def lines_of(path):
    try:
        with open(path) as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def burst(n):
    return ["r%d@burst.example" % i for i in range(n)]


@case
def a_customer_is_warned_and_gets_a_higher_limit(w):
    path = make_warning(w)
    with millgate_with(w, millgate_conf(w, "customer")):
        expect(submit(w, compose(INFO), INFO, recipients=burst(799)), "250")
        expect(submit(w, compose(ACME), ACME, recipients=burst(401)), "250")
        says(w, "customer", "log of a warning")
        said = wait_until("the program has run", lambda: lines_of(path))
        assert said == ["quota-warning: acme 1200 of 1500 recipients per hour,"
                        " last by %s" % ACME], said
        assert sent_by_cron(w) == said
        expect(submit(w, compose(ACME), ACME, recipients=burst(300)), "250")
        expect(submit(w, compose(ACME), ACME), "451 4.7.1 ")
        says(w, "customer", "log of a refusal")
        wait_until("the second warning", lambda: lines_of(path))
        said = run(w, "customer", "raise")
        assert "5000" in said, said
        expect(submit(w, compose(ACME), ACME), "250")
        says(w, "customer", "log of the new limit")
        run(w, "customer", "return")
        reply = submit(w, compose(ACME), ACME)
        expect(reply, "250")
        assert " groups=acme:1/1500 " in log_line(w, reply)
    w.settle(120)


def sent_by_cron(w):
    """What the cron job prints; the second time, it prints nothing."""
    command = block("customer", "cron").partition(" millgate ")[2].replace(
        "/var/lib/millgate", w.millgate.directory)
    first, second = (subprocess.run(["sh", "-c", command],
                                    capture_output=True, text=True)
                     for _ in range(2))
    assert second.stdout == second.stderr == "", second
    return first.stdout.splitlines()


@case
def a_stolen_account_is_blocked_looked_at_and_unblocked(w):
    path = make_warning(w)
    waits = "transport_maps = inline:{ slow.example=smtp:[127.0.0.1]:9 }\n"
    others = set(w.queue())
    with millgate_with(w, millgate_conf(w, "stolen")), \
            postfix_with(w, main=waits):
        for n in range(5):
            expect(submit(w, compose(ALICE), address="192.0.%d.7" % n,
                          recipients="r@slow.example"), "250")
        reply = submit(w, compose(ALICE), address="198.51.100.7")
        expect(reply, "451 4.7.1 ")
        says(w, "stolen", "log of the alarm")
        says(w, "stolen", "log of a refusal")
        said = wait_until("the program has run", lambda: lines_of(path))
        assert said[0].startswith("fuse-networks: %s 6 of 5 " % ALICE), said
        text = compose("bob@example.net")
        other = submit(w, text, "bob@example.net",
                       recipients="r@slow.example")
        expect(other, "250")

        said = run(w, "stolen", "look")
        assert "event=fuse-networks" in said, said
        assert "blocked" in said.splitlines()[0] + said.splitlines()[1], said
        with submission(w, ALICE) as client:
            w.settle()
            assert len(set(w.queue()) - others) == 6, w.queue()
            run(w, "stolen", "block")
            assert set(w.queue()) - others == {queue_id(other)}, w.queue()
            reply = client.mail(ALICE)
            expect(reply, "550 5.7.1 ")
            assert "your password was stolen" in reply.text, reply
        run(w, "stolen", "unblock")
        expect(submit(w, compose(ALICE)), "250")
        w.postfix.command("postsuper", "-d", queue_id(other))


# --- keys


@contextlib.contextmanager
def files_kept(place):
    """Put the files back that the case changes or removes."""
    before = {path: (open(path).read(), os.stat(path))
              for path in glob.glob(place + "/*")}
    try:
        yield
    finally:
        for path, (text, st) in before.items():
            services.write(path, text, st.st_mode & 0o7777)
            os.chown(path, st.st_uid, st.st_gid)


@case
def a_key_is_replaced_without_a_message_unsigned(w):
    domain, old = "example.net", "rsa2026"
    place = os.path.join(w.keys, domain)

    def signing():
        text = compose(ALICE)
        expect(submit(w, text), "250")
        found = delivered(w, "elsewhere.example", text)
        assert all(good for _, _, good in found.signatures(w)), found.head
        return selectors(found)
    with millgate_with(w, millgate_conf(w, "keys")), \
            key_of(w, domain, "2027a"), files_kept(place):
        record = run(w, "keys", "new")
        assert "2027a._domainkey" in record, record
        assert signing() == {old, "ed2026"}
        publish(w, domain, "2027a")
        said = run(w, "keys", "publish")
        assert "2027a._domainkey" in said, said

        def seen():
            w.millgate.reload()
            return signing() == {"2027a", "ed2026"}
        wait_until("the new key signs", seen, 30)
        listed = run(w, "keys", "activate")
        assert "retired" in listed, listed
        assert signing() == {"2027a", "ed2026"}
        says(w, "keys", "log")
        run(w, "keys", "prune")
        assert os.path.exists(os.path.join(place, old + ".private"))
        # two weeks later
        retired = os.path.join(place, old + ".retired")
        then = time.time() - 15 * 86400
        os.utime(retired, (then, then))
        said = run(w, "keys", "prune")
        assert old + "._domainkey" in said, said
        assert not os.path.exists(os.path.join(place, old + ".private"))


@contextlib.contextmanager
def token_of(w):
    """SoftHSM with an empty place for tokens, which millgate's user owns."""
    if not shutil.which("softhsm2-util") or subprocess.run(
            ["openssl", "engine", "pkcs11"], capture_output=True).returncode:
        raise Skip("softhsm2 or libengine-pkcs11-openssl is missing")
    place = os.path.join(w.directory, "softhsm")
    os.makedirs(place + "/tokens")
    shutil.chown(place + "/tokens", services.MILTER_USER)
    os.chmod(place, 0o755)
    paths = {"SOFTHSM2_CONF": place + "/softhsm2.conf",
             "OPENSSL_CONF": place + "/openssl.cnf"}
    services.write(paths["SOFTHSM2_CONF"],
                   "directories.tokendir = %s/tokens\n" % place)
    services.write(paths["OPENSSL_CONF"], "openssl_conf = openssl_init\n" +
                   block("token", "openssl.cnf"))
    os.environ.update(paths)
    try:
        yield place
    finally:
        for name in paths:
            del os.environ[name]
        shutil.rmtree(place)


@case
def a_key_in_a_token_signs(w):
    domain, selector = "example.net", "2027t"
    path = os.path.join(w.keys, domain, selector + ".private")
    with token_of(w) as place, key_of(w, domain, selector), \
            files_kept(os.path.dirname(path)):
        run(w, "token", "make")
        for directory, _, files in os.walk(place + "/tokens"):
            for name in ["."] + files:
                shutil.chown(os.path.join(directory, name),
                             isolate.KEY_USER if isolate.isolated() else
                             services.MILTER_USER)
        st = os.stat(os.path.join(w.keys, domain, "rsa2026.private"))
        services.write(path, block("token", "key"), st.st_mode & 0o7777)
        os.chown(path, st.st_uid, st.st_gid)
        for name in ("rsa2026", "ed2026"):
            os.unlink(os.path.join(w.keys, domain, name + ".private"))
        with millgate_with(w, millgate_conf(w, "token")):
            said = run(w, "token", "check")
            assert "2027t._domainkey" in said and "RSA" in said.upper(), said
            publish(w, domain, selector)
            text = compose(ALICE)
            expect(submit(w, text), "250")
            found = delivered(w, "elsewhere.example", text)
            assert found.signatures(w) == [(domain, "rsa-sha256", True)], \
                found.head
            assert selectors(found) == {selector}, found.head


# --- other hosts


@case
def lists_and_forwarders_are_accepted_in_spite_of_dmarc(w):
    places = (("lists.example.com", LIST),)
    forward = ("virtual_alias_maps = inline:{ forward@example.net="
               "r@elsewhere.example }\n")
    with millgate_with(w, millgate_conf(w, "lists", places=places)), \
            postfix_with(w, main=forward):
        text = compose(STRICT, subject="[list] A letter")
        expect(arrive(w, text, "list-bounces@" + LIST, STRANGER),
               "550 5.7.1 ")
        found = run(w, "lists", "find")
        assert "list-bounces@" + LIST in found, found
        text = sign(w, text, LIST)
        expect(arrive(w, text, "list-bounces@" + LIST, STRANGER), "250")
        says(w, "lists", "log of a list")
        found = delivered(w, "example.net", text)
        assert "override=local_policy lists: mailing list" in \
            found.one("Authentication-Results"), found.head
        # the forwarder is one for alice only
        text = compose(STRICT)
        expect(arrive(w, text, STRICT, FORWARDER), "550 5.7.1 ")
        expect(arrive(w, text, STRICT, FORWARDER, recipients=ALICE), "250")
        says(w, "lists", "log of a forwarder")
        # what is forwarded to another site keeps its signature
        text = sign(w, compose(STRICT), "strict.example")
        expect(arrive(w, text, STRICT, HONEST,
                      recipients="forward@example.net"), "250")
        found = delivered(w, "elsewhere.example", text)
        assert found.signatures(w) == [
            ("strict.example", "rsa-sha256", True)], found.head


@case
def a_backup_mx_judges_and_the_first_mx_trusts_it(w):
    backup = w.second_postfix
    w.second.text = millgate_conf(
        w, "backup", "millgate.conf of the backup").replace(
            "/recipe.db", "/backup.db").replace("/state.db-", "/backup.db-")
    hop = main_cf(w, "backup", "main.cf of the backup")
    for page, ours in (("hash:/etc/postfix/relay_recipients",
                        "inline:{ bob@example.net=x }"),
                       ("example.org", "example.net"),
                       ("[mx.example.net]", "[%s]:%d" % (
                           w.address, w.port["return"]))):
        assert page in hop, page
        hop = hop.replace(page, ours)
    backup.extra = hop + ("virtual_mailbox_domains =\nmyhostname = "
                          "mx2.example.net\nsmtp_bind_address = %s\n" %
                          OTHER_ADDRESS)
    backup.milter = "inet:%s:%d" % (w.address, w.port["milter2"])
    there = Elsewhere(w, address=OTHER_ADDRESS)
    # on port 25 of this host, Postfix would see a loop
    first = millgate_conf(w, "backup", places=(
        ("192.0.2.26", OTHER_ADDRESS), ("ports = {25}", "ports = {25, 10025}")))
    again = "%s:%d inet n - n - - smtpd\n" % (w.address, w.port["return"])
    try:
        w.second.start()
        backup.start()
        with millgate_with(w, first), postfix_with(w, master=again):
            expect(arrive(there, compose(STRICT), STRICT, STRANGER),
                   "550 5.7.1 ")
            line = log_of(w.second, block("backup", "log of the backup"))
            assert STRANGER in line, line
            reply = arrive(there, compose(STRICT), STRICT, HONEST,
                           recipients="nobody@example.net")
            expect(reply, "550 5.1.1 ")
            text = compose(STRICT)
            expect(arrive(there, text, STRICT, HONEST), "250")
            found = delivered(w, "example.net", text)
            top, below = found.all("Authentication-Results")
            assert top.startswith("mx.example.net;"), found.head
            assert below.startswith("mx2.example.net;"), found.head
            assert "dmarc=pass" in below and "dmarc=fail" in top, found.head
            log_of(w.millgate, block("backup", "log of the first MX").replace(
                "192.0.2.26", OTHER_ADDRESS))
        # without trusted-networks, the same message is lost
        with millgate_with(w, first.replace("\ntrusted-networks", "\n#")):
            expect(arrive(w, compose(STRICT), STRICT, OTHER_ADDRESS),
                   "550 5.7.1 ")
    finally:
        backup.stop()
        backup.extra, backup.milter = "", None
        w.second.stop()
        w.second.text = None


def log_of(millgate, words):
    return wait_until("log line with " + words, lambda: next(
        (line for line in millgate.log_text().splitlines()
         if set(words.split()) <= set(line.split())), None))


class Redis(services.Redis):
    """The server of the recipe, with its TLS, its user and nobody else."""

    PASSWORD = "correct-horse-battery-staple"

    def configure(self):
        w, d = self.world, self.directory
        path = w.make_certificate("redis", "/CN=redis.example.net", "ca",
                                  "subjectAltName=IP:%s\n" % w.address)
        conf = block("redis", "redis.conf")
        for page, ours in (("192.0.2.40", w.address),
                           ("tls-port 6379", "tls-port %d" %
                            w.port["redis"]),
                           ("/etc/redis/server", path),
                           ("/etc/redis/ca.pem", w.pki + "/ca.pem"),
                           ("/etc/redis", d)):
            assert page in conf, page
            conf = conf.replace(page, ours)
        services.write(d + "/redis.conf", conf + 'dir %s\n' % d)
        services.write(d + "/users.acl", block(
            "redis", "users.acl").replace("PASSWORD", self.PASSWORD).replace(
                "\\\n    ", ""))

    def argv(self):
        return [programs.find("redis-server"), self.directory + "/redis.conf"]

    def say(self, *lines):
        """The first word of the reply to each line."""
        context = ssl.create_default_context(cafile=self.world.pki + "/ca.pem")
        with socket.create_connection((self.world.address, self.world.port[
                "redis"]), 10) as s, context.wrap_socket(
                    s, server_hostname=self.world.address) as tls, \
                tls.makefile("rwb") as f:
            for line in lines:
                f.write(line.encode() + b"\r\n")
                f.flush()
                yield f.readline().decode().split()[0]


@contextlib.contextmanager
def redis_of_the_recipe(w):
    try:
        programs.find("redis-server")
    except programs.Missing as why:
        raise Skip(why)
    server, d = Redis(w), w.millgate.directory
    services.write(d + "/redis.password", server.PASSWORD + "\n", 0o640)
    shutil.chown(d + "/redis.password", services.MILTER_USER)
    shutil.copy(w.pki + "/ca.pem", d + "/redis-ca.pem")
    conf = millgate_conf(w, "redis", places=(
        ("redis.example.net:6379", "%s:%d" % (w.address, w.port["redis"])),))
    w.second.text = conf + 'control-socket = "none"\n'
    try:
        server.start()
        with millgate_with(w, conf + 'control-socket = "none"\n'):
            w.second.start()
            yield server
    finally:
        w.second.stop()
        w.second.text = None
        server.stop()


@case
def relays_share_one_redis_with_password_tls_and_acl(w):
    with redis_of_the_recipe(w) as server:
        assert list(server.say("PING")) == ["-NOAUTH"]
        login = "AUTH millgate " + server.PASSWORD
        assert list(server.say(
            "AUTH millgate wrong", login, "GET millgate:x", "HSET other x 1",
            "KEYS *", "FLUSHALL", "SELECT 0")) == [
                "-WRONGPASS", "+OK", "-NOPERM", "-NOPERM", "-NOPERM",
                "-NOPERM", "+OK"]
        for port in ("second", "submission"):
            text = compose(ALICE)
            reply = submit(w, text, port=port)
            expect(reply, "250")
            signed_by_both(w, text)
        assert says(w, "redis", "log of a message") == log_line(w, reply)
        shown = run(w, "redis", "check")
        assert ALICE in shown and "2" in shown.split(), shown

        run(w, "redis", "block")
        for port in ("submission", "second"):
            expect(submit(w, compose(ALICE), port=port), "451 4.7.1 ")
        run(w, "redis", "unblock")
        w.ctl("quota", "set", ALICE, "--recipients", "3", "--json")
        for want, port in (("250", "second"), ("451 4.7.1 ", "submission")):
            expect(submit(w, compose(ALICE), port=port), want)
        w.ctl("quota", "reset", ALICE, "--json")
        w.ctl("quota", "set", ALICE, "--recipients", "default", "--json")
        expect(submit(w, compose(ALICE), port="second"), "250")
        for daemon in (w.millgate, w.second):
            assert "NOPERM" not in daemon.log_text()

        # a wrong password: submissions wait, inbound mail goes on
        services.write(w.millgate.directory + "/redis.password", "old\n",
                       0o640)
        w.millgate.restart()
        expect(submit(w, compose(ALICE)), "451 4.3.0 ")
        assert "WRONGPASS" in says(w, "redis", "log of a failure")
        expect(arrive(w, compose(STRICT), STRICT, HONEST), "250")
