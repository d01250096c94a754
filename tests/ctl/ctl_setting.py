"""ctl_setting - millgatectl quota set and reset, user block and unblock

With the daemon stopped, while it runs, and after it was started again.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get('MILLGATE_BUILD', '.')
TOOL = os.path.join(BUILD, 'millgatectl')
bad = 0

CONF = '''state = "%(dir)s/state.db"
socket = "unix:%(dir)s/socket"
user = "root"
plan tiny { recipients-per-hour = 4 messages-per-hour = 2 }
listener local { local = yes direction = submission plan = tiny }
listener relays { daemon-ports = 26 direction = submission }
group acme { domains = {acme.example} plan = tiny recipients-per-hour = 9 }
user alice@example.org { plan = tiny }
'''


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


def tool(where, *words):
    return subprocess.run([TOOL, '-c', where + '/conf', *words],
                          capture_output=True, text=True)


def rows(where, *words):
    """The rows of a command that prints JSON, by login."""
    done = tool(where, '--json', *words)
    if done.returncode != 0:
        fail('%s: %d %s' % (words, done.returncode, done.stderr))
        return {}
    return {row['login']: row for row in json.loads(done.stdout)}


def expect(where, words, login, want):
    """The row of the login has these values; None: the key is absent."""
    row = rows(where, *words).get(login, {})
    for name, value in want.items():
        if row.get(name) != value:
            fail('%s: %s is %r, not %r' % (words, name, row.get(name), value))


def start(where):
    daemon = subprocess.Popen([os.path.join(BUILD, 'millgate'), '-f', '-c',
                               where + '/conf'], stderr=subprocess.PIPE)
    for line in daemon.stderr:
        if b'ready on' in line:
            return daemon
    fail('the daemon does not start')
    sys.exit(1)


def stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate()


# words, login, and its row after them; both with and without a daemon
CHANGES = (
    (('quota', 'set', 'Alice@Example.org', '--recipients', '50'),
     'alice@example.org', {
         'recipients_limit': 50, 'recipients_configured': 4,
         'messages_limit': 2, 'messages_configured': None}),
    (('quota', 'set', 'alice@example.org', '--messages=unlimited'),
     'alice@example.org', {
         'recipients_limit': 50, 'messages_limit': None,
         'messages_configured': 2}),
    (('quota', 'set', 'bob', '--recipients=0', '--messages', '7'), 'bob', {
        'recipients_limit': 0, 'recipients_configured': 1000,
        'messages_limit': 7, 'messages_configured': 'unlimited'}),
    (('quota', 'set', 'group ACME', '--recipients', '7'), 'group acme', {
        'recipients_limit': 7, 'recipients_configured': 9}),
    (('quota', 'set', 'listener local', '--recipients', '3'),
     'listener local', {'recipients_limit': 3}),
    (('user', 'block', 'alice@example.org', '--reason', 'a "ticket": 7'),
     'alice@example.org', {
         'blocked': 'reject', 'blocked_until': None,
         'reason': 'a "ticket": 7', 'recipients_limit': 50}),
    (('user', 'unblock', 'alice@example.org'), 'alice@example.org', {
        'blocked': None, 'reason': None, 'recipients_limit': 50}),
    (('quota', 'reset', 'alice@example.org'), 'alice@example.org', {
        'recipients': 0, 'recipients_limit': 50}),
    (('quota', 'set', 'alice@example.org', '--recipients', 'default',
      '--messages', 'default'), 'alice@example.org', {
          'recipients_limit': 4, 'recipients_configured': None,
          'messages_limit': 2}),
    (('quota', 'set', 'dave', '--per', 'day', '--recipients', '20000',
      '--bytes', '2G', '--until', '2096-12-24 18:00'), 'dave', {
          'recipients_limit': 1000}),
    (('quota', 'set', 'dave', '--until=2096-12-24T18:00:01Z',
      '--messages=unlimited', '--per=month'), 'dave', {
          'windows': [
              {'name': 'recipients-per-hour', 'used': 0, 'limit': 1000},
              {'name': 'recipients-per-day', 'used': 0, 'limit': 20000,
               'configured': 'unlimited', 'until': 4007210400},
              {'name': 'bytes-per-day', 'used': 0, 'limit': 2 << 30,
               'configured': 'unlimited', 'until': 4007210400},
              {'name': 'messages-per-month', 'used': 0, 'limit': 'unlimited',
               'configured': 'unlimited', 'until': 4007210401}]}),
    (('quota', 'set', 'dave', '--per', 'day', '--recipients', 'default'),
     'dave', {
         'windows': [
             {'name': 'recipients-per-hour', 'used': 0, 'limit': 1000},
             {'name': 'bytes-per-day', 'used': 0, 'limit': 2 << 30,
              'configured': 'unlimited', 'until': 4007210400},
             {'name': 'messages-per-month', 'used': 0, 'limit': 'unlimited',
              'configured': 'unlimited', 'until': 4007210401}]}),
    (('quota', 'set', 'erin', '--per', 'minute', '--messages', '5'), 'erin', {
        'windows': [
            {'name': 'messages-per-minute', 'used': 0, 'limit': 5,
             'configured': 'unlimited'},
            {'name': 'recipients-per-hour', 'used': 0, 'limit': 1000}]}),
    (('user', 'block', 'relay none'), 'relay none', {'blocked': 'reject'}),
    (('user', 'block', 'login Two  words'), 'two  words', {
        'blocked': 'reject'}),
    (('user', 'unblock', 'login two  words'), 'two  words', {
        'blocked': None}),
    (('quota', 'set', 'login group ACME', '--recipients', '8'),
     'login group acme', {'recipients_limit': 8}),
    (('quota', 'show', 'group Acme'), 'group acme', {'recipients_limit': 7}),
    (('quota', 'set', 'login -x', '--recipients', '1'), '-x', {
        'recipients_limit': 1}),
    (('quota', 'set', 'login ' + 'y' * 1000, '--recipients', '1'),
     'y' * 1000, {'recipients_limit': 1}),
    (('quota', 'set', 'login Gr\u00fc\u009b2J\x1b"\\', '--recipients', '1'),
     'gr\u00fc\u009b2j\x1b"\\', {'recipients_limit': 1}),
)

# a refused command, and a part of the error message
WRONG = (
    (('quota', 'set', 'bob'), 'usage'),
    (('quota', 'set', '--recipients', '5'), 'usage'),
    (('quota', 'set', 'bob', '--recipients', '-5'), 'usage'),
    (('quota', 'set', 'bob', '--recipients', '4294967295'), 'usage'),
    (('quota', 'set', 'bob', '--recipients', '99999999999'), 'usage'),
    (('quota', 'set', 'bob', '--recipients', '5x'), 'usage'),
    (('quota', 'set', 'two words', '--recipients', '5'), 'not a login'),
    (('quota', 'set', 'x' * 300, '--recipients', '5'), 'not a login'),
    (('quota', 'set', 'group ', '--recipients', '5'), 'not a login'),
    (('quota', 'set', 'login ', '--recipients', '5'), 'not a login'),
    *((('quota', 'set', 'bob', '--recipients', '5', '--until', time),
       '--until takes') for time in (
           '', '2096', '2096-1-02', '2096-12', '2096-12-', '2096-12-24x',
           '2096/12/24', '2096-12/24', '2096-13-01', '2096-00-01',
           '2096-11-31', '2096-12-24 ', '2096-12-24 18', '2096-12-24 18.00',
           '2096-12-24 24:00', '2096-12-24 18:60', '2096-12-24 18:00:',
           '2096-12-24 18:00:60', '2096-12-24 18:00:00z',
           '2096-12-24 18:00Z ')),
    (('quota', 'set', 'bob', '--recipients', '5', '--until', '2020-01-01'),
     'is in the past'),
    (('quota', 'reset'), 'usage'),
    (('quota', 'reset', 'bob', '--all'), 'usage'),
    (('user', 'block'), 'usage'),
    (('user', 'block', 'bob', '--for', '2'), '--for takes'),
    (('user', 'block', 'bob', '--for', '0h'), '--for takes'),
    (('user', 'block', 'bob', '--for', '11000d'), '--for takes'),
    (('user', 'block', 'bob', '--for', '2hh'), '--for takes'),
    (('user', 'block', 'bob', '--reason', 'a\nb'), 'printable ASCII'),
    (('user', 'block', 'bob', '--reason', 'gr\u00fcn'), 'printable ASCII'),
    (('user', 'block', 'bob', '--reason', 'x' * 128), '127 characters'),
    (('user', 'unblock'), 'usage'),
)


def changes(where):
    for words, login, want in CHANGES:
        expect(where, words, login, want)
        if login[0] != '-':
            expect(where, ('quota', 'show', login), login, want)
    now = time.time()
    until = rows(where, 'user', 'block', 'carol', '--for', '2h')['carol']
    if until['blocked'] != 'defer' or \
            not now - 1 <= until['blocked_until'] - 7200 <= time.time() + 1:
        fail('--for 2h: %r' % until)
    shown = tool(where, 'quota', 'show', 'carol').stdout
    if '  blocked until 2' not in shown:
        fail('the table says %s' % shown)
    done = tool(where, 'user', 'block', 'listener relays')
    if done.returncode != 0 or 'has no plan' not in done.stderr:
        fail('a block without effect: %r' % done)
    tool(where, 'user', 'unblock', 'listener relays')
    for words, why in WRONG:
        done = tool(where, *words)
        if done.returncode != 2 or why not in done.stderr or done.stdout:
            fail('%s: %d %s' % (words, done.returncode, done.stderr))


def explain(where, login):
    done = tool(where, '--json', 'user', 'explain', login)
    return done.returncode, json.loads(done.stdout)


def explained(where):
    """user explain shows the settings, and applies them."""
    status, said = explain(where, 'carol')
    if status != 1 or said['set'].get('block') != 'defer' or \
            'blocked' not in said['why-not']:
        fail('explain carol: %r' % said)
    status, said = explain(where, 'eve@acme.example')
    if status != 0 or said['groups'][0]['set'] != {'recipients-per-hour': 7}:
        fail('explain eve: %r' % said)
    if '\nblocked        login until 2' not in tool(
            where, 'user', 'explain', 'carol').stdout:
        fail('explain carol, as a table')


def kept(where):
    """The settings after all changes, read by several commands."""
    explained(where)
    show = ('quota', 'show')
    expect(where, show, 'bob', {'recipients_limit': 0, 'messages_limit': 7})
    expect(where, show, 'group acme', {'recipients_limit': 7})
    expect(where, show, 'carol', {'blocked': 'defer'})
    expect(where, show, 'alice@example.org', {'login': None})
    table = tool(where, 'quota', 'show', 'dave').stdout
    if '0/2G  set until 2096-12-24 18:00:00 UTC (configured: unlimited ' \
            'bytes)\n' not in table:
        fail('the table of windows: ' + table)
    status, said = explain(where, 'dave')
    if said['set'] != {
            'messages-per-month': 'unlimited', 'bytes-per-day': 2 << 30,
            'until': {'messages-per-month': 4007210401,
                      'bytes-per-day': 4007210400}}:
        fail('explain dave: %r' % said)


def qualified(where):
    """With login-domain, bob is bob@example.org in every command."""
    with open(where + '/conf', 'a', encoding='utf-8') as f:
        f.write('login-domain = "example.org"\n')
    bob = 'bob@example.org'
    for words, login, want in (
            (('quota', 'set', 'Bob', '--recipients', '5'), bob, {
                'recipients_limit': 5}),
            (('quota', 'show', 'bob'), bob, {'recipients_limit': 5}),
            (('quota', 'show', 'BOB@example.org'), bob, {
                'recipients_limit': 5}),
            (('user', 'block', 'alice'), 'alice@example.org', {
                'blocked': 'reject', 'plan': 'tiny'}),
            (('user', 'unblock', 'alice@example.org'), 'alice@example.org', {
                'blocked': None}),
            (('user', 'block', 'login Two  words'),
             'two  words@example.org', {'blocked': 'reject'}),
            (('user', 'block', 'group acme'), 'group acme', {
                'blocked': 'reject'})):
        expect(where, words, login, want)
    status, said = explain(where, 'Bob')
    if status != 0 or said['login'] != bob or \
            said['set'] != {'recipients-per-hour': 5} or \
            said['senders'] != [bob]:
        fail('explain Bob, with login-domain: %r' % said)


def silent_server():
    """A server that accepts connections, and the list of them."""
    listener = socket.create_server(('127.0.0.1', 0))
    clients = []

    def accept():
        while True:
            clients.append(listener.accept())

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], clients


def asked_once(where):
    """A database that does not answer is asked for one of many logins."""
    version = subprocess.run([TOOL, '--version'], capture_output=True,
                             text=True).stdout.split()
    url = {'pgsql': 'pgsql://x@127.0.0.1:%d/mail?tls=no',
           'mysql': 'mysql://x@127.0.0.1:%d/mail?tls=no'}
    for driver in set(url) & set(version):
        port, clients = silent_server()
        with open(where + '/silent', 'w', encoding='utf-8') as f:
            f.write('state = "%s/state.db"\nusers-timeout = 200\n'
                    'users-database = "%s"\nusers-query = '
                    '"SELECT plan FROM users WHERE login = $1"\n'
                    % (where, url[driver] % port))
        done = subprocess.run([TOOL, '-c', where + '/silent', '--json',
                               'quota', 'show'],
                              capture_output=True, text=True)
        shown = len(json.loads(done.stdout or '[]'))
        if done.returncode != 0 or shown < 3 or len(clients) != 1 or \
                done.stderr.count('plans are missing in the output') != 1:
            fail('%s is silent: status %d, %d rows, %d connections: %s' % (
                driver, done.returncode, shown, len(clients), done.stderr))


with tempfile.TemporaryDirectory() as where:
    with open(where + '/conf', 'w', encoding='utf-8') as f:
        f.write(CONF % {'dir': where})
    done = tool(where, 'quota', 'set', 'bob', '--recipients', '5')
    if done.returncode != 2 or 'millgate creates it' not in done.stderr:
        fail('without a state file: ' + done.stderr)
    daemon = start(where)
    changes(where)
    kept(where)
    stop(daemon)
    kept(where)
    daemon = start(where)		# and through a kill
    daemon.kill()
    daemon.communicate()
    kept(where)
    changes(where)
    kept(where)
    stop(start(where))
    kept(where)
    qualified(where)
    asked_once(where)

sys.exit(bad != 0)
