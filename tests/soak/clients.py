"""Clients that send mail to millgate as an MTA does, and as none should.

A client stalls, hangs up at any step, aborts, pipelines, dribbles, says wrong
things about itself, and sends bodies of 50 MB. It counts what was accepted, for
each login, and what may have been: a message whose answer it did not read.
"""

import contextlib
import dataclasses
import socket
import struct

import keys
import message
import milter
import smtp
from place import CONTROLLED, LIMITED, USERS
from workers import AWAY, Worker
from world import HONEST, STRANGER

CHUNK, LARGE = 65535, 50 << 20


@dataclasses.dataclass
class Mail:
    kind: str
    macros: dict
    sender: str
    recipients: list
    fields: list
    body: bytes
    login: str = None
    forbidden: bool = False	# must never be accepted

    def steps(self):
        """(the kind of the step, its packet, does it get an answer)"""
        yield "define", b"DM" + words(self.macros), False
        yield "mail", b"M<" + self.sender.encode() + b">\0", True
        for to in self.recipients:
            yield "rcpt", b"R<" + to.encode() + b">\0", True
        yield "data", b"T", True
        for name, value in self.fields:
            yield "field", b"L" + text(name) + text(value), False
        yield "eoh", b"N", False
        for at in range(0, len(self.body), CHUNK):
            yield "body", b"B" + self.body[at:at + CHUNK], False
        yield "end", b"E", True


def text(word):
    return word.encode("utf-8", "surrogateescape") + b"\0"


def words(pairs):
    """A list of macros; never odd: libmilter reads past the end of those."""
    return b"".join(text(name) + text(value) for name, value in pairs.items())


class MilterClient(Worker):
    """Speaks the milter protocol."""

    # --- mail

    def recipients(self):
        return ["r%d@elsewhere.example" % self.random.randrange(1000)
                for _ in range(self.random.choice((1, 1, 1, 2, 5)))]

    def body(self):
        size = self.random.choice((0, 10, 200, 3000, 3000, 30000, 200000))
        block = self.shared.block
        return (block * (size // len(block) + 1))[:size] + b"\r\n"

    def submission(self, **macros):
        login = self.login()
        return Mail("submission", {
            "i": "S%x" % self.random.getrandbits(40), "{tls_version}":
            "TLSv1.3", "{cipher_bits}": "256", "{auth_type}": "PLAIN",
            "{auth_authen}": login, **macros}, login, self.recipients(), [
                ("From", " " + login), ("Subject", " soak"),
                ("Date", " Mon, 23 Nov 2026 12:00:00 +0000"),
                ("Message-ID", " <%x@soak.example>" %
                 self.random.getrandbits(60))], self.body(), login)

    def lie(self):
        """A submission of one who may not send it."""
        mail = self.submission()
        how = self.random.randrange(6)
        if how == 0:
            del mail.macros["{auth_type}"]
        elif how == 1:
            del mail.macros["{auth_authen}"]
            mail.macros["{auth_author}"] = mail.login
        elif how == 2:
            del mail.macros["{tls_version}"]
        elif how == 3:
            mail.macros["{auth_type}"] = "CRAM-MD5"
        elif how == 4:
            mail.sender = "president@example.net"
        else:
            mail.fields[0] = ("From", self.random.choice((
                " president@example.net", " \udcff\udcfe",
                " a@b, , <>", " (" * 500)))
        mail.kind, mail.forbidden = "lie", True
        return mail

    def large(self):
        mail = self.submission()
        mail.kind = "large"
        mail.body = self.shared.block * (LARGE // len(self.shared.block))
        return mail

    def inbound(self, forged):
        fields, body = self.shared.forged if forged else self.shared.signed
        return Mail("forged" if forged else "signed", {
            "i": "I%x" % self.random.getrandbits(40)}, "joe@strict.example",
            ["bob@example.net"], list(fields), body, None, forged)

    # --- a session

    def session(self):
        daemon = self.random.choice(self.world.daemons)
        self.port = daemon.port
        self.tally.count["sessions"] += 1
        if self.chance(0.03):
            self.noise()
            return
        wire = milter.Session(self.world, port=self.port)
        try:
            if self.chance(0.75):
                self.submit(wire)
            else:
                self.arrive(wire)
        finally:
            wire.close()

    def noise(self):
        """Octets that are no session; none looks like a list of macros."""
        self.tally.count["noise"] += 1
        data = self.random.randbytes(self.random.randrange(1, 3000))
        if self.chance(0.5):
            letter = self.random.choice((b"O", b"C", b"H", b"M", b"R", b"L"))
            data = struct.pack("!I", len(data) + 1) + letter + data
        address = (self.world.address, self.world.port[self.port])
        with socket.create_connection(address, timeout=60) as s, \
                contextlib.suppress(ConnectionError):
            s.sendall(data.replace(b"D", b"d"))

    def greet(self, wire, port, address, helo):
        """False: it was left before the first message."""
        stage = self.random.randrange(6) if self.chance(0.08) else None
        where = {"j": "mx.example.net", "{daemon_name}": "smtpd",
                 "{daemon_port}": str(self.world.port[port]),
                 "{daemon_addr}": "127.0.0.1"}
        for n, packets in enumerate((
                [], [b"O" + struct.pack("!III", milter.VERSION,
                                        milter.ACTIONS, milter.STEPS)],
                [b"DC" + words(where)],
                [b"C" + text("mail.strict.example") + b"4" +
                 struct.pack("!H", 4025) + text(address)],
                [b"H" + text(helo)])):
            if n == stage:
                self.hang_up(wire)
                return False
            wire.send(*packets)
            if n == 1:
                letter, _ = wire.answer()
                assert letter == b"O", letter
        return True

    def submit(self, wire):
        helo = self.random.choice((
            "client.example", "[192.0.2.1]", "mx.example.net", "x" * 300,
            "a=b login=root", "\udcff", ""))
        if not self.greet(wire, "submission", "198.51.100.7", helo):
            return
        for _ in range(self.random.choice((1, 1, 2, 4))):
            if self.chance(0.15):
                mail = self.lie()
            elif self.chance(0.003) and self.shared.large.acquire(False):
                try:
                    self.one(wire, self.large())
                finally:
                    self.shared.large.release()
                return
            else:
                mail = self.submission()
            if not self.one(wire, mail):
                return
        self.quit(wire)

    def arrive(self, wire):
        forged = self.chance(0.3)
        address, helo = (STRANGER, self.random.choice((
            "mail.strict.example", "mx.example.net", "-"))) if forged else (
            HONEST, "mail.strict.example")
        if not self.greet(wire, "smtp", address, helo):
            return
        for _ in range(self.random.choice((1, 1, 3))):
            if not self.one(wire, self.inbound(forged)):
                return
        self.quit(wire)

    def quit(self, wire):
        if self.chance(0.5):
            wire.send(b"Q")

    def hang_up(self, wire):
        """With FIN, or with RST."""
        self.tally.count["disconnects"] += 1
        if self.chance(0.5):
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        wire.close()

    # --- a message

    def one(self, wire, mail):
        """True: the session goes on."""
        self.tally.count["messages"] += 1
        steps = list(mail.steps())
        if mail.kind != "large" and self.chance(0.15):
            return self.pipelined(wire, mail, steps)
        fate = self.random.random()
        step = self.random.randrange(len(steps) + 1)
        return self.stepwise(wire, mail, steps,
                             step if fate < 0.15 else None,
                             step if 0.15 <= fate < 0.22 else None,
                             step if 0.22 <= fate < 0.3 else None)

    def stepwise(self, wire, mail, steps, cut, abort, stall):
        passed = 0
        for n, (kind, packet, answered) in enumerate(steps):
            if n == cut:
                self.hang_up(wire)
                return False
            if n == abort:
                return self.abort(wire)
            if n == stall:
                self.tally.count["stalls"] += 1
                self.nap(3)
            if kind == "end":
                self.unanswered = mail.login, passed
            self.push(wire, packet)
            if kind == "end" and cut == len(steps):
                self.hang_up(wire)
                self.tally.unknown(self.port, mail.login, passed)
                self.unanswered = None
                return False
            if not answered:
                continue
            letter, reply = self.answer(wire)
            if kind == "end":
                self.judge(mail, letter, reply, passed)
            elif kind == "rcpt":
                passed += letter == b"c"
                self.judge_rcpt(mail, letter, reply)
            elif letter != b"c" or kind == "data" and passed == 0:
                self.judge_early(mail, kind, letter, reply)
                return self.abort(wire)
        return True

    def push(self, wire, packet):
        if len(packet) > 2000 or not self.chance(0.01):
            wire.send(packet)
            return
        self.tally.count["dribbles"] += 1
        data = struct.pack("!I", len(packet)) + packet
        at = self.random.randrange(1, len(data))
        wire.sock.sendall(data[:at])
        self.nap(0.2)
        wire.sock.sendall(data[at:])

    def abort(self, wire):
        self.tally.count["aborts"] += 1
        wire.send(b"A")
        return True

    def pipelined(self, wire, mail, steps):
        """All of it in one write, and then the answers."""
        self.tally.count["pipelined"] += 1
        # how many recipients were accepted is not known before the answers
        self.unanswered = mail.login, len(mail.recipients)
        wire.send(*[packet for _, packet, _ in steps])
        passed = 0
        for kind in [kind for kind, _, answered in steps if answered]:
            letter, reply = self.answer(wire)
            if kind == "end":
                self.judge(mail, letter, reply, passed)
                return True
            if kind == "rcpt":
                passed += letter == b"c"
                self.judge_rcpt(mail, letter, reply)
            elif letter != b"c":
                self.unanswered = None
                self.judge_early(mail, kind, letter, reply)
                return False
        return True

    def answer(self, wire):
        """The answer that ends the step, and its text."""
        letter, self.edits = b"i", []
        while letter in (b"i", b"h", b"m", b"+", b"-", b"e", b"q", b"2",
                         b"p"):
            letter, reply = wire.answer()
            self.edits.append(reply)
        return letter, reply.rstrip(b"\0").decode("utf-8", "replace")

    # --- what an answer means

    def judge(self, mail, letter, reply, passed):
        self.unanswered = None
        if letter in (b"c", b"a"):
            if passed == 0:	# pipelined; an MTA had not gone on
                return
            if not self.may_be_accepted(mail):
                self.shared.report("accepted: %r, with %r" % (
                    dataclasses.replace(mail, body=b""), self.edits))
            self.tally.count["accepted"] += 1
            self.tally.count["accepted " + mail.kind] += 1
            self.tally.accepted(self.port, mail.login, passed)
            return
        self.tally.count["refused"] += 1
        if reply.startswith("4") and self.port == "milter2":
            # Redis may have counted what it could not answer any more
            self.tally.unknown(self.port, mail.login, passed)
        self.judge_early(mail, "end", letter, reply)

    def may_be_accepted(self, mail):
        """So, and with these fields."""
        edits = b"".join(self.edits)
        if mail.login is not None:
            # of two keys in the database one may be retired
            few = 1 if mail.login in keys.LOGINS else 2
            return not mail.forbidden and few <= edits.count(
                b"DKIM-Signature\0") <= 2
        results = edits.count(b"Authentication-Results\0") == 1
        if b"temperror" in edits and self.world.was_disturbed("dns"):
            self.tally.count["accepted with a temperror"] += 1
            return results and not (
                mail.forbidden and b"dmarc=pass" in edits)
        return results and not mail.forbidden and b"dmarc=pass" in edits

    def judge_early(self, mail, step, letter, reply):
        if mail.forbidden or mail.login in (LIMITED, CONTROLLED):
            return
        if letter == b"c":
            return
        what = "%s: %s" % (step, letter.decode("latin-1"))
        if reply.startswith("4"):
            self.judge_deferral(what, reply)
        else:
            self.shared.report("%s of honest mail: %s" % (what, reply))

    def judge_rcpt(self, mail, letter, reply):
        if letter != b"c":
            self.judge_early(mail, "rcpt", letter, reply)


class SmtpClient(Worker):
    """Sends through Postfix."""

    def session(self):
        name, self.port = self.random.choice((
            ("submission", "milter"), ("second", "milter2")))
        self.tally.count["sessions"] += 1
        login = self.random.choice(USERS)
        cut = self.random.randrange(6) if self.chance(0.2) else None
        with smtp.Client(self.world, name) as client:
            if cut == 0:
                return
            reply = client.login(login)
            assert reply.code == 235, reply
            if cut == 1:
                return
            self.submit(client, login, cut)

    def submit(self, client, login, cut):
        self.tally.count["messages"] += 1
        letter = message.compose(login, body="x" * 70 + "\r\n" *
                                 self.random.randrange(1, 500))
        replies = client.pipeline("MAIL FROM:<%s>" % login, "RCPT TO:<a@"
                                  "elsewhere.example>", "DATA")
        if cut == 2 or any(reply.code >= 400 for reply in replies):
            self.tally.count["disconnects"] += cut == 2
            refused = [reply for reply in replies if reply.code >= 400]
            if refused:	# the next ones only follow from the first
                self.judge_deferral("Postfix", repr(refused[0]))
            return
        if cut == 3:
            self.tally.count["disconnects"] += 1
            client.send_raw(letter[:len(letter) // 2].encode())
            return
        if cut == 4:
            self.tally.count["disconnects"] += 1
            client.send_raw(letter.encode() + b"\r\n.\r\n")
            self.tally.unknown(self.port, login, 1)
            return
        self.unanswered = login, 1
        reply = client.message(letter)
        self.unanswered = None
        self.judge(reply, login)

    def judge(self, reply, login):
        if reply.code == 250:
            self.tally.count["accepted"] += 1
            self.tally.count["accepted by Postfix"] += 1
            self.tally.accepted(self.port, login, 1)
            return
        self.tally.count["refused"] += 1
        if self.port == "milter2" or AWAY in reply.text:
            self.tally.unknown(self.port, login, 1)
        self.judge_deferral("Postfix", repr(reply))
