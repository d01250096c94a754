"""A milter client: one session with millgate, as an MTA has it.

Thousands of sessions can be open at once, more than the MTAs of the world
allow. Requests are sent without waiting, so that all sessions have a request
before the first answer is read.
"""

import socket
import struct

VERSION, ACTIONS, STEPS = 6, 0x1ff, 0x1fffff	# what Postfix offers


class Session:
    def __init__(self, world, place=None, port="milter", **macros):
        """`place`: the path of a unix socket, in place of the world's port."""
        self.macros = {"{daemon_port}": str(world.port["submission"]),
                       "{tls_version}": "TLSv1.3", "{cipher_bits}": "256",
                       "{auth_type}": "PLAIN", **macros}
        if place is None:
            self.sock = socket.create_connection(
                (world.address, world.port[port]), timeout=60)
            # a request without an answer must not hold back the next one
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(60)
            self.sock.connect(place)
        self.file = self.sock.makefile("rb")

    def send(self, *packets):
        self.sock.sendall(b"".join(
            struct.pack("!I", len(packet)) + packet for packet in packets))

    def answer(self):
        """The letter of the next answer, and its data."""
        size, letter = struct.unpack("!Ic", self.file.read(5))
        return letter, self.file.read(size - 1)

    def close(self):
        self.file.close()
        self.sock.close()

    def define(self, command, names):
        words = "".join("%s\0%s\0" % (name, self.macros[name])
                        for name in names if name in self.macros)
        return b"D" + command + words.encode("utf-8", "surrogateescape")

    def negotiate(self):
        self.send(b"O" + struct.pack("!III", VERSION, ACTIONS, STEPS))

    def greet(self):
        """These get no answer: millgate negotiated that (SMFIP_NR_*)."""
        self.send(self.define(b"C", ("{daemon_port}",)),
                  b"Cclient.example\0" + b"4" + struct.pack("!H", 4025) +
                  b"192.0.2.7\0", b"Hclient.example\0")

    def mail(self, sender):
        self.send(self.define(b"M", ("{tls_version}", "{cipher_bits}",
                                     "{auth_type}", "{auth_authen}")),
                  b"M<" + sender.encode("utf-8", "surrogateescape") + b">\0")

    def rcpt(self, recipient):
        self.send(b"R<" + recipient.encode() + b">\0")

    def header(self, fields):
        """
        Send T, and the fields as (name, value with its blank). Only T gets an
        answer.
        """
        self.send(b"T", *["L{}\0{}\0".format(*field).encode()
                          for field in fields])

    def body(self, text):
        """Send the end of the header, the body and E, which gets an answer."""
        self.send(b"N", b"B" + text, b"E")

    def data(self, fields, text):
        """The header and the body; only T and E get answers."""
        self.header(fields)
        self.body(text)
