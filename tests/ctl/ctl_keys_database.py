"""ctl_keys_database - millgatectl shows keys of a database, with their source"""
import json
import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
bad = 0

CONF = '''state = "%(dir)s/state.db"
listener local { local = yes direction = submission }
listener web { daemon-ports = 465 direction = submission }
signing {
    keys-database = "%(dir)s/keys.db"
    keys-query = "SELECT s AS selector, key, state, d AS domain FROM k WHERE domain = $1"
}
'''


def expect(name, got, want):
    global bad
    if got != want:
        bad += 1
        print('not ok - %s: %r, not %r' % (name, got, want))


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def run(directory, *args):
    done = subprocess.run([TOOL, '-c', directory + '/conf', *args],
                          capture_output=True, encoding='utf-8')
    return done.returncode, done.stdout, done.stderr


def new_key(kind):
    return subprocess.run(['openssl', 'genpkey', '-algorithm', kind],
                          check=True, capture_output=True, text=True).stdout


def make(directory):
    write(directory + '/conf', CONF % {'dir': directory})
    write(directory + '/e.private', new_key('ED25519'))
    os.chmod(directory + '/e.private', 0o600)
    base = sqlite3.connect(directory + '/keys.db')
    base.execute('CREATE TABLE k (domain, s, key, state, d)')
    base.executemany('INSERT INTO k VALUES (?, ?, ?, ?, ?)', (
        ('example.org', 'r', new_key('RSA'), None, None),
        ('example.org', 'e', directory + '/e.private', 'pending', None),
        ('example.org', 'bad', 'SECRET', 'active', None),
        ('example.net', 'p', new_key('ED25519'), 'pending', None),
        ('example.com', 'r', new_key('RSA'), 'active', 'Provider.example')))
    base.commit()
    base.close()


def check_list(d):
    status, out, err = run(d, 'key', 'list', 'example.org', '--json')
    rows = json.loads(out)
    expect('list', (status, [(row['selector'], row['state'], row.get('path'),
                              row['database']) for row in rows]), (1, [
        ('r', 'active', None, d + '/keys.db'),
        ('e', 'pending', d + '/e.private', d + '/keys.db'),
        ('bad', 'unusable', None, d + '/keys.db')]))
    expect('list: no secret', 'SECRET' in out + err, False)
    status, out, _ = run(d, 'key', 'list', 'example.org')
    expect('list, text', [line.split()[1] for line in out.splitlines()],
           ['r', 'e', 'bad'])
    expect('list, source', out.splitlines()[0].endswith(
        'active, in %s/keys.db' % d), True)
    status, out, _ = run(d, 'key', 'list', 'example.com', '--json')
    expect('list, d=', (status, json.loads(out)[0]['domain']),
           (0, 'provider.example'))
    expect('list, none', run(d, 'key', 'list', 'example')[::2],
           (1, 'millgatectl: example has no key\n'))
    status, out, err = run(d, 'key', 'list')
    expect('list, all', (status, 'for one domain only' in err), (1, True))


def check_dns(d):
    status, record, _ = run(d, 'key', 'dns', 'example.net')
    expect('dns', (status, record.split(' TXT ')[0]),
           (0, 'p._domainkey.example.net. IN'))
    record = 'p._domainkey.example.net TXT ' + record.split(' TXT ')[1]
    for zone, want in ((record, 0), ('', 1)):
        write(d + '/zone', zone)
        status, out, _ = run(d, 'key', 'check', 'example.net', '--zone',
                             d + '/zone')
        expect('check', (status, 'published' in out), (want, want == 0))
    for args in (('activate', 'example.net'), ('retire', 'example.net', 'p'),
                 ('new', 'example.net')):
        status, _, err = run(d, 'key', *args)
        expect(args[0], (status, 'no key directory' in err), (2, True))


def explained(d, login):
    status, out, _ = run(d, 'user', 'explain', login, '--json')
    e = json.loads(out)
    return status, e['keys'], e['pending-keys'], e['keys-unknown']


def check_explain(d):
    source = d + '/keys.db'
    expect('explain', explained(d, 'a@example.org'),
           (0, ['example.org/r (rsa-sha256, %s)' % source], [], None))
    expect('explain, pending', explained(d, 'a@example.net'),
           (0, [], ['example.net/p (ed25519-sha256, %s)' % source], None))
    expect('explain, d=', explained(d, 'a@example.com'),
           (0, ['provider.example/r (rsa-sha256, %s)' % source], [], None))
    expect('explain, none', explained(d, 'a@example.info'),
           (0, [], [], None))
    os.rename(source, source + '.away')
    status, keys, pending, why = explained(d, 'a@example.org')
    expect('explain, away', (status, keys, pending), (0, [], []))
    expect('explain, why', 'unable to open' in why, True)
    status, _, err = run(d, 'key', 'list', 'example.org')
    expect('list, away', (status, 'keys-database: ' in err), (2, True))
    os.rename(source + '.away', source)


def check_options(d):
    for old, new, want in (
            ('keys-query', '#', 'has no effect without keys-query'),
            ('keys-database', '#', 'has no effect without a database'),
            ('"SELECT s AS selector,', '"SELECT s,', 'unknown column "s"'),
            (' key,', '', 'keys-query has no column key'),
            ('%(dir)s/keys.db', 'ftp://x/y', 'signing: keys-database '),
            ('%(dir)s/keys.db', 'pgsql://u:secret@h/d', 'a password'),
            ('keys-query', 'keys-ca-file = "/x"\n    keys-query',
             'keys-ca-file has no effect without a server')):
        write(d + '/conf', CONF.replace(old, new, 1) % {'dir': d})
        status, _, err = run(d, 'conf', 'check')
        expect(old + ' ' + new, (status, want in err), (1, True))
        if want not in err:
            print(err)


def check_probe(d):
    text = ('socket = "unix:%(dir)s/socket"\nuser = "' +
            pwd.getpwuid(os.geteuid()).pw_name + '"\n' + CONF)
    write(d + '/conf', text % {'dir': d})
    status, out, err = run(d, 'conf', 'check', '--probe', '--json')
    expect('probe', (status, [(p['option'], p['place'], p['error'])
                              for p in json.loads(out).get('probes', [])]),
           (0, [('keys-database', d + '/keys.db', None)]))
    version = subprocess.run([os.path.join(os.path.dirname(TOOL), 'millgate'),
                              '--version'], capture_output=True, text=True)
    if 'pgsql' not in version.stdout:
        return
    # nobody listens on port 1
    write(d + '/conf', text.replace(
        '%(dir)s/keys.db', 'pgsql://u@127.0.0.1:1/d?tls=no') % {'dir': d})
    expect('no server at the start', run(d, 'conf', 'check')[0], 0)
    status, _, err = run(d, 'conf', 'check', '--probe')
    expect('probe, away', (status, 'keys-database "pgsql://' in err), (1, True))


def main():
    with tempfile.TemporaryDirectory() as d:
        make(d)
        check_list(d)
        check_dns(d)
        check_explain(d)
        check_options(d)
        check_probe(d)
    if bad == 0:
        print('ok - keys of a database')
    return bad != 0


sys.exit(main())
