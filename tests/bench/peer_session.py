"""peer_session - one session with any milter, as Postfix has it

`Session` goes to a stage and stays there (memory), or sends a whole message and
returns the answer and the edits (the fields that the milter added). mtaload.c
makes the load: it is faster, but does not look at the edits.
"""
import socket
import struct

OFFER = (6, 0x1ff, 0x1fffff)		# version, actions and steps of Postfix
STAGES = ("connect", "helo", "mail", "rcpt", "header")
NO_REPLY = {b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000,
            b"T": 0x10000, b"L": 0x80, b"N": 0x40000, b"B": 0x80000}
LEFT_OUT = {b"C": 0x1, b"H": 0x2, b"M": 0x4, b"R": 0x8, b"B": 0x10, b"L": 0x20,
            b"N": 0x40, b"T": 0x200}
LEAD_SPACE = 0x100000
FINAL = {b"c": "accept", b"a": "accept", b"r": "reject", b"t": "defer",
         b"d": "discard", b"f": "fail"}


class Gone(Exception):
    """The milter gave a final answer, before the end of the message."""


class Session:
    def __init__(self, path, client="192.0.2.1", login=None, seconds=60):
        self.client, self.login, self.edits = client, login, []
        self.held = False		# quarantined
        self.no_body = False		# it needs no more of the body
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(seconds)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")
        self.steps = 0

    def send(self, packet):
        self.sock.sendall(struct.pack("!I", len(packet)) + packet)

    def answer(self):
        while True:
            head = self.file.read(5)
            if len(head) < 5:
                raise Gone("the connection was closed")
            size, letter = struct.unpack("!Ic", head)
            data = self.file.read(size - 1)
            if letter == b"O":
                self.steps, = struct.unpack("!8xI", data[:12])
                return letter
            if letter in b"hi":
                words = data[4 * (letter != b"h"):].split(b"\0")
                self.edits.append(tuple(x.decode("latin1")
                                        for x in words[:2]))
            elif letter == b"q":
                self.held = True
            elif letter == b"s":
                self.no_body = True
                return b"c"
            elif letter == b"y":
                return b"t" if data[:1] == b"4" else b"r"
            elif letter in FINAL:
                return letter

    def ask(self, command, data=b"", macros=()):
        """One event, and its answer if the milter gives one."""
        if self.steps & LEFT_OUT.get(command, 0):
            return
        if macros:
            self.send(b"D" + command + b"".join(
                x.encode() + b"\0" for pair in macros for x in pair))
        self.send(command + data)
        if not self.steps & NO_REPLY.get(command, 0):
            letter = self.answer()
            if letter != b"c":
                raise Gone(FINAL[letter])

    def connect(self):
        self.send(b"O" + struct.pack("!III", *OFFER))
        self.answer()
        port = "587" if self.login else "25"
        self.ask(b"C", b"out.example.org\0004" + struct.pack("!H", 40000) +
                 self.client.encode() + b"\0",
                 (("j", "mx.example.net"), ("v", "Postfix 3.7.11"),
                  ("{daemon_name}", "smtpd"), ("{daemon_port}", port),
                  ("{daemon_addr}", "127.0.0.1")))

    def mail(self, sender):
        macros = [("i", "4QUEUEID")]
        if self.login:
            macros += [("{auth_type}", "PLAIN"), ("{auth_authen}", self.login),
                       ("{tls_version}", "TLSv1.3"),
                       ("{cipher}", "TLS_AES_256_GCM_SHA384"),
                       ("{cipher_bits}", "256")]
        self.ask(b"M", b"<%s>\0" % sender.encode(), macros)

    def go(self, stage, sender, fields):
        """Every step up to the stage; "header" is half of the fields."""
        last = STAGES.index(stage)
        self.connect()
        if last >= 1:
            self.ask(b"H", b"out.example.org\0")
        if last >= 2:
            self.mail(sender)
        if last >= 3:
            self.ask(b"R", b"<bob@example.net>\0")
        if last >= 4:
            self.ask(b"T")
            self.headers(fields[:len(fields) // 2])

    def headers(self, fields):
        for name, value in fields:
            if not self.steps & LEAD_SPACE:
                value = value.lstrip(" ")
            self.ask(b"L", name.encode() + b"\0" + value.encode() + b"\0")

    def rest(self, fields, body):
        """From the fields to the end of the message, without its answer."""
        self.headers(fields)
        self.ask(b"N")
        for at in range(0, len(body), 65535):
            if not self.no_body:
                self.ask(b"B", body[at:at + 65535])
        self.send(b"E")

    def message(self, sender, fields, body):
        """The whole message: the answer in one word, and the edits."""
        try:
            self.go("rcpt", sender, fields)
            self.ask(b"T")
            self.rest(fields, body)
            return FINAL[self.answer()], self.edits
        except Gone as gone:
            return str(gone), self.edits
        finally:
            self.close()

    def close(self):
        self.file.close()
        self.sock.close()
