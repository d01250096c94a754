#!/usr/bin/python3
"""mutate - change the code at random, and see whether a unit test notices

usage: mutate.py --srcdir DIR --work DIR [--number N] [--seed N]
           [--list FILE] [FILE ...]

A mutant is the source with one change: an operator, a comparison, a constant,
an enum word or a condition is another one, or a statement is missing. Each
mutant is built in a copy of the source in --work, so the source itself is never
changed. Then the unit tests, fuzz replays and scenarios that link the changed
file are run, each with a time-out, until one of them fails. If none fails, the
mutant has survived. It is printed as FILE:LINE, with the line before and after.

--number N    the number of mutants; 0: every possible one (default 100)
--seed N      another seed chooses other mutants (default 1)
--list FILE   make the changes in FILE, one by one, instead of random ones
FILE          a source file, or a folder (default: judges and words of mail)

mutate.equivalent, beside this file, lists changes that no test can notice, and
why. They are left out. Both lists have the form: file, lines with "-", lines
with "+", and text. Entries are separated by an empty line.

SIGTERM and SIGINT end it after the mutant at hand. The last line is the score.
Exit status: 0 if no mutant survived, 1 if one did, 2 if something else is
wrong.
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

JUDGES = ['milter/policy', 'milter/mail', 'milter/dmarc',
          'milter/spf/spf_record.c', 'milter/spf/spf_macro.c',
          'milter/spf/spf_state.c', 'milter/spf/spf_eval.c',
          'milter/spf/spf_received.c', 'milter/dkim/dkim_record.c',
          'milter/dkim/dkim_sigfield.c', 'milter/dkim/dkim_verify_key.c',
          'milter/dkim/dkim_verify_finish.c']
NOT_COPIED = ['.git', '__pycache__', 'autom4te.cache', 'build-programs']
SLOWEST = 6          # seconds; slower tests run only for their own room
LIMIT = 60           # seconds; slower ones are left out
SLACK = 15           # a mutant may take 4 times as long, and so many seconds

TOKEN = re.compile(r'''
    (?P<comment>/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\])*")|
    (?P<char>'(?:\\.|[^'\\])*')|(?P<word>[A-Za-z_]\w*)|
    (?P<number>\d\w*)|(?P<space>\s+)|
    (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||
       [-+*/%&|^]=|.)''', re.X | re.S)
SWAPS = {
    '==': ['!='], '!=': ['=='], '<': ['<='], '<=': ['<'], '>': ['>='],
    '>=': ['>'], '&&': ['||'], '||': ['&&'], '++': ['--'], '--': ['++'],
    '+=': ['-='], '-=': ['+='], '|=': ['&='], '&=': ['|='], '<<': ['>>'],
    '>>': ['<<'], 'true': ['false'], 'false': ['true']}
KEYWORDS = {'return', 'break', 'continue', 'goto', 'case', 'default', 'else',
            'do', 'static', 'const', 'struct', 'enum', 'unsigned', 'char',
            'if', 'for', 'while', 'switch', 'extern', 'void', 'sizeof'}


def fail(text):
    print('mutate:', text, file=sys.stderr)
    sys.exit(2)


class Change:
    """One change of one file: the octets from `at` to `to` become `new`."""

    def __init__(self, path, text, at, to, new):
        self.path, self.text = path, text
        self.at, self.to, self.new = at, to, new
        self.mutant = text[:at] + new + text[to:]
        self.line = text.count('\n', 0, at) + 1
        begin = text.rfind('\n', 0, at) + 1
        end = text.find('\n', to)
        self.before = text[begin:end].strip()
        self.after = (text[begin:at] + new + text[to:end]).strip()

    def key(self):
        return (self.path, flat(self.before), flat(self.after))

    def __str__(self):
        return '%s:%d\n-\t%s\n+\t%s' % (
            self.path, self.line, self.before.replace('\n', '\n-'),
            self.after.replace('\n', '\n+'))


def flat(text):
    return ' '.join(text.split())


# --- lists of changes --------------------------------------------------------

def read_list(path):
    """[(file, before, after)] of a list; # begins a comment."""
    entries = []
    with open(path, encoding='utf-8') as f:
        text = ''.join(line for line in f if not line.startswith('#'))
    for block in re.split(r'\n\s*\n', text.strip('\n')):
        lines = block.strip('\n').split('\n')
        before = [x[1:] for x in lines[1:] if x.startswith('-')]
        after = [x[1:] for x in lines[1:] if x.startswith('+')]
        if lines[0] and not before:
            fail('%s: an entry without "-": %s' % (path, lines[0]))
        if lines[0]:
            entries.append((lines[0].strip(), '\n'.join(before),
                            '\n'.join(after)))
    return entries


def listed_changes(srcdir, path):
    changes = []
    for name, before, after in read_list(path):
        text = source(srcdir, name)
        pattern = r'\s+'.join(re.escape(w) for w in before.split())
        found = list(re.finditer(pattern, text))
        if len(found) != 1:
            fail('%s: %d places in %s have: %s'
                 % (path, len(found), name, flat(before)))
        changes.append(Change(name, text, found[0].start(), found[0].end(),
                              after.strip()))
    return changes


# --- random changes ----------------------------------------------------------

def source(srcdir, name):
    with open(os.path.join(srcdir, name), encoding='utf-8') as f:
        return f.read()


def enum_words(srcdir):
    """{word: the other words of its enum}"""
    others = {}
    for folder in 'include', 'milter':
        for base, _, names in os.walk(os.path.join(srcdir, folder)):
            for name in names:
                if not name.endswith(('.h', '.c')):
                    continue
                text = source(base, name)
                for body in re.findall(r'\benum\s+\w*\s*\{(.*?)\}', text,
                                       re.S):
                    body = re.sub(r'/\*.*?\*/|=[^,]*', '', body, flags=re.S)
                    words = re.findall(r'[A-Z]\w+', body)
                    for w in words:
                        others[w] = [o for o in words if o != w]
    return others


def tokens_of(text):
    """(kind, text, at) of each token; directives other than #define of a
    number are left out."""
    out = []
    for m in TOKEN.finditer(text):
        kind = m.lastgroup
        if kind in ('comment', 'space'):
            continue
        begin = text.rfind('\n', 0, m.start()) + 1
        if text[begin] == '#' and not (
                kind == 'number' and text.startswith('#define', begin)):
            continue
        out.append((kind, m.group(), m.start()))
    return out


def is_binary(tokens, i):
    """+ or - between two operands"""
    kind, word, _ = tokens[i - 1]
    return i > 0 and (kind in ('number', 'char') or word in (')', ']') or
                      (kind == 'word' and word not in KEYWORDS))


def in_declaration(tokens, i):
    """the number is the size of an array that is declared here"""
    if i < 3 or tokens[i - 1][1] != '[' or tokens[i + 1][1] != ']':
        return False
    j = i - 2
    while j > 0 and tokens[j - 1][1] in ('*', ',', ']', '['):
        j -= 1
    return j > 0 and tokens[j - 1][0] == 'word' and \
        tokens[j - 1][1] != 'return'


def numbers(word):
    if not re.fullmatch(r'\d+|0x[0-9a-fA-F]+', word):
        return []
    n = int(word, 0)
    form = hex if word.startswith('0x') else str
    return [form(n + 1)] + ([form(n - 1)] if n > 0 else [])


def closing(tokens, i):
    """the index of the ) for the ( at i"""
    depth = 0
    for j in range(i, len(tokens)):
        depth += {'(': 1, ')': -1}.get(tokens[j][1], 0)
        if depth == 0:
            return j
    return i


def statement_end(tokens, i):
    """The index of the ; that ends a removable statement at i, or None."""
    if tokens[i - 1][1] not in (';', '{', '}', ')', 'else'):
        return None
    kind, word, _ = tokens[i]
    following = tokens[i + 1]
    # va_end does nothing on the machines that we know
    if kind == 'word' and (word in KEYWORDS or word == 'va_end' or
                           following[0] == 'word' or
                           following[1] in ('*', ':')):
        return None
    if kind != 'word' and word not in ('*', '++', '--', '('):
        return None
    for j in range(i, min(i + 60, len(tokens))):
        if tokens[j][1] == ';':
            return j
        if tokens[j][1] in ('{', '}'):
            return None
    return None


def changes_of(path, text, enums):
    tokens, out = tokens_of(text), []
    depth = parentheses = 0

    def add(at, to, new):
        out.append(Change(path, text, at, to, new))

    for i, (kind, word, at) in enumerate(tokens):
        end = at + len(word)
        if word in '{}':
            depth += 1 if word == '{' else -1
        parentheses += {'(': 1, ')': -1}.get(word, 0)
        choices = SWAPS.get(word, []) if kind in ('op', 'word') else []
        if word in ('+', '-') and is_binary(tokens, i):
            choices = ['-' if word == '+' else '+']
        if kind == 'number' and not in_declaration(tokens, i):
            choices = numbers(word)
        if kind == 'word' and enums.get(word):
            choices = enums[word]
        for new in choices:
            add(at, end, new)
        if depth > 0 and word in ('if', 'while') and i + 1 < len(tokens):
            last = closing(tokens, i + 1)
            begin, stop = tokens[i + 1][2] + 1, tokens[last][2]
            add(begin, stop, '!(' + text[begin:stop] + ')')
        if depth > 0 and parentheses == 0 and i < len(tokens) - 1:
            last = statement_end(tokens, i)
            if last is not None:
                add(at, tokens[last][2] + 1, ';')
    return out


def files_of(srcdir, names):
    out = []
    for name in names:
        full = os.path.join(srcdir, name)
        if os.path.isdir(full):
            out += sorted(os.path.join(name, x) for x in os.listdir(full)
                          if x.endswith('.c'))
        elif os.path.isfile(full):
            out.append(name)
        else:
            fail('there is no file %s' % full)
    return out


def random_changes(options):
    """Each file's share is by its number of possible changes."""
    enums = enum_words(options.srcdir)
    skip = set(equivalents(options.srcdir))
    every = []
    for path in files_of(options.srcdir, options.files or JUDGES):
        for c in changes_of(path, source(options.srcdir, path), enums):
            if c.key() not in skip:
                every.append(c)
    random.Random(options.seed).shuffle(every)
    return every[:options.number] if options.number > 0 else every


def equivalents(srcdir):
    path = os.path.join(srcdir, 'tests/tools/mutate.equivalent')
    for name, before, after in read_list(path):
        if flat(before) not in flat(source(srcdir, name)):
            print('%s: %s no longer has: %s' % (path, name, flat(before)),
                  file=sys.stderr)
        yield name, flat(before), flat(after)


# --- building and testing ----------------------------------------------------

class Work:
    """A copy of the source, its build, and its tests"""

    def __init__(self, options):
        self.src = os.path.join(options.work, 'src')
        self.build = os.path.join(options.work, 'build')
        os.makedirs(self.src, exist_ok=True)
        self.copy(options.srcdir)
        if not os.path.exists(os.path.join(self.build, 'Makefile')):
            os.makedirs(self.build, exist_ok=True)
            self.must(['../src/configure', '-q', 'CFLAGS=-O1 -w'])
        self.must(['make', '-s', 'all'])
        self.tests = self.list_tests()
        self.must(['make', '-s'] + [t for t in self.tests if t[0] != '/'])
        self.symbols = {}
        self.seconds = {}
        self.measure()

    def copy(self, srcdir):
        """Only files that differ, so that a second run builds little."""
        ignore = shutil.ignore_patterns(*NOT_COPIED)
        for base, folders, names in os.walk(srcdir):
            bad = ignore(base, folders + names)
            # other builds, this one among them
            bad |= {f for f in folders if os.path.exists(
                os.path.join(base, f, 'config.status')) or os.path.samefile(
                os.path.join(base, f), os.path.dirname(self.src))}
            folders[:] = [f for f in folders if f not in bad]
            to = os.path.join(self.src, os.path.relpath(base, srcdir))
            os.makedirs(to, exist_ok=True)
            for name in set(names) - bad:
                a, b = os.path.join(base, name), os.path.join(to, name)
                if not os.path.exists(b) or not same(a, b):
                    shutil.copy2(a, b)

    def run(self, command, seconds=600):
        """The exit status; None when the time is up. Kills the whole group."""
        env = dict(os.environ, srcdir='../src', MAKEFLAGS='',
                   MILLGATE_BUILD=os.path.abspath(self.build))
        with subprocess.Popen(command, cwd=self.build, env=env,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              start_new_session=True) as p:
            try:
                return p.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                try:
                    os.killpg(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def must(self, command):
        if self.run(command, 3600) != 0:
            fail('this failed in %s: %s' % (self.build, ' '.join(command)))

    def list_tests(self):
        out = subprocess.run(
            ['make', '-s', '-f', 'Makefile', '-f', '-', 'print-tests'],
            cwd=self.build, text=True, stdout=subprocess.PIPE, check=True,
            input='print-tests:\n\t@echo $(pure_tests) $(door_tests) '
            '$(slow_tests) $(fuzz_replays)\n').stdout.split()
        return out + [os.path.join(os.path.abspath(self.src),
                                   'tests/scenarios.sh')]

    def measure(self):
        """How long each test takes; those that fail are left out. A later run
        on the same programs believes what was measured."""
        known = os.path.join(self.build, 'mutate-seconds')
        if os.path.exists(known) and all(
                os.path.getmtime(os.path.join(self.build, t)) <
                os.path.getmtime(known) for t in self.tests):
            with open(known, encoding='utf-8') as f:
                self.seconds = json.load(f)
            self.tests = list(self.seconds)
        for t in [t for t in self.tests if t not in self.seconds]:
            begun = time.monotonic()
            status = self.run([os.path.join('.', t)], LIMIT)
            self.seconds[t] = time.monotonic() - begun
            if status not in (0, 77):
                print('left out: %s, exit status %s after %.1f s'
                      % (t, status, self.seconds[t]))
                self.tests.remove(t)
                del self.seconds[t]
        with open(known, 'w', encoding='utf-8') as f:
            json.dump(self.seconds, f)
        for t in self.tests:
            program = 'millgatectl' if t[0] == '/' else t
            self.symbols[t] = self.defined(program)

    def defined(self, program):
        out = subprocess.run(['nm', '-P', '--defined-only', program],
                             cwd=self.build, text=True, check=True,
                             stdout=subprocess.PIPE).stdout
        return {x.split()[0] for x in out.splitlines()
                if x.split()[1] in 'TDRB'}

    def tests_for(self, path):
        """Those that link the file's object, the nearest first."""
        stem = os.path.splitext(path)[0]
        room, name = os.path.dirname(path).split('/')[-1], stem.split('/')[-1]
        object_file = [o for o in (
            '%s.o' % stem, '%s/libengine_a-%s.o' % (os.path.dirname(path),
                                                    name))
            if os.path.exists(os.path.join(self.build, o))]
        if not object_file:
            fail('%s is not built' % path)
        mine = self.defined(object_file[0])
        tests = [t for t in self.tests if mine & self.symbols[t] and
                 (self.seconds[t] < SLOWEST or '/%s/' % room in t)]

        def distance(t):
            base = os.path.basename(t)
            same_name = len(os.path.commonprefix([base, name]))
            return ('/%s/' % room not in t, -same_name, self.seconds[t])
        return sorted(tests, key=distance)

    def notices(self, change):
        """The test that notices the change; '' if it does not build; None if
        it survives."""
        full = os.path.join(self.src, change.path)
        try:
            write(full, change.mutant)
            return self.find_test(change.path)
        finally:
            write(full, change.text)

    def find_test(self, path):
        if self.run(['make', '-s', 'libjudge.a', 'libengine.a']) != 0:
            return ''
        tests = self.tests_for(path)
        for some in tests[:2], tests[2:8], tests[8:]:
            programs = ['millgatectl' if t[0] == '/' else t for t in some]
            if some and self.run(['make', '-s', '-j2'] + programs) != 0:
                return ''
            for t in some:
                limit = 4 * self.seconds[t] + SLACK
                if self.run([os.path.join('.', t)], limit) not in (0, 77):
                    return t
        return None


def same(a, b):
    with open(a, 'rb') as f, open(b, 'rb') as g:
        return f.read() == g.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def until_stopped(changes):
    """All changes, or those before SIGTERM or SIGINT, for a score of these."""
    stopped = []
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: stopped.append(True))
    for c in changes:
        if stopped:
            return
        yield c


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('--srcdir', required=True)
    p.add_argument('--work', required=True)
    p.add_argument('--number', type=int, default=100)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--list')
    p.add_argument('files', nargs='*')
    options = p.parse_args()
    if options.list:
        changes = listed_changes(options.srcdir, options.list)
    else:
        changes = random_changes(options)
    print('%d changes' % len(changes), flush=True)
    work = Work(options)
    killed, survived, broken = 0, 0, 0
    for c in until_stopped(changes):
        test = work.notices(c)
        if test is None:
            survived += 1
            print('survived: %s' % c, flush=True)
        elif test == '':
            broken += 1
            if options.list:
                print('does not build: %s' % c, flush=True)
        else:
            killed += 1
            if options.list:
                print('noticed by %s: %s:%d' % (os.path.relpath(
                    test, work.src) if test[0] == '/' else test,
                    c.path, c.line), flush=True)
    judged = killed + survived
    print('%d of %d noticed (%.1f percent), %d did not build'
          % (killed, judged, 100 * killed / max(judged, 1), broken))
    return 1 if survived or (options.list and broken) else 0


if __name__ == '__main__':
    sys.exit(main())
