"""Signing keys in an SQLite database, which others change and lock.

Each domain has a key that signs at any time, and one that is active or retired.
"""

import contextlib
import os
import sqlite3

from world import openssl

DOMAINS = ["d%d.example" % n for n in range(8)]
LOGINS = ["user@" + domain for domain in DOMAINS]
QUERY = "SELECT selector, pem AS key, state FROM dkim WHERE domain = $1"
TABLE = """\
CREATE TABLE dkim (domain TEXT, selector TEXT, pem TEXT, state TEXT);
CREATE INDEX dkim_domain ON dkim (domain);
"""
ADD = "INSERT INTO dkim VALUES (?, ?, ?, ?)"


def new_key(algorithm, *options):
    return openssl("genpkey", "-algorithm", algorithm, *options).decode()


class KeysDatabase:
    def __init__(self, directory):
        self.directory = os.path.join(directory, "keys-database")
        self.path = os.path.join(self.directory, "keys.db")
        self.number = 0		# of the newest selector

    def settings(self):
        return 'signing {\n  keys-database = "%s"\n  keys-query = "%s"\n}\n' \
            % (self.path, QUERY)

    def make(self):
        os.makedirs(self.directory)
        rsa = new_key("rsa", "-pkeyopt", "rsa_keygen_bits:2048")
        with self.transaction() as base:
            base.executescript(TABLE)
            for domain in DOMAINS:
                base.execute(ADD, (domain, "ed0", new_key("ed25519"),
                                   "active"))
                base.execute(ADD, (domain, "rsa", rsa, "retired"))
        os.chmod(self.path, 0o644)

    @contextlib.contextmanager
    def transaction(self, kind="IMMEDIATE"):
        base = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        with contextlib.closing(base):
            base.execute("BEGIN " + kind)
            yield base
            if base.in_transaction:	# a script ends it
                base.execute("COMMIT")

    # --- changes; a domain has a key that signs before and after each

    def switch(self, domain):
        """Activate the second key of the domain, or retire it."""
        with self.transaction() as base:
            base.execute(
                "UPDATE dkim SET state = CASE state WHEN 'active' THEN "
                "'retired' ELSE 'active' END WHERE domain = ? AND selector "
                "= 'rsa'", (domain,))

    def rotate(self, domain):
        self.number += 1
        with self.transaction() as base:
            base.execute("DELETE FROM dkim WHERE domain = ? AND selector "
                         "LIKE 'ed%'", (domain,))
            base.execute(ADD, (domain, "ed%d" % self.number,
                               new_key("ed25519"), "active"))

    @contextlib.contextmanager
    def damaged(self, domain):
        """The domain also has a key that cannot be read."""
        with self.transaction() as base:
            base.execute(ADD, (domain, "bad", "-----BEGIN PRIVATE KEY-----",
                               "active"))
        try:
            yield
        finally:
            with self.transaction() as base:
                base.execute("DELETE FROM dkim WHERE selector = 'bad'")

    # --- outages

    @contextlib.contextmanager
    def away(self):
        os.rename(self.path, self.path + ".away")
        try:
            yield
        finally:
            os.rename(self.path + ".away", self.path)

    @contextlib.contextmanager
    def locked(self):
        """Nobody can read it."""
        with self.transaction("EXCLUSIVE"):
            yield
