"""peer_mail - the zone and the messages that all servers of a comparison get

One domain with SPF (three includes), one RSA-2048 key and DMARC p=reject; and
as many domains of the same kind as the cold lookups need, each asked once.
"""
import os
import subprocess

DOMAIN, SENDER, SELECTOR = "example.org", "alice@example.org", "s1"
FIELDS = """Received: from out.%(d)s (out.%(d)s [192.0.2.1])
\tby mx.example.net (Postfix) with ESMTPS id 4XYZ
\tfor <bob@example.net>; Mon, 23 Nov 2026 10:00:00 +0000 (UTC)
From: Alice <alice@%(d)s>
To: Bob <bob@example.net>
Cc: Carol <carol@example.net>
Subject: minutes of the meeting on Thursday
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <20261123100000.1@%(d)s>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
Reply-To: alice@%(d)s
In-Reply-To: <20261122180000.7@example.net>
References: <20261122180000.7@example.net>
User-Agent: Example Mail 1.0
"""
WORDS = ("the quick brown fox jumps over the lazy dog and we met on thursday "
         "to read what each of us had written about the rooms of the house "
         "before anyone could say how much of it would stay").split()
PASSED = ("Authentication-Results: mx.example.net; spf=pass "
          "smtp.mailfrom=%(s)s\n"
          "Authentication-Results: mx.example.net; dkim=pass header.d=%(d)s "
          "header.i=@%(d)s\n")
FAILED = PASSED.replace("=pass", "=fail")


def run(*words):
    return subprocess.run(words, check=True, capture_output=True,
                          text=True).stdout


def make_key(directory):
    """The path of a new key, where millgate looks for it, and its record."""
    path = os.path.join(directory, "keys", DOMAIN, SELECTOR + ".private")
    os.makedirs(os.path.dirname(path), 0o700)
    run("openssl", "genrsa", "-out", path, "2048")
    os.chmod(path, 0o600)
    public = run("openssl", "rsa", "-in", path, "-pubout")
    return path, "".join(public.split("\n")[1:-2])


def domain_zone(domain, public, network="192.0.2.0/24"):
    names = {"d": domain, "k": public, "n": network}
    return "".join(line % names + "\n" for line in (
        '%(d)s TXT "v=spf1 include:a.%(d)s include:b.%(d)s include:c.%(d)s '
        '-all"',
        'a.%(d)s TXT "v=spf1 ip4:198.51.100.0/28 ip4:198.51.100.32/28 ~all"',
        'b.%(d)s TXT "v=spf1 ip4:198.51.100.64/28 ip6:2001:db8:1::/48 ~all"',
        'c.%(d)s TXT "v=spf1 ip6:2001:db8:2::/48 ip4:%(n)s ~all"',
        'out.%(d)s A 192.0.2.1',
        '_dmarc.%(d)s TXT "v=DMARC1; p=reject"',
        's1._domainkey.%(d)s TXT "v=DKIM1; k=rsa; p=%(k)s"'))


def silent_zone(domain):
    """Questions about this domain get no answer."""
    return "".join("%s%s TIMEOUT\n" % (prefix, domain)
                   for prefix in ("", "_dmarc.", "s1._domainkey."))


def body_text(size):
    """`size` bytes of lines of words; each differs from the one before."""
    lines, length, n = [], 0, 0
    while length < size:
        line = " ".join(WORDS[(n + i * (1 + n % 3)) % len(WORDS)]
                        for i in range(12))
        lines.append("%d %s" % (n, line))
        length += len(lines[-1]) + 1
        n += 1
    return "\n".join(lines)[:size - 1] + "\n"


class Message:
    """A message in its forms: as submitted, as it arrives, as it is forged."""

    def __init__(self, domain, size, key):
        import dkim
        self.sender = "alice@" + domain
        names = {"d": domain, "s": self.sender}
        self.plain = FIELDS % names + "\n" + body_text(size)
        with open(key, "rb") as f:
            field = dkim.sign(self.plain.replace("\n", "\r\n").encode(),
                              SELECTOR.encode(), domain.encode(), f.read(),
                              canonicalize=(b"relaxed", b"simple"))
        self.signed = field.decode().replace("\r\n", "\n") + self.plain
        # what the milters before OpenDMARC have found
        self.judged = PASSED % names + self.signed
        forged = self.signed.replace("\n0 ", "\n0 forged ")
        self.forged = forged
        self.judged_forged = FAILED % names + forged


def split(text):
    """The fields as an MTA sends them, and the body with CRLF."""
    head, body = text.split("\n\n", 1)
    fields = []
    for line in head.split("\n"):
        if line[:1] in " \t":
            fields[-1] = (fields[-1][0], fields[-1][1] + "\n" + line)
        else:
            name, value = line.split(":", 1)
            fields.append((name, value))
    return fields, body.replace("\n", "\r\n").encode()
