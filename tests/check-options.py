"""check-options - the option table, the man pages and the sample agree

Every option of the table has a paragraph in the man page and a line in the
sample, in the right section and with the right default. Neither has an option
that is not in the table. The sample loads, also with every commented option
uncommented. Every key of a message's log line is in millgate(8).
"""
import json
import os
import re
import subprocess
import sys
import tempfile

SRC = os.environ.get('srcdir', '.')
BUILD = os.environ.get('MILLGATE_BUILD', '.')
TOOL = os.path.join(BUILD, 'millgatectl')
bad = 0


def fail(text):
    global bad
    bad += 1
    print('not ok - ' + text)


def read(name):
    with open(os.path.join(SRC, name), encoding='utf-8') as f:
        return f.read()


def tool(path, *args):
    return subprocess.run([TOOL, '-c', path, 'conf', *args],
                          capture_output=True, text=True)


def sample_options(text):
    """{(section, option): value} of the sample, commented or not."""
    found, section = {}, ''
    for line in text.split('\n'):
        line = re.sub(r'^(\t*)#(?! )', r'\1', line)
        line = re.sub(r'\t#.*', '', line).strip()
        opened = re.match(r'([a-z]+)( \S+)? \{$', line)
        option = re.match(r'([a-z-]+) = (.*)$', line)
        if opened:
            section = opened.group(1)
        elif line == '}':
            section = ''
        elif option:
            found.setdefault((section, option.group(1)), option.group(2))
    return found


def man_options(text):
    """{(section, option): paragraph} of the man page."""
    found, section = {}, None
    for part in re.split(r'(?m)^\.(?=S[sh] |It Ic |El)', text):
        head, _, body = part.partition('\n')
        if head.startswith(('Ss ', 'Sh ')):
            name = re.match(r'Ss SECTION (\S+)', head)
            section = name.group(1) if name else ''
        elif head.startswith('It Ic '):
            found[(section, head[6:].strip())] = body
    return found


def plain(value):
    """A value without quotes and braces."""
    return value.replace('"', '').strip('{}')


def check_sample(options):
    found = sample_options(read('packaging/millgate.conf'))
    for key, o in options.items():
        if key not in found:
            fail('%s %s is not in the sample' % key)
            continue
        want = o.get('default')
        if want is None or key in (('listener', 'direction'),
                                   ('listener', 'daemon-ports'),
                                   ('', 'socket-group')):
            continue        # no fixed default, or set in the sample
        if key[0] in ('user', 'group', 'plan', 'override', 'relay', 'tier'):
            continue        # an example
        if plain(found[key]) != re.sub('^.*(?=/state.db$)',
                                       '/var/lib/millgate', want):
            fail('the sample has %s %s = %s, not %s' % (*key, found[key],
                                                        want))
    for key in found:
        if key not in options:
            fail('the sample has %s %s' % key)


def bounds_of(text):
    """{(section, option): 'N to M'} of `conf options'."""
    found = re.findall(r'(?m)^(\S+)(?: (\S+))?\n(?:\t(?!values).*\n)+'
                       r'\tvalues: (\d+[KMG]? to \d+[KMG]?)', text)
    return {(b and a, b or a): values for a, b, values in found}


def check_man(options):
    bounds = bounds_of(tool('', 'options').stdout)
    if len(bounds) < 20:
        fail('only %d bounds found in conf options' % len(bounds))
    found = man_options(read('packaging/millgate.conf.5.in'))
    for key, o in options.items():
        if key not in found:
            fail('%s %s is not in the man page' % key)
            continue
        first = re.match(r'Default:(.*?)\.$', found[key], re.S | re.M)
        if first is None:
            fail('in the man page, %s %s does not begin with its default' %
                 key)
            continue
        said = re.sub(r'(?m)^\.[A-Z][a-z] ', '', first.group(1))
        said = re.sub(r'\s+', ' ', said).strip()
        said = re.sub(r'@statedir@/state.db', '', said)
        if bounds.get(key, '') not in said:
            fail('the man page has %s %s: %s, without the bounds %s' %
                 (*key, said, bounds[key]))
        want = o.get('default', o.get('default_is'))
        want = re.sub('^/.*(?=/keys,)', '@pkgsysconfdir@', want)
        want = want.split(' ')[0].rstrip(';,') or 'empty'
        if 'state.db' not in want and want not in re.split('[ ,;]+',
                                                           said.rstrip(' .')):
            if key != ('user', 'plan'):
                fail('the man page has %s %s: default %s, not %s' %
                     (*key, said, want))
    for key in found:
        if key not in options:
            fail('the man page has %s %s' % key)


def check_log():
    """Every key that session_log.c writes is in the manual."""
    keys = set(re.findall(r'record_\w+\(&?r, "([a-z-]+)"',
                          read('milter/session/session_log.c')))
    text = read('packaging/millgate.8.in')
    text = text[text.index('\n.Sh LOG\n'):text.index('\n.Sh THE WINDOWS')]
    said = set()
    for line in re.findall(r'(?m)^\.(?:It )?Li (.*)$', text):
        said.update(line.split(' , '))
    for key in keys - said:
        fail('the key %s of the log line is not in the man page' % key)
    if len(keys) < 30:
        fail('only %d keys found in session_log.c' % len(keys))


def check_loads():
    # the group of the packaging may not exist here
    text = read('packaging/millgate.conf').replace('"millgate-mta"',
                                                   '"daemon"')
    # a key directory that is set must exist
    active = re.sub(r'(?m)^(\t*)#(?! |key-directory)', r'\1', text)
    with tempfile.TemporaryDirectory() as d:
        for name, body in (('as it is', text), ('uncommented', active)):
            path = os.path.join(d, 'millgate.conf')
            with open(path, 'w', encoding='utf-8') as f:
                f.write(body)
            r = tool(path, 'show')	# a start needs users and directories
            if r.returncode != 0:
                fail('the sample %s does not load: %s' % (name, r.stderr))


def check_restart(options):
    """millgate(8) lists the options that a reload does not change."""
    text = read('packaging/millgate.8.in')
    part = text[text.index('take effect at the next start:'):]
    listed = re.findall(r'(?m)^\.Ic ([a-z-]+)',
                        part[:part.index('The log of a reload')])
    wanted = [name for (_, name), o in options.items() if o['restart']]
    if sorted(listed) != sorted(wanted):
        fail('millgate(8) lists %s, and these need a restart: %s' % (
            listed, wanted))


def main():
    rows = json.loads(tool('', 'options', '--json').stdout)
    options = {(r['section'], r['name']): r for r in rows}
    check_sample(options)
    check_man(options)
    check_restart(options)
    check_log()
    check_loads()
    if bad == 0:
        print('ok - %d options' % len(options))
    return bad != 0


sys.exit(main())
