"""ctl_user - millgatectl user explain: which plan, whose limits, and why"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
bad = 0

CONF = '''state = "%(dir)s/state.db"
signing { key-directory = "%(dir)s/keys" }
plan none { recipients-per-hour = 0 }
tier token { mechanisms = {token} plan = professional senders = {login} }
group acme { domains = {acme.example} plan = standard recipients-per-hour = 9 }
group closed { users = {shut@acme.example} messages-per-hour = 0 }
listener web { daemon-ports = 465 direction = submission plan = premium }
listener smtp { daemon-ports = 587 direction = submission
    second-factor = token-or-certificate }
listener mx { daemon-ports = 25 }
listener local { local = yes direction = submission }
user bob {
    plan = premium senders = {"b@example.org", "@.example.org"}
    networks = {"192.0.2.0/24"} second-factor = yes
}
user mallory@example.org { block = yes }
user zero@example.org { plan = none }
user shut@acme.example { }
plan sold { recipients-per-hour = 1000 recipients-per-day = 10000
    bytes-per-month = 2G recipients-per-message = 100 bytes-per-message = 25M }
plan unsent { bytes-per-message = 0 }
user vera@example.org { plan = sold }
user walt@example.org { plan = unsent }
users-file = "%(dir)s/users"
'''

UNLIMITED = {'messages-per-hour': 'unlimited'}
WEB = dict(UNLIMITED, plan='premium', by='listener', name='web',
           listener='web')
SMTP = dict(UNLIMITED, plan='trial', by='default-plan', name='default-plan',
            listener='smtp')
TIER = dict(UNLIMITED, plan='professional', by='tier', name='token')
TIER['recipients-per-hour'] = 5000
WEB['recipients-per-hour'], SMTP['recipients-per-hour'] = 3000, 1000
ACME = dict(UNLIMITED, plan='standard', by='group', name='acme')
ACME['recipients-per-hour'] = 1500

SOLD = {'recipients-per-hour': 1000, 'recipients-per-day': 10000,
        'bytes-per-month': 2 << 30, 'recipients-per-message': 100,
        'bytes-per-message': 25 << 20}

# login, more arguments, exit status, some of the JSON members
ROWS = (
    ('bob', (), 0, {
        'may-send': True, 'why-not': None, 'groups': [],
        'entry': {'file': 'CONF', 'line': 12},
        'plans': [dict(WEB, by='user', name='bob', listener=None)],
        'senders': ['b@example.org', '@.example.org'],
        'networks': ['192.0.2.0/24'],
        'keys': ['example.org/s (ed25519-sha256)'],
        'second-factor': ['user', 'listener smtp']}),
    ('Alice@Example.ORG', (), 0, {
        'login': 'alice@example.org', 'entry': None, 'plans': [WEB, SMTP, TIER],
        'senders': ['alice@example.org'], 'networks': []}),
    ('login two words', (), 1, {'login': 'two words'}),
    ('alice@example.org', ('--listener', 'smtp'), 0, {
        'plans': [SMTP, TIER], 'tiers': {'token': ['login']},
        'second-factor': ['listener smtp']}),
    ('alice@example.org', ('--listener=web',), 0, {
        'plans': [WEB, TIER], 'second-factor': []}),
    ('a@acme.example', (), 0, {
        'plans': [ACME, TIER], 'keys': [], 'groups': [dict(
            UNLIMITED, group='acme', file='CONF', line=5, set={},
            **{'recipients-per-hour': 9})]}),
    ('file@example.net', (), 0, {
        'entry': {'file': 'USERS', 'line': 2},
        'plans': [dict(UNLIMITED, plan='professional', by='user',
                       name='file@example.net',
                       **{'recipients-per-hour': 5000})]}),
    ('vera@example.org', (), 0, {
        'plans': [dict(UNLIMITED, plan='sold', by='user',
                       name='vera@example.org', **SOLD)]}),
    ('walt@example.org', (), 1, {
        'why-not': 'its plan, or the limit set for it, allows no mail'}),
    ('mallory@example.org', (), 1, {
        'may-send': False, 'why-not': 'its entry has block = yes'}),
    ('zero@example.org', (), 1, {
        'why-not': 'its plan, or the limit set for it, allows no mail'}),
    ('shut@acme.example', (), 1, {
        'why-not': 'group closed allows no mail'}),
    ('nobody', (), 1, {
        'why-not': 'it is not an address, and no senders are configured '
                   'for it; set login-domain'}),
    ('nobody@', (), 1, {
        'why-not': 'it is not an address, and no senders are configured '
                   'for it'}),
)

TABLE = '''bob may send.
entry          %(dir)s/conf:12
plan           premium, by user bob: 3000 recipients, unlimited messages an hour
senders        b@example.org, @.example.org
of these, tier token: login
networks       192.0.2.0/24
second factor  user, listener smtp
signed by      example.org/s (ed25519-sha256)
'''


def expect(name, got, want):
    global bad
    if got != want:
        bad += 1
        print('not ok - %s: %r, not %r' % (name, got, want))


def run(conf, *args):
    r = subprocess.run([TOOL, '-c', conf, 'user', *args],
                       capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def check_row(directory, conf, login, args, want_status, want):
    status, out, err = run(conf, 'explain', login, '--json', *args)
    if status == 2:
        expect(login, err, '')
        return
    got = json.loads(out)
    expect(login, status, want_status)
    text = json.dumps(want).replace('CONF', conf)
    want = json.loads(text.replace('USERS', directory + '/users'))
    for plan in want.get('plans', []) + got['plans']:
        plan.setdefault('listener', None)
    for key, value in want.items():
        expect('%s %s: %s' % (login, ' '.join(args), key), got[key], value)


def check_query(directory, conf):
    """A login that is only in the users' database."""
    path = os.path.join(directory, 'users.db')
    base = sqlite3.connect(path)
    base.execute('CREATE TABLE u (login, plan, blocked)')
    base.execute('INSERT INTO u VALUES ("dora", "premium", 1)')
    base.commit()
    base.close()
    with open(conf, 'a', encoding='utf-8') as f:
        f.write('users-database = "%s"\nusers-query = "SELECT plan, blocked '
                'FROM u WHERE login = ?1"\n' % path)
    check_row(directory, conf, 'Dora', (), 1, {
        'entry': {'file': path, 'line': 0},
        'users-database': {'place': path, 'server': path,
                           'answer': 'an entry'},
        'plans': [dict(UNLIMITED, plan='premium', by='user', name='dora',
                       **{'recipients-per-hour': 3000})],
        'why-not': 'its entry has block = yes'})
    expect('place', run(conf, 'explain', 'dora')[1].split('\n')[1:3],
           ['entry          ' + path, 'users-database %s: an entry' % path])
    expect('not there', run(conf, 'explain', 'nobody')[1].split('\n')[2],
           'users-database %s: no entry' % path)
    expect('not asked', run(conf, 'explain', 'bob')[1].split('\n')[2],
           'users-database %s: not asked, because the configuration has an '
           'entry' % path)
    message = os.path.join(directory, 'message')
    with open(message, 'w', encoding='utf-8') as f:
        f.write('From: dora@example.org\n\ntext\n')
    for args in (), ('--json',):
        out = subprocess.run(
            [TOOL, '-c', conf, 'check', '--zone', os.devnull, '--port', '587',
             '--login', 'dora', *args, message],
            capture_output=True, text=True).stdout
        expect('check %s' % (args,), out.split('\n')[-2].startswith(
            'users-database ' + path + ': an entry') if not args else
            json.loads(out)['users-database']['answer'] == 'an entry', True)
    status, out, err = run(conf, 'forget', '--all')
    expect('no daemon', (status, out), (2, ''))
    expect('no daemon, why', 'it is not running' in err, True)
    for args in (), ('dora', '--all'), ('a b',):
        expect('forget %s' % (args,), run(conf, 'forget', *args)[0], 2)
    with open(conf, 'a', encoding='utf-8') as f:
        f.write('login-domain = "example.org"\n')
    base = sqlite3.connect(path)
    base.execute('INSERT INTO u VALUES ("dora@example.org", "trial", 0)')
    base.commit()
    base.close()
    check_row(directory, conf, 'Dora', (), 0, {
        'login': 'dora@example.org', 'senders': ['dora@example.org'],
        'plans': [dict(UNLIMITED, plan='trial', by='user',
                       name='dora@example.org',
                       **{'recipients-per-hour': 1000})]})
    os.unlink(path)
    status, out, err = run(conf, 'explain', 'dora')
    expect('no database', (status, out), (2, ''))
    expect('no database, why', 'unable to open' in err, True)
    expect('no query is needed', run(conf, 'explain', 'bob')[0], 0)


OWNERS = '''state = "%(dir)s/state.db"
login-domain = "example.org"
unlisted-users = refuse
sender-login-maps = {"inline:{info@example.org=alice}",
    "texthash:%(dir)s/owners"}
user bob { senders = {"info@example.org"} }
'''


def check_owners(directory):
    """Which table says what of an address, and what follows from it."""
    conf = os.path.join(directory, 'owners.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write(OWNERS % {'dir': directory})
    with open(os.path.join(directory, 'owners'), 'w', encoding='utf-8') as f:
        f.write('info@example.org bob\n@d.example Alice@example.org,\x1b\n')
    first = 'inline:{info@example.org=alice}'
    second = 'texthash:%s/owners' % directory
    for login, address, status, words in (
            ('alice', 'Info+x@Example.org', 0, (
                'address        Info+x@example.org is allowed',
                first + ': info@example.org is owned by alice',
                second + ': info@example.org is owned by bob')),
            ('alice', 'any@d.example', 0, (
                first + ': not listed',
                second + ': @d.example is owned by Alice@example.org, \\x1b')),
            ('bob', 'info@example.org', 0, (
                'info@example.org is allowed by senders',)),
            ('alice', 'alice@example.org', 1, (
                'alice@example.org is not allowed',)),
            ('bob', 'any@d.example', 1, ('any@d.example is not allowed',))):
        got, out, err = run(conf, 'explain', login, '--address', address)
        expect('%s %s' % (login, address), got, status)
        for word in words:
            expect('%s %s: %s' % (login, address, word), word in out, True)
    check_row(directory, conf, 'alice', ('--address', 'info@example.org'), 0, {
        'may-send': True, 'address': 'info@example.org',
        'address-is': 'allowed', 'tables': [
            {'table': first, 'result': 'found', 'server': '',
             'key': 'info@example.org', 'why': None, 'logins': ['alice']},
            {'table': second, 'result': 'found', 'server': '',
             'key': 'info@example.org', 'why': None, 'logins': ['bob']}]})
    expect('no address', run(conf, 'explain', 'bob', '--address', 'x y')[0], 2)
    expect('named', second in run(conf, 'explain', 'bob')[1], True)


def check_keys_unknown(directory, conf):
    """Keys that cannot be read are not the same as no key."""
    path = os.path.join(directory, 'keys/example.org/broken.private')
    with open(path, 'w', encoding='utf-8') as f:
        f.write('no key\n')
    status, out, err = run(conf, 'explain', 'bob')
    expect('keys that cannot be read', (status, out.split('\n')[-3:-1]), (
        0, ['signed by      not known', 'keys not known they cannot be read']))
    expect('keys that cannot be read, why', path + ': ' in err, True)
    expect('keys that cannot be read, JSON', json.loads(run(
        conf, 'explain', 'bob', '--json')[1])['keys-unknown'],
           'they cannot be read')
    os.unlink(path)


def main():
    with tempfile.TemporaryDirectory() as d:
        conf = os.path.join(d, 'conf')
        os.mkdir(os.path.join(d, 'keys'), 0o700)
        with open(conf, 'w', encoding='utf-8') as f:
            f.write(CONF % {'dir': d})
        with open(os.path.join(d, 'users'), 'w', encoding='utf-8') as f:
            f.write('# users\nfile@example.net plan=professional\n')
        made = subprocess.run(
            [TOOL, '-c', conf, 'key', 'new', '--type', 'ed25519', '--active',
             '--selector', 's', 'example.org'], capture_output=True)
        expect('key new', made.returncode, 0)
        for login, args, status, want in ROWS:
            check_row(d, conf, login, args, status, want)
        status, out, err = run(conf, 'explain', 'bob')
        expect('table', (status, out), (0, TABLE % {'dir': d}))
        expect('windows', [line for line in run(
            conf, 'explain', 'vera@example.org')[1].split('\n')
                           if line.startswith('plan ')], [
            'plan           sold, by user vera@example.org: 1000 recipients, '
            'unlimited messages an hour, 10000 recipients a day, 2G bytes a '
            'month, 100 recipients a message, 25M bytes a message'])
        expect('no state file is reported', err.split(':')[0],
               os.path.join(d, 'state.db'))
        expect('escaped', run(conf, 'explain', '\x1b[31m')[1].split('\n')[0],
               '\\x1b[31m may not send: it is not an address, and no '
               'senders are configured for it; set login-domain.')
        check_owners(d)
        check_query(d, conf)
        check_keys_unknown(d, conf)
        for args in ((), ('explain',), ('frobnicate', 'bob'),
                     ('explain', 'bob', 'alice'),
                     ('explain', 'bob', '--listener', 'none')):
            expect('usage %s' % (args,), run(conf, *args)[0], 2)
        expect('no configuration', run(d, 'explain', 'bob')[0], 2)
    if bad == 0:
        print('ok - user')
    return bad != 0


sys.exit(main())
