"""ctl_key_root - millgatectl key, run by root in a directory of another user

The other user makes names lead to files of root. They must stay as they are.
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
USER, GROUP, OTHER = 65534, 65534, 1	# nobody, nogroup, daemon
bad = 0


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


class Place:
    """A key directory, and beside it what belongs to root."""

    def __init__(self, top, uid, gid, mode):
        self.top, self.keys = top, os.path.join(top, 'keys')
        self.victim = os.path.join(top, 'victim')
        self.directory = os.path.join(top, 'roots')
        os.chmod(top, 0o755)
        os.mkdir(self.keys)
        os.chown(self.keys, uid, gid)
        os.chmod(self.keys, mode)
        os.mkdir(self.directory, 0o700)
        for name in ('victim', 'roots/x.private', 'roots/x.retired'):
            path = os.path.join(top, name)
            with open(path, 'w', encoding='ascii') as f:
                f.write('of root\n')
            os.chmod(path, 0o600)
            os.utime(path, (1000, 1000))

    def run(self, *args):
        done = subprocess.run(
            [TOOL, 'key', args[0], '--directory', self.keys, *args[1:]],
            capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def new(self, selector='s'):
        return self.run('new', '--type', 'ed25519', '--selector', selector,
                        'example.org')

    def inside(self, name):
        return os.path.join(self.keys, 'example.org', name)

    def plant(self, target, name, how=os.symlink):
        how(target, name)
        if how is os.symlink:
            os.lchown(name, USER, GROUP)

    def look(self):
        found = []
        for path in (self.victim, self.directory,
                     os.path.join(self.directory, 'x.private'),
                     os.path.join(self.directory, 'x.retired')):
            if not os.path.exists(path):
                return path + ' is gone'
            st = os.stat(path)
            found.append((path, st.st_mode, st.st_uid, st.st_gid,
                          st.st_size, st.st_mtime))
        return found, sorted(os.listdir(self.directory))


def domain_is_a_link(p):
    p.plant(p.directory, os.path.join(p.keys, 'example.org'))
    return p.new()


def pending_is_a_link(p):
    p.new('first')
    p.plant(p.victim, p.inside('s.pending'))
    return p.new()


def pending_is_a_second_name(p):
    p.new('first')
    p.plant(p.victim, p.inside('s.pending'), os.link)
    return p.new()


def pending_is_a_pipe(p):
    p.new('first')
    os.mkfifo(p.inside('s.pending'))
    return p.new()


def retired_is_a_link(p):
    p.new()
    p.plant(p.victim + '-new', p.inside('s.retired'))
    return p.run('retire', 'example.org', 's')


def retired_is_a_second_name(p):
    # the marker of another key, whose state "retired" is not seen yet
    p.new()
    p.plant(p.victim, p.inside('s.pending.x'), os.link)
    os.unlink(p.inside('s.pending'))
    os.rename(p.inside('s.pending.x'), p.inside('s.pending'))
    return p.run('new', '--type', 'ed25519', '--selector', 's2',
                 'example.org')


def domain_to_prune_is_a_link(p):
    p.plant(p.directory, os.path.join(p.keys, 'example.org'))
    return p.run('prune', '--keep', '0')


# what may happen: 2: it is refused; None: it does not matter
ATTACKS = [
    (domain_is_a_link, 2), (pending_is_a_link, 2),
    (pending_is_a_second_name, 2), (pending_is_a_pipe, 2),
    (retired_is_a_link, 2), (retired_is_a_second_name, None),
    (domain_to_prune_is_a_link, 2),
]

# owner, group and mode of the key directory; whose a new key is
PLACES = [
    (USER, GROUP, 0o750, (USER, GROUP, 0o600)),
    (OTHER, GROUP, 0o750, (OTHER, GROUP, 0o640)),
    (0, GROUP, 0o770, (0, GROUP, 0o640)),
    (0, GROUP, 0o750, (0, GROUP, 0o640)),
]


def in_place(place, test):
    top = tempfile.mkdtemp(prefix='millgate-key-root-')
    try:
        test(Place(top, *place[:3]))
    finally:
        shutil.rmtree(top)


def attacked(place, attack, wanted):
    def test(p):
        before = p.look()
        status, said = attack(p)
        if p.look() != before or os.path.exists(p.victim + '-new'):
            fail('%s, %s: changed a file of root: %s' % (
                attack.__name__, place[:3], p.look()))
        if wanted is not None and status != wanted:
            fail('%s, %s: status %d, %s' % (attack.__name__, place[:3],
                                            status, said))
    in_place(place, test)


def usual(place):
    def test(p):
        status, said = p.new()
        st = os.stat(p.inside('s.private'))
        found = st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)
        if status != 0 or found != place[3]:
            fail('%s: status %d, %s, not %s: %s' % (place[:3], status, found,
                                                    place[3], said))
        status, said = p.run('retire', 'example.org', 's')
        if status != 0:
            fail('%s: retire: %s' % (place[:3], said))
        status, said = p.run('prune', '--keep', '0')
        if status != 0 or os.listdir(os.path.dirname(p.inside(''))):
            fail('%s: prune: %s' % (place[:3], said))
    in_place(place, test)


# --- key fix -----------------------------------------------------------------

CONF = """user = nobody
signing { key-table = "%(d)s/keys/key.table"
    signing-table = "refile:%(d)s/keys/signing.table" }
"""


def write(path, text, owner, mode):
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)
    os.chown(path, *owner)
    os.chmod(path, mode)


def fix(p, conf=CONF, key='%(d)s/keys/s.private', owner=(OTHER, OTHER)):
    """Tables as OpenDKIM's package leaves them, and the answer of key fix."""
    names = {'d': p.top}
    write(os.path.join(p.keys, 'key.table'),
          ('k example.org:s:' + key + '\n') % names, owner, 0o600)
    write(os.path.join(p.keys, 'signing.table'), '*@example.org k\n', owner,
          0o600)
    path = os.path.join(p.top, 'millgate.conf')
    write(path, conf % names, (0, 0), 0o644)
    done = subprocess.run([TOOL, '-c', path, 'key', 'fix'],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def readable(path):
    """Can the user of the daemon read it, and nobody else but the owner?"""
    def become():
        os.setgroups([])
        os.setgid(GROUP)
        os.setuid(USER)
    done = subprocess.run(['cat', path], preexec_fn=become,
                          capture_output=True)
    st = os.stat(path)
    return done.returncode == 0 and (
        not path.endswith('.private') or not st.st_mode & 0o027)


def fixed(kind, mode, key='%(d)s/keys/s.private'):
    """The keys and tables of another user, in a directory that is closed."""
    def test(p):
        path = key % {'d': p.top}
        write(path, 'key\n', (OTHER, OTHER), mode)
        status, said = fix(p, owner=kind[:2], key=key)
        bad_ones = [f for f in (path, p.keys + '/key.table',
                                p.keys + '/signing.table')
                    if not readable(f)]
        if status != 0 or bad_ones:
            fail('key fix, %s: status %d, not readable: %s, %s' % (
                kind[:3], status, bad_ones, said))
        status, said = fix(p, owner=kind[:2], key=key)
        if status != 0 or not readable(path):
            fail('key fix, again: %d, %s' % (status, said))
    in_place(kind, test)


def fix_attacked(name, plant, key='%(d)s/keys/s.private'):
    """The owner of the table names files of root."""
    def test(p):
        plant(p)
        before = p.look()
        status, said = fix(p, key=key)
        if p.look() != before or status != 1:
            fail('key fix, %s: %d, %s' % (name, status, said))
    in_place((OTHER, OTHER, 0o700, None), test)


def a_directory(p):
    """Keys in a key directory."""
    path = os.path.join(p.keys, 'example.org', 's.private')
    os.mkdir(os.path.dirname(path), 0o700)
    os.chown(os.path.dirname(path), OTHER, OTHER)
    write(path, 'key\n', (OTHER, OTHER), 0o600)
    status, said = fix(p, conf='user = nobody\n'
                       'signing { key-directory = "%(d)s/keys" }\n')
    if status != 0 or not readable(path):
        fail('key fix, a key directory: %d, %s' % (status, said))


def a_directory_of_another(p):
    """Below a key directory of root: only its owner's keys are changed."""
    path = os.path.join(p.keys, 'example.org', 's.private')
    conf = 'user = nobody\nsigning { key-directory = "%(d)s/keys" }\n'
    os.mkdir(os.path.dirname(path), 0o700)
    os.chown(os.path.dirname(path), OTHER, OTHER)
    for owner, want in ((0, 1), (OTHER, 0)):
        write(path, 'key\n', (owner, owner), 0o600)
        status, said = fix(p, conf=conf)
        if status != want or readable(path) != (want == 0):
            fail('key fix, a key of %d in a directory of another: %d, %s' % (
                owner, status, said))


def fix_tests():
    for mode in (0o600, 0o644, 0o666):
        fixed((OTHER, OTHER, 0o700, None), mode)
    # a table of root alone may name keys of others
    fixed((0, 0, 0o755, None), 0o600, '%(d)s/other.private')
    in_place((OTHER, OTHER, 0o700, None), a_directory)
    in_place((0, 0, 0o755, None), a_directory_of_another)
    fix_attacked('a file of root', lambda p: None, '%(d)s/victim')
    fix_attacked('a key in a directory of root', lambda p: None,
                 '%(d)s/roots/x.private')
    inside = 'keys/s.private'
    fix_attacked('a link', lambda p: p.plant(
        p.victim, os.path.join(p.top, inside)))
    fix_attacked('a second name', lambda p: p.plant(
        p.victim, os.path.join(p.top, inside), os.link))
    fix_attacked('a link to a directory', lambda p: p.plant(
        p.directory, os.path.join(p.keys, 'link')),
        '%(d)s/keys/link/x.private')


if os.geteuid() != 0:
    sys.exit(77)
fix_tests()
for kind in PLACES:
    usual(kind)
    for attack_of, status_of in ATTACKS:
        attacked(kind, attack_of, status_of)
print('%s - files of root stay as they are' % ('not ok' if bad else 'ok'))
sys.exit(1 if bad else 0)
