"""Users in PostgreSQL, MariaDB and LDAP: real servers, all their failures."""

import base64
import contextlib
import signal
import socket
import socketserver
import threading
import time

import databases
import directories
import faulty
import isolate
import milter
from databases import OTHER_NAME
from directories import (BOB, CAROL, LEO, SALES, accepted, ask, deferred,
                         each_driver, each_sql_driver, recovers, refused,
                         through_a_proxy, using)
from message import compose
from runner import Skip, case, settings
from services import wait_until
from steps import arrive, expect, given_back, log_line, submit


class Echo(socketserver.BaseRequestHandler):
    """Answers each line with "answer to " and the line."""

    def handle(self):
        with contextlib.suppress(ConnectionError):
            for line in self.request.makefile("rb"):
                self.request.sendall(b"answer to " + line)


def said(place, *lines, seconds=5.0):
    """What the server answers to the lines; RST is "reset"."""
    try:
        with socket.create_connection(place, timeout=seconds) as s:
            s.sendall(b"".join(lines))
            answer = b""
            while answer.count(b"\n") < len(lines):
                more = s.recv(1000)
                if not more:
                    break
                answer += more
            return answer
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "nothing"


@case
def the_proxy_of_these_cases_fails_as_it_is_told(w):
    place = w.address, w.port["faulty"]
    server = socketserver.ThreadingTCPServer((w.address, 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with faulty.Faulty(place, server.server_address, "refuse") as proxy:
        assert said(place, b"a\n") == "refused"
        proxy.behave("pass")
        assert said(place, b"a\n", b"b\n") == b"answer to a\nanswer to b\n"
        proxy.behave("silent")
        assert said(place, b"a\n", seconds=0.2) == "nothing"
        proxy.behave("drip", pause=0.001)
        assert said(place, b"a\n") == b"answer to a\n"
        proxy.behave("garbage")
        noise = said(place, b"a\n", seconds=0.2)
        assert noise != b"answer to a\n", noise
        proxy.behave("cut", after=6)
        with socket.create_connection(place, timeout=10) as s:
            s.sendall(b"a\n")
            got = b""
            try:
                while len(got) < 6:
                    got += s.recv(6 - len(got))
                s.recv(1)
                ended = "closed"
            except ConnectionResetError:
                ended = "reset"
        assert ended == "reset" and b"answer".startswith(got), (got, ended)
        proxy.behave("pass")
        with socket.create_connection(place, timeout=10) as s:
            s.sendall(b"a\n")
            wait_until("an answer", lambda: s.recv(12))
            proxy.behave("refuse")
            try:
                ended = s.recv(1) == b""
            except ConnectionResetError:
                ended = True
            assert ended
        assert said(place, b"a\n") == "refused"
    server.shutdown()
    server.server_close()


# --- the failure matrix: each driver, each failure -------------------------

def urls(database):
    """Each way to the server: TLS, its unix socket, and TCP without TLS."""
    yield database.url()
    yield database.socket_url()
    yield database.url(options="?tls=no")
    if database.name == "ldap":
        yield database.url(database.tls_place(), scheme="ldaps")


@each_driver
def finds_users_with_tls_and_through_its_socket(w, database):
    for url in urls(database):
        with using(w, database, url=url):
            accepted(w)
            refused(w, LEO, BOB)
            refused(w, CAROL, CAROL)
            # and through Postfix
            reply = submit(w, compose(SALES), LEO, sender=SALES)
            expect(reply, "250")
            log_line(w, reply)
            expect(submit(w, compose(CAROL), CAROL), "550 5.7.1 ")


@each_driver
def refuses_connections_and_mail_is_deferred(w, database):
    with through_a_proxy(w, database) as proxy:
        proxy.behave("refuse")
        deferred(w, "refused", "can't connect", "contact")
        expect(submit(w, compose(SALES), LEO, sender=SALES), "451 4.3.0 ")
        proxy.behave("pass")
        recovers(w)


@each_driver
def is_silent_and_mail_is_deferred_in_time(w, database):
    with through_a_proxy(w, database) as proxy:
        proxy.behave("silent")
        deferred(w, "no answer", "timed out", "timeout", "second", " ms")
        # connections that are made now are accepted, and nothing follows
        deferred(w, "no answer", "timed out", "timeout", "second", " ms",
                 "failed")
        proxy.behave("pass")
        recovers(w)


@each_driver
def resets_in_the_middle_of_an_answer(w, database):
    with through_a_proxy(w, database) as proxy:
        before = proxy.accepted
        proxy.behave("cut", after=20)
        deferred(w, "connection", "connect to", "reset", "lost", "closed",
                 "eof", "contact", "gone", "connect error")
        # the answer was cut, and so is each attempt to connect again
        assert proxy.accepted > before or before == 0, proxy.accepted
        proxy.behave("pass")
        recovers(w)


@case
def a_silent_server_does_not_delay_the_start(w):
    """Nor a reload; it would take users-timeout for each database."""
    directories.need_drivers(w, "pgsql")
    with socket.create_server((w.address, 0)) as silent:
        options = 'users-database = "pgsql://millgate@%s:%d/mail?tls=no"\n' \
            'users-query = "SELECT plan FROM users WHERE login = $1"\n' \
            'users-timeout = 60000\n' % silent.getsockname()[:2]
        began = time.monotonic()
        with settings(w, top=options):
            before = len(w.millgate.log_text())
            text = compose("joe@plain.example")
            expect(arrive(w, text, "joe@plain.example"), "250")
            w.millgate.send(signal.SIGHUP)
            wait_until("reloaded", lambda: "reloaded " in
                       w.millgate.log_text()[before:], 30)
            took = time.monotonic() - began
        assert took < 40, took
        silent.settimeout(10)
        silent.accept()[0].close()	# it was asked


@each_driver
def sends_an_answer_octet_by_octet(w, database):
    with through_a_proxy(w, database) as proxy:
        proxy.behave("drip", pause=0.05)
        deferred(w, "no answer", "timed out", "timeout", "second", " ms")
        proxy.behave("pass")
        recovers(w)


@each_driver
def sends_garbage_and_mail_is_deferred(w, database):
    for options in ("", "?tls=no"):
        with through_a_proxy(w, database, url=None if not options else
                             database.url("%s:%d" % (
                                 w.address, w.port["faulty"]), options)
                             ) as proxy:
            proxy.behave("garbage")
            deferred(w, "")
            deferred(w, "")
            proxy.behave("pass")
            recovers(w)


@each_driver
def does_not_accept_the_password(w, database):
    wrong = directories.other_password(w, "wrong")
    with using(w, database, users_password_file='"%s"' % wrong):
        why = deferred(w, "password", "denied", "credentials")
        assert "wrong" not in why.split(), why
        assert databases.PASSWORD not in w.millgate.log_text()
        # the file is read again for the next connection
        directories.other_password(w, databases.PASSWORD)
        recovers(w)


@each_sql_driver
def loses_the_table(w, database):
    with using(w, database):
        accepted(w)
        database.sql("ALTER TABLE users RENAME TO users_away")
        try:
            deferred(w, "users")
            deferred(w, "users")
        finally:
            database.sql("ALTER TABLE users_away RENAME TO users")
        recovers(w)


@case
def ldap_loses_the_search_base(w):
    database = directories.started(w, "ldap")
    query = directories.LDAP.replace("o=domains", "o=elsewhere")
    with using(w, database, query=query):
        # as Postfix: nobody is below a base that does not exist, or an error
        answer = ask(w)
        assert answer.text[:3] in ("451", "550"), answer


@each_sql_driver
def changes_its_schema_and_mail_goes_on(w, database):
    with using(w, database):
        accepted(w)
        # the result of the prepared statement has another type now
        database.sql("ALTER TABLE users ADD COLUMN note varchar(9)")
        accepted(w)
        if database.name == "pgsql":
            database.sql("ALTER TABLE users ALTER COLUMN senders "
                         "TYPE varchar(500)")
        else:
            database.sql("ALTER TABLE users MODIFY senders varchar(500)")
        try:
            accepted(w)
            database.sql("ALTER TABLE users RENAME COLUMN senders TO gone")
            deferred(w, "senders")
            database.sql("ALTER TABLE users RENAME COLUMN gone TO senders")
            recovers(w)
        finally:
            database.sql("ALTER TABLE users DROP COLUMN note")


def need_names():
    if not isolate.isolated():
        raise Skip("needs a name server of its own")


@each_driver
def has_a_certificate_for_another_name(w, database):
    need_names()
    with using(w, database, host=database.place("db.example.net")):
        accepted(w)
    with using(w, database, host=database.place(OTHER_NAME)):
        deferred(w, "certificate", "tls", "ssl")
    # of another authority
    with using(w, database, users_ca_file='"%s/partner.pem"' % w.pki):
        deferred(w, "certificate", "tls", "ssl")
    # verification is the default: without a CA file the system's are used
    with using(w, database, users_ca_file=None):
        deferred(w, "certificate", "tls", "ssl")
    with using(w, database, url=database.url(
            database.place(OTHER_NAME), "?tls=no")):
        accepted(w)


@each_driver
def has_a_second_host(w, database):
    place = w.address, w.port["faulty"]
    hosts = "%s:%d,%s" % (*place, database.place())
    with faulty.Faulty(place, (w.address, database.port())) as proxy, \
            using(w, database, host=hosts):
        accepted(w)
        proxy.behave("refuse")
        accepted(w)
        accepted(w)
        # and one that is silent takes a part of the time only
        proxy.behave("silent")
        recovers(w)
        proxy.behave("garbage")
        recovers(w)


@each_driver
def has_a_second_host_with_the_right_certificate(w, database):
    need_names()
    hosts = "%s,%s" % (database.place(OTHER_NAME),
                       database.place("db.example.net"))
    with using(w, database, host=hosts):
        accepted(w)
        accepted(w)


@case
def pgsql_sees_connections_with_tls(w):
    database = directories.started(w, "pgsql")
    for options, ssl in (("", "t\n"), ("?tls=no", "f\n")):
        with using(w, database, url=database.url(options=options)):
            accepted(w)
            said = database.sql(
                "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity "
                "USING (pid) WHERE usename = '%s'" % databases.LOGIN)
            assert said == ssl, (options, said)


@case
def mysql_may_require_tls(w):
    database = directories.started(w, "mysql")
    user = "ALTER USER %s@'%%' REQUIRE " % databases.LOGIN
    database.sql(user + "SSL")
    try:
        with using(w, database):
            accepted(w)
        with using(w, database, url=database.url(options="?tls=no")):
            deferred(w, "denied", "ssl", "tls")
    finally:
        database.sql(user + "NONE")


# --- what goes on when a server fails --------------------------------------

@each_driver
def is_restarted_and_mail_goes_on(w, database):
    with using(w, database):
        accepted(w)
        database.restart()
        recovers(w)
        database.kill()
        deferred(w, "")
        database.start()
        recovers(w)


def begin_all(w, senders):
    """
    A session of each login in (login, sender) begins a message, all at once.
    libmilter may give several of them to one thread.
    """
    sessions = [milter.Session(w, **{"{auth_authen}": login})
                for login, _ in senders]
    for session, (_, sender) in zip(sessions, senders):
        session.negotiate()
        session.greet()
        session.mail(sender)
    return sessions


@each_driver
def is_frozen_and_other_mail_goes_on(w, database):
    # bob has a user section, so his mail needs no database
    with using(w, database, users_timeout=30000):
        accepted(w)
        given_back(w)
        database.freeze()
        try:
            began = time.monotonic()
            sessions = begin_all(w, 10 * (3 * [(LEO, SALES)] + [(BOB, BOB)]))
            others = sessions[3::4]
            letters = [other.answer()[0] for other in others] + \
                [other.answer()[0] for other in others]
            took = time.monotonic() - began
            assert letters == 10 * [b"O"] + 10 * [b"c"], letters
            # answered while thirty others wait for the database
            assert took < 20, "took %.1f s" % took
            wait_until("the others wait", lambda: w.ctl(
                "stats", "--json")["open_messages"] == 40)
            accepted(w, BOB, BOB)
        finally:
            database.thaw()
        waiting = [s for n, s in enumerate(sessions) if n % 4 < 3]
        letters = [(session.answer()[0], session.answer()[0])
                   for session in waiting]
        for session in sessions:
            session.close()
        assert set(letters) <= {(b"O", b"c"), (b"O", b"y")}, letters
        recovers(w)


@each_driver
def is_away_and_known_logins_go_on(w, database):
    with through_a_proxy(w, database, users_cache=1, users_stale=3600) as proxy:
        proxy.behave("refuse")
        wait_until("an old answer is used", lambda: accepted(w) and
                   "users=stale" in log_line(w, submit(
                       w, compose(SALES), LEO, sender=SALES)))
        # nothing is known of others
        deferred(w, "", login=CAROL, sender=CAROL)
        proxy.behave("pass")
        recovers(w, CAROL, CAROL, "550 5.7.1 ")
    # and not for ever
    with through_a_proxy(w, database, users_cache=1, users_stale=1) as proxy:
        proxy.behave("refuse")
        wait_until("the old answer is not used any more",
                   lambda: ask(w).starts("451 4.3.0 "))
        proxy.behave("pass")
        recovers(w)


@each_driver
def is_away_and_old_answers_are_counted(w, database):
    with through_a_proxy(w, database, users_cache=1, users_stale=3600) as proxy:
        proxy.behave("refuse")
        wait_until("an old answer is counted", lambda: accepted(w) and
                   directories.counter(w, "stale") > 0)


@each_driver
def is_away_and_its_answers_are_forgotten(w, database):
    with through_a_proxy(w, database, users_cache=3600) as proxy:
        for words in ((LEO,), ("--all",)):
            proxy.behave("refuse")
            accepted(w)
            done = w.run_ctl("user", "forget", *words)
            assert done.returncode == 0, done
            deferred(w, "")
            proxy.behave("pass")
            recovers(w)


@each_driver
def is_away_and_the_site_wants_a_refusal(w, database):
    with through_a_proxy(w, database, on_users_failure="refuse") as proxy:
        proxy.behave("refuse")
        answer = ask(w)
        assert answer.text[:1] == "5", answer
        accepted(w, BOB, BOB)
        proxy.behave("pass")
        recovers(w)


@each_sql_driver
def blocks_a_login_within_the_time_of_the_cache(w, database):
    def block(value):
        database.sql("UPDATE users SET blocked = %s WHERE login = '%s'" % (
            value, LEO))
    with using(w, database, users_cache=2):
        refused(w, "heidi@example.net", "heidi@example.net")
        accepted(w)
        block("true")
        try:
            wait_until("the block is seen", lambda: ask(w).starts("550 5.7.1"))
        finally:
            block("false")
        recovers(w)
        # the block of millgatectl does not wait
        try:
            done = w.run_ctl("user", "block", LEO)
            assert done.returncode == 0, done
            refused(w)
        finally:
            done = w.run_ctl("user", "unblock", LEO)
        assert done.returncode == 0, done
        accepted(w)


@case
def ldap_disables_an_account_within_the_time_of_the_cache(w):
    database = directories.started(w, "ldap")

    def set_status(status):
        database.modify(
            "dn: mail=%s,ou=Users,domainName=example.net,o=domains,%s\n"
            "changetype: modify\nreplace: accountStatus\n"
            "accountStatus: %s\n" % (LEO, databases.SUFFIX, status))
    with using(w, database, users_cache=2):
        accepted(w)
        set_status("disabled")
        try:
            wait_until("the login is not listed",
                       lambda: ask(w).starts("550 5.7.1"))
        finally:
            set_status("active")
        recovers(w)


@each_sql_driver
def keeps_what_was_found_and_what_was_not(w, database):
    row = "users WHERE login = '%s'" % CAROL
    with using(w, database, users_cache=3600):
        refused(w, CAROL, CAROL)
        database.sql("INSERT INTO users (login, senders) VALUES ('%s', '%s')"
                     % (CAROL, CAROL))
        try:
            refused(w, CAROL, CAROL)
            assert w.run_ctl("user", "forget", CAROL).returncode == 0
            accepted(w, CAROL, CAROL)
            database.sql("DELETE FROM " + row)
            accepted(w, CAROL, CAROL)
        finally:
            database.sql("DELETE FROM " + row)
        assert w.run_ctl("user", "forget", CAROL).returncode == 0
        refused(w, CAROL, CAROL)


CONNECTIONS = {
    "pgsql": "SELECT count(*) FROM pg_stat_activity WHERE usename = '%s'",
    "mysql": "SELECT count(*) FROM information_schema.processlist "
    "WHERE user = '%s'",
}


@each_sql_driver
def has_few_connections_for_many_sessions(w, database):
    query = "SELECT plan, senders FROM many WHERE login = $1"
    wrong = []

    def one(n):
        asker = directories.Asker(w)
        for i in range(20):
            user = 1 + n * 20 + i
            answer = asker.ask("user%d@many.example" % user,
                               "sales%d@many.example" % user)
            if not answer.accepted:
                wrong.append((user, answer))
        asker.close()
    with using(w, database, query=query, users_timeout=20000):
        threads = [threading.Thread(target=one, args=(n,)) for n in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not wrong, wrong[:5]
        count = int(database.sql(CONNECTIONS[database.name] %
                                 databases.LOGIN))
        # DIRECTORY_LINKS of include/directory/directory.h
        assert 1 <= count <= 8, count


# --- bad data ---------------------------------------------------------------

def peak(w):
    """The most memory that the daemon had, in kilobytes."""
    with open("/proc/%d/status" % w.millgate.process.pid) as f:
        return int(f.read().split("VmHWM:")[1].split()[0])


@each_sql_driver
def answers_with_a_million_rows(w, database):
    more = {"pgsql": "generate_series(1, 10)", "mysql": "seq_1_to_10"}
    query = ("SELECT many.senders FROM many, %s AS n WHERE $1 <> '%s'" % (
        more[database.name], LEO))
    with using(w, database, query=query + " UNION ALL SELECT senders FROM "
               "users WHERE login = $1"):
        accepted(w)
        before = peak(w)
        deferred(w, "rows", "octets", "large", "many", "second", "timed out",
                 login=CAROL, sender=CAROL)
        assert peak(w) < before + 64 * 1024, (before, peak(w))
        recovers(w)


@case
def ldap_answers_with_too_many_values(w):
    database = directories.started(w, "ldap")
    entry = "mail=%s,ou=Users,domainName=example.net,o=domains,%s" % (
        BOB, databases.SUFFIX)
    query = directories.LDAP.replace("?sub?", ",networks=accountSetting?sub?")
    with using(w, database, query=query):
        database.modify("dn: %s\nchangetype: modify\nadd: accountSetting\n%s"
                        % (entry, "".join("accountSetting: value-%d\n" % n
                                          for n in range(30000))))
        # bob has a user section, which is used in place of the database
        accepted(w, BOB, BOB)
        database.modify("dn: %s\nchangetype: modify\nadd: shadowAddress\n"
                        "shadowAddress: twin@example.net" % entry)
        query = query.replace("(mail=$1)", "(|(mail=$1)(shadowAddress=$1))")
    try:
        with using(w, database, query=query):
            accepted(w)
            deferred(w, "octets", "large", "many", "values", "rows",
                     login="twin@example.net", sender=SALES)
            recovers(w)
    finally:
        database.modify("dn: %s\nchangetype: modify\ndelete: accountSetting"
                        "\n-\ndelete: shadowAddress\nshadowAddress: "
                        "twin@example.net" % entry)


@each_sql_driver
def has_rows_that_no_file_could_have(w, database):
    with using(w, database):
        deferred(w, "no-such-plan", login="queenie@example.net",
                 sender="queenie@example.net")
        deferred(w, "not an address", login="ruth@example.net",
                 sender="ruth@example.net")
        accepted(w)
        # paul may send from 192.0.2.0/24, where this client is
        accepted(w, "paul@example.net", "paul@example.net")
        # a row with nothing but NULL is as an entry without settings
        accepted(w, "peter@example.net", "peter@example.net")


# --- logins that want to be more than a value ------------------------------

ODD = [
    "it's@example.net", "' or ''='", "'; drop table users; --", "\\",
    "\\'", "\\\\' or 1=1 --", '"', '" or ""="', "`x`", "*", "*)(mail=*",
    "leo*", "*@example.net", "leo@example.net)(|(mail=*", "(", ")",
    "(&(x=y))", "&", "|", "!",
    "leo@example.net\\2a", "\\00", "\\2a", "\\28", "%", "%s%n%s", "%27", "%00",
    "_", "$1", "?", "?1", ":1", "$$", "$$;$$", "/*", "*/", "--", "#", ";",
    "leo@example.net'", "leo@example.net\\", "leo@example.net' -- ",
    "${home}", "{x}", "a,b", "a=b", "a+b=c,d", "<a>", "a b", " ", "a@b@c",
    "j\u00fcrgen@example.net", "\u0430\u043b\u0438\u0441\u0430@example.net",
    "\u65e5\u672c@example.net", "\U0001f4e7@example.net",
    "e\u0301@example.net", "\u02bc or 1=1", "\uff07 or \uff07\uff07=\uff07",
    "\u2019", "\u00a5'", "\u202e@example.net", "\ufeffx", "\u200b",
    "\ud7ff\ue000@example.net", "\U0010ffff",
]
# not UTF-8: overlong, halves, a surrogate, Latin-1, quotes after a lead octet
BROKEN = [octets.decode("utf-8", "surrogateescape") for octets in (
    b"\xff\xfe", b"\xc0\xa7 or 1=1", b"\xe0\x80\xa7", b"\xbf' or 1=1 --",
    b"\xbf\x27", b"\xbf\x5c\x27", b"\xc3", b"leo@example.net\xc3'",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"j\xfcrgen@example.net",
    b"\xf0\x9f\x93", b"\x80", b"\xe2\x28\xa1")]


@each_driver
def takes_no_login_for_a_part_of_the_question(w, database):
    with using(w, database):
        asker = directories.Asker(w)
        for login in ODD + BROKEN:
            answer = asker.ask(login, SALES)
            assert not answer.accepted, (login, answer)
        # none of these was the server's failure
        assert asker.ask(LEO, SALES).accepted
        asker.close()
        # a login ends at a NUL; after it comes the next macro
        for login in ("", "nobody\0{x}\0' or ''='", LEO + "'\0{x}\0"):
            answer = ask(w, login, SALES)
            assert not answer.accepted, (login, answer)
        accepted(w)
    if database.name != "ldap":
        rows = database.sql("SELECT count(*) FROM users")
        assert rows.strip() == "7", rows


def sender(n):
    return "odd%d@shop.example.net" % n


def sql_text(text):
    return "'%s'" % text.replace("'", "''")


@contextlib.contextmanager
def odd_users(w, database):
    """Each odd login is a user, who may send as one address of its own."""
    if database.name == "ldap":
        made = "".join(
            "dn: cn=odd%d,o=domains,%s\nobjectClass: inetOrgPerson\n"
            "cn: odd%d\nsn: odd\nuid:: %s\nmail: %s\n\n" % (
                n, databases.SUFFIX, n, base64.b64encode(
                    login.encode()).decode(), sender(n))
            for n, login in enumerate(ODD))
        database.modify(made)
        yield ("o=domains,%s?senders=mail?sub?(&(objectClass=inetOrgPerson)"
               "(uid=$1))" % databases.SUFFIX)
        database.modify("".join(
            "dn: cn=odd%d,o=domains,%s\nchangetype: delete\n\n" % (
                n, databases.SUFFIX) for n in range(len(ODD))))
        return
    text, escape = {
        "pgsql": ("text", lambda s: s),
        "mysql": ("varchar(200) CHARACTER SET utf8mb4 COLLATE "
                  "utf8mb4_nopad_bin", lambda s: s.replace("\\", "\\\\"))
    }[database.name]
    database.sql("CREATE TABLE odd (login %s, senders text);" % text)
    database.sql("".join("INSERT INTO odd VALUES (%s, '%s');\n" % (
        sql_text(escape(login)), sender(n))
        for n, login in enumerate(ODD)))
    database.sql("GRANT SELECT ON %s TO %s" % (
        ("odd", databases.LOGIN) if database.name == "pgsql" else
        ("mail.odd", databases.LOGIN + "@'%'")))
    yield "SELECT senders FROM odd WHERE login = $1"
    database.sql("DROP TABLE odd")


@each_driver
def finds_each_odd_login_and_no_other(w, database):
    with odd_users(w, database) as query, using(w, database, query=query):
        asker = directories.Asker(w)
        wrong = []
        for n, login in enumerate(ODD):
            own = asker.ask(login, sender(n))
            other = asker.ask(login, sender((n + 1) % len(ODD)))
            if not own.accepted or not other.starts("550 5.7.1 "):
                wrong.append((login, own, other))
        asker.close()
        assert not wrong, wrong


# --- the tables that providers have ----------------------------------------

@each_sql_driver
def has_a_hundred_thousand_logins(w, database):
    query = "SELECT plan, senders FROM many WHERE login = $1"
    with using(w, database, query=query, users_cache=60):
        asker = directories.Asker(w)
        for n in range(1, databases.MANY, 997):
            login = "user%d@many.example" % n
            assert asker.ask(login, "sales%d@many.example" % n).accepted, n
            assert not asker.ask(login, "sales%d@many.example" % (
                n + 1)).accepted, n
        asker.close()


POSTFIXADMIN = {
    "pgsql": "SELECT address AS senders FROM alias WHERE active AND "
    "$1 = ANY (string_to_array(replace(goto, ' ', ''), ',')) "
    "UNION SELECT split_part(address, '@', 1) || '@' || d.alias_domain "
    "FROM alias JOIN alias_domain d ON alias.domain = d.target_domain "
    "WHERE alias.active AND d.active AND "
    "$1 = ANY (string_to_array(replace(goto, ' ', ''), ','))",
    "mysql": "SELECT address AS senders FROM alias WHERE active AND "
    "FIND_IN_SET($1, REPLACE(goto, ' ', '')) "
    "UNION SELECT CONCAT(SUBSTRING_INDEX(address, '@', 1), '@', "
    "d.alias_domain) FROM alias JOIN alias_domain d "
    "ON alias.domain = d.target_domain WHERE alias.active AND d.active AND "
    "FIND_IN_SET($1, REPLACE(goto, ' ', ''))",
}


@each_sql_driver
def is_postfixadmins_with_aliases_and_alias_domains(w, database):
    alice, info = "alice@acme.example", "info@acme.example"
    carol = "carol@zenith.example"
    with using(w, database, query=POSTFIXADMIN[database.name]):
        for login, sender_ in (
                (alice, alice), (alice, "sales@acme.example"),
                (alice, "sales@acme-brand.example"), (info, info),
                (info, "sales@acme.example"), (info, "o'hara@acme.example"),
                (info, "o'hara@acme-brand.example"),
                (LEO, "team@shop.example.net"), (carol, carol),
                (carol, "any@zenith.example")):
            accepted(w, login, sender_)
        for login, sender_ in (
                (alice, info), (alice, "old@acme.example"),
                (alice, "old@acme-brand.example"), (info, alice),
                (alice, "alice@acme-former.example"), (LEO, SALES),
                ("gone@zenith.example", "gone@zenith.example"),
                (carol, alice)):
            refused(w, login, sender_)
        # through Postfix, with a login of Dovecot
        expect(submit(w, compose("sales@acme-brand.example"), alice,
                      sender="sales@acme-brand.example"), "250")


@case
def ldap_is_iredmails_tree(w):
    database = directories.started(w, "ldap")
    alice, info = "alice@acme.example", "info@acme.example"
    query = directories.LDAP.replace("(mail=$1)",
                                     "(enabledService=smtp)(mail=$1)")
    with using(w, database, query=query):
        for login, sender_ in (
                (alice, alice), (alice, "sales@acme.example"),
                (info, "sales@acme.example"), (info, "o'hara@acme.example"),
                (LEO, LEO), (LEO, SALES), (LEO, "leonard@example.net")):
            accepted(w, login, sender_)
        for login, sender_ in (
                (alice, info), (LEO, "bob@example.net"),
                # disabled, and without the service smtp
                ("heidi@example.net", "heidi@example.net"),
                ("olga@example.net", "olga@example.net")):
            refused(w, login, sender_)
        expect(submit(w, compose("sales@acme.example"), info,
                      sender="sales@acme.example"), "250")


@each_driver
def says_what_it_answered(w, database):
    with using(w, database):
        done = w.run_ctl("user", "explain", LEO)
        assert done.returncode == 0, done
        for words in (SALES, "users-database", database.place()):
            assert words in done.stdout, (words, done.stdout)
        database.stop()
        done = w.run_ctl("user", "explain", LEO)
        said = done.stdout + done.stderr
        assert database.place() in said, said
        assert databases.PASSWORD not in said
        database.start()


@each_driver
def is_probed_by_conf_check(w, database):
    with using(w, database):
        done = w.run_ctl("conf", "check", "--probe")
        assert done.returncode == 0, done
        assert database.place() in done.stdout, done.stdout
        database.stop()
        # without --probe nothing is asked
        assert w.run_ctl("conf", "check").returncode == 0
        done = w.run_ctl("conf", "check", "--probe")
        said = done.stdout + done.stderr
        assert done.returncode == 1 and database.place() in said, done
        database.start()
        recovers(w)


@each_sql_driver
def is_probed_with_the_query(w, database):
    wrong = "SELECT senders FROM no_such_table WHERE login = $1"
    with using(w, database, query=wrong):
        done = w.run_ctl("conf", "check", "--probe")
        said = done.stdout + done.stderr
        assert done.returncode == 1 and "no_such_table" in said, done
        deferred(w, "no_such_table")
