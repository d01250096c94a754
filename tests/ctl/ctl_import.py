"""ctl_import - millgatectl import-opendkim: files, the output, and errors"""
import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get('MILLGATE_BUILD', '.'), 'millgatectl')
bad = 0


def expect(name, got, want):
    global bad
    if got != want:
        bad += 1
        print('not ok - %s: got %r, expected %r' % (name, got, want))


def holds(name, text, *words):
    for word in words:
        expect('%s: %s in %r' % (name, word, text), word in text, True)


def run(*args, **more):
    done = subprocess.run([TOOL, 'import-opendkim', *args], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **more)
    return done.returncode, done.stdout, done.stderr


class Site:
    """The files of a site that has the old programs."""

    def __init__(self, directory):
        self.directory = directory
        self.hosts = self.write('hosts', '192.0.2.0/24\n')
        self.opendkim = self.write(
            'opendkim.conf', 'Mode sv\nDomain example.org\nSelector s1\n'
            'KeyFile %s\nInternalHosts refile:%s\nOn-BadSignature reject\n' %
            (self.at('s1.key'), self.hosts))
        self.opendmarc = self.write(
            'opendmarc.conf', 'AuthservID mx.example.net\n'
            'RejectFailures true\n')
        self.spf = self.write('policyd-spf.conf', 'Mail_From_reject = Fail\n')
        self.rates = self.write('rates.yaml', 'limits_by_id: {}\n')

    def at(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.at(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.at(name)


def what_is_carried_over(site):
    status, out, err = run('--opendkim', site.opendkim, '--opendmarc',
                           site.opendmarc, '--policyd-spf', site.spf)
    expect('all three', status, 0)
    holds('all three', out, 'authserv-id = "mx.example.net"',
          'on-reject = reject', '192.0.2.0/24')
    # what is not carried over is named, with its line
    holds('all three', err, site.opendkim + ':6: On-BadSignature')
    new = site.at('millgate.conf')
    expect('a file', run('--opendmarc', site.opendmarc, '-o', new)[:2],
           (0, ''))
    with open(new, encoding='utf-8') as f:
        holds('a file', f.read(), 'on-reject = reject')
    status, out, err = run('--opendmarc', site.opendmarc, '--output', new)
    expect('never replaced', (status, out, err), (
        2, '', 'millgatectl: %s: File exists; name a new file, or remove it\n'
        % new))


def named_files(site):
    """A list that cannot be read is a note, and its setting is not there."""
    os.unlink(site.hosts)
    status, _, err = run('--opendkim', site.opendkim)
    expect('no list', status, 0)
    holds('no list', err, site.opendkim + ':5: InternalHosts', site.hosts,
          'No such file or directory')
    with open(site.write('hosts', ''), 'r+b') as f:
        f.truncate(64 << 20)
    status, _, err = run('--opendkim', site.opendkim)
    expect('a large list', status, 0)
    holds('a large list', err, site.hosts, 'it is too large')
    os.unlink(site.hosts)
    os.mkdir(site.hosts)
    status, _, err = run('--opendkim', site.opendkim)
    expect('a directory', status, 0)
    holds('a directory', err, site.hosts)


def errors(site):
    status, out, err = run()
    expect('no file', (status, out), (2, ''))
    holds('no file', err, 'name at least one file', 'usage: ')
    expect('no such file', run('--opendkim', site.at('none'))[:2], (2, ''))
    status, out, err = run('--policyd-spf', site.write('bad', '\nword\n'))
    expect('no value', (status, out), (2, ''))
    holds('no value', err, site.at('bad') + ':2: this is not a line of ')
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            done = subprocess.run(
                [TOOL, 'import-opendkim', '--opendmarc', site.opendmarc],
                stdout=full, stderr=subprocess.PIPE, text=True)
        expect('a full disk', done.returncode, 2)
        holds('a full disk', done.stderr,
              'stdout: No space left on device')


def main():
    with tempfile.TemporaryDirectory() as directory:
        site = Site(directory)
        what_is_carried_over(site)
        errors(site)
        named_files(site)
    status, out, _ = run('--list')
    expect('list', status, 0)
    holds('list', out, 'On-BadSignature', 'RejectFailures',
          'Mail_From_reject')
    if bad == 0:
        print('ok - import-opendkim')
    return bad != 0


sys.exit(main())
