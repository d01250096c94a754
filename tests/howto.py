"""howto - the recipes of millgate-howto(7) load, and the manuals fit together

Each configuration of a recipe is one with which millgate would start, with the
files that it names in a directory of this test. Each recipe has a case of the
end-to-end suite. Each manual has the others in SEE ALSO. mandoc, if it is
there, finds nothing wrong in a manual.
"""
import glob
import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('MILLGATE_BUILD', '.')
E2E = os.path.join(SRC, 'tests', 'e2e')
sys.dont_write_bytecode = True
sys.path.insert(0, E2E)
import recipes				# noqa: E402

MANUALS = ('millgate-howto.7', 'millgate-metrics.7', 'millgate.8',
           'millgate.conf.5', 'millgatectl.8')
# of these, the cases use every one that a recipe has
USUAL = ('millgate.conf', 'main.cf', 'master.cf', 'sendmail.mc')
# the databases of recipes, which a build may be without
DRIVER = {'postfixadmin': 'mysql', 'iredmail': 'ldap'}
bad = 0


def result(good, text, why=''):
    global bad
    bad += not good
    print('%sok - %s' % ('' if good else 'not ', text))
    if not good:
        print(''.join('# %s\n' % line for line in why.splitlines()), end='')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def write(path, text, mode=0o640):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(path, mode)


def prepare(d, texts):
    """The files that configurations name, and the directory of the socket."""
    os.makedirs(d + '/keys', mode=0o750)
    base = sqlite3.connect(d + '/users.db')
    base.executescript(texts['hosting', 'users.sql'])
    base.close()
    write(d + '/millgate-warning', texts['customer', 'millgate-warning'],
          0o755)
    ca = glob.glob('/etc/ssl/certs/ca-certificates.crt')
    for name in ('redis', 'db'):
        write(d + '/%s.password' % name, 'x\n')
        if ca:
            shutil.copy(ca[0], d + '/%s-ca.pem' % name)
    return bool(ca)


def local(text, d):
    """The configuration for this directory and this user."""
    for place in ('/var/spool/postfix/millgate/', '/run/millgate/',
                  '/etc/millgate/', '/var/lib/millgate/', '/usr/local/sbin/'):
        text = text.replace(place, d + '/')
    text = text.replace('"millgate-mta"', '"daemon"')
    if os.geteuid() != 0:	# who cannot give a socket to another group
        text = re.sub(r'(?m)^socket-group.*\n', '', text)
    if '\nstate = ' not in text:
        text += '\nstate = "%s/state.db"\n' % d
    return text + 'control-socket = "%s/control"\nuser = "%s"\n' % (
        d, pwd.getpwuid(os.geteuid()).pw_name)


def skipped(name, ca):
    """Why a recipe cannot be loaded here; None if it can."""
    if name in ('redis', *DRIVER) and not ca:
        return 'no CA certificates'
    said = subprocess.run([os.path.join(BUILD, 'millgate'), '--version'],
                          capture_output=True, text=True).stdout
    if name in DRIVER and DRIVER[name] not in said.split():
        return 'this build has no ' + DRIVER[name]
    return None


def check_loads(texts):
    with tempfile.TemporaryDirectory() as d:
        ca = prepare(d, texts)
        for (name, kind), text in texts.items():
            if not kind.startswith('millgate.conf'):
                continue
            why = skipped(name, ca)
            if why:
                print('ok - %s # SKIP %s' % (name, why))
                continue
            path = d + '/millgate.conf'
            write(path, local(text, d))
            done = subprocess.run([os.path.join(BUILD, 'millgate'), '-t',
                                   '-c', path], capture_output=True,
                                  text=True)
            result(done.returncode == 0, 'millgate -t: %s, %s' % (name, kind),
                   done.stdout + done.stderr + text)


def check_cases(texts):
    cases = ''.join(read(path) for path in
                    glob.glob(E2E + '/cases_*.py') + [E2E + '/sendmail.py'])
    for name, kind in texts:
        used = re.search(r'"%s"' % name, cases) and (
            kind in USUAL or '"%s"' % kind in cases)
        result(used, 'a case uses %s of the recipe %s' % (kind, name))
    for name in {name for name, _ in texts}:
        result((name, 'millgate.conf') in texts,
               'the recipe %s has a configuration' % name)


def check_manuals():
    for manual in MANUALS:
        path = os.path.join(SRC, 'packaging', manual + '.in')
        also = read(path).partition('.Sh SEE ALSO')[2]
        for other in MANUALS:
            name = '.Xr ' + ' '.join(other.rsplit('.', 1))
            result(other == manual or name in also,
                   '%s has %s in SEE ALSO' % (manual, other))
        if shutil.which('mandoc'):
            done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning',
                                   path], capture_output=True, text=True)
            result(done.returncode == 0, 'mandoc: ' + manual, done.stdout)


def main():
    texts = recipes.blocks()
    check_loads(texts)
    check_cases(texts)
    check_manuals()
    return bad != 0


sys.exit(main())
