"""ctl_check - millgatectl check prints what would be sent, exactly

Its insertions, put in front of the message, are verified by dkimpy: from the
text and from the JSON, in each canonicalization, RSA and Ed25519. --client
local is a message of sendmail(1).
"""
import json
import os
import re
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
bad = 0

CONF = '''authserv-id = "mx.example.org"
submission-results = login
state = "%(dir)s/state.db"
signing { key-directory = "%(dir)s/keys" canonicalization = "%(form)s" }
listener mx { daemon-ports = 25 }
listener local { local = yes direction = submission }
listener submission { daemon-ports = 587 direction = submission }
'''
MESSAGE = b'''From: Alice
\t <alice@example.org>
To: a@example.net,
 b@example.net
Subject:  two  blanks \t
Authentication-Results: mx.example.org; dkim=pass
Authentication-Results: other.example; none
AUTHENTICATION-RESULTS: mx.example.org; spf=pass

Hello,

this is  the body.\t

'''
LOCAL = ('--client', 'local', '--from', 'alice@example.org', '--rcpt',
         'a@example.net')


def expect(name, got, want):
    global bad
    if got != want:
        bad += 1
        print('not ok - %s: %r, not %r' % (name, got, want))


def run(directory, *args):
    r = subprocess.run([TOOL, '-c', os.path.join(directory, 'conf'), *args],
                       capture_output=True, cwd=directory)
    return r.returncode, r.stdout, r.stderr


def configure(directory, form):
    with open(os.path.join(directory, 'conf'), 'w', encoding='ascii') as f:
        f.write(CONF % {'dir': directory, 'form': form})


def check(directory, *args):
    return run(directory, 'check', '--zone', 'zone', *args, 'message')


def edits_of_text(text):
    """The same list as in the JSON; a field goes on with a blank or tab."""
    out = []
    for name, value in re.findall(
            rb'^insert ([^:\n]+):((?:.*\n)(?:[ \t].*\n)*)', text, re.M):
        out.append({'kind': 'insert', 'name': name.decode(), 'index': 0,
                    'value': value[:-1].decode()})
    dels = re.findall(rb'^delete (\S+) (\d+)$', text, re.M)
    return [{'kind': 'delete', 'name': n.decode(), 'index': int(i),
             'value': None} for n, i in dels] + out


def apply(message, edits):
    """The message as the MTA would send it, with CRLF."""
    head, body = message.split(b'\n\n', 1)
    fields = re.findall(rb'^[^ \t\n].*(?:\n[ \t].*)*', head, re.M)
    for e in edits:
        name = e['name'].encode().lower()
        if e['kind'] == 'insert':
            fields.insert(e['index'], e['name'].encode() + b':' +
                          e['value'].encode())
            continue
        at = [i for i, f in enumerate(fields)
              if f.split(b':')[0].lower() == name]
        del fields[at[e['index'] - 1]]
    return (b'\n'.join(fields) + b'\n\n' + body).replace(b'\n', b'\r\n')


def verified(dkim, directory, message):
    """How many signatures dkimpy verifies."""
    records = {}
    _, out, _ = run(directory, 'key', 'dns', '--format', 'string',
                    'example.org')
    lines = out.split(b'\n')
    for name, text in zip(lines[::2], lines[1::2]):
        records[name + b'.'] = text

    def lookup(name, timeout=5):
        return records.get(name if isinstance(name, bytes) else
                           name.encode())
    d, good = dkim.DKIM(message), 0
    for i in range(message.lower().count(b'\r\ndkim-signature:') + 1):
        try:
            good += d.verify(i, dnsfunc=lookup)
        except (dkim.DKIMException, IndexError):
            pass
    return good


def check_edits(directory, dkim):
    for form in ('simple/simple', 'relaxed/relaxed', 'simple/relaxed'):
        configure(directory, form)
        status, text, err = check(directory, *LOCAL)
        expect('status', (status, err), (0, b''))
        listed = json.loads(check(directory, '--json', *LOCAL)[1])['edits']
        kinds = [(e['kind'], e['name'].lower(), e['index']) for e in listed]
        expect(form, kinds, [
            ('delete', 'authentication-results', 3),
            ('delete', 'authentication-results', 1),
            ('insert', 'dkim-signature', 0),
            ('insert', 'dkim-signature', 0),
            ('insert', 'authentication-results', 0)])
        shown = edits_of_text(text)
        expect('text: ' + form, [(e['kind'], e['name'].lower(), e['index'])
                                 for e in shown], kinds)
        if dkim is None:
            continue
        for way, edits in (('json', listed), ('text', shown)):
            message = apply(MESSAGE, edits)
            expect('%s, %s verified' % (form, way),
                   verified(dkim, directory, message), 2)
            changed = message.replace(b'the body', b'another')
            expect('%s, %s, changed' % (form, way),
                   verified(dkim, directory, changed), 0)


def check_local(directory):
    """sendmail(1): from localhost through no port; or it is not local."""
    status, text, _ = check(directory, *LOCAL)
    expect('local', b' listener=local client=local helo=localhost ' in text,
           True)
    status, text, _ = check(directory, *LOCAL[2:], '--client', '127.0.0.1')
    expect('mx', b' listener=mx client=127.0.0.1 ' in text, True)
    expect('not signed', b'DKIM-Signature' in text, False)
    for option in (('--port', '25'), ('--daemon-name', 'smtp'),
                   ('--daemon-addr', '192.0.2.1')):
        status, _, err = check(directory, *LOCAL, *option)
        expect(option[0], status, 2)
        expect(option[0], b'--client local does not take ' +
               option[0].encode() in err, True)
    # a refused message has no edits
    status, text, _ = check(directory, '--json', '--port', '587',
                            '--from', 'alice@example.org')
    expect('refused', (status, json.loads(text)['edits']), (1, []))


CONNECTION = ('--client', '192.0.2.7', '--port', '587', '--from',
              'alice@example.org', '--login', 'alice@example.org', '--tls',
              'TLSv1.3')


def check_options(directory):
    """What the MTA would say of the client and of the login."""
    status, text, _ = check(directory, *CONNECTION, '--client-name',
                            'host.example', '--helo', 'helo.example',
                            '--mechanism', 'SCRAM-SHA-256', '--bits', '128',
                            '--macro', 'i=QUEUEID', '--macro', '{x}=',
                            '--rcpt', 'b@example.net')
    expect('options', status, 0)
    for word in (b'id=QUEUEID ', b' client=192.0.2.7 ', b' helo=helo.example ',
                 b' tls=TLSv1.3 ', b' mechanism=SCRAM-SHA-256 '):
        expect(word, word in text, True)
    # without --helo it is the name
    expect('name', b' helo=host.example ' in check(
        directory, *CONNECTION, '--client-name', 'host.example', '--rcpt',
        'b@example.net')[1], True)
    for name, args, reason in (
            ('client', ('--client', '192.0.2'), b'an IP address or local'),
            ('macro', ('--macro', 'x'), b'NAME=VALUE'),
            ('macros', ('--macro', 'x=y') * 200, b'--macro may be repeated '),
            ('recipients', ('--rcpt', 'b@example.net') * 200,
             b'--rcpt may be repeated ')):
        status, _, err = check(directory, *args)
        expect(name, status, 2)
        expect('%s: %r' % (name, err), reason in err, True)


def main():
    try:
        import dkim
        import nacl     # noqa: F401 - dkimpy's Ed25519
    except ImportError as e:
        dkim = None
        print('dkimpy verifies nothing # SKIP %s' % e)
    with tempfile.TemporaryDirectory() as d:
        for name, text in (('message', MESSAGE), ('zone', b'')):
            with open(os.path.join(d, name), 'wb') as f:
                f.write(text)
        configure(d, 'relaxed/relaxed')
        os.mkdir(os.path.join(d, 'keys'), 0o700)
        expect('key new', run(d, 'key', 'new', '--type', 'both', '--active',
                              '--bits', '1024', 'example.org')[0], 0)
        check_edits(d, dkim)
        check_local(d)
        check_options(d)
    if bad == 0:
        print('ok - check')
    return bad != 0


sys.exit(main())
