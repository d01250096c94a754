#!/usr/bin/python3
"""coverage - line and branch coverage of the tests that a build has run

usage: coverage.py --build DIR [--clear | --uncovered] [PATTERN ...]

DIR is a build with CFLAGS=--coverage in which tests have run. Prints the
coverage of each room, of the judges and the words of mail, and of all.

--clear       forget what has run; processes of every user may then record what
              they run
--uncovered   also print the lines that no test runs, and the lines with a
              branch that no test takes
PATTERN       only files whose names contain one of the patterns
"""
import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile

JUDGES = ('milter/policy/', 'milter/mail/', 'milter/dmarc/',
          'milter/spf/spf_record.c', 'milter/spf/spf_macro.c',
          'milter/dkim/dkim_record.c', 'milter/dkim/dkim_sigfield.c')

# gcov, of a file of tables alone, and of one that no test runs
HARMLESS = (':no functions found', ':not a gcov data file',
            ':cannot open data file, assuming not executed')


def files_below(folder, ending):
    return [os.path.abspath(os.path.join(base, n))
            for base, _, names in os.walk(folder) for n in names
            if n.endswith(ending)]


def clear(build):
    """An empty file for each object: who may not make files can write it."""
    for name in files_below(build, '.gcda'):
        os.unlink(name)
    for name in files_below(build, '.gcno'):
        name = name[:-len('gcno')] + 'gcda'
        with open(name, 'w', encoding='utf-8'):
            os.chmod(name, 0o666)


def gcov(build):
    """{source file: {line: [count, [count of each branch]]}}; a file that is
    in several objects has the sum. A file that no test runs has zeros."""
    milter = os.path.join(build, 'milter')
    notes = files_below(milter, '.gcno')
    if not any(os.path.getsize(n) for n in files_below(milter, '.gcda')):
        sys.exit('coverage: no test has run in %s, or it was not configured '
                 'with CFLAGS=--coverage' % build)
    files = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as tmp:
        for i in range(0, len(notes), 50):
            said = subprocess.run(
                ['gcov', '--json-format', '-b', *notes[i:i + 50]], cwd=tmp,
                text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for line in said.stderr.splitlines():
                if not line.endswith(HARMLESS):
                    sys.exit('coverage: ' + line)
        for name in os.listdir(tmp):
            with gzip.open(os.path.join(tmp, name), 'rt') as f:
                add_object(files, json.load(f))
    return files


def add_object(files, report):
    for one in report['files']:
        name = one['file']
        at = name.rfind('milter/')
        if at < 0 or not name.endswith('.c'):
            continue
        lines = files[name[at:]]
        for x in one['lines']:
            taken = [b['count'] for b in x['branches']]
            count, old = lines.get(x['line_number'], (0, [0] * len(taken)))
            lines[x['line_number']] = (
                count + x['count'], [a + b for a, b in zip(old, taken)])


def percent(part, whole):
    return 100 * part / whole if whole else 100


def sums(files):
    lines = [x for f in files for x in f.values()]
    branches = [b for _, taken in lines for b in taken]
    return (sum(c > 0 for c, _ in lines), len(lines),
            sum(b > 0 for b in branches), len(branches))


def show(name, files):
    run, lines, taken, branches = sums(files)
    print('%-28s %6.2f percent of %5d lines, %6.2f of %5d branches'
          % (name, percent(run, lines), lines, percent(taken, branches),
             branches))


def show_uncovered(name, lines):
    for number, (count, taken) in sorted(lines.items()):
        if count == 0:
            print('%s:%d: not run' % (name, number))
        elif 0 in taken:
            print('%s:%d: %d of %d branches' % (
                name, number, sum(b > 0 for b in taken), len(taken)))


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('--build', required=True)
    p.add_argument('--clear', action='store_true')
    p.add_argument('--uncovered', action='store_true')
    p.add_argument('patterns', nargs='*')
    options = p.parse_args()
    if options.clear:
        clear(options.build)
        return
    files = gcov(options.build)
    if options.patterns:
        files = {n: f for n, f in files.items()
                 if any(x in n for x in options.patterns)}
    if options.uncovered:
        for name in sorted(files):
            show_uncovered(name, files[name])
    rooms = collections.defaultdict(list)
    for name, lines in files.items():
        rooms[name.split('/')[1]].append(lines)
    for room in sorted(rooms):
        show(room, rooms[room])
    show('judges and words of mail',
         [f for n, f in files.items() if n.startswith(JUDGES)])
    show('all', list(files.values()))


if __name__ == '__main__':
    main()
