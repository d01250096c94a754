"""import_sites - the sites and messages of import_peers.py

A site is a set of files as administrators have them. {d} is its directory,
which also has the lists and tables that the files name. The messages are the
same for all sites. `WHY` explains the differences that are meant, by site and
message.
"""

HOST = "mx.example.net"
KEY_TABLE = "org s1._domainkey.example.org example.org:s1:{key}\n"

SITES = {
    # one domain, one key, and defaults where there are any
    "single": {
        "opendkim.conf": """
Syslog yes
Canonicalization relaxed/simple
Mode sv
Domain example.org
Selector s1
KeyFile {key}
OversignHeaders From
AuthservID mx.example.net
AlwaysAddARHeader yes
""",
        "opendmarc.conf": """
AuthservID mx.example.net
TrustedAuthservIDs mx.example.net
RejectFailures true
""",
        "policyd-spf.conf": """
debugLevel = 1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = False
""",
    },
    # tables, internal hosts, SPF left to DMARC
    "tables": {
        "opendkim.conf": """
Canonicalization relaxed/relaxed
KeyTable {d}/key.table
SigningTable refile:{d}/signing.table
InternalHosts refile:{d}/TrustedHosts
ExternalIgnoreList refile:{d}/TrustedHosts
AuthservID mx.example.net
AlwaysAddARHeader yes
SubDomains yes
""",
        "key.table": "org example.org:s1:{key}\n",
        "signing.table": "*@example.org org\n*@sub.example.org org\n",
        "TrustedHosts": "127.0.0.1\nlocalhost\n192.0.2.128/25\n",
        "opendmarc.conf": """
AuthservID mx.example.net
TrustedAuthservIDs mx.example.net
RejectFailures true
HoldQuarantinedMessages true
IgnoreAuthenticatedClients true
IgnoreHosts {d}/ignore.hosts
IgnoreMailFrom watched.example
""",
        "ignore.hosts": "127.0.0.1\n192.0.2.128/25\n203.0.113.0/24\n",
        "policyd-spf.conf": """
HELO_reject = False
Mail_From_reject = False
Header_Type = AR
Authserv_Id = mx.example.net
""",
    },
    # nothing is refused: results are only recorded
    "watching": {
        "opendkim.conf": """
Mode v
AuthservID mx.example.net
AlwaysAddARHeader yes
""",
        "opendmarc.conf": """
AuthservID mx.example.net
TrustedAuthservIDs mx.example.net
RejectFailures false
""",
        # with a Header_Type, pyspf-milter 3.0.4 fails in its test mode: it
        # adds a field without text, and the MTA defers the message
        "policyd-spf.conf": """
TestOnly = 0
Header_Type = None
HELO_reject = Softfail
Mail_From_reject = Softfail
""",
    },
    # all that can be refused is
    "strict": {
        "opendkim.conf": """
Canonicalization relaxed/relaxed
Domain example.org,exempt.example
Selector s1
KeyFile {key}
SignHeaders From,To,Subject,Date
InternalHosts 192.0.2.128/25
ExemptDomains exempt.example
DontSignMailTo robot@example.net
AuthservID mx.example.net
AlwaysAddARHeader yes
MinimumKeyBits 1024
""",
        "opendmarc.conf": """
AuthservID mx.example.net
TrustedAuthservIDs mx.example.net
RejectFailures true
HoldQuarantinedMessages true
RequiredHeaders true
RejectMultiValueFrom true
IgnoreAuthenticatedClients true
""",
        "policyd-spf.conf": """
HELO_reject = SPF_Not_Pass
Mail_From_reject = SPF_Not_Pass
PermError_reject = True
TempError_Defer = True
Whitelist = 203.0.113.9
skip_addresses = 127.0.0.0/8,192.0.2.128/25
Void_Limit = 2
""",
    },
}

ZONE = """
example.org TXT "v=spf1 ip4:192.0.2.0/25 -all"
_dmarc.example.org TXT "v=DMARC1; p=reject; sp=quarantine"
s1._domainkey.example.org TXT "v=DKIM1; k=rsa; p=%(k)s"
exempt.example TXT "v=spf1 ip4:192.0.2.0/25 -all"
_dmarc.exempt.example TXT "v=DMARC1; p=reject"
s1._domainkey.exempt.example TXT "v=DKIM1; k=rsa; p=%(k)s"
out.example.org A 192.0.2.1
out.example.org TXT "v=spf1 a -all"
sub.example.org TXT "v=spf1 -all"
quarantined.example TXT "v=spf1 -all"
_dmarc.quarantined.example TXT "v=DMARC1; p=quarantine"
watched.example TXT "v=spf1 ip4:192.0.2.1 ?all"
_dmarc.watched.example TXT "v=DMARC1; p=reject"
none.example TXT "v=spf1 ?all"
_dmarc.none.example TXT "v=DMARC1; p=none"
plain.example TXT "v=spf1 -all"
soft.example TXT "v=spf1 ~all"
two.example TXT "v=spf1 -all"
two.example TXT "v=spf1 ~all"
other.example TXT "v=spf1 ip4:192.0.2.1 -all"
failing.example TXT "v=spf1 include:lost.example -all"
lost.example SERVFAIL
_dmarc.failing.example TXT "v=DMARC1; p=reject"
bad-helo.example TXT "v=spf1 -all"
bad-helo.example A 192.0.2.9
mail.example A 192.0.2.1
"""

GOOD, STRANGER, INSIDE, BACKUP = ("192.0.2.1", "198.51.100.7", "192.0.2.200",
                                  "203.0.113.9")


class Mail:
    """A message and the session in which it arrives."""

    def __init__(self, name, author="a@example.org", sender=None,
                 client=GOOD, helo="out.example.org", rcpt="bob@example.net",
                 login=None, signed=False, change=None, fields=None):
        self.name, self.client, self.helo = name, client, helo
        self.sender = author if sender is None else sender
        self.rcpt, self.login, self.signed = rcpt, login, signed
        self.change = change
        self.fields = "From: %s\n" % author if fields is None else fields

    def text(self, sign):
        text = self.fields + ("To: bob@example.net\nSubject: minutes\n"
                              "Date: Mon, 30 Nov 2026 10:00:00 +0000\n"
                              "Message-ID: <1@example.org>\n\nHello Bob,\n"
                              "the minutes are below.\n")
        if self.signed:
            text = sign(text)
        return text.replace(*self.change) if self.change else text


MAILS = (
    Mail("good", signed=True),
    Mail("SPF alone", sender="a@example.org"),
    Mail("forged", client=STRANGER),
    Mail("forwarded", client=STRANGER, signed=True,
         sender="list@other.example"),
    Mail("forwarded, sender kept", client=STRANGER, signed=True),
    Mail("unaligned SPF pass", sender="a@other.example"),
    Mail("changed on the way", client=STRANGER, signed=True,
         sender="list@none.example", change=("minutes are", "minutes were")),
    Mail("p=quarantine", author="a@quarantined.example",
         sender="x@none.example", client=STRANGER),
    Mail("subdomain", author="a@sub.example.org", sender="x@none.example",
         client=STRANGER),
    Mail("p=none", author="a@none.example", client=STRANGER),
    Mail("no policy, SPF fail", author="a@plain.example", client=STRANGER),
    Mail("no policy, softfail", author="a@soft.example", client=STRANGER),
    Mail("two SPF records", author="a@two.example"),
    Mail("HELO fails", author="a@none.example", helo="bad-helo.example",
         client=STRANGER),
    Mail("null sender", author="postmaster@out.example.org", sender=""),
    Mail("SPF lookup fails", author="a@failing.example"),
    Mail("watched domain", author="a@watched.example", client=STRANGER),
    Mail("backup MX", client=BACKUP),
    Mail("no From", sender="a@none.example", fields=""),
    Mail("two From fields", sender="a@none.example",
         fields="From: a@none.example\nFrom: a@example.org\n"),
    Mail("authors of two domains", sender="a@none.example",
         fields="From: a@none.example, b@other.example\n"),
    Mail("login", login="alice"),
    Mail("login from elsewhere", login="alice", client=STRANGER),
    Mail("login, other domain", author="a@plain.example", login="alice"),
    Mail("login, subdomain", author="a@sub.example.org", login="alice"),
    Mail("login, to a robot", login="alice", rcpt="robot@example.net"),
    Mail("login, exempt domain", author="a@exempt.example", login="alice"),
    Mail("inside, no login", client=INSIDE),
)

LOOKUP = ("a failed lookup is no DMARC failure, and could have been a pass: "
          "RFC 9989 5.3.6, on-temperror")
NULL = ("SPF of the null sender is that of postmaster@HELO (RFC 7208 2.4), and "
        "is aligned; OpenDMARC ignores it")
SUBMITTED = ("millgate does not judge submissions by DMARC; OpenDMARC needs "
             "IgnoreAuthenticatedClients and IgnoreHosts for that")
WHY = {
    ("single", "SPF lookup fails"): LOOKUP,
    ("tables", "SPF lookup fails"): LOOKUP,
    ("tables", "null sender"): NULL,
    ("strict", "null sender"): NULL,
    ("single", "login"): SUBMITTED,
    ("single", "login from elsewhere"): SUBMITTED,
    ("single", "login, to a robot"): SUBMITTED,
    ("single", "login, exempt domain"): SUBMITTED,
    ("strict", "inside, no login"): SUBMITTED,
}
