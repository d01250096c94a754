"""Messages: make them, sign them for other sites, find and verify them.

dkimpy signs for other sites and verifies all signatures; it shares no code
with millgate.
"""

import itertools
import os
import re

import dkim

from services import wait_until

CRLF = "\r\n"
numbers = itertools.count(1)


def compose(sender, recipient="bob@example.net", subject="A letter",
            extra=(), body="Hello,\r\n\r\nthis is a letter.\r\n"):
    """A message as text with CRLF; `extra` are complete fields on top."""
    fields = list(extra)
    if sender is not None:
        fields.append("From: " + sender)
    fields += ["To: " + recipient, "Subject: " + subject,
               "Date: Mon, 23 Nov 2026 12:00:00 +0000",
               "Message-ID: <%d.%d@tests.example>" % (os.getpid(),
                                                     next(numbers))]
    return CRLF.join(fields) + CRLF + CRLF + body


def message_id(message):
    return re.search(r"(?mi)^Message-ID:\s*(<[^>]*>)", message).group(1)


def sign(world, message, domain, selector="s1", names=(
        b"from", b"to", b"subject", b"date", b"message-id"),
         canonicalize=(b"relaxed", b"simple")):
    """The message, signed with RSA by the site of `domain`."""
    with open(world.foreign_key, "rb") as f:
        key = f.read()
    field = dkim.sign(message.encode(), selector.encode(), domain.encode(),
                      key, include_headers=names, canonicalize=canonicalize)
    return field.decode() + message


class Delivered:
    """A delivered message: fields from top to bottom, body, raw text."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\n\n")
        text = head.decode("utf-8", "surrogateescape")
        unfolded = re.sub(r"\n(?=[ \t])", "", text)
        self.fields = [tuple(part.strip() for part in line.split(":", 1))
                       for line in unfolded.split("\n") if ":" in line]
        self.head = text

    def all(self, name):
        return [value for field, value in self.fields
                if field.lower() == name.lower()]

    def one(self, name):
        values = self.all(name)
        assert len(values) == 1, "%d fields %s, not one, in:\n%s" % (
            len(values), name, self.head)
        return values[0]

    def signatures(self, world):
        """[(domain, algorithm, is it valid)] of all DKIM-Signatures."""
        found = []
        for index, value in enumerate(self.all("DKIM-Signature")):
            tags = dict(tag.strip().split("=", 1)
                        for tag in value.split(";") if "=" in tag)
            verifier = dkim.DKIM(self.raw)
            try:
                good = verifier.verify(idx=index, dnsfunc=world.lookup_txt)
            except dkim.DKIMException:
                good = False
            found.append((tags["d"], tags["a"], good))
        return found


def deliveries(world, domain):
    """All messages delivered to recipients in domain."""
    place = world.mailbox(domain)
    if not os.path.isdir(place):
        return []
    found = []
    for name in sorted(os.listdir(place)):
        with open(os.path.join(place, name), "rb") as f:
            found.append(Delivered(f.read()))
    return found


def delivered(world, domain, message):
    """Wait until this message is delivered to domain; return it."""
    wanted = message_id(message)

    def arrived():
        for found in deliveries(world, domain):
            if wanted in found.all("Message-ID"):
                return found
        return None
    # longer than Postfix pauses when a delivery agent ended just then
    return wait_until("%s delivered to %s" % (wanted, domain), arrived, 30)


def was_delivered(world, domain, message):
    """Is it delivered? Only meaningful when the queue is empty."""
    return any(message_id(message) in found.all("Message-ID")
               for found in deliveries(world, domain))
