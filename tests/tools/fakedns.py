#!/usr/bin/python3
"""fakedns - a DNS server for tests; labels of a name select faults

usage: fakedns.py [--zone FILE] [--delay-ms N] ADDR PORT

Answers on UDP and TCP. Prints the line "ready" when it listens ("ready N" when
PORT was 0; N is the port that it got). Ends on SIGTERM, or when a pipe on its
standard input is closed. SIGUSR1 prints "queries N", the number of questions
so far.

--zone FILE   the zone text of resolver.h: name, type (A AAAA MX PTR TXT CNAME
              SERVFAIL TIMEOUT REFUSED), data; and TYPEnnn with \\# LENGTH HEX
              (RFC 3597) for the rest, signatures among them.
--delay-ms N  every answer is delayed by N milliseconds.

In a name that is not in the zone, or in any name if there is no zone, the
labels below select a fault. Any other name has a TXT, A, AAAA, MX and PTR
record if there is no zone, and does not exist if there is one.

  x-servfail x-refused x-formerr x-notimp x-nx x-nodata   that error or NODATA
  x-drop        no answer               x-slow-N   after N milliseconds
  x-tc          truncated on UDP        x-tcdrop   and closed on TCP
  x-big         60 kB of TXT            x-many     a hundred A records
  x-multi       TXT of three strings    x-nul      TXT with a NUL octet
  x-odd         PTR, MX: one good name and one with a blank
  x-echo        TXT of the name's first label
  x-wrongid     a wrong id              x-short    the answer cut off
  x-cname-N     an alias, N steps long  x-loop     an alias of itself
  x-ttl-N       the TTL of the answer   x-soa-N    NODATA with SOA, TTL N
"""
import argparse
import heapq
import os
import selectors
import signal
import socket
import stat
import struct
import sys
import time

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16,
         "AAAA": 28, "RRSIG": 46, "DNSKEY": 48}
RCODES = {"formerr": 1, "servfail": 2, "nx": 3, "notimp": 4, "refused": 5}
FAULTS = {"SERVFAIL": 2, "REFUSED": 5, "TIMEOUT": None}
TC, AA, QR, RD, RA = 0x200, 0x400, 0x8000, 0x100, 0x80
DEFAULT_TTL = 60


# --- names and data ------------------------------------------------------

def name_wire(labels):
    return b"".join(bytes([len(x)]) + x for x in labels) + b"\0"


def labels_of(text):
    """The labels of a name given as bytes, in lower case."""
    return tuple(x for x in text.lower().split(b".") if x)


def strings_wire(*strings):
    out = b""
    for s in strings:
        for i in range(0, max(len(s), 1), 255):
            out += bytes([len(s[i:i + 255])]) + s[i:i + 255]
    return out


class Question:
    def __init__(self, packet):
        self.id, self.flags = struct.unpack(">HH", packet[:4])
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].lower())
            at += 1 + packet[at]
        self.labels = tuple(labels)
        self.type, = struct.unpack(">H", packet[at + 1:at + 3])
        self.wire = packet[12:at + 5]
        # EDNS with the DO bit: the client wants signatures, too
        rest = packet[at + 5:]
        self.edns = len(rest) >= 11 and rest[:3] == b"\0\0\x29"
        self.wants_dnssec = self.edns and bool(rest[7] & 0x80)

    def argument(self, prefix):
        """N of a label "<prefix>N", or None."""
        for label in self.labels:
            if label.startswith(prefix) and label[len(prefix):].isdigit():
                return int(label[len(prefix):])
        return None

    def has(self, word):
        return b"x-" + word in self.labels


class Answer:
    def __init__(self):
        self.rcode = 0
        self.records = []          # (owner labels, type, ttl, rdata)
        self.authority = []
        self.delay = 0
        self.drop = self.close = self.truncate = False
        self.id_xor = 0
        self.cut = None

    def add(self, owner, rtype, rdata, ttl=DEFAULT_TTL):
        self.records.append((owner, rtype, ttl, rdata))

    def packet(self, q, tcp):
        records, authority, flags = self.records, self.authority, 0
        if self.truncate and not tcp:
            records, authority, flags = [], [], TC
        out = self.encode(q, records, authority, flags)
        if not tcp and len(out) > 1232:
            out = self.encode(q, [], [], TC)
        return out[:self.cut]

    def encode(self, q, records, authority, flags):
        flags |= QR | AA | RA | (q.flags & RD) | self.rcode
        out = struct.pack(">HHHHHH", q.id ^ self.id_xor, flags, 1,
                          len(records), len(authority), int(q.edns)) + q.wire
        for owner, rtype, ttl, rdata in records + authority:
            where = b"\xc0\x0c" if owner == q.labels else name_wire(owner)
            out += where + struct.pack(">HHIH", rtype, 1, ttl, len(rdata))
            out += rdata
        if q.edns:
            out += b"\0" + struct.pack(">HHIH", 41, 4096,
                                       0x8000 * q.wants_dnssec, 0)
        return out


# --- faults by label -----------------------------------------------------

def usual_records(q):
    name = name_wire((b"mail", b"example", b"org"))
    odd = name_wire((b"odd name", b"example", b"org"))
    mx = b"\0\x0a"
    if q.has(b"big"):
        txt = [strings_wire(b"x" * 60000)]
    elif q.has(b"multi"):
        txt = [strings_wire(b"one", b"", b"two")]
    elif q.has(b"echo"):
        txt = [strings_wire(q.labels[0])]
    elif q.has(b"nul"):
        txt = [strings_wire(b"a\0b")]
    else:
        txt = [strings_wire(b"v=spf1 -all")]
    count = 100 if q.has(b"many") else 1
    names = [odd, name] if q.has(b"odd") else [name]
    return {TYPES["TXT"]: txt,
            TYPES["A"]: [bytes([192, 0, 2, i + 1]) for i in range(count)],
            TYPES["AAAA"]: [bytes.fromhex("20010db8") + bytes(11) + b"\1"],
            TYPES["MX"]: [mx + n for n in names],
            TYPES["PTR"]: names}.get(q.type, [])


def soa_record(ttl):
    ns = name_wire((b"ns", b"example", b"org"))
    return ((b"test",), TYPES["SOA"], ttl,
            ns + ns + struct.pack(">IIIII", 1, 3600, 600, 86400, ttl))


def alias_records(q, answer, steps, ttl):
    rest = [x for x in q.labels if not x.startswith(b"x-cname-")]
    owner = q.labels
    for left in range(steps - 1, -1, -1):
        target = tuple(rest)
        if left > 0:
            target = (b"step%d" % left,) + target
        answer.add(owner, TYPES["CNAME"], name_wire(target), ttl)
        owner = target
    return owner


def scripted(q):
    answer = Answer()
    ttl = q.argument(b"x-ttl-")
    ttl = DEFAULT_TTL if ttl is None else ttl
    for word, rcode in RCODES.items():
        if q.has(word.encode()):
            answer.rcode = rcode
    answer.drop = q.has(b"drop")
    answer.delay = q.argument(b"x-slow-") or 0
    answer.truncate = q.has(b"tc") or q.has(b"tcdrop")
    answer.close = q.has(b"tcdrop")
    answer.id_xor = 0x5a5a if q.has(b"wrongid") else 0
    answer.cut = 20 if q.has(b"short") else None
    owner = q.labels
    if q.has(b"loop"):
        answer.add(owner, TYPES["CNAME"], name_wire(owner), ttl)
    elif q.argument(b"x-soa-") is not None:
        answer.authority.append(soa_record(q.argument(b"x-soa-")))
    elif answer.rcode == 0 and not q.has(b"nodata"):
        steps = q.argument(b"x-cname-")
        if steps:
            owner = alias_records(q, answer, steps, ttl)
        for rdata in usual_records(q):
            answer.add(owner, q.type, rdata, ttl)
    return answer


# --- zone files ----------------------------------------------------------

def zone_words(line):
    """The words of a line; quotes, \\DDD and \\X are resolved."""
    words, at = [], 0
    while at < len(line):
        if line[at:at + 1] in (b" ", b"\t", b"\r"):
            at += 1
            continue
        if line[at:at + 1] == b";":
            break
        quoted = line[at:at + 1] == b'"'
        at += quoted
        word = b""
        while at < len(line):
            c = line[at:at + 1]
            if c == b'"' if quoted else c in (b" ", b"\t", b"\r", b";", b'"'):
                break
            if c != b"\\":
                word, at = word + c, at + 1
            elif line[at + 1:at + 4].isdigit():
                word, at = word + bytes([int(line[at + 1:at + 4])]), at + 4
            else:
                word, at = word + line[at + 1:at + 2], at + 2
        at += quoted
        words.append(word)
    return words


def zone_data(rtype, words):
    if words and words[0] == b"#":                 # \# after unescaping
        return bytes.fromhex(b"".join(words[2:]).decode())
    if rtype == "A":
        return socket.inet_pton(socket.AF_INET, words[0].decode())
    if rtype == "AAAA":
        return socket.inet_pton(socket.AF_INET6, words[0].decode())
    if rtype == "TXT":
        return strings_wire(*words)
    if rtype == "MX":
        return struct.pack(">H", int(words[0])) + name_wire(
            labels_of(words[1]))
    return name_wire(labels_of(words[0]))


class Zone:
    def __init__(self, path):
        self.records = {}          # labels -> [(type number, rdata)]
        self.faults = {}           # labels -> rcode or None
        with open(path, "rb") as f:
            for number, line in enumerate(f, 1):
                try:
                    self.add(zone_words(line.rstrip(b"\n")))
                except (ValueError, IndexError, KeyError, OSError) as e:
                    sys.exit("%s: line %d: %r" % (path, number, e))

    def add(self, words):
        if not words:
            return
        labels, rtype = labels_of(words[0]), words[1].decode().upper()
        for i in range(len(labels)):
            self.records.setdefault(labels[i:], [])
        if rtype in FAULTS:
            self.faults[labels] = FAULTS[rtype]
            return
        number = TYPES.get(rtype) or int(rtype.replace("TYPE", "", 1))
        self.records[labels].append((number, zone_data(rtype, words[2:])))

    def take(self, answer, q, labels, rtype):
        got = [r for t, r in self.records[labels] if t == rtype]
        for rdata in got:
            answer.add(labels, rtype, rdata)
        for t, rdata in self.records[labels]:
            if t == TYPES["RRSIG"] and q.wants_dnssec and \
                    struct.unpack(">H", rdata[:2])[0] == rtype:
                answer.add(labels, t, rdata)
        return got

    def answer(self, q):
        """None if the zone does not have the name."""
        if q.labels not in self.records:
            return None
        answer, labels = Answer(), q.labels
        for _ in range(9):
            if labels not in self.records:
                answer.rcode = RCODES["nx"]
                break
            if self.take(answer, q, labels, q.type):
                break
            if labels in self.faults:
                answer.rcode = self.faults[labels] or 0
                answer.drop = self.faults[labels] is None
                break
            alias = self.take(answer, q, labels, TYPES["CNAME"])
            if not alias:
                break
            labels = Question(bytes(12) + alias[0] + bytes(4)).labels
        return answer


# --- serving -------------------------------------------------------------

class Server:
    def __init__(self, args):
        self.zone = Zone(args.zone) if args.zone else None
        self.delay = args.delay_ms
        self.queries = 0
        self.late = []             # heap of (when, number, function)
        self.select = selectors.DefaultSelector()
        family = socket.AF_INET6 if ":" in args.addr else socket.AF_INET
        for _ in range(20):        # the port must be free for both UDP and TCP
            self.tcp = socket.create_server((args.addr, args.port),
                                            family=family)
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(family, socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            try:
                self.udp.bind((args.addr, self.port))
                break
            except OSError:
                if args.port:
                    raise
                self.tcp.close()
        self.watch(self.udp, self.udp_ready)
        self.watch(self.tcp, self.accept)

    def watch(self, what, function):
        self.select.register(what, selectors.EVENT_READ, function)

    def look(self, packet):
        self.queries += 1
        q = Question(packet)
        answer = self.zone.answer(q) if self.zone else None
        if answer is None:
            answer = scripted(q)
            if self.zone and not any(x.startswith(b"x-") for x in q.labels):
                answer = Answer()
                answer.rcode = RCODES["nx"]
        return q, answer

    def after(self, ms, function):
        ms += self.delay
        if ms == 0:
            function()
        else:
            heapq.heappush(self.late, (time.monotonic() + ms / 1000,
                                       self.queries, function))

    def udp_ready(self):
        packet, peer = self.udp.recvfrom(4096)
        try:
            q, answer = self.look(packet)
        except (IndexError, struct.error):
            return
        if not answer.drop:
            out = answer.packet(q, False)
            self.after(answer.delay, lambda: self.udp.sendto(out, peer))

    def accept(self):
        peer = self.tcp.accept()[0]
        pending = bytearray()
        self.watch(peer, lambda: self.tcp_ready(peer, pending))

    def hang_up(self, peer):
        self.select.unregister(peer)
        peer.close()

    def tcp_ready(self, peer, pending):
        try:
            more = peer.recv(65536)
        except OSError:
            more = b""
        pending += more
        if not more:
            self.hang_up(peer)
            return
        while len(pending) >= 2:
            size, = struct.unpack(">H", pending[:2])
            if len(pending) < size + 2:
                return
            q, answer = self.look(bytes(pending[2:size + 2]))
            del pending[:size + 2]
            if answer.close:
                self.hang_up(peer)
                return
            if not answer.drop:
                self.after(answer.delay, self.tcp_reply(
                    peer, answer.packet(q, True)))

    @staticmethod
    def tcp_reply(peer, out):
        def reply():
            try:
                peer.sendall(struct.pack(">H", len(out)) + out)
            except OSError:
                pass               # the client did not wait
        return reply

    def run(self):
        while True:
            wait = None
            if self.late:
                wait = max(0, self.late[0][0] - time.monotonic())
            for key, _ in self.select.select(wait):
                key.data()
            while self.late and self.late[0][0] <= time.monotonic():
                heapq.heappop(self.late)[2]()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--zone")
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("addr")
    parser.add_argument("port", type=int)
    args = parser.parse_args()
    server = Server(args)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGUSR1, lambda *_: print(
        "queries", server.queries, flush=True))
    # /dev/null is at its end from the start; that means nothing
    if stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISSOCK(
            os.fstat(0).st_mode):
        server.watch(0, lambda: os.read(0, 4096) or os._exit(0))
    print("ready" if args.port else "ready %d" % server.port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
