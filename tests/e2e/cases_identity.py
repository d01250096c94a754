"""The identity matrix: a sample of logins, identities and ways to write them.

The model below predicts the result of a message from the table of senders; it
shares no code with millgate. A message that the model does not allow must be
refused. One that it allows must be delivered and signed by the right key.
"""

import concurrent.futures
import os
import random
import re

from message import compose, deliveries, message_id
from runner import case, settings
from steps import expect, submission

# login: its allowed senders, from the world's configuration and USERS
SENDERS = {
    "alice@example.net": ["alice@example.net", "@.shop.example.net",
                          "desk@müller.example"],
    "bob@example.net": ["bob@example.net", "@shop.example.net"],
    "carol@example.net": ["*"],
    "heidi@example.net": ["heidi@example.net"],
}
USERS = "\n".join("user %s { senders = {%s} }" % (
    login, ", ".join('"%s"' % sender for sender in SENDERS[login]))
    for login in ("alice@example.net", "carol@example.net"))

LOCALS = ["alice", "ALICE", "alice+news", '"alice"', '"alice "', "+alice",
          "ceo+alice", "bob", "heidi", "Heidi+a+b", "desk", "ceo"]
DOMAINS = ["example.net", "EXAMPLE.Net", "shop.example.net",
           "eu.shop.example.net", "a.b.shop.example.net",
           "evilshop.example.net", "example.net.evil.example",
           "xn--mller-kva.example", "XN--Mller-KVA.example", "muller.example",
           "other.example"]

# (the text of the fields, the authors, the other identities); {x} is the
# identity and {own} the login's address; None: the fields cannot be parsed
FORMS = [
    ("From: {x}", "x", ""),
    ("From: <{x}>", "x", ""),
    ("From:Name<{x}>", "x", ""),
    ('from: "Carroll, Alice" <{x}>', "x", ""),
    ("FROM: Alice B. Carroll <{x}>", "x", ""),
    ("From: =?utf-8?q?ceo=40example.net?= <{x}>", "x", ""),
    ('From: "{own}" <{x}>', "x", ""),
    ('From: "<{own}>" <{x}>', "x", ""),
    ("From: ({own}) {x} (ceo@example.net)", "x", ""),
    ("From: Staff: {x};", "x", ""),
    ("From: <@alice.example,@carol.example:{x}>", "x", ""),
    ("From: A\r\n <{x}>", "x", ""),
    ("From:\r\n\t{x}\r\n\t(x)", "x", ""),
    ("From: {x}\r\nReply-To: ceo@example.net", "x", ""),
    ("From: {x}\r\nSender: <{x}>\r\nResent-From: {own}", "x", "xo"),
    ("From: {own}\r\nSender: {x}", "o", "x"),
    ("Sender: Name <{x}>\r\nFrom: {own}", "o", "x"),
    ('From: {own}\r\nResent-From: "x" <{x}>', "o", "x"),
    ("From: {own}\r\nResent-From: {own}\r\nResent-From: {x}", "o", "ox"),
    ("From: {own}\r\nResent-From: {own}, {x}", "o", "ox"),
    ("From: {own}, {x}", "ox", ""),
    ("From: A <{own}>,\r\n B <{x}>", "ox", ""),
    ("From: Staff: {x}, {own};", "ox", ""),
    ("From: {x}, {own}\r\nSender: {own}", "ox", "o"),
    ("Subject: {x}", None, None),
    ("From: {own}\r\nFrom: {x}", None, None),
    ("From: {x}\r\nfrom: {own}", None, None),
    ("From: {x} {own}", None, None),
    ("From: <{x}> <{own}>", None, None),
    ("From: {own} <{x}>", None, None),
    ("From: <{x}", None, None),
    ("From: <<{x}>>", None, None),
    ("From: {x}@example.net", None, None),
    ("From: ({x})", None, None),
    ('From: "Alice <{x}>', None, None),
    ("From: {own}\r\nSender: <{x}", None, None),
    ("From: {own}\r\nResent-From: {x} {x}", None, None),
]


# --- the model

def folded(address):
    """(local part, domain) in the form that is compared."""
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        local = local[1:-1]
    return local.lower(), domain.encode("idna").decode().lower()


def untagged(local):
    """alice for alice+news; a local part that begins with + has no tag."""
    base = local.split("+")[0]
    return base or local


def fits(pattern, address):
    local, domain = folded(address)
    if pattern == "*":
        return True
    if pattern.startswith("@."):
        return domain.endswith(pattern[1:])
    own, wanted = folded(pattern)
    return domain == wanted and own in ("", local, untagged(local))


def may_use(login, address):
    return any(fits(pattern, address) for pattern in SENDERS[login])


def reaches(pattern, domain):
    """Does the pattern match any address of the domain?"""
    if pattern.startswith("@."):
        return domain.endswith(pattern[1:])
    return pattern == "*" or folded(pattern)[1] == domain


def signing_domain(login, authors, keys):
    """The domain of all authors, or its nearest parent that has a key."""
    domains = {folded(author)[1] for author in authors}
    domain = domains.pop()
    if domains:
        return None
    while domain and domain not in keys:
        domain = domain.partition(".")[2]
    if any(reaches(pattern, domain) for pattern in SENDERS[login]):
        return domain
    return None


class Row:
    """One message: login, envelope, fields, and whether it is allowed."""

    def __init__(self, chance):
        self.login = chance.choice(list(SENDERS))
        self.identity = "%s@%s" % (chance.choice(LOCALS),
                                   chance.choice(DOMAINS))
        # mostly the envelope sender of an honest client
        self.envelope = chance.choice([self.login] * 3 + [self.identity])
        text, authors, others = chance.choice(FORMS)
        who = {"x": self.identity, "o": self.login}
        named = None
        if authors is not None:
            self.authors = [who[c] for c in authors]
            named = self.authors + [who[c] for c in others] + [self.envelope]
        self.allowed = named is not None and all(
            may_use(self.login, address) for address in named)
        self.fields = text.format(x=self.identity, own=self.login)
        self.text = compose(None, extra=[self.fields])

    def __repr__(self):
        return "%s by <%s>: %s" % (self.login, self.envelope, self.fields)


def sample(size, seed):
    """Rows of which half are allowed."""
    chance, rows = random.Random(seed), []
    wanted = {True: size // 2, False: size - size // 2}
    while wanted[True] + wanted[False] > 0:
        row = Row(chance)
        if wanted[row.allowed] > 0:
            wanted[row.allowed] -= 1
            rows.append(row)
    return rows


# --- the results

def send(w, login, rows):
    """Send all messages of a login in one session; check the replies."""
    with submission(w, login) as client:
        for row in rows:
            reply = client.submit(row.envelope, "r@elsewhere.example",
                                  row.text)
            assert reply.starts("250 2.0.0" if row.allowed else
                                "550 5.7.1 "), (row, reply)
            client.command("RSET")


def send_all(w, rows):
    with concurrent.futures.ThreadPoolExecutor(len(SENDERS)) as pool:
        for sent in [pool.submit(send, w, login, [
                row for row in rows if row.login == login])
                     for login in SENDERS]:
            sent.result()
    w.settle()


def as_sent(row, found):
    """Did the MTA leave the fields of the row unchanged?"""
    sent = re.sub(r"\r\n(?=[ \t])", "", row.fields).split("\r\n")
    names = [field.split(":", 1)[0] for field in sent]
    return all(field.split(":", 1)[1].strip() in found.all(name)
               for field, name in zip(sent, names))


def check_signatures(w, row, found, keys):
    """Check the signatures of a delivered message; return their number."""
    got = found.signatures(w)
    want = signing_domain(row.login, row.authors, keys)
    assert {d for d, _, _ in got} == ({want} if want else set()), (
        row, want, got)
    if not w.rewrites or as_sent(row, found):
        assert all(good for _, _, good in got), (row, got, found.head)
    return len(got)


def check_matrix(w, size, seed):
    rows = sample(size, seed)
    with settings(w, users=USERS):
        keys = os.listdir(w.keys)
        send_all(w, rows)
    arrived = {found.one("Message-ID"): found
               for found in deliveries(w, "elsewhere.example")}
    signed = 0
    for row in rows:
        found = arrived.get(message_id(row.text))
        assert (found is not None) == row.allowed, row
        if found is not None:
            signed += check_signatures(w, row, found, keys) > 0
    assert signed > size / 4, signed


@case
def a_sample_of_identities_gets_the_results_of_the_model(w):
    check_matrix(w, 300, 6)
