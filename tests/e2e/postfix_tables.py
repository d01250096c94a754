"""Postfix's own tables of who may use an address, and Postfix's own answers.

Each source is a value of smtpd_sender_login_maps, for real databases. Postfix
answers twice: postmap -q for one key of a table, and smtpd with
reject_sender_login_mismatch for an address and a login.
"""

import os
import pwd
import re
import sqlite3

import databases
import smtp
from services import MILTER_USER, write
from world import free_port

# address: logins, of the sources that are neither SQL servers nor LDAP
PLAIN = {
    "alice@example.net": "alice@example.net",
    "bob@example.net": "bob@example.net",
    "robert@example.net": "bob@example.net",
    "leonard": "leo@example.net, heidi@example.net",
    "team@shop.example.net": "leo@example.net bob@example.net",
    "@acme.example": "alice@acme.example,info@acme.example",
    "o'hara@acme.example": "info@acme.example",
    "lists+news@example.net": "heidi@example.net",
    "lists@example.net": "leo@example.net",
    "50%@acme.example": "carol@zenith.example",
    "alice@müller.example": "alice@example.net",
    "jürgen@example.net": "leo@example.net",
}

FILES = {
    # Postfixadmin's two, as its documentation names them
    "pgsql_alias.cf": ("pgsql", """\
query = SELECT goto FROM alias WHERE address = '%s' AND active = true
"""),
    "pgsql_alias_domain.cf": ("pgsql", """\
query = SELECT goto FROM alias, alias_domain
 WHERE alias_domain.alias_domain = '%d'
 AND alias.address = '%u' || '@' || alias_domain.target_domain
 AND alias.active = true AND alias_domain.active = true
"""),
    # the parameters that Postfixadmin does not need
    "pgsql_other.cf": ("pgsql", """\
domain = zenith.example, example.net
query = SELECT local_part FROM mailbox
 WHERE local_part = '%u' AND domain = '%2.%1' AND active
result_format = %s@%D
"""),
    "pgsql_limit.cf": ("pgsql", """\
query = SELECT username FROM mailbox WHERE domain = '%d' AND active
expansion_limit = 2
"""),
    "mysql_alias.cf": ("mysql", """\
query = SELECT goto FROM alias WHERE address='%s' AND active = '1'
"""),
    "mysql_alias_domain.cf": ("mysql", """\
query = SELECT goto FROM alias,alias_domain
 WHERE alias_domain.alias_domain = '%d'
 and alias.address = CONCAT('%u', '@', alias_domain.target_domain)
 AND alias.active = 1 AND alias_domain.active='1'
"""),
    "mysql_other.cf": ("mysql", """\
domain = zenith.example, example.net
query = SELECT username, username FROM mailbox
 WHERE local_part = '%u' AND domain = '%2.%1' AND active
result_format = %u@%d
"""),
    # iRedMail's
    "ldap_sender.cf": ("ldap", """\
search_base = domainName=%d,o=domains,dc=example,dc=net
scope = sub
query_filter = (&(objectClass=mailUser)(accountStatus=active)
 (enabledService=smtp)(|(mail=%s)(shadowAddress=%s)))
result_attribute = mail
"""),
    "ldap_shadow.cf": ("ldap", """\
search_base = o=domains,dc=example,dc=net
query_filter = (&(accountStatus=active)(shadowAddress=%s))
result_attribute = uid, mail
result_format = %s
"""),
    "sqlite_sender.cf": ("sqlite", """\
query = SELECT logins FROM sender_logins WHERE address = '%s'
"""),
}

SOURCES = {
    "pgsql": ("pgsql:pgsql_alias.cf", "pgsql:pgsql_alias_domain.cf"),
    "pgsql-other": ("pgsql:pgsql_other.cf",),
    "pgsql-limit": ("pgsql:pgsql_limit.cf",),
    "mysql": ("mysql:mysql_alias.cf", "mysql:mysql_alias_domain.cf"),
    "mysql-other": ("mysql:mysql_other.cf",),
    "ldap": ("ldap:ldap_sender.cf",),
    "ldap-other": ("ldap:ldap_shadow.cf",),
    "sqlite": ("sqlite:sqlite_sender.cf",),
    "texthash": ("texthash:senders",),
    "inline": ("inline:",),
}

ADDRESSES = """
alice@example.net bob@example.net leo@example.net heidi@example.net
olga@example.net ALICE@Example.NET alice+tag@example.net
alice+a+b@example.net +tag@example.net robert@example.net
Leonard@example.net leonard@shop.example.net leonard+x@example.net
lists@example.net lists+news@example.net lists+other@example.net
nobody@example.net team@shop.example.net sales@shop.example.net
alice@acme.example info@acme.example sales@acme.example old@acme.example
o'hara@acme.example O'Hara+x@acme.example any@acme.example
50%@acme.example 50%25@acme.example %s@acme.example %u@example.net
alice@acme-brand.example sales@acme-brand.example
o'hara@acme-brand.example old@acme-brand.example
alice+x@acme-brand.example alice@acme-former.example
carol@zenith.example gone@zenith.example any@zenith.example
"paren(s)"@zenith.example "star*"@zenith.example *@zenith.example
"star*+x"@zenith.example "lists(+a"@example.net "star*)(mail=*"@zenith.example
"*"@example.net
"a'or'1'='1"@example.net "a\\\\'or'1'='1"@example.net
"a\\"b"@example.net "back\\\\slash"@example.net 'or''='@example.net
alice@mail.example.net alice@example alice@closed.example
alice@shop.example.net bob@zenith.example paul@example.net
x@none.example $1@example.net ?1@example.net {alice}@example.net
""".split()
UTF8_ADDRESSES = ["jürgen@example.net", "ａlice@example.net",
                  "алиса@example.net"]
# millgate may refuse what Postfix allows: it looks a domain up as A-labels, and
# takes no extension off a local part that needs quotes
STRICTER = ["alice@müller.example", "leo+x@bücher.example",
            '"paren(s)+x"@zenith.example', '"lists+a(b"@example.net']

LOGINS = """
alice@example.net bob@example.net leo@example.net heidi@example.net
olga@example.net alice@acme.example info@acme.example
carol@zenith.example gone@zenith.example alice leo ALICE@EXAMPLE.NET carol
ruth@example.net tina@example.net none
""".split()

SERVER = {
    "pgsql": "hosts = {place}\nuser = {login}\npassword = {password}\n"
             "dbname = {database}\n",
    "mysql": "hosts = {place}\nuser = {login}\npassword = {password}\n"
             "dbname = {database}\n",
    "ldap": "server_host = ldap://{place}\nversion = 3\nbind = yes\n"
            "bind_dn = {dn}\nbind_pw = {password}\n",
}


def make_plain(directory):
    """The same addresses as a texthash file, inline and in SQLite."""
    write(directory + "/senders", "".join(
        "%s\t%s\n" % pair for pair in PLAIN.items()))
    path = directory + "/senders.db"
    if not os.path.exists(path):
        base = sqlite3.connect(path)
        with base:
            base.execute("CREATE TABLE sender_logins (address, logins)")
            base.executemany("INSERT INTO sender_logins VALUES (?, ?)",
                             PLAIN.items())
        base.close()
    return "inline:{%s}" % ", ".join(
        "{%s = %s}" % pair for pair in PLAIN.items())


class Tables:
    """The files in a directory of the world; starts the databases."""

    def __init__(self, world):
        self.world = world
        self.directory = os.path.join(world.directory, "tables")
        os.makedirs(self.directory, exist_ok=True)
        for database in world.databases:
            database.ensure()
        for name, (kind, text) in FILES.items():
            # it has a password: for Postfix as root, and millgate's group
            write(self.path(name), self.server(kind) + text, 0o640)
            os.chown(self.path(name), 0, pwd.getpwnam(MILTER_USER).pw_gid)
        self.inline = make_plain(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def server(self, kind):
        if kind == "sqlite":
            return "dbpath = %s\n" % self.path("senders.db")
        return SERVER[kind].format(
            place=getattr(self.world, kind).place(),
            login=databases.LOGIN, password=databases.PASSWORD,
            database=databases.DATABASE, dn=databases.BIND_DN)

    def maps(self, source):
        """The tables of a source, as Postfix and millgate name them."""
        return [self.inline if table == "inline:" else re.sub(
            "(?<=:).*", lambda m: self.path(m.group()), table)
            for table in SOURCES[source]]

    def postmap(self, table, keys):
        """{key: value} of those that a table has, as postmap -q prints."""
        done = self.world.postfix.command(
            "postmap", "-q", "-", table,
            stdin="".join(key + "\n" for key in keys).encode())
        # status 1: the last key was not found
        assert done.returncode in (0, 1) and not done.stderr, done
        return dict(line.split("\t", 1)
                    for line in done.stdout.decode().splitlines())


SERVICE = """\
{place} inet n - n - - smtpd
  -o syslog_name=postfix/{name}
  -o smtpd_milters=
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_delay_reject=no
  -o recipient_delimiter=+
  -o {{ smtpd_sender_login_maps = {maps} }}
  -o smtpd_sender_restrictions=reject_sender_login_mismatch
"""


class Oracle:
    """Postfix itself, with a service for each source; a context manager."""

    def __init__(self, tables):
        self.tables, self.world = tables, tables.world

    def __enter__(self):
        w = self.world
        for source in SOURCES:
            w.port["oracle-" + source] = free_port(w.address, 0,
                                                   w.port.values())
        w.postfix.services = "".join(SERVICE.format(
            place=w.postfix.place("oracle-" + source), name=source,
            maps=", ".join(self.tables.maps(source))) for source in SOURCES)
        w.postfix.restart()
        return self

    def __exit__(self, *_why):
        self.world.postfix.services = ""
        self.world.postfix.restart()
        for source in SOURCES:
            del self.world.port["oracle-" + source]

    def answers(self, source, logins, addresses):
        """
        {(login, address): may the login use it?}; None: the lookup failed.
        """
        found = {}
        others = len(smtp.refusals)	# what follows is Postfix's own
        for login in logins:
            client = smtp.Client(self.world, "oracle-" + source, tls=False)
            reply = client.command("XCLIENT LOGIN=" + login)
            assert reply.code == 220, reply
            client.ehlo()
            for address in addresses:
                utf8 = "" if address.isascii() else " SMTPUTF8"
                reply = client.command("MAIL FROM:<%s>%s" % (address, utf8))
                if reply.code == 250:
                    client.command("RSET")
                else:
                    assert "not owned by user" in reply.text or \
                        "Temporary lookup failure" in reply.text, reply
                found[login, address] = {2: True, 5: False, 4: None}[
                    reply.code // 100]
            client.command("QUIT")
        del smtp.refusals[others:]
        return found
