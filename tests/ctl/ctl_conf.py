"""ctl_conf - millgatectl conf: exit status, messages, JSON, and show again"""
import json
import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile

BUILD = os.environ.get('MILLGATE_BUILD', '.')
TOOL = os.path.join(BUILD, 'millgatectl')
DAEMON = os.path.join(BUILD, 'millgate')
bad = 0

# what a start needs, for whoever runs this test; DIR is replaced
START = '''socket = "unix:DIR/socket"
state = "DIR/state.db"
user = "%s"
''' % pwd.getpwuid(os.geteuid()).pw_name
GOOD = '''mode = monitor
unlisted-users = any
user alice { senders = {"*"} plan = tight }
plan tight { messages-per-hour = 7 }
plan none { recipients-per-hour = 0  messages-per-hour = unlimited }
group g { users = {Alice}  messages-per-hour = 0 }
user bob { }
listener a { daemon-names = {"a \\"b\\""} direction = submission }
'''

# the limits of a plan or a group that sets none
UNLIMITED = {unit + '-per-' + window: 'unlimited'
             for unit in ('recipients', 'messages', 'bytes')
             for window in ('minute', 'hour', 'day', 'month', 'message')
             if (unit, window) != ('messages', 'message')}


def run(path, *args):
    r = subprocess.run([TOOL, '-c', path, 'conf', *args],
                       capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def doctor(d, conf):
    """The databases and the advice about them."""
    mta = os.path.join(d, 'sendmail.cf')
    write(mta, '')
    r = subprocess.run([TOOL, '-c', conf, 'doctor', '--sendmail', mta,
                        '--json'], capture_output=True, text=True)
    said = json.loads(r.stdout)
    return ([(p['option'], p['error']) for p in said['databases']],
            [(a['where'], a['text']) for a in said['advice']
             if a['id'] == 'database-failing'])


def probes(d):
    """A database is asked: it is there, or not, or the query is wrong."""
    conf, path = os.path.join(d, 'probe.conf'), os.path.join(d, 'users.db')
    text = START.replace('DIR', d) + 'users-database = "%s"\n' \
        'users-query = "SELECT %s FROM u WHERE login = $1"\n'
    base = sqlite3.connect(path)
    base.execute('CREATE TABLE u (login, plan)')
    base.commit()
    base.close()
    write(conf, text % (path, 'plan'))
    status, out, err = run(conf, 'check', '--probe')
    expect('probe', (status, 'users-database "%s": %s answers (' % (
        path, path) in out), (0, True))
    probe = json.loads(run(conf, 'check', '--probe', '--json')[1])['probes']
    expect('probe, JSON', [(p['option'], p['place'], p['server'], p['error'])
                           for p in probe],
           [('users-database', path, path, None)])
    expect('doctor', doctor(d, conf), ([('users-database', None)], []))
    expect('show --probe', run(conf, 'show', '--probe')[0], 2)
    table = os.path.join(d, 'owners.cf')
    write(table, "dbpath = %s\nquery = SELECT login FROM u WHERE plan = '%%s'\n"
          % path)
    owners = START.replace('DIR', d) + 'sender-login-maps = ' \
        '{"inline:{a@b=c}", "sqlite:%s"}\n' % table
    write(conf, owners)
    status, out, err = run(conf, 'check', '--probe')
    expect('probe of a table', (status, 'sender-login-maps "sqlite:%s": %s '
                                'answers (' % (table, path) in out,
                                'inline' in out), (0, True, False))
    write(table, "dbpath = %s\nquery = SELECT x FROM u WHERE plan = '%%s'\n"
          % path)
    status, out, err = run(conf, 'check')
    expect('a wrong query of a table', (status, 'no such column: x' in
                                        out + err), (1, True))
    version = subprocess.run([DAEMON, '--version'], capture_output=True,
                             text=True).stdout
    if 'pgsql' not in version:
        return
    # nobody listens on port 1
    write(conf, text % ('pgsql://127.0.0.1:1/mail?tls=no', 'plan'))
    expect('a server may be away', run(conf, 'check')[0], 0)
    status, out, err = run(conf, 'check', '--probe')
    expect('but not here', (status, '127.0.0.1:1: Connection refused' in err),
           (1, True))
    write(conf, text % (path, 'plan') + 'signing { keys-query = "SELECT '
          'selector, key FROM k WHERE domain = $1"\n'
          'keys-database = "pgsql://127.0.0.1:1/mail?tls=no" }\n')
    found, advice = doctor(d, conf)
    expect('doctor, keys', (found[0], [place for place, _ in advice],
                            '127.0.0.1:1: Connection refused' in str(advice)),
           (('users-database', None), ['keys-database'], True))
    secret = os.path.join(d, 'db.password')
    for mode, why in ((None, 'No such file'), (0o644, 'everyone may read')):
        if mode is not None:
            write(secret, 'secret\n')
            os.chmod(secret, mode)
        write(conf, text % ('pgsql://127.0.0.1:1/mail?tls=no', 'plan') +
              'users-password-file = "%s"\n' % secret)
        status, out, err = run(conf, 'check')
        expect(why, (status, why in err), (1, True))


def server(d):
    """A Redis server that a start would refuse is refused here, too."""
    conf = os.path.join(d, 'redis.conf')
    secret, ca = os.path.join(d, 'secret'), os.path.join(d, 'ca')
    state = START.replace('DIR', d).replace(
        'state = "%s/state.db"' % d, 'control-socket = "%s/c"' % d)
    state += 'state = "%s://127.0.0.1:1/0"\n'
    write(conf, state % 'redis')
    built = b'built without Redis' not in subprocess.run(
        [TOOL, '-c', conf, 'quota', 'show'], capture_output=True).stderr
    for program in ([TOOL, '-c', conf, 'conf', 'check'],
                    [DAEMON, '-t', '-c', conf]):
        def words():
            r = subprocess.run(program, capture_output=True, text=True)
            return r.returncode, ''.join(
                line for line in r.stderr.splitlines(True)
                if 'user = root keeps' not in line)

        write(conf, state % 'redis')
        if not built:
            status, err = words()
            expect('without Redis', (status, 'built without Redis' in err),
                   (1, True))
            continue
        expect('no server is asked', words(), (0, ''))
        write(conf, state % 'redis' + 'state-password-file = "%s"' % secret)
        status, err = words()
        expect('no password', (status, secret in err), (1, True))
        write(secret, 'x\n')
        os.chmod(secret, 0o644)
        status, err = words()
        expect('no secret', (status, 'chmod' in err), (1, True))
        os.chmod(secret, 0o600)
        expect('a secret', words(), (0, ''))
        os.unlink(secret)
        write(conf, state % 'rediss' + 'state-ca-file = "%s"' % ca)
        status, err = words()
        expect('no authorities', (status, ca in err), (1, True))


def expect(name, got, want):
    global bad
    if got != want:
        bad += 1
        print('not ok - %s: %r, not %r' % (name, got, want))


def main():
    with tempfile.TemporaryDirectory() as d:
        good = os.path.join(d, 'good.conf')
        broken = os.path.join(d, 'broken.conf')
        again = os.path.join(d, 'again.conf')
        with open(good, 'w', encoding='utf-8') as f:
            f.write(START.replace('DIR', d) + GOOD)
        with open(broken, 'w', encoding='utf-8') as f:
            f.write('mode = off\nresolver { timeout = 0 }\n')
        warnings = [good + ':5: unlisted-users = any lets every login '
                    'without an entry send as any address; own-address is '
                    'safer']
        if os.geteuid() == 0:
            warnings[:0] = [good + ':3: user = root keeps all privileges; a '
                            'separate user is safer']
        expect('good', run(good, 'check'), (0, good + ': good (1 listeners, '
               '2 users, 0 keys)\n', '\n'.join(warnings) + '\n'))
        status, out, err = run(good, 'check', '--json')
        expect('good, JSON', (status, json.loads(out), err), (0, {
            'good': True, 'errors': [], 'warnings': warnings}, ''))
        status, out, err = run(broken, 'check')
        expect('broken', (status, out, err.count('\n')), (1, '', 2))
        status, out, err = run(broken, 'check', '--json')
        errors = json.loads(out)
        expect('broken, JSON', (status, errors['good'],
                                len(errors['errors'])), (1, False, 2))
        expect('broken, show', run(broken, 'show')[0], 2)
        expect('absent', run(os.path.join(d, 'absent'), 'check')[0], 1)
        expect('no command', run(good)[0], 2)
        expect('unknown command', run(good, 'frobnicate')[0], 2)
        expect('too much', run(good, 'check', 'x')[0], 2)

        with open(again, 'w', encoding='utf-8') as f:
            f.write(run(good, 'show')[1])
        expect('show again', run(again, 'show'), run(good, 'show'))
        shown = json.loads(run(good, 'show', '--json')[1])
        expect('user', shown['user'], pwd.getpwuid(os.geteuid()).pw_name)
        expect('users', shown['users']['alice']['senders'], ['*'])
        expect('plans', shown['plans']['tight'],
               dict(UNLIMITED, **{'messages-per-hour': 7}))
        expect('0 blocks', shown['plans']['none'],
               dict(UNLIMITED, **{'recipients-per-hour': 0}))
        expect('groups', shown['groups']['g'],
               dict(UNLIMITED, **{'domains': [], 'users': ['alice'],
                                  'plan': '', 'messages-per-hour': 0}))
        expect('no plan of its own', shown['users']['bob']['plan'], '')
        expect('listeners', shown['listeners']['a']['daemon-names'],
               ['a "b"'])
        expect('options', run('', 'options')[1].count('default: '),
               len(json.loads(run('', 'options', '--json')[1])))
        server(d)
        probes(d)
    if bad == 0:
        print('ok - conf')
    return bad != 0


sys.exit(main())
