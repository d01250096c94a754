"""dkim_interop - other verifiers accept our signatures

Usage: dkim_interop.py [MESSAGES [SEED]], or the same from the environment as
MILLGATE_DKIM_MESSAGES and MILLGATE_DKIM_SEED. From 1000 messages on some have
bodies of 25 MB, and an oracle that is not installed is a failure.

Each message with an awkward body (BODIES) and awkward fields (VALUES) gets
eight signatures of ours, RSA and Ed25519 in all four canonicalizations, and
goes to libopendkim, dkimpy, Mail::DKIM (which knows RSA only) and our own
verifier. Each must accept each signature, and none after a change (CHANGES).

An oracle that is known to be wrong about a kind of message does not get it:
KNOWN has these kinds with the reason. Any other disagreement fails. The last
lines of the output count, for each entry, the messages left out and how often
the oracle was really wrong.
"""
import collections
import os
import random
import subprocess
import sys

SKIP = 77       # automake's word for a test that cannot run here
FULL = 1000     # messages; fewer are the short run of make check

try:
    import dkim
    import nacl         # dkimpy's Ed25519
except ImportError as e:
    print('skipped: %s (Debian packages: python3-dkim, python3-nacl)' % e)
    sys.exit(SKIP)

FORMS = [(h, b) for h in ('simple', 'relaxed') for b in ('simple', 'relaxed')]
ALGORITHMS = ('rsa', 'ed25519')         # the tool's order
SIGNATURES = [(h, b, a) for h, b in FORMS for a in ALGORITHMS]
DOMAIN = b'._domainkey.example.org.'

# --- messages --------------------------------------------------------------


def words(rng, pieces, most):
    return b''.join(rng.choice(pieces) for _ in range(rng.randrange(most)))


PIECES = [b'\r\n', b'\r\n\r\n', b' ', b'\t', b'  ', b'text', b'.', b'=20',
          b'\xc3\xa4\xff', b'\0', b'\v\f', b'x' * 1000]
LINES = [b'Hello,\r\n', b'this is  a\tline\r\n', b'\r\n', b'-- \r\n',
         b'.\r\n', b' indented\r\n', b'From the start\r\n']


def text(rng, last=b'\r\n'):
    return words(rng, LINES, 20) + b'the last line' + last


def huge(rng):
    line = b'Twenty-five megabytes of this  line,\tagain and again. \r\n'
    return line * (25 * 1048576 // len(line) + 1)


# Each is used in turn; the last words of a name give the purpose of the kind.
BODIES = [
    ('empty', lambda r: b''),
    ('a text', text),
    ('empty lines only', lambda r: b'\r\n' * r.randrange(1, 6)),
    ('blanks without CRLF', lambda r: words(r, [b' ', b'\t'], 6) + b' '),
    ('blanks and empty lines', lambda r: words(r, [b' ', b'\r\n'], 9) +
     b'\t\r\n'),
    ('no final CRLF', lambda r: text(r, b'')),
    ('no final CRLF behind blanks', lambda r: text(r, b' \t')),
    ('one octet', lambda r: r.choice([b'x', b' ', b'\0', b'\xff'])),
    ('empty lines at the end', lambda r: text(r) + b'\r\n' *
     r.randrange(1, 300)),
    ('blank lines at the end', lambda r: text(r) +
     words(r, [b' \r\n', b'\r\n', b'\t\t\r\n'], 9)),
    ('empty lines at the start', lambda r: b'\r\n\r\n' + text(r)),
    ('trailing blanks', lambda r: words(r, [b'word', b' ', b'\t',
                                            b' \r\n', b'\t \r\n'], 60) +
     b'  \r\n'),
    ('runs of blanks', lambda r: b'a' + b' ' * r.randrange(3000) + b'b' +
     b'\t' * r.randrange(3000) + b'\r\n'),
    ('LF alone', lambda r: text(r) + b'one\ntwo\n\nthree\r\n'),
    ('LF at the end', lambda r: text(r, b'\n')),
    ('only LF', lambda r: text(r).replace(b'\r\n', b'\n')),
    ('CR alone', lambda r: text(r) + b'one\rtwo\r\rthree \r four\r\n'),
    ('CR at the end', lambda r: text(r, b'\r')),
    ('CR CR LF', lambda r: text(r) + b'one\r\r\ntwo \r\r\n\r\n'),
    ('CR and LF everywhere', lambda r: words(r, PIECES + [b'\r', b'\n'],
                                             100)),
    ('NUL', lambda r: b'\0' + text(r) + b'a\0b\r\n\0\r\n'),
    ('all octets but CR and LF', lambda r: bytes(
        c for c in range(256) if c not in b'\r\n') * 3 + b'\r\n'),
    ('UTF-8', lambda r: 'Grüße, κόσμε 你好 \u00a0\r\n'.encode() * 5),
    ('random octets', lambda r: r.randbytes(3000).replace(
        b'\r', b'').replace(b'\n', b'\r\n') + b'\r\n'),
    ('998 and more in a line', lambda r: b''.join(
        b'x' * n + b'\r\n' for n in (997, 998, 999, 1000, 70000))),
    ('a dot alone, headers', lambda r: b'.\r\n..\r\nFrom: x\r\n\r\n.\r\n'),
    ('MIME', lambda r: b'--b\r\nContent-Type: text/plain\r\n\r\n' + text(r) +
     b'\r\n--b--\r\n'),
    ('base64', lambda r: (b'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=' * 2 +
                          b'\r\n') * 100),
    ('VT and FF', lambda r: b'a\v \f\r\n\f\r\n\v b \v\r\n'),
    ('all sorts', lambda r: words(r, PIECES, 300) + b'\r\n'),
    ('all sorts, no final CRLF', lambda r: words(r, PIECES, 300) + b'x'),
]

# A field's value behind the colon.
VALUES = [
    ('usual', lambda r: b' Some words, in a  row'),
    ('empty', lambda r: b''),
    ('one blank', lambda r: b' '),
    ('blanks', lambda r: b' \t  '),
    ('no blank in front', lambda r: b'word'),
    ('tabs', lambda r: b'\t\tword\tword\t'),
    ('blanks at the end', lambda r: b' word \t '),
    ('fold at once', lambda r: b'\r\n word'),
    ('fold at once behind blanks', lambda r: b' \t\r\n\t word'),
    ('fold with tabs', lambda r: b' a\r\n\t\tb\r\n\tc'),
    ('fold behind blanks', lambda r: b' a  \r\n   b\t\r\n c'),
    ('fold before a line of blanks', lambda r: b' a\r\n \r\n\t\r\n b'),
    ('fold at the end', lambda r: b' a\r\n '),
    ('folds only', lambda r: b'\r\n \r\n\t'),
    ('many folds', lambda r: b'\r\n x' * 200),
    ('997 octets', lambda r: b' ' + b'x' * 987),
    ('998 octets and more', lambda r: b' ' + b'y' * r.randrange(988, 1010)),
    ('5000 octets', lambda r: b' ' + b'long word ' * 500),
    ('40000 octets', lambda r: b' ' + b'z' * 40000),
    ('UTF-8', lambda r: ' Grüße an κόσμε, 你好 '.encode()),
    ('8 bits, no UTF-8', lambda r: b' caf\xe9 \xff\xfe'),
    ('encoded word', lambda r: b' =?utf-8?Q?a=C3=BC?=\r\n =?utf-8?B?w7w=?='),
    ('signs', lambda r: b' : ;=:b=; "q;=:" \\ (c) <a@b.example>'),
    ('VT and FF', lambda r: b' a\v b\f'),
    ('all sorts', lambda r: b' ' + words(r, [
        b'word', b' ', b'  ', b'\t', b'\xc3\xbc', b'a,b', b'"q;=:"',
        b'\r\n\tfold', b'\r\n  fold', b'\xff'], 30)),
]

FROMS = [b' Alice <alice@example.org>', b'alice@example.org',
         b'\r\n\tAlice\r\n <alice@example.org> ',
         b'  "A\r\n\t b"\t<alice@example.org>',
         ' Zoë <alice@example.org>'.encode(),
         b' alice@example.org, Bob <bob@example.org>',
         b' "' + b'n' * 998 + b'" <alice@example.org>']
NAMES = [b'To', b'Cc', b'Subject', b'Date', b'Message-ID', b'X-Other',
         b'Received', b'References', b'List-Id', b'Sender', b'Reply-To',
         b'Content-Type', b'SUBJECT', b'resent-from', b'In-Reply-To',
         b'list-UNSUBSCRIBE', b'MIME-Version', b'Return-Path']
FOREIGN = (b'DKIM-Signature', b' v=1; a=rsa-sha256; c=relaxed/relaxed; '
           b'd=example.net; s=x;\r\n\th=From; bh=AAAA; b=AAAA')

Message = collections.namedtuple('Message', 'kind kinds header body')


def fields(rng, n):
    """The header, and the kinds of values in it."""
    makes = [VALUES[n % len(VALUES)]] + \
        [rng.choice(VALUES) for _ in range(rng.randrange(6))]
    kinds = {kind for kind, _ in makes}
    out = []
    for _, make in makes:
        name = rng.choice(NAMES)
        if rng.randrange(20) == 0:
            name += rng.choice((b' ', b'\t', b' \t '))
            kinds.add('blank before the colon')
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            out.append((name, make(rng)))
    if rng.randrange(40) == 0:
        out += [(b'Received', b' from a\r\n\tby b; %d' % i)
                for i in range(100)]
        kinds.add('100 fields of one name')
    out.append((b'From' if rng.randrange(4) else b'FROM',
                FROMS[n % len(FROMS)]))
    rng.shuffle(out)
    if rng.randrange(10) == 0:
        out.append(FOREIGN)
        kinds.add('a foreign signature')
    return out, kinds


def message(rng, n, count):
    kind, make = BODIES[n % len(BODIES)]
    if count >= FULL and n % 700 == 699:
        kind, make = '25 MB', huge
    elif n == count - 1:
        kind, make = '300 KB', lambda r: b'much  of \t this \r\n' * 18000
    header, kinds = fields(rng, n // 2)
    return Message(kind, kinds, header, make(rng))


def octets(header, body):
    return b''.join(n + b':' + v + b'\r\n' for n, v in header) + b'\r\n' + \
        body


# Changes that must be detected: each makes another header or body.
CHANGES = [
    lambda h, b: (h, b'x\r\n' + b),
    lambda h, b: (h, b'x' + b),
    lambda h, b: ([(b'Subject', b' Pay')] + h, b),
    lambda h, b: (h + [(b'Reply-To', b' mallory@example.org')], b),
    lambda h, b: ([(n, b' mallory@example.org') if n.lower() == b'from' else
                   (n, v) for n, v in h], b),
]

# --- programs that sign and verify -----------------------------------------


class Program:
    """One process for all messages."""
    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.read = self.process.stdout.readline

    def send(self, *pieces):
        for piece in pieces:
            self.process.stdin.write(piece)
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def tool(name):
    return os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'tests',
                        'tools', name)


class Signer(Program):
    def __init__(self):
        super().__init__(tool('dkim_sign_tool'))
        self.records = [self.read() for _ in ALGORITHMS]

    def sign(self, raw):
        """Eight fields, in the order of SIGNATURES, folds as CRLF."""
        out = []
        for form in FORMS:
            self.send(b'sign %s %s %d\n' % (*(f.encode() for f in form),
                                            len(raw)), raw)
            for _ in ALGORITHMS:
                value = self.process.stdout.read(int(self.read()))
                out.append((b'DKIM-Signature', value.replace(b'\n', b'\r\n')))
        return out


class Dkimpy:
    def __init__(self, records):
        self.record = {}
        for line in records:
            selector, record = line.rstrip(b'\n').split(b' ', 1)
            self.record[selector + DOMAIN] = record

    def lookup(self, name, timeout=5):
        name = name if isinstance(name, bytes) else name.encode()
        return self.record.get(name)

    def verify(self, header, body):
        """The message goes in split: dkimpy's own parser changes LF."""
        d = dkim.DKIM()
        d.headers = [(n, v + b'\r\n') for n, v in header]
        d.body = body
        out = []
        for i in range(len(SIGNATURES)):
            try:
                out.append('pass' if d.verify(i, dnsfunc=self.lookup)
                           else 'fail')
            except dkim.DKIMException as e:
                out.append(str(e).split(' (')[0].replace(' ', '-'))
        return out


class Oracles:
    """All verifiers: a message in, {name: [result]} out."""
    def __init__(self, records):
        self.dkimpy = Dkimpy(records)
        self.both = Program(tool('dkim_verify_tool'))
        self.both.send(*records, b'\n')
        self.perl = None
        probe = subprocess.run(['perl', '-MMail::DKIM', '-e', '1'],
                               stderr=subprocess.DEVNULL)
        if probe.returncode == 0:
            self.perl = Program('perl', os.path.join(
                os.environ.get('srcdir', '.'),
                'tests/tools/dkim_verify_tool.pl'))
            self.perl.send(*records, b'\n')

    def verify(self, header, body):
        raw = octets(header, body)
        for program in (self.both, self.perl):
            if program is not None:
                program.send(b'%d\n' % len(raw), raw)
        out = {'dkimpy': self.dkimpy.verify(header, body)}
        out['ours'] = self.both.read().decode().split()
        out['libopendkim'] = self.both.read().decode().split()
        if self.perl is not None:
            rsa = self.perl.read().decode().split()
            out['Mail::DKIM'] = [
                (rsa[i // 2] if i // 2 < len(rsa) else 'nothing')
                if s[2] == 'rsa' else None for i, s in enumerate(SIGNATURES)]
        return out

    def close(self):
        return self.both.close() + \
            (self.perl.close() if self.perl is not None else 0)


# --- where an oracle does not follow RFC 6376 ------------------------------


NOT_SIGNED = (b'received', b'return-path', b'x-other', b'dkim-signature')


def signed(m):
    return [(n, v) for n, v in m.header
            if n.lower().rstrip() not in NOT_SIGNED]


def lone(octet, body):
    return octet in body.replace(b'\r\n', b'')


def unended(m):
    return m.body != b'' and not m.body.endswith(b'\r\n')


def has_vt_or_ff(m):
    return any(b'\v' in v or b'\f' in v for _, v in signed(m))


def ends_in_vt_or_ff(m):
    return any(v.strip(b' \t\r\n') != v.strip() for _, v in signed(m))


# Oracle, reason, and a function: does the entry apply to this message, with
# these canonical forms of header and body?
KNOWN = [
    ('libopendkim', 'takes VT and FF in a field for blanks (3.4.2: WSP is '
     'space and tab)',
     lambda m, header, body: header == 'relaxed' and has_vt_or_ff(m)),
    ('libopendkim', 'deletes a CR alone from a relaxed body (3.4.4 leaves it)',
     lambda m, header, body: body == 'relaxed' and
     lone(b'\r', m.body[:-1] if m.body.endswith(b'\r') else m.body)),
    ('libopendkim', 'takes an LF alone in a simple body for CRLF (3.4.3: '
     'nothing is changed)',
     lambda m, header, body: body == 'simple' and lone(b'\n', m.body)),
    ('libopendkim', 'loses count of CRs that end a piece of a simple body, '
     'when the next begins with CRLF',
     lambda m, header, body: body == 'simple' and m.body.endswith(b'\r\r')),
    ('libopendkim', 'does not find a field with a tab before its colon (RFC '
     '5322 4.5: any WSP)',
     lambda m, header, body: any(b'\t' in n for n, _ in signed(m))),
    ('dkimpy', 'does not find a field with a blank before its colon for the '
     'simple form',
     lambda m, header, body: header == 'simple' and
     any(n != n.rstrip() for n, _ in signed(m))),
    ('dkimpy', 'strips VT and FF, not only WSP, from a field\'s ends (3.4.2)',
     lambda m, header, body: header == 'relaxed' and ends_in_vt_or_ff(m)),
    ('dkimpy', 'keeps blanks right before the end of a relaxed body without '
     'CRLF (3.4.4: at the end of every line)',
     lambda m, header, body: body == 'relaxed' and
     unended(m) and m.body.endswith((b' ', b'\t'))),
    ('Mail::DKIM', 'adds no CRLF to a simple body without one (3.4.3)',
     lambda m, header, body: body == 'simple' and unended(m)),
]

# --- the test --------------------------------------------------------------


class Tally:
    def __init__(self):
        self.good = collections.Counter()
        self.left_out = collections.Counter()
        self.wrong = collections.Counter()
        self.bodies = collections.Counter()
        self.values = collections.Counter()
        self.bad = 0

    def known(self, oracle, m, signature):
        for i, (who, _, concerns) in enumerate(KNOWN):
            if who == oracle and concerns(m, *signature[:2]):
                return i
        return None

    def complain(self, what, m, header):
        self.bad += 1
        if self.bad <= 50:
            print('not ok - %s\n  body: %s; values: %s\n  %r\n  %r' %
                  (what, m.kind, ', '.join(sorted(m.kinds)),
                   octets(header, b'')[:6000], m.body[-300:]))

    def accepted(self, m, header, results):
        self.bodies[m.kind] += 1
        self.values.update(m.kinds)
        for oracle, words in results.items():
            for i, signature in enumerate(SIGNATURES):
                word = words[i] if i < len(words) else 'nothing'
                if word is None:
                    continue
                known = self.known(oracle, m, signature)
                if known is not None:
                    self.left_out[known] += 1
                    self.wrong[known] += word != 'pass'
                elif word == 'pass':
                    self.good[oracle, signature] += 1
                else:
                    self.complain('%s says %s of %s/%s %s' %
                                  (oracle, word, *signature), m, header)

    def refused(self, m, header, results):
        """After a change no oracle accepts any."""
        for oracle, words in results.items():
            if 'pass' in words:
                self.complain('%s accepts a changed message: %s' %
                              (oracle, words), m, header)
            self.good[oracle, 'changed'] += 1

    def show(self):
        for (oracle, what), n in sorted(self.good.items(), key=str):
            print('ok - %s %s %d times' % (
                oracle, 'refuses a changed message' if what == 'changed' else
                'accepts %s/%s %s' % what, n))
        print('bodies: %s' % ', '.join(
            '%s %d' % k for k in sorted(self.bodies.items())))
        print('values: %s' % ', '.join(
            '%s %d' % k for k in sorted(self.values.items())))
        for i, (oracle, reason, _) in enumerate(KNOWN):
            print('not asked of %s: %s; %d times, wrong %d times' %
                  (oracle, reason, self.left_out[i], self.wrong[i]))


def number(at, name, default):
    return int(sys.argv[at] if len(sys.argv) > at else
               os.environ.get(name, default))


def main():
    count = number(1, 'MILLGATE_DKIM_MESSAGES', '200')
    rng = random.Random(number(2, 'MILLGATE_DKIM_SEED', '6376'))
    signer, tally = Signer(), Tally()
    oracles = Oracles(signer.records)
    if oracles.perl is None:
        print('%s - Mail::DKIM # SKIP libmail-dkim-perl is missing' %
              ('not ok' if count >= FULL else 'ok'))
        tally.bad += count >= FULL
    for n in range(count):
        m = message(rng, n, count)
        header = signer.sign(octets(m.header, m.body)) + m.header
        tally.accepted(m, header, oracles.verify(header, m.body))
        if n % 8 == 0:
            changed = rng.choice(CHANGES)(m.header, m.body)
            header = header[:len(SIGNATURES)] + changed[0]
            tally.refused(m, header, oracles.verify(header, changed[1]))
    if oracles.close() + signer.close() != 0:
        print('not ok - a tool failed')
        tally.bad += 1
    tally.show()
    print('%d messages, %d signatures, %d bad' %
          (count, count * len(SIGNATURES), tally.bad))
    return 1 if tally.bad else 0


if __name__ == '__main__':
    sys.exit(main())
