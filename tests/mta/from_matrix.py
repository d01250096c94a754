"""from_matrix - the DMARC result depends neither on the form of From nor on
the driver

Every form in the tables of mailaddr_test.c is sent twice: as a file to
`millgatectl check`, and over the milter protocol to the daemon. Both must give
the same answer and the same Authentication-Results field. They must be right
for the author in the table: the honest domain passes, and other domains with
a policy are refused. A message without exactly one author domain is refused,
too.
"""
import ast
import os
import re
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('MILLGATE_BUILD', '.')
CLIENT, HELO, SENDER = '192.0.2.7', 'mail.example.org', 'x@example.org'
HONEST = 'example.org'
STRICT = ['a.example', 'b.example', 'xn--bcher-kva.example']
BODY = b'x\r\n'
bad = 0


def fail(name, text):
    global bad
    bad += 1
    print('not ok - %s: %s' % (name, text))


# --- the forms ---------------------------------------------------------------

def strings(text):
    """The C string literals of a text; adjacent ones are joined."""
    literal = r'"(?:[^"\\]|\\.)*"'
    for run in re.findall(r'%s(?:\s+%s)*' % (literal, literal), text):
        yield b''.join(ast.literal_eval('b' + part)
                       for part in re.findall(literal, run))


def table(text, name):
    body = re.search(r'\} %s\[\] = \{\n(.*?)\n\};' % name, text, re.S)
    body = re.sub(r'/\*.*?\*/', '', body.group(1), flags=re.S)
    return re.findall(r'\t\{ (.*?) \},?(?=\s*\n\t\{|\s*$)', body, re.S)


def forms():
    """(name, [(field, value)], the result of mailaddr)"""
    with open(os.path.join(SRC, 'tests/mail/mailaddr_test.c')) as f:
        text = f.read()
    for row in table(text, 'authors'):
        name, value, want = strings(row)
        yield name, [(b'From', value)], want
    for row in table(text, 'messages'):
        fields, rest = re.search(r'\{(.*?)\},(.*)', row, re.S).groups()
        name, want = next(strings(row)), next(strings(rest))
        yield name, [tuple(field.split(b':', 1))
                     for field in strings(fields)], want


def can_be_sent(fields):
    """No MTA has a line end in a field that is not a fold, or an extra CR."""
    return fields and all(
        not re.search(rb'\n(?![ \t])|\r\r\n|\0', value) for _, value in fields)


def deserves(want):
    """The rule that refuses the message, or the DMARC result in the field."""
    state, _, domains = want.decode('latin-1').partition(';')
    domains = domains.split()
    if not state.startswith('ok') or len(domains) != 1:
        return 'dmarc-from'
    if domains[0] == HONEST:
        return 'dmarc=pass'
    return 'dmarc-reject' if domains[0] in STRICT else 'dmarc=none'


# --- the two drivers ----------------------------------------------------------

def by_file(conf, zone, fields):
    """(reply or action, our field, the rule) of millgatectl check."""
    text = b''.join(name + b':' + value + b'\n' for name, value in fields)
    r = subprocess.run(
        [os.path.join(BUILD, 'millgatectl'), '-c', conf, 'check', '--client',
         CLIENT, '--helo', HELO, '--from', SENDER, '--rcpt', 'r@example.net',
         '--zone', zone, '-'], input=text + b'\nx\n', capture_output=True)
    out = r.stdout.decode('latin-1')
    if r.returncode == 2 or 'eom ' not in out:
        return r.stderr.decode('latin-1'), '', ''
    eom = re.search(r'^eom (.*)$', out, re.M).group(1)
    field = re.search(r'^insert Authentication-Results: ?(.*(?:\n[ \t].*)*)$',
                      out, re.M)
    m = re.match(r'(\w+) (\d\d\d \S+) (\S+) (.*)', eom)
    field = re.sub(r'\n[ \t]', ' ', field.group(1)) if field else ''
    if m and m.group(1) in ('reject', 'defer'):
        return m.group(2) + ' ' + m.group(4), field, m.group(3)
    return eom.split()[0], field, ''


class Milter:
    """The milter protocol as Postfix speaks it, for one message."""

    NR = {'C': 0x1000, 'H': 0x2000, 'L': 0x80, 'N': 0x40000, 'B': 0x80000}

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(path)
        self.send('O', struct.pack('!III', 6, 0x1ff, 0x1fffff))
        command, data = self.receive()
        assert command == 'O', command
        self.steps = struct.unpack('!III', data[:12])[2]

    def send(self, command, data=b''):
        self.s.sendall(struct.pack('!I', len(data) + 1) + command.encode() +
                       data)

    def exactly(self, n):
        data = b''
        while len(data) < n:
            more = self.s.recv(n - len(data))
            assert more, 'millgate closed the connection'
            data += more
        return data

    def receive(self):
        size, = struct.unpack('!I', self.exactly(4))
        data = self.exactly(size)
        return chr(data[0]), data[1:]

    def macros(self, command, *pairs):
        self.send('D', command.encode() + b''.join(
            p.encode() + b'\0' for p in pairs))

    def event(self, command, data=b''):
        self.send(command, data)
        if self.steps & self.NR.get(command, 0):
            return 'c', b''
        command, data = self.receive()
        return command, data

    def message(self, fields):
        self.macros('C', 'j', 'mx.example.net', '{daemon_port}', '25')
        self.event('C', HELO.encode() + b'\0' + b'4' +
                   struct.pack('!H', 40000) + CLIENT.encode() + b'\0')
        self.event('H', HELO.encode() + b'\0')
        self.macros('M', 'i', '4QUEUEID')
        self.event('M', b'<' + SENDER.encode() + b'>\0')
        self.event('R', b'<r@example.net>\0')
        for name, value in fields:
            # as Postfix does: LF in folds, and a blank before the colon is
            # not part of the name
            self.event('L', name.rstrip(b' \t') + b'\0' +
                       value.replace(b'\r\n', b'\n') + b'\0')
        self.event('N')
        self.event('B', BODY)
        self.send('E')
        field = ''
        while True:
            command, data = self.receive()
            if command in 'ih':         # insert, or add a field
                name, value = (data[4:] if command == 'i' else
                               data).split(b'\0')[:2]
                if name == b'Authentication-Results':
                    field = re.sub('\n[ \t]', ' ', value.decode('latin-1'))
            elif command not in 'p+-me2':
                break
        self.s.close()
        answers = {'y': data.rstrip(b'\0').decode('latin-1'), 'r': 'reject',
                   't': 'defer', 'c': 'accept', 'a': 'accept', 'q': 'hold'}
        return answers[command], field.strip()


def by_milter(path, fields):
    return Milter(path).message(fields)


# --- the world ----------------------------------------------------------------

ZONE = ['%s TXT "v=spf1 ip4:192.0.2.0/24 -all"' % HONEST,
        '_dmarc.%s TXT "v=DMARC1; p=reject"' % HONEST]
ZONE += ['_dmarc.%s TXT "v=DMARC1; p=reject"' % d for d in STRICT]

CONF = '''socket = "unix:%(dir)s/sock"
state = "%(dir)s/state.db"
user = "root"
authserv-id = "mx.example.net"
resolver { servers = {"127.0.0.1@%(port)s"} timeout = 10 }
dmarc { record-outcomes = yes }
listener mx { daemon-ports = {25} direction = inbound }
'''


def until_there(path):
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(path)
                return
            except OSError:
                time.sleep(0.05)
    sys.exit('not ok - the daemon does not start')


def run(conf, zone, path):
    n, seen = 0, set()
    for name, fields, want in forms():
        name = name.decode()
        if not can_be_sent(fields):
            continue
        n += 1
        answer, field, rule = by_file(conf, zone, fields)
        other = by_milter(path, fields)
        if (answer, field) != other:
            fail(name, 'result of replay: %r, of the milter: %r' % (
                (answer, field), other))
        should = deserves(want)
        seen.add(should)
        if should.startswith('dmarc='):
            if answer != 'accept' or should not in field:
                fail(name, '%s %s, not %s' % (answer, field, should))
        elif rule != should or not answer.startswith('550 5.7.1 '):
            fail(name, '%s %s, not %s' % (answer, rule, should))
    if n < 150 or len(seen) < 4:
        fail('the table', 'only %d forms, outcomes %s' % (n, sorted(seen)))
    return n


def check_outcomes(path):
    """Each row of the table outcome has the result of the messages."""
    db = sqlite3.connect(path)
    rows = db.execute('SELECT author, source, result, disposition, override, '
                      'messages FROM outcome ORDER BY author').fetchall()
    db.close()
    for author, source, result, disposition, override, messages in rows:
        want = (('pass', 'accept') if author == HONEST else
                ('fail', 'reject'))
        if (result, disposition, source, override) != want + (CLIENT, '') or \
                messages < 1:
            fail('outcomes', 'wrong row in %r' % (rows,))
    authors = [row[0] for row in rows]
    if authors != sorted([HONEST] + STRICT):
        fail('outcomes', 'wrong authors: %s' % authors)


def main():
    with tempfile.TemporaryDirectory() as d:
        conf, zone = os.path.join(d, 'conf'), os.path.join(d, 'zone')
        with open(zone, 'w') as f:
            f.write('\n'.join(ZONE) + '\n')
        dns = subprocess.Popen(
            [sys.executable,
             os.path.join(SRC, 'tests/tools/fakedns.py'), '--zone',
             zone, '127.0.0.1', '0'], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        port = dns.stdout.readline().split()[1]
        with open(conf, 'w') as f:
            f.write(CONF % {'dir': d, 'port': port})
        with open(os.path.join(d, 'log'), 'w') as log:
            daemon = subprocess.Popen(
                [os.path.join(BUILD, 'millgate'), '-f', '-c', conf],
                stdout=log, stderr=log)
        try:
            path = os.path.join(d, 'sock')
            until_there(path)
            n = run(conf, zone, path)
        finally:
            daemon.terminate()
            dns.terminate()
            daemon.wait()
            dns.wait()
        check_outcomes(os.path.join(d, 'state.db'))
        if bad == 0:
            print('ok - %d forms of From, same results from both drivers' % n)
    return bad != 0


sys.exit(main())
