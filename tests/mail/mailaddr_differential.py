"""mailaddr_differential - address fields, read by us and by Python's email

Usage: mailaddr_differential.py, with MILLGATE_SECONDS (default 10) and
MILLGATE_SEED (default: the time) from the environment.

Values of From are made from pieces (PIECES) and changed at random. Each goes to
mailaddr_list() and to two readers of Python: email.headerregistry and
email.utils.getaddresses. If we accept a value, both must find the same
mailboxes; if we refuse it, headerregistry must see a defect in it. A
difference must be of a kind in KNOWN, which has the reason for each. Any other
one fails, and is shown.
"""
import collections
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys
import time

SHOWN = 20      # new differences; then it stops
PIECES = [
    b'alice@example.org', b'bob@example.net', b'a.b@c.example', b'<', b'>',
    b'<alice@example.org>', b'<bob@example.net>', b'Alice', b'B.', b'Jr', b' ',
    b'  ', b'\t', b'\n ', b'\r\n\t', b',', b', ', b';', b':', b'@', b'.',
    b'"', b'"Carroll, Alice"', b'"a@b.example"', b'"a b"@example.org',
    b'"a\\"b"@example.org', b'"<x@y.example>"', b'(', b')', b'(c)', b'(a(b)c)',
    b'(a\\)b)', b'\\', b'\\,', b'G: ', b'G: a@b.example;', b'g:;',
    b'@r.example:',
    b'<@r.example:a@b.example>', b'[192.0.2.1]', b'a@[192.0.2.1]',
    'é'.encode(), 'Zoë <zoë@example.org>'.encode(), b'\xff',
    'a@bücher.example'.encode(), b'a@xn--bcher-kva.example',
    b'=?utf-8?q?a=40b?=', b'=?utf-8?b?w6k=?= <a@b.example>', b'a..b@c.example',
    b'.a@b.example', b'a.@b.example', b'a@b.example.', b'a@b..example',
    b'a @ b . example', b'a(c)@(d)b.example', b'a@b', b'a@-b.example',
    b'x' * 64,
    b'\x01', b'\x7f', b'\v', b'!#$%&\'*+-/=?^_`{|}~@example.org', b'0', b'A',
]
WHOLE = [
    b'Alice <alice@example.org>', b'"Carroll, Alice" <a@b.example>',
    b'alice@example.org (Alice)', b'a@b.example, c@d.example',
    b'Friends: a@b.example, C <c@d.example>;', b'A B C <a@b.example>',
    b'alice@example.org <alice@example.org>', b'<a@b.example>',
    b'"a b" c (d) <(e)f(g)@(h)i.example(j)>', b'a, b@c.example',
]


def value(rng):
    """One value; often with some changes to a right one."""
    if rng.random() < 0.4:
        out = rng.choice(WHOLE)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            at = rng.randrange(len(out) + 1)
            cut = rng.choice((0, 0, 1, 2))
            out = out[:at] + rng.choice(PIECES) + out[at + cut:]
    else:
        out = b''.join(rng.choice(PIECES)
                       for _ in range(rng.choice((1, 2, 3, 4, 6, 8))))
    return b' ' + out


# --- the readers -------------------------------------------------------------

class Ours:
    def __init__(self):
        self.process = subprocess.Popen(
            [os.path.join(os.environ.get('MILLGATE_BUILD', '.'),
                          'tests/tools/mailaddr_tool')],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, octets):
        """A list of (local part, domain); None: unparsable."""
        self.process.stdin.write(octets.hex().encode() + b'\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit('mailaddr_tool died: %s' % self.process.wait())
        words = line.decode('utf-8', 'surrogateescape').rstrip('\n')
        words = words.split('\t')
        if words[0] != 'ok':
            return None
        pairs = [w.split('@', 1) for w in words[1:]]
        return [(text(bytes.fromhex(x)), y) for x, y in pairs]


def text(octets):
    return octets.decode('utf-8', 'surrogateescape')


def domain(name):
    """As we write it: lower case, A-labels, no final dot."""
    name = name.lower()
    if len(name) > 1 and name.endswith('.'):
        name = name[:-1]
    if not name.isascii():
        try:
            return name.encode('idna').decode()
        except UnicodeError:
            return name
    return name


def unfolded(octets):
    return text(re.sub(rb'\r?\n(?=[ \t])', b'', octets))


def registry(octets):
    """(mailboxes, are there defects?) by email.headerregistry."""
    field = email.policy.SMTPUTF8.header_factory('From', unfolded(octets))
    boxes = [(a.username, domain(a.domain)) for a in field.addresses]
    return boxes, bool(field.defects)


def utils(octets):
    """Mailboxes by email.utils.getaddresses; it reports no defects."""
    out = []
    for _, address in email.utils.getaddresses([unfolded(octets)]):
        if address != '':
            local, at, name = address.rpartition('@')
            local = re.sub(r'"((?:\\.|[^"\\])*)"', lambda m: re.sub(
                r'\\(.)', r'\1', m.group(1)), local)
            out.append((local if at else address, domain(name)))
    return out


# --- known differences -------------------------------------------------------
# Reader, kind, reason, and a function: does the kind explain it? It gets the
# value, our list, which is None if we refuse the value, and theirs.

LABEL = re.compile(r'(?!-)[a-z0-9_-]{1,63}(?<!-)$')


def fewer(ours, theirs):
    """They find some of our mailboxes and no other, or fail."""
    if isinstance(theirs, str):
        return True
    rest = iter(ours)
    return all(b in rest for b in theirs if b[1] != '')


def is_odd_domain(name):
    """Not a host name, or not one that we can write in A-labels."""
    return len(name) > 253 or not all(LABEL.match(x)
                                      for x in name.split('.'))


def has_odd_dots(octets):
    return re.search(rb'[.](\s|\([^)]*\))*([.@<>,;()]|$)|[<,:;@. ][.]', octets)


def folded(boxes):
    return {(x.lower(), y) for x, y in boxes}


KNOWN = [
    # refused by us
    ('registry', 'control', 'control characters are obsolete, as are CR and LF '
     'that do not fold; quotes hide behind them in raw ISO-2022-JP',
     lambda v, ours, theirs: ours is None and
     re.search(rb'[\x00-\x08\x0b-\x1f\x7f]|\n(?![ \t])', v)),
    ('registry', 'literal', 'an address literal in a field has no domain that '
     'could be judged',
     lambda v, ours, theirs: ours is None and b'[' in v),
    ('registry', 'domain', 'that domain cannot be in the DNS',
     lambda v, ours, theirs: ours is None and
     any(is_odd_domain(d) for _, d in theirs)),
    ('registry', 'encoded', 'some programs decode "=?" in a local part, or '
     'read it over quotes and "@" (RFC 2047 5 forbids both)',
     lambda v, ours, theirs: ours is None and b'=?' in v),
    ('registry', 'escaped fold', 'a backslash before a line break does not '
     'escape the blank behind it',
     lambda v, ours, theirs: ours is None and re.search(rb'\\\r?\n', v)),
    # accepted by us
    ('registry', 'raises', 'it fails on empty groups, and on dots at the start',
     lambda v, ours, theirs: ours is not None and isinstance(theirs, str)),
    ('registry', 'dots', 'it finds no mailbox where dots are in a row or at '
     'the end',
     lambda v, ours, theirs: ours is not None and has_odd_dots(v) and
     fewer(ours, theirs)),
    ('utils', 'none', 'it gives up when its own count of mailboxes, by commas, '
     'is another: commas in comments, empty elements, "a@b <a@b>"',
     lambda v, ours, theirs: theirs == []),
    (None, 'twice', '"a@b <A@b>" is one mailbox, whose local part may be '
     'written in two ways',
     lambda v, ours, theirs: ours is not None and
     not isinstance(theirs, str) and folded(ours) == folded(theirs) and
     re.search(rb'@[^<]*<', v)),
]


def explain(reader, octets, ours, theirs):
    for who, kind, _, applies in KNOWN:
        if who in (reader, None) and applies(octets, ours, theirs):
            return kind
    return None


def compare(octets, ours):
    """(reader, what it finds) for each reader that differs."""
    try:
        boxes, defects = registry(octets)
    except Exception as e:    # it is the other program that fails
        boxes, defects = 'raises %s' % type(e).__name__, True
    if ours is None:
        if not defects:
            yield 'registry', boxes
        return
    if ours != boxes:
        yield 'registry', boxes
    boxes = utils(octets)
    if ours != boxes:
        yield 'utils', boxes


def main():
    seconds = float(os.environ.get('MILLGATE_SECONDS', '10'))
    seed = os.environ.get('MILLGATE_SEED', str(int(time.time())))
    rng, ours = random.Random(seed), Ours()
    known, new, n, accepted = collections.Counter(), 0, 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end and new < SHOWN:
        octets = value(rng)
        boxes = ours.read(octets)
        n += 1
        accepted += boxes is not None
        for reader, theirs in compare(octets, boxes):
            kind = explain(reader, octets, boxes, theirs)
            if kind is not None:
                known[kind] += 1
                continue
            new += 1
            print('not ok - %s differs on %r\n  ours:   %s\n  theirs: %s' % (
                reader, octets, boxes, theirs))
    print('%d values from seed %s, %d accepted' % (n, seed, accepted))
    for who, kind, reason, _ in KNOWN:
        if known[kind]:
            print('%7d %s, %s: %s' % (known[kind], who or 'both', kind,
                                      reason))
    return 1 if new else 0


if __name__ == '__main__':
    sys.exit(main())
