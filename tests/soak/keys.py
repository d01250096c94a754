"""Signing keys in an SQLite database, which others change and lock.

Each domain has a key that signs at any time, and one that is active or retired.
"""

import contextlib
import os
import sqlite3

DOMAINS = ["d%d.example" % n for n in range(8)]
LOGINS = ["user@" + domain for domain in DOMAINS]
FIRST, *_ = TURNS = ("ed0", "ed1", "ed2")	# selectors, one after the other
SECOND = "rsa"
QUERY = "SELECT selector, pem AS key, state FROM dkim WHERE domain = $1"
TABLE = """\
CREATE TABLE dkim (domain TEXT, selector TEXT, pem TEXT, state TEXT);
CREATE INDEX dkim_domain ON dkim (domain);
"""
ADD = "INSERT INTO dkim VALUES (?, ?, ?, ?)"


class KeysDatabase:
    def __init__(self, world):
        self.world = world
        self.directory = os.path.join(world.directory, "keys-database")
        self.path = os.path.join(self.directory, "keys.db")
        self.pem = {}		# (domain, selector): the key

    def settings(self):
        return 'signing {\n  keys-database = "%s"\n  keys-query = "%s"\n}\n' \
            % (self.path, QUERY)

    def make_key(self, domain, selector, algorithm):
        """With its record in the DNS."""
        path = self.world.make_dkim_key(self.directory, domain, selector,
                                        algorithm)
        with open(path, encoding="ascii") as f:
            self.pem[domain, selector] = f.read()

    def make(self):
        for domain in DOMAINS:
            for selector in TURNS:
                self.make_key(domain, selector, "ed25519")
            self.make_key(domain, SECOND, "rsa")
        with self.transaction() as base:
            base.executescript(TABLE)
            for domain in DOMAINS:
                self.add(base, domain, FIRST, "active")
                self.add(base, domain, SECOND, "retired")
        os.chmod(self.path, 0o644)

    def add(self, base, domain, selector, state):
        base.execute(ADD, (domain, selector, self.pem[domain, selector],
                           state))

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
                "= ?", (domain, SECOND))

    def rotate(self, domain):
        """The next key takes the place of the first one."""
        with self.transaction() as base:
            old, = base.execute("SELECT selector FROM dkim WHERE domain = ? "
                                "AND selector <> ?", (domain, SECOND)
                                ).fetchone()
            base.execute("DELETE FROM dkim WHERE domain = ? AND selector = ?",
                         (domain, old))
            self.add(base, domain, TURNS[(TURNS.index(old) + 1) % len(TURNS)],
                     "active")

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
