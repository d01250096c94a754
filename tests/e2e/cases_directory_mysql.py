"""What is special to users in MariaDB; cases_directory has the rest."""

import contextlib
import shutil

import databases
import services
from directories import (CAROL, LEO, SALES, accepted, deferred, recovers,
                         refused, started, using)
from message import compose
from recipes import block, millgate_conf, millgate_with, run
from runner import case
from services import write
from steps import expect, submit

PAUL = "paul@example.net"
PLACE = "WHERE login = $1"


def database_files(w, password):
    """The password and the authorities that a recipe names."""
    d = w.millgate.directory
    write(d + "/db.password", password + "\n", 0o640)
    shutil.chown(d + "/db.password", services.MILTER_USER)
    shutil.copy(w.pki + "/ca.pem", d + "/db-ca.pem")


@contextlib.contextmanager
def table(database, columns, *rows):
    """A table "own" with the column login and these."""
    database.sql("CREATE TABLE own (login varchar(200) PRIMARY KEY, %s)"
                 % columns)
    for row in rows:
        database.sql("INSERT INTO own VALUES (%s)" % row)
    try:
        yield
    finally:
        database.sql("DROP TABLE own")


@contextlib.contextmanager
def server_options(database, text):
    """Restart the server with more lines in its configuration."""
    with open(database.path("my.cnf")) as f:
        before = f.read()
    write(database.path("my.cnf"), before + text)
    database.restart()
    try:
        yield
    finally:
        write(database.path("my.cnf"), before)
        database.restart()


@case
def mysql_without_tls_gets_no_password(w):
    database = started(w, "mysql")
    with server_options(database, "skip_ssl\n"), \
            using(w, database) as _:
        why = deferred(w, "ssl", "tls")
        assert "does not support it" in why or "no TLS" in why, why
        # nobody tried to log in
        tried = database.sql("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")
        assert tried.split()[1] == "0", tried
    with server_options(database, "skip_ssl\n"), using(
            w, database, url=database.url(options="?tls=no")):
        accepted(w)


@case
def mysql_has_types_of_its_own(w):
    database = started(w, "mysql")
    with table(database, "plan enum('premium','standard'), senders "
               "varbinary(200), blocked bit(1), second_factor tinyint",
               "'%s', 'premium', '%s', b'0', 0" % (LEO, SALES),
               "'%s', 'standard', '%s', b'1', 0" % (CAROL, CAROL)), \
            using(w, database, query="SELECT plan, senders, blocked, "
                  "second_factor FROM own " + PLACE):
        accepted(w)
        refused(w, CAROL, CAROL)


@case
def mysql_reads_values_longer_than_its_buffers(w):
    database = started(w, "mysql")
    many = ",".join("a%d@shop.example.net" % n for n in range(600))
    with table(database, "senders mediumtext",
               "'%s', '%s,%s'" % (LEO, many, SALES)), \
            using(w, database, query="SELECT senders FROM own " + PLACE):
        accepted(w)
        accepted(w, LEO, "a599@shop.example.net")
        refused(w, LEO, "a600@shop.example.net")


@case
def mysql_has_a_huge_value_and_other_logins_go_on(w):
    database = started(w, "mysql")
    query = ("SELECT IF(login = '%s', REPEAT('x', 4000000), senders) AS senders"
             " FROM users WHERE login = $1" % PAUL)
    with using(w, database, query=query):
        accepted(w)
        deferred(w, "octets", login=PAUL, sender=PAUL)
        accepted(w)


@case
def mysql_ends_a_slow_query_itself(w):
    database = started(w, "mysql")
    query = ("SELECT senders FROM users WHERE login = $1 AND "
             "IF(login = '%s', SLEEP(600), 0) = 0" % PAUL)
    with using(w, database, query=query):
        accepted(w)
        deferred(w, "no answer", "interrupted", "timed out", login=PAUL,
                 sender=PAUL)
        # the thread of the server is free again, and so is ours
        recovers(w)
        assert "SLEEP" not in database.sql(
            "SELECT info FROM information_schema.processlist WHERE info "
            "LIKE 'SELECT senders%' AND time > 30")


@case
def mysql_calls_a_procedure(w):
    database = started(w, "mysql")
    database.sql("CREATE PROCEDURE senders_of(IN l varchar(200)) "
                 "SELECT senders FROM users WHERE login = l; "
                 "GRANT EXECUTE ON mail.* TO millgate@'%'")
    try:
        with using(w, database, query="CALL senders_of($1)"):
            accepted(w)
            accepted(w)
            refused(w, CAROL, CAROL)
    finally:
        database.sql("DROP PROCEDURE senders_of")


@case
def mysql_compares_as_the_query_says(w):
    """The manual's way around a collation for which u-umlaut is u."""
    database = started(w, "mysql")
    other = "l\u00e9o@example.net"
    with using(w, database, query="SELECT senders FROM users " + PLACE):
        # the collation of the column, utf8mb4_general_ci, knows no accents
        accepted(w, other, SALES)
    with using(w, database, query="SELECT senders FROM users " + PLACE +
               " AND BINARY login = $1"):
        refused(w, other, SALES)
        refused(w, LEO + " ", SALES)
        accepted(w)


@case
def mysql_has_the_users_of_postfixadmin_as_the_manual_says(w):
    database = started(w, "mysql")
    alice, gone = "alice@acme.example", "gone@zenith.example"
    brand = "sales@acme-brand.example"
    database.sql(block("postfixadmin", "procedure").replace(
        "millgate@", "recipe@").replace("postfix.", "mail."))
    database_files(w, "PASSWORD")
    conf = millgate_conf(w, "postfixadmin", places=((
        "millgate@db.example.net/postfix", "recipe@%s/%s" % (
            database.place(), databases.DATABASE)),))
    try:
        with millgate_with(w, conf):
            for login, sender in (
                    (alice, alice), (alice, "sales@acme.example"),
                    (alice, brand), ("alice@example.net",
                                     "alice@example.net")):
                accepted(w, login, sender)
            for login, sender in (
                    (alice, "info@acme.example"), (gone, gone),
                    ("alic\u00e9@acme.example", alice), (CAROL, CAROL)):
                refused(w, login, sender)
            expect(submit(w, compose(brand), alice, sender=brand), "250")
            shown = run(w, "postfixadmin", "check")
            assert "alice@example.net" in shown, shown
    finally:
        database.sql("DROP USER recipe@'%'; DROP PROCEDURE millgate")
