"""ctl_conf - millgatectl conf: exit status, words, JSON, and show again"""
import json
import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
bad = 0

GOOD = '''mode = monitor
user = root
user alice { senders = {"*"} plan = tight }
plan tight { messages-per-hour = 7 }
plan none { recipients-per-hour = 0  messages-per-hour = unlimited }
group g { users = {Alice}  messages-per-hour = 0 }
user bob { }
listener a { daemon-names = {"a \\"b\\""} direction = submission }
'''


def run(path, *args):
    r = subprocess.run([TOOL, '-c', path, 'conf', *args],
                       capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


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
            f.write(GOOD)
        with open(broken, 'w', encoding='utf-8') as f:
            f.write('mode = off\nresolver { timeout = 0 }\n')
        warning = good + (':2: user = root keeps all privileges; a user of '
                          'its own is safer')
        expect('good', run(good, 'check'), (0, good + ': good (1 listeners, '
               '2 users, 0 keys)\n', warning + '\n'))
        status, out, err = run(good, 'check', '--json')
        expect('good, JSON', (status, json.loads(out), err), (0, {
            'good': True, 'errors': [], 'warnings': [warning]}, ''))
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
        expect('user', shown['user'], 'root')
        expect('users', shown['users']['alice']['senders'], ['*'])
        expect('plans', shown['plans']['tight'], {
            'recipients-per-hour': 'unlimited', 'messages-per-hour': 7})
        expect('0 blocks', shown['plans']['none'], {
            'recipients-per-hour': 0, 'messages-per-hour': 'unlimited'})
        expect('groups', shown['groups']['g'], {
            'domains': [], 'users': ['alice'], 'plan': '',
            'recipients-per-hour': 'unlimited', 'messages-per-hour': 0})
        expect('no plan of its own', shown['users']['bob']['plan'], '')
        expect('listeners', shown['listeners']['a']['daemon-names'],
               ['a "b"'])
        expect('options', run('', 'options')[1].count('default: '),
               len(json.loads(run('', 'options', '--json')[1])))
    if bad == 0:
        print('ok - conf')
    return bad != 0


sys.exit(main())
