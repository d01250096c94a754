"""conf_pipes - a pipe in place of a file is refused, not waited for

Whoever may write to a directory could otherwise stop the daemon's start, and a
reload for ever. As root, a link that another user made is not followed, either.
"""
import os
import shutil
import subprocess
import sys
import tempfile

BUILD = os.environ.get('MILLGATE_BUILD', '.')
DAEMON = os.path.join(BUILD, 'millgate')
NOBODY = 65534
bad = 0

# the options, and the arguments of millgate; PIPE is the path
CASES = [
    ('users-file', 'users-file = "PIPE"', ['-t']),
    ('include', 'include("PIPE")', ['-t']),
    ('users-database', 'users-database = "PIPE"\n'
     'users-query = "SELECT plan FROM users WHERE login = ?1"', ['-t']),
    ('key-table', 'signing { key-table = "PIPE"\n signing-table = "PIPE" }',
     ['-t']),
    ('a key', 'signing { key-directory = "DIR/keys" }', ['-t']),
    ('trust-anchor', 'resolver { trust-anchor = "PIPE" }', ['-f']),
    ('state', 'state = "PIPE"', ['-f']),
    ('pid-file', 'pid-file = "PIPE"', ['-f']),
    ('control-socket', 'control-socket = "PIPE"', ['-f']),
    ('state-password-file', 'state = "redis://127.0.0.1:1/0"\n'
     'state-password-file = "PIPE"', ['-t']),
    ('state-ca-file', 'state = "rediss://127.0.0.1:1/0"\n'
     'state-ca-file = "PIPE"', ['-t']),
]


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


def run(d, text, arguments):
    conf = os.path.join(d, 'millgate.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write(text)
    try:
        done = subprocess.run([DAEMON, *arguments, '-c', conf], timeout=20,
                              capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return None, 'it waits'
    return done.returncode, done.stderr


def pipes(d):
    pipe = os.path.join(d, 'pipe')
    key = os.path.join(d, 'keys', 'example.org', 's.private')
    os.mkfifo(pipe, 0o600)
    os.makedirs(os.path.dirname(key))
    os.mkfifo(key, 0o600)
    for name, option, arguments in CASES:
        text = ('user = root\nsocket = "unix:%s/sock"\n' % d +
                ('' if 'state =' in option else 'state = "%s/state.db"\n' % d)
                + option.replace('PIPE', pipe).replace('DIR', d) + '\n')
        status, said = run(d, text, arguments)
        wanted = 1 if arguments == ['-t'] else 2
        if status != wanted or (name not in said and d not in said):
            fail('%s: status %s, not %d: %s' % (name, status, wanted, said))


def links(d):
    """Root reads what only root can have put there."""
    secret = os.path.join(d, 'secret')
    theirs = os.path.join(d, 'theirs')
    os.mkdir(theirs)
    with open(secret, 'w', encoding='utf-8') as f:
        f.write('root:secret-of-root\n')
    os.chmod(secret, 0o600)
    os.symlink(secret, theirs + '/link')
    os.link(secret, theirs + '/hard')
    os.lchown(theirs + '/link', NOBODY, NOBODY)
    os.chown(theirs, NOBODY, NOBODY)
    for name in 'link', 'hard':
        for option in 'users-file = "%s"', 'include("%s")':
            path = os.path.join(theirs, name)
            status, said = run(d, 'user = root\n' + option % path + '\n',
                               ['-t'])
            if status != 1 or 'secret-of-root' in said or \
                    'others may change' not in said:
                fail('%s: status %s: %s' % (option % path, status, said))


def main():
    for test in pipes, links:
        if test is links and os.geteuid() != 0:
            continue
        d = tempfile.mkdtemp(prefix='millgate-pipes-')
        try:
            test(d)
        finally:
            shutil.rmtree(d)
    print('%s - a pipe is refused' % ('not ok' if bad else 'ok'))
    return 1 if bad else 0


sys.exit(main())
