"""dkim_differential - DKIM results of ours and of dkimpy on odd signatures

Usage: dkim_differential.py, with MILLGATE_SECONDS (default 10) and
MILLGATE_SEED (default: the time) from the environment.

dkim_interop.py has usual signatures of our own signer. Here a small signer,
written from RFC 6376 alone, makes right signatures of odd forms: tags in any
order and case, folds and blanks everywhere, odd lists of fields, l=, x= and t=
of all sorts, odd key records. Half of the messages are changed afterwards. Ours
and dkimpy must both find "pass", or both something else, or the difference is
of a kind in KNOWN, which has the reason for each. Any other one fails.
"""
import base64
import collections
import hashlib
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get('srcdir', '.'), 'tests/dkim'))
sys.dont_write_bytecode = True
import dkim_interop
import nacl.signing

KEY = nacl.signing.SigningKey(bytes(range(32)))
P = base64.b64encode(KEY.verify_key.encode()).decode()
OTHER = base64.b64encode(bytes(32)).decode()
RECORDS = 60    # at once
SHOWN = 10      # new differences; then it stops

# --- key records -------------------------------------------------------------


def record(rng):
    tags = [('k', rng.choice(['ed25519'] * 9 + ['rsa', 'Ed25519', 'x'])),
            ('p', rng.choice([P] * 12 + [P[:20] + ' ' + P[20:], OTHER, '',
                                         P[:-1], P + 'A', P[:8] + '!']))]
    for name, values in (
            ('h', ['sha256', 'sha1:sha256', 'sha1', 'x : sha256', '']),
            ('s', ['*', 'email', 'x:email', 'x', 'x:*', '']),
            ('t', ['y', 's', 'y:s', 'x', 'y : x', '']),
            ('n', ['a note', '']), ('g', ['*', 'alice', '']),
            ('zz', ['1', 'a=b']), ('p', [P])):
        if rng.random() < (0.02 if name == 'p' else 0.15):
            tags.append((name, rng.choice(values)))
    rng.shuffle(tags)
    if rng.random() < 0.8:
        version = ('v', rng.choice(['DKIM1'] * 20 + ['DKIM2', 'dkim1']))
        tags.insert(0 if rng.random() < 0.95 else len(tags), version)
    text = ';'.join(blank(rng) + n + blank(rng) + '=' + blank(rng) + v +
                    blank(rng) for n, v in tags)
    text = text.strip()
    return text + rng.choice(['', '', '', ';', '; ', ';;'])


def blank(rng):
    return rng.choice(['', '', '', '', ' ', '  '])


# --- canonical forms, RFC 6376 3.4 -------------------------------------------


def body_form(body, relaxed):
    lines = body.split(b'\r\n')
    if relaxed:
        lines = [re.sub(rb'[ \t]+', b' ', x).rstrip(b' ') for x in lines]
    body = b'\r\n'.join(lines)
    body = re.sub(rb'(\r\n)+$', b'', body)
    return body + b'\r\n' if body or not relaxed else b''


def field_form(name, value, relaxed):
    if not relaxed:
        return name + b':' + value
    value = re.sub(rb'\r\n(?=[ \t])', b'', value)
    value = re.sub(rb'[ \t]+', b' ', value).strip(b' ')
    return name.rstrip(b' \t').lower() + b':' + value


# --- signatures --------------------------------------------------------------


def fold(rng):
    return rng.choice(['', '', '', ' ', '\r\n\t', ' \r\n ', '\t'])


def split(rng, text):
    """Base64 with blanks and folds in it."""
    places = sorted(rng.sample(range(1, len(text)), rng.choice((0, 0, 1, 3))))
    out, last = '', 0
    for at in places:
        out += text[last:at] + rng.choice([' ', '\r\n\t', '\t '])
        last = at
    return out + text[last:]


def names(rng, header):
    out = [n.decode().strip() for n, _ in header]
    rng.shuffle(out)
    out = out[:rng.randrange(1, len(out) + 1)]
    if rng.random() < 0.9 and 'from' not in [x.lower() for x in out]:
        out.append('From')
    for extra in ('Subject', 'From', 'X-None', 'DKIM-Signature', 'To'):
        if rng.random() < 0.15:
            out.insert(rng.randrange(len(out) + 1), extra)
    return [rng.choice([x, x, x.lower(), x.upper()]) for x in out]


def tags_of(rng, m, selector):
    """The tags but b=, and what the signature covers."""
    form = rng.choice([('simple', 'simple'), ('relaxed', 'relaxed'),
                       ('relaxed', 'simple'), ('simple', 'relaxed')])
    c = '/'.join(form)
    if form[1] == 'simple' and rng.random() < 0.3:
        c = form[0]
    if form == ('simple', 'simple') and rng.random() < 0.3:
        c = None
    if c is not None and rng.random() < 0.04:
        c = rng.choice([c.title(), c + '/', 'nofws', '', c.upper()])
    body = body_form(m.body, form[1] == 'relaxed')
    now = int(time.time())
    tags = {'v': rng.choice(['1'] * 30 + ['2', '', '01']),
            'a': rng.choice(['ed25519-sha256'] * 30 + [
                'Ed25519-SHA256', 'rsa-sha256', 'ed25519-sha1']),
            'd': rng.choice(['example.org'] * 15 + [
                'EXAMPLE.org', 'Example.Org', 'example.org.', 'org']),
            's': rng.choice([selector] * 20 + [selector.upper()])}
    if c is not None:
        tags['c'] = c
    length = None
    if rng.random() < 0.15:
        length = rng.choice([len(body), len(body), len(body) // 2, 0,
                             len(body) + 10])
        tags['l'] = rng.choice(['%d'] * 9 + ['0%d', '-%d', '%dx']) % length
    odd = [('i', ['@example.org', 'x@example.org', 'a@sub.example.org',
                  '@EXAMPLE.org', 'a@other.example', 'example.org',
                  'a=40b@example.org', '"a b"@example.org', '@xexample.org']),
           ('q', ['dns/txt', 'dns', 'other', 'dns/txt:other', 'DNS/TXT',
                  'x:dns/txt']),
           ('t', [str(now), str(now - 86400), str(now + 30), '0', 'x', '',
                  str(now + 86400), str(now + 3000)]),
           ('x', [str(now + 86400), str(now - 86400), str(now - 3000), 'x',
                  '99999999999999', str(now + 10)]),
           ('z', ['From:a@b|To:c', '']), ('zz', ['1', '', 'a b']),
           ('r', ['y'])]
    for name, values in odd:
        if rng.random() < 0.1:
            tags[name] = rng.choice(values)
    return tags, form, body[:length]


def text_of(rng, tags, signature):
    items = list(tags.items()) + [('b', signature)]
    if rng.random() < 0.9:
        rng.shuffle(items)
    if rng.random() < 0.02:
        items.append(rng.choice(items))
    out = ''
    for name, value in items:
        around = '', ''
        if name != 'b' or rng.random() < 0.1:
            around = fold(rng), fold(rng)
        out += fold(rng) + name + fold(rng) + '=' + around[0] + value + \
            around[1] + ';'
    if rng.random() < 0.6:
        out = out[:-1]
    return out.rstrip() if rng.random() < 0.9 else out + ' '


def sign(rng, m, selector):
    """(value of the field, its tags)"""
    tags, form, body = tags_of(rng, m, selector)
    tags['bh'] = split(rng, base64.b64encode(
        hashlib.sha256(body).digest()).decode())
    listed = names(rng, m.header)
    colon = rng.choice([':', ':', ' : ', ':\r\n\t', ' :'])
    tags['h'] = colon.join(listed)
    value = text_of(rng, tags, '@b@').encode()
    relaxed = form[0] == 'relaxed'
    left = [(n.strip().lower(), n, v) for n, v in m.header]
    digest = hashlib.sha256()
    for name in listed:
        for i in range(len(left) - 1, -1, -1):
            if left[i][0] == name.lower().encode():
                digest.update(field_form(*left[i][1:], relaxed) + b'\r\n')
                del left[i]
                break
    # 3.7: without the value of b= and all blanks around it
    unsigned = re.sub(rb'\s*@b@\s*', b'', value)
    digest.update(field_form(b'DKIM-Signature', unsigned, relaxed))
    made = base64.b64encode(KEY.sign(digest.digest()).signature).decode()
    return value.replace(b'@b@', split(rng, made).encode()), tags


# --- messages ----------------------------------------------------------------

NAMES = [b'To', b'Subject', b'Date', b'X-Other', b'SUBJECT', b'Cc ']
VALUES = [b' some  words', b'', b' a\r\n\tb ', b' \t', b'x', b' (c) <d@e>']
BODIES = [b'', b'\r\n', b'Hello\r\n', b'a  b \t\r\n\r\n\r\n', b'no end',
          b' \r\n', b'a\r\n \r\n', b'-- \r\nx' * 30 + b'\r\n']


def message(rng):
    header = [(rng.choice(NAMES), rng.choice(VALUES))
              for _ in range(rng.randrange(5))]
    for _ in range(1 if rng.random() < 0.95 else rng.choice((0, 2))):
        header.insert(rng.randrange(len(header) + 1),
                      (rng.choice([b'From', b'From', b'FROM', b'from']),
                       b' Alice <alice@example.org>'))
    return dkim_interop.Message('', set(), header or [(b'To', b' x')],
                                rng.choice(BODIES))


def change(rng, header, body):
    """Right and wrong changes; header[0] is the signature."""
    header = list(header)
    i = rng.randrange(len(header))
    name, value = header[i]
    kind = rng.randrange(10)
    if kind == 0:
        header[i] = name, value.replace(b' ', b'  ')
    elif kind == 1:
        header[i] = name.swapcase(), value
    elif kind == 2:
        header.insert(rng.randrange(len(header) + 1),
                      (rng.choice(NAMES), rng.choice(VALUES)))
    elif kind == 3:
        body += rng.choice([b'\r\n', b' \r\n', b'x', b'\r\nx\r\n'])
    elif kind == 4:
        body = body.replace(b' ', b'\t ')
    elif kind == 5 and len(header) > 2:
        j = rng.randrange(1, len(header))
        header[max(i, 1)], header[j] = header[j], header[max(i, 1)]
    elif kind == 6 and len(header) > 2:
        del header[max(i, 1)]
    elif kind == 7 and value:
        at = rng.randrange(len(value))
        if value[at] not in b'\r\n \t':
            header[i] = name, value[:at] + rng.choice(
                [b'x', b';', b'=', b' ', b':']) + value[at + 1:]
    elif kind == 8:
        header.insert(1, (b'From', b' Eve <eve@example.net>'))
    elif kind == 9 and body:
        at = rng.randrange(len(body))
        body = body[:at] + body[at + 1:]
    return header, body


# --- known differences -------------------------------------------------------
# Who accepts, kind, reason, and a function of the case: does the kind apply?

Case = collections.namedtuple('Case', 'ours theirs header body tags record')


def signature(case):
    return next(v for n, v in case.header if n.lower() == b'dkim-signature')


def tag(case, name):
    """Its value in the field as it was sent; None: there is none."""
    m = re.search(rb'(?:^|;)\s*%s\s*=([^;]*)' % name, signature(case))
    return m.group(1) if m is not None else None


def blanks_round_b(case):
    value = tag(case, b'b')
    return value is not None and value.strip() != value


def key_tag(case, name):
    m = re.search(r'(?:^|;)\s*%s\s*=([^;]*)' % name, case.record)
    return m.group(1).strip() if m is not None else ''


def is_base64(text):
    try:
        return base64.b64decode(''.join(text.split()), validate=True)
    except ValueError:
        return False


def says(case, *reasons):
    return any(case.ours.startswith(r) for r in reasons)


KNOWN = [
    ('ours', 'blanks round b=', 'it does not delete the blanks around the '
     'value of b= (3.7)', blanks_round_b),
    ('ours', 'b= in front', 'it finds b= only behind a blank or a semicolon',
     lambda c: signature(c).startswith(b'b')),
    ('ours', 'blank at the end', 'it deletes blanks at the end of the field in '
     'the simple form (3.4.1)',
     lambda c: signature(c).rstrip() != signature(c)),
    ('ours', 'own name in h=', 'it finds the field itself when h= has '
     'DKIM-Signature (3.7: it is not among the fields)',
     lambda c: b'dkim-signature' in tag(c, b'h').lower()),
    ('ours', 'list in q=', 'it does not read the list (3.5)',
     lambda c: b':' in (tag(c, b'q') or b'')),
    ('ours', 'list in s=', 'it does not read the list of the key (3.6.1)',
     lambda c: ':' in key_tag(c, 's')),
    ('ours', 'blank before a colon', 'it does not find such a field in the '
     'simple form',
     lambda c: any(n != n.rstrip() for n, _ in c.header)),
    ('dkimpy', 'part of the body', 'what l= leaves out can be anything (8.2); '
     'we count it as unsigned',
     lambda c: says(c, 'l=-leaves-out') and tag(c, b'l') is not None),
    ('dkimpy', 'l= too large', 'the signed octets are not there (3.5)',
     lambda c: says(c, 'l=-is-larger') and tag(c, b'l') is not None),
    ('dkimpy', 'clock', 'it allows clocks to differ by ten hours, we by five '
     'minutes',
     lambda c: says(c, 't=-is-in-the-future', 'the-signature-has-expired')),
    ('dkimpy', 'From', 'it does not ask whether From is signed (5.4)',
     lambda c: says(c, 'From-is-not-signed') and
     b'from' not in [x.strip().lower() for x in tag(c, b'h').split(b':')]),
    ('dkimpy', 'base64', 'it skips other octets in p=, and what follows "=" '
     '(2.10)',
     lambda c: says(c, "the-key-record's-p=-is-not-base64") and
     not is_base64(key_tag(c, 'p'))),
    ('dkimpy', 'type of key', 'it goes by k= alone, whatever a= names (6.1.2)',
     lambda c: says(c, 'the-key-is-not-of-the-type') and
     not (tag(c, b'a') or b'').strip().startswith(
         (key_tag(c, 'k') or 'rsa').encode())),
    ('dkimpy', 'hash of key', 'it does not read h= of the key (6.1.2)',
     lambda c: says(c, 'the-key-is-not-for-this-hash') and
     'sha256' not in re.split(r'\s*:\s*', key_tag(c, 'h'))),
    ('dkimpy', 'subdomain', 'i= must have the domain of d= itself when the key '
     'has t=s (3.6.1)',
     lambda c: says(c, 'the-key-is-not-for-subdomains') and
     's' in re.split(r'\s*:\s*', key_tag(c, 't'))),
    ('dkimpy', 'v= of key', 'it must be the first tag, if it is there (3.6.1)',
     lambda c: says(c, 'v=-is-not-the-first-tag') and
     re.search(r';\s*v\s*=', c.record)),
    ('dkimpy', 'x= before t=', 'x= must be later (3.5)',
     lambda c: says(c, 'x=-is-not-after-t=') and
     int(tag(c, b'x')) <= int(tag(c, b't'))),
]


def explain(who, case):
    for passes, kind, _, applies in KNOWN:
        if passes == who and applies(case):
            return kind
    return None


class Peers:
    def __init__(self, rng):
        self.records = {'s%d' % i: record(rng) for i in range(RECORDS)}
        lines = [('%s %s\n' % pair).encode() for pair in self.records.items()]
        self.dkimpy = dkim_interop.Dkimpy(lines)
        self.tool = dkim_interop.Program(
            dkim_interop.tool('dkim_verify_tool'), 'ours')
        self.tool.send(*lines, b'\n')

    def ours(self, header, body):
        raw = dkim_interop.octets(header, body)
        self.tool.send(b'%d\n' % len(raw), raw)
        words = self.tool.read().decode().split()
        return words[0] if words else 'none'

    def theirs(self, header, body):
        d = dkim_interop.dkim.DKIM()
        d.headers = [(n, v + b'\r\n') for n, v in header]
        d.body = body
        try:
            return 'pass' if d.verify(0, dnsfunc=self.lookup) else 'fail'
        except Exception as e:      # also what only it fails on
            return '%s: %s' % (type(e).__name__, e)

    def lookup(self, name, timeout=5):
        name = name if isinstance(name, bytes) else name.encode()
        return self.dkimpy.record.get(name.lower())


def one(rng, peers):
    """The case, with the words of both."""
    selector = rng.choice(list(peers.records))
    m = message(rng)
    value, tags = sign(rng, m, selector)
    header, body = [(b'DKIM-Signature', value)] + m.header, m.body
    if rng.random() < 0.5:
        header, body = change(rng, header, body)
    return Case(peers.ours(header, body), peers.theirs(header, body),
                header, body, tags, peers.records[selector])


def main():
    seconds = float(os.environ.get('MILLGATE_SECONDS', '10'))
    seed = os.environ.get('MILLGATE_SEED', str(int(time.time())))
    rng, known = random.Random(seed), collections.Counter()
    results, new, n, peers = collections.Counter(), 0, 0, None
    end = time.monotonic() + seconds
    while time.monotonic() < end and new < SHOWN:
        if n % 2000 == 0:
            if peers is not None and peers.tool.close() != 0:
                sys.exit('not ok - dkim_verify_tool failed')
            peers = Peers(rng)
        n += 1
        case = one(rng, peers)
        ours, theirs = case.ours == 'pass', case.theirs == 'pass'
        results[ours, theirs] += 1
        if ours == theirs:
            continue
        who = 'ours' if ours else 'dkimpy'
        kind = explain(who, case)
        if kind is not None:
            known[kind] += 1
            continue
        new += 1
        print('not ok - ours: %s; dkimpy: %s\n  record: %s\n  %r\n  %r' % (
            case.ours, case.theirs, case.record,
            dkim_interop.octets(case.header, b''), case.body))
    print('%d messages from seed %s: both accept %d, both refuse %d' % (
        n, seed, results[True, True], results[False, False]))
    for who, kind, reason, _ in KNOWN:
        if known[kind]:
            print('%7d only %s, %s: %s' % (known[kind], who, kind, reason))
    return 1 if new else 0


if __name__ == '__main__':
    sys.exit(main())
