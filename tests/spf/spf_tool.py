"""spf_tool - drive tests/tools/spf_check_tool from Python

A zone is a dictionary: name -> list of (type, data). Types are those of the
zone text; TXT data is a list of octet strings, MX data a pair.
"""
import os
import subprocess
import sys

SKIP = 77       # automake's word for a test that cannot run here


def quote(octets):
    """Octets as a quoted word of a zone text."""
    out = ''
    for c in octets:
        if 0x20 <= c <= 0x7e and c not in b'"\\':
            out += chr(c)
        else:
            out += '\\%03d' % c
    return '"%s"' % out


def name(text):
    return quote(text.encode('latin-1'))


def zone_text(zone):
    lines = []
    for owner, records in zone.items():
        for kind, data in records:
            if kind == 'TXT':
                data = ' '.join(quote(s) for s in data)
            elif kind == 'MX':
                # the root has no quotes: "." alone
                data = '%d %s' % (data[0], name(data[1]) if data[1] else '.')
            elif kind in ('PTR', 'CNAME'):
                data = name(data)
            elif data is None:
                data = ''
            lines.append('%s %s %s' % (name(owner), kind, data))
    return '\n'.join(lines) + '\n'


def escape(text):
    out = ''
    for c in text.encode('utf-8', 'surrogateescape'):
        if 0x20 <= c <= 0x7e and c != 0x5c:
            out += chr(c)
        else:
            out += '\\x%02x' % c
    return out


class Answer:
    def __init__(self, line):
        field = line.rstrip('\n').split('\t')
        self.result = field[0]
        self.terms, self.voids, self.questions = map(int, field[1:4])
        self.reason = field[4]
        self.explanation = field[5][1:] if field[5][0] == '=' else None

    def key(self):
        return (self.result, self.terms, self.voids, self.reason,
                self.explanation)


class Tool:
    def __init__(self):
        path = os.path.join(os.environ.get('MILLGATE_BUILD', '.'),
                            'tests', 'tools', 'spf_check_tool')
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def zone(self, zone):
        self.process.stdin.write('zone\n' + zone_text(zone) + '.\n')

    def check(self, client, helo, sender, identity='mailfrom',
              prefetch=False):
        self.process.stdin.write('check %s\t%s\t%s\t%s\t%s\n' % (
            client, escape(helo), escape(sender), identity,
            'prefetch' if prefetch else 'no'))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit('spf_check_tool died: status %s' % self.process.wait())
        return Answer(line)

    def close(self):
        self.process.stdin.close()
        return self.process.wait()
