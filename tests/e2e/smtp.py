"""An SMTP client for tests, which sends exactly the given octets.

`transcript` has every line of both sides. Unlike smtplib it sends NUL, bare
CR and LF and incomplete commands unchanged, and has XCLIENT and SCRAM.
"""

import base64
import hashlib
import hmac
import os
import re
import socket
import ssl

import bearer

# RFC 3463: a reply code, an enhanced status code of the same class, a text
REFUSAL = re.compile(r"^(4|5)\.\d{1,3}\.\d{1,3} \S.*$")

refusals = []	# every 4xx and 5xx that any client got for a message


class Reply:
    def __init__(self, code, lines):
        self.code, self.lines = code, lines
        self.text = " ".join(lines)

    def __repr__(self):
        return "%d %s" % (self.code, self.text)

    @property
    def status(self):
        """The enhanced status code, or ""."""
        found = re.match(r"[245]\.\d+\.\d+", self.text)
        return found.group() if found else ""

    def starts(self, words):
        return repr(self).startswith(words)


class Closed(Exception):
    """The server closed the connection."""


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.b64encode(data).decode()


class Client:
    """A connection to a port of the world, after greeting and EHLO."""

    def __init__(self, world, port, tls=None, address=None, name=None,
                 helo="client.example", tls_context=None, proxy=None):
        """
        tls: None as the port requires (implicit on smtps, STARTTLS on
        submission), else True or False. address: the client address for
        XCLIENT, or the real one if the MTA has no XCLIENT. proxy: the line
        that a load balancer sends first.
        """
        self.world, self.helo, self.transcript = world, helo, []
        self.offers = {}
        self.context = tls_context or self.make_context(world)
        self.tls = tls if tls is not None else port != "smtp"
        claims = address is not None and getattr(world, "xclient", True)
        source = (address, 0) if address and not claims else None
        self.sock = socket.create_connection(
            (world.address, world.port[port]), timeout=60,
            source_address=source)
        if proxy is not None:
            self.sock.sendall(proxy.encode() + b"\r\n")
        implicit = port in ("smtps", "contrib_submissions")
        if implicit:
            self.wrap()
        self.file = self.sock.makefile("rb")
        self.greeting = self.read()
        self.ehlo()
        if claims:
            self.xclient(address, name)
        if self.tls and not implicit:
            self.starttls()

    @staticmethod
    def make_context(world, version=None):
        context = ssl.create_default_context(cafile=world.pki + "/ca.pem")
        if version is not None:
            # OpenSSL 3 offers TLS before 1.2 only without a security level
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        return context

    # --- lines

    def wrap(self):
        self.sock = self.context.wrap_socket(
            self.sock, server_hostname="mx.example.net")

    def send(self, line):
        self.transcript.append(("C", line))
        self.sock.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")

    def send_raw(self, data):
        self.transcript.append(("C", "(%d octets)" % len(data)))
        self.sock.sendall(data)

    def read(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise Closed("after %r" % (self.transcript[-1:],))
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.transcript.append(("S", text))
            lines.append(text[4:])
            if text[3:4] != "-":
                break
        reply = Reply(int(text[:3]), lines)
        if reply.code >= 400 and self.about_mail():
            refusals.append(reply)
        return reply

    def about_mail(self):
        """Was the last command a step of a mail transaction?"""
        said = [text for who, text in self.transcript if who == "C"]
        return bool(said) and said[-1].startswith(
            ("MAIL", "RCPT", "DATA", "BDAT", "(the message"))

    def command(self, line):
        self.send(line)
        return self.read()

    # --- the session

    def ehlo(self):
        reply = self.command("EHLO " + self.helo)
        self.offers = {line.split()[0].upper(): line.split()[1:]
                       for line in reply.lines[1:] if line}
        return reply

    def xclient(self, address, name=None):
        kind = "IPV6:" + address if ":" in address else address
        reply = self.command("XCLIENT NAME=%s ADDR=%s" % (
            name or "[UNAVAILABLE]", kind))
        assert reply.code == 220, reply
        self.ehlo()

    def starttls(self):
        reply = self.command("STARTTLS")
        assert reply.code == 220, reply
        self.wrap()
        self.transcript.append(("-", "TLS: %s, %s" % (
            self.sock.version(), self.sock.cipher()[0])))
        self.file = self.sock.makefile("rb")
        self.ehlo()

    def login(self, login, password=None, mechanism="PLAIN"):
        if mechanism in ("OAUTHBEARER", "XOAUTH2"):
            return self.token(login, password or bearer.token(login),
                              mechanism)
        password = password or self.world.logins[login]
        if mechanism == "PLAIN":
            return self.command("AUTH PLAIN " +
                                b64("\0%s\0%s" % (login, password)))
        if mechanism == "LOGIN":
            self.command("AUTH LOGIN")
            self.command(b64(login))
            return self.command(b64(password))
        return self.scram(login, password)

    def token(self, login, token, mechanism):
        """OAUTHBEARER (RFC 7628) or XOAUTH2; the password is the token."""
        words = ("n,a=%s,\1host=mx.example.net\1auth=Bearer %s\1\1"
                 if mechanism == "OAUTHBEARER" else
                 "user=%s\1auth=Bearer %s\1\1") % (login, token)
        reply = self.command("AUTH %s %s" % (mechanism, b64(words)))
        if reply.code == 334:	# a JSON error, which the client acknowledges
            reply = self.command(b64("\1"))
        return reply

    def scram(self, login, password):
        """SCRAM-SHA-256, RFC 5802 and 7677; the server's proof is checked."""
        first = "n=%s,r=%s" % (login, b64(os.urandom(18)))
        reply = self.command("AUTH SCRAM-SHA-256 " + b64("n,," + first))
        if reply.code != 334:
            return reply
        server = base64.b64decode(reply.text).decode()
        word = dict(part.split("=", 1) for part in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                     base64.b64decode(word["s"]),
                                     int(word["i"]))
        last = "c=biws,r=" + word["r"]
        signed = ",".join((first, server, last)).encode()

        def mac(key, text):
            return hmac.digest(key, text, "sha256")
        key = mac(salted, b"Client Key")
        proof = bytes(a ^ b for a, b in zip(
            key, mac(hashlib.sha256(key).digest(), signed)))
        reply = self.command(b64("%s,p=%s" % (last, b64(proof))))
        if reply.code == 334:
            want = b64(mac(mac(salted, b"Server Key"), signed))
            assert base64.b64decode(reply.text).decode() == "v=" + want
            reply = self.command("")
        return reply

    def pipeline(self, *lines):
        """Several commands in one write; all replies."""
        self.transcript += [("C", line) for line in lines]
        self.sock.sendall("".join(line + "\r\n" for line in lines).encode())
        return [self.read() for _ in lines]

    # --- a message

    def mail(self, sender, options=""):
        return self.command("MAIL FROM:<%s>%s" % (sender, options))

    def rcpt(self, recipient):
        return self.command("RCPT TO:<%s>" % recipient)

    def data(self, message):
        """DATA and the message; the reply to the last of them."""
        reply = self.command("DATA")
        return self.message(message) if reply.code == 354 else reply

    def message(self, message):
        """Send the message after DATA; return the reply."""
        body = message.encode() if isinstance(message, str) else message
        self.transcript.append(("C", "(the message, %d octets)" % len(body)))
        body = re.sub(rb"(?m)^\.", b"..", body)
        end = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
        self.sock.sendall(body + end)
        return self.read()

    def chunks(self, message, *sizes):
        """The message by BDAT, in chunks of these sizes and the rest."""
        rest = message.encode() if isinstance(message, str) else message
        for size in sizes:
            reply = self.chunk(rest[:size])
            if reply.code != 250:
                return reply
            rest = rest[size:]
        return self.chunk(rest, " LAST")

    def chunk(self, data, last=""):
        """One write: a second one would wait for an acknowledgement."""
        line = "BDAT %d%s" % (len(data), last)
        self.transcript.append(("C", line))
        self.sock.sendall(line.encode() + b"\r\n" + data)
        return self.read()

    def submit(self, sender, recipients, message):
        """A whole transaction; the reply to the first step that failed."""
        reply = self.mail(sender)
        if reply.code != 250:
            return reply
        if isinstance(recipients, str):
            recipients = [recipients]
        replies = [self.rcpt(recipient) for recipient in recipients]
        if all(reply.code != 250 for reply in replies):
            return replies[-1]
        return self.data(message)

    def quit(self):
        reply = self.command("QUIT")
        self.close()
        return reply

    def close(self):
        try:
            self.file.close()
            self.sock.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def queue_id(reply):
    """Of "250 2.0.0 Ok: queued as ABC", or Sendmail's "250 2.0.0 ABC"."""
    found = re.search(r"queued as (\S+)|(\S+) Message accepted", reply.text)
    return found.group(1) or found.group(2) if found else None
