"""PostgreSQL, MariaDB and OpenLDAP of a world: real servers with users.

Each listens on a loopback address with TLS and on a unix socket, and runs as an
unprivileged user, because two of them refuse to run as root. A case that needs
one calls ensure(). The first start makes the data, once for all worlds of a
run.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time

import isolate
import programs
from processes import alive
from services import MILTER_USER, Service, Trouble, wait_until, write

USER = "backup"		# of base-passwd; no other part of a world uses it
LOGIN, DATABASE = "millgate", "mail"
# with what URLs, queries and configuration files give a meaning to
PASSWORD = "it's a:secret/with@odd %41 \\characters"
MANY = 100000		# logins of the table "many"
DATA = os.path.join(programs.SOURCE, "tests", "data", "directory")
# the server's certificate has the first two names, and the address
NAMES = ("db.example.net", "db2.example.net")
OTHER_NAME = "other.example.net"


def data(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return f.read()


def copy(tree, place):
    """With owners and modes."""
    subprocess.run(["cp", "-a", tree, place], check=True)


def password_file(world, user=MILTER_USER):
    """A file with the password, which only root and the user can read."""
    path = os.path.join(world.directory, user + ".password")
    if not os.path.exists(path):
        write(path, PASSWORD + "\n", 0o640)
        os.chown(path, 0, pwd.getpwnam(user).pw_gid)
    return path


def keys_password_file(world):
    """The same for the process that reads keys; it may have the same user."""
    return password_file(world, isolate.KEY_USER if isolate.isolated() else
                         MILTER_USER)


class Database(Service):
    user = USER
    ending = signal.SIGTERM

    def root(self):
        """
        The directory of the programs. The namespace has it at a path that every
        user can read, wherever the source tree is.
        """
        root = programs.databases_root()
        if not isolate.isolated():
            return root
        place = os.path.join(self.world.directory, "databases")
        if not os.path.ismount(place):
            os.makedirs(place, exist_ok=True)
            subprocess.run(["mount", "--bind", root, place], check=True)
        return place

    def program(self, name):
        return programs.find_database(name, self.root())

    def environment(self):
        return programs.database_environment(self.root())

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def port(self):
        return self.world.port[self.name]

    def place(self, name=None):
        """host:port of a URL, with the address or one of its names."""
        return "%s:%d" % (name or self.world.address, self.port())

    def socket_url(self):
        return self.url(self.socket())

    def run(self, program, *args, stdin=""):
        """What a program prints that runs as the server's user."""
        done = subprocess.run(
            [self.program(program), *args], input=stdin.encode(),
            capture_output=True, env=self.environment(), cwd=self.directory,
            timeout=120, **self.identity())
        if done.returncode != 0:
            raise Trouble("%s: status %d\n%s" % (
                program, done.returncode, (done.stdout + done.stderr).decode(
                    errors="replace")[-2000:]))
        return done.stdout.decode(errors="surrogateescape")

    def own(self, path, mode):
        shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)
        os.chmod(path, mode)

    def certificate(self):
        """The paths of the certificate and its key, which the user can read."""
        pki = self.world.pki
        if not os.path.exists(pki + "/db.crt"):
            self.world.make_certificate(
                "db", "/CN=" + NAMES[0], "ca", "subjectAltName=%s,IP:%s\n" % (
                    ",".join("DNS:" + name for name in NAMES),
                    self.world.address))
        paths = []
        for ending, mode in (("crt", 0o644), ("key", 0o600)):
            paths.append(shutil.copy(pki + "/db." + ending, self.directory))
            self.own(paths[-1], mode)
        return paths

    # --- starting and ending

    def start(self, seconds=60.0):
        if not os.path.exists(self.path("complete")):
            self.own(self.directory, 0o755)
            self.write_files()
            self.take_data()
            write(self.path("complete"), "")
        super().start(seconds)

    def take_data(self):
        """Make the data, or copy those that another world has made."""
        common = os.environ.get(isolate.COMMON)
        if common is None:
            self.new_data()
            return
        made = os.path.join(common, self.name)
        with open(made + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(made):
                self.new_data()
                copy(self.path("data"), made + ".part")
                os.rename(made + ".part", made)
                return
        copy(made, self.path("data"))

    def new_data(self):
        self.make_data()
        super().start(60.0)
        self.fill()
        self.stop()

    def ensure(self):
        """Start it unless it runs; a case may then use and change it."""
        if not self.running():
            self.stop()
            self.start()
        return self

    def stop(self, number=None, seconds=30.0):
        if self.process is None:
            return
        family = self.processes()
        self.thaw()	# a process that freeze() stopped cannot end
        super().stop(number or self.ending, seconds)
        # the next start fails while one of them has the shared memory
        end = time.monotonic() + seconds
        while any(map(alive, family)) and time.monotonic() < end:
            time.sleep(0.01)

    def kill(self):
        """End all its processes as a loss of power does."""
        self.signal_all(signal.SIGKILL)
        self.stop(signal.SIGKILL)


PG_CONF = """\
hba_file = '{directory}/pg_hba.conf'
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{directory}'
max_connections = 60
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 16MB
wal_level = minimal
max_wal_senders = 0
autovacuum = off
jit = off
log_statement = none
password_encryption = scram-sha-256
ssl = on
ssl_cert_file = '{crt}'
ssl_key_file = '{key}'
"""
PG_HBA = """\
local all admin trust
local all all scram-sha-256
host all all 127.0.0.0/8 scram-sha-256
"""


class Postgresql(Database):
    name = "pgsql"
    ending = signal.SIGINT	# SIGTERM would wait for the clients

    def write_files(self):
        crt, key = self.certificate()
        write(self.path("postgresql.conf"), PG_CONF.format(
            address=self.world.address, port=self.port(), crt=crt, key=key,
            directory=self.directory))
        write(self.path("pg_hba.conf"), PG_HBA)

    def make_data(self):
        self.run("initdb", "--no-sync", "-D", self.path("data"), "-U", "admin",
                 "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-instructions")

    def argv(self):
        return [self.program("postgres"), "-D", self.path("data"), "-c",
                "config_file=" + self.path("postgresql.conf")]

    def ready(self):
        try:
            return self.sql("SELECT 1", "postgres") == "1\n"
        except Trouble:
            return False

    def fill(self):
        self.sql("CREATE DATABASE %s" % DATABASE, "postgres")
        self.sql("CREATE ROLE %s LOGIN PASSWORD '%s';" % (
            LOGIN, PASSWORD.replace("'", "''")))
        self.sql(data("postfixadmin.sql") + data("users.sql"))
        self.sql("CREATE TABLE many AS SELECT 'user' || n || '@many.example' "
                 "AS login, 'standard' AS plan, 'user' || n || "
                 "'@many.example,sales' || n || '@many.example,' || "
                 "'news@many.example' AS senders "
                 "FROM generate_series(1, %d) AS n; "
                 "ALTER TABLE many ADD PRIMARY KEY (login); ANALYZE;" % MANY)
        self.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + LOGIN)

    def sql(self, text, database=DATABASE):
        """Run SQL as the administrator; rows as lines with | between."""
        return self.run("psql", "-X", "-q", "-A", "-t", "-v",
                        "ON_ERROR_STOP=1", "-h", self.directory, "-p",
                        str(self.port()), "-U", "admin", "-d", database,
                        stdin=text)

    def url(self, host=None, options=""):
        """The URL of millgate; `host` may be several, with their ports."""
        return "pgsql://%s@%s/%s%s" % (LOGIN, host or self.place(), DATABASE,
                                       options)

    def socket(self):
        """The unix socket as libpq's host: its directory."""
        return "%s:%d" % (self.directory.replace("/", "%2F"), self.port())


MARIADB_CONF = """\
[mariadbd]
basedir = {root}/usr
lc_messages_dir = {root}/usr/share/mysql
character_sets_dir = {root}/usr/share/mysql/charsets
plugin_dir = {root}/usr/lib/mysql/plugin
datadir = {directory}/data
tmpdir = {directory}
socket = {directory}/mysql.sock
pid_file = {directory}/pid
bind_address = {address}
port = {port}
skip_name_resolve
character_set_server = utf8mb4
max_connections = 60
performance_schema = off
innodb_buffer_pool_size = 32M
innodb_log_file_size = 8M
innodb_flush_log_at_trx_commit = 0
innodb_flush_method = nosync
innodb_doublewrite = 0
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
skip_log_bin
log_warnings = 0
ssl_cert = {crt}
ssl_key = {key}
ssl_ca = {pki}/ca.pem
"""


class Mariadb(Database):
    name = "mysql"

    def write_files(self):
        crt, key = self.certificate()
        write(self.path("my.cnf"), MARIADB_CONF.format(
            root=self.root(), directory=self.directory, crt=crt, key=key,
            address=self.world.address, port=self.port(), pki=self.world.pki))

    def make_data(self):
        self.run("mariadb-install-db", "--defaults-file=" +
                 self.path("my.cnf"), "--basedir=" + self.root() + "/usr",
                 "--datadir=" + self.path("data"), "--skip-test-db",
                 "--auth-root-authentication-method=normal")

    def argv(self):
        return [self.program("mariadbd"),
                "--defaults-file=" + self.path("my.cnf")]

    def ready(self):
        try:
            return self.sql("SELECT 1", "mysql") == "1\n"
        except Trouble:
            return False

    def fill(self):
        self.sql("CREATE DATABASE %s CHARACTER SET utf8mb4" % DATABASE,
                 "mysql")
        self.sql("CREATE USER %s@'%%' IDENTIFIED BY '%s'" % (
            LOGIN, PASSWORD.replace("\\", "\\\\").replace("'", "''")))
        self.sql(data("postfixadmin.sql") + data("users.sql"))
        self.sql("CREATE TABLE many (login varchar(255) PRIMARY KEY, plan "
                 "varchar(64), senders text) SELECT CONCAT('user', seq, "
                 "'@many.example') AS login, 'standard' AS plan, "
                 "CONCAT('user', seq, '@many.example,sales', seq, "
                 "'@many.example,news@many.example') AS senders "
                 "FROM seq_1_to_%d; "
                 "GRANT SELECT ON %s.* TO %s@'%%'" % (MANY, DATABASE, LOGIN))

    def sql(self, text, database=DATABASE):
        """Run SQL as the administrator; rows as lines with tabs between."""
        return self.run("mariadb", "--no-defaults", "-B", "-N", "-u", "root",
                        "--default-character-set=utf8mb4",
                        "--socket=" + self.path("mysql.sock"), database,
                        stdin=text)

    def url(self, host=None, options=""):
        """As that of PostgreSQL."""
        return "mysql://%s@%s/%s%s" % (LOGIN, host or self.place(), DATABASE,
                                       options)

    def socket(self):
        """The unix socket as a host of a URL."""
        return self.path("mysql.sock").replace("/", "%2F")


SUFFIX = "dc=example,dc=net"
BIND_DN, ADMIN_DN = "cn=vmail," + SUFFIX, "cn=admin," + SUFFIX
ADMIN_PASSWORD = "admin"
SLAPD_CONF = """\
include {root}/etc/ldap/schema/core.schema
include {root}/etc/ldap/schema/cosine.schema
include {root}/etc/ldap/schema/inetorgperson.schema
include {directory}/iredmail.schema
modulepath {root}/usr/lib/ldap
moduleload back_mdb
pidfile {directory}/pid
argsfile {directory}/args
TLSCACertificateFile {pki}/ca.pem
TLSCertificateFile {crt}
TLSCertificateKeyFile {key}
sizelimit unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{vmail}" read by * none
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {password}
directory {directory}/data
maxsize 1073741824
dbnosync
index objectClass eq
index mail,shadowAddress,domainName eq
"""


class Slapd(Database):
    name = "ldap"

    def write_files(self):
        crt, key = self.certificate()
        # a copy, which the user can read wherever the source tree is
        write(self.path("iredmail.schema"), data("iredmail.schema"))
        write(self.path("slapd.conf"), SLAPD_CONF.format(
            root=self.root(), crt=crt, key=key, directory=self.directory,
            pki=self.world.pki, suffix=SUFFIX, vmail=BIND_DN,
            admin=ADMIN_DN, password=ADMIN_PASSWORD))

    def make_data(self):
        os.mkdir(self.path("data"))
        self.own(self.path("data"), 0o700)
        self.run("slapadd", "-q", "-f", self.path("slapd.conf"),
                 stdin=data("iredmail.ldif").replace("PASSWORD", PASSWORD))

    def argv(self):
        return [self.program("slapd"), "-d", "0", "-f",
                self.path("slapd.conf"), "-h", " ".join(
                    ("ldap://%s/" % self.place(), "ldaps://%s:%d/" % (
                        self.world.address, self.world.port["ldaps"]),
                     "ldapi://%s/" % self.socket()))]

    def ready(self):
        try:
            return "dn:" in self.search(SUFFIX, "-s", "base", "1.1")
        except Trouble:
            return False

    def fill(self):
        pass	# slapadd did it

    def client(self, program, *args, stdin=""):
        return self.run(program, "-x", "-H", "ldapi://%s/" % self.socket(),
                        "-D", ADMIN_DN, "-w", ADMIN_PASSWORD, *args,
                        stdin=stdin)

    def search(self, base, *args):
        return self.client("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b",
                           base, *args)

    def modify(self, ldif):
        """Apply an LDIF; entries without a changetype are added."""
        return self.client("ldapmodify", "-a", stdin=ldif)

    def url(self, host=None, options="", scheme="ldap"):
        """The URL of millgate, with the bind DN as its user."""
        return "%s://%s@%s%s" % (
            scheme, BIND_DN.replace("=", "%3D").replace(",", "%2C"),
            host or self.place(), options)

    def socket_url(self):
        return self.url(self.socket(), scheme="ldapi")

    def tls_place(self, name=None):
        return "%s:%d" % (name or self.world.address, self.world.port["ldaps"])

    def socket(self):
        """The unix socket as the host of an ldapi URL."""
        return self.path("ldapi").replace("/", "%2F")


def all_of(world):
    return [Postgresql(world), Mariadb(world), Slapd(world)]
