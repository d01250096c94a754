#!/usr/bin/python3
"""sandbox_calls - compare the system calls that the daemon makes with those
that its sandbox allows

usage: sandbox_calls.py BUILD [WORLDS [PATTERN...]]

Runs the end-to-end cases whose names match a PATTERN under strace(1), and reads
the calls of the daemon's process after it has closed its sandbox. Prints the
calls that are made and not allowed, and those that are allowed and were not
made. Exit status 1 if there is one of the first kind, or if all cases were run,
one of the second kind whose reason in sandbox_calls.c does not begin with
"rare:". Needs root.
"""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys

import programs

DAEMON = os.path.join(programs.SOURCE, "milter", "daemon")
CALL = re.compile(r"^(\d+\.\d+) (\w+)\(")
CLOSED = re.compile(r"^(\d+\.\d+) seccomp\(SECCOMP_SET_MODE_FILTER.* = \d+$")
THREAD = re.compile(r"^(\d+\.\d+) clone3?\(.*CLONE_THREAD.* = (\d+)$")
# calls with a rule for their arguments that no case makes
RARE_RULES = {"fchown": "rare: SQLite as root",
              "mmap2": "rare: mmap of 32-bit architectures",
              "prctl": "rare: names of threads of libraries",
              "tgkill": "rare: abort"}


def allowed():
    """{name: reason}; the calls with a rule have the reason "rule"."""
    with open(os.path.join(DAEMON, "sandbox_calls.c")) as f:
        calls = dict(re.findall(r'^\t\{ "(\w+)", "([^"]*)" \},$', f.read(),
                                re.M))
    with open(os.path.join(DAEMON, "sandbox_seccomp.c")) as f:
        text = f.read()
    for name in re.findall(r'^\t\{ "(\w+)", \d', text, re.M) + \
            re.findall(r"SCMP_SYS\((\w+)\)", text):
        calls[name] = RARE_RULES.get(name, "rule")
    return calls


def lines_of(path):
    with open(path, errors="replace") as f:
        return f.read().splitlines()


def calls_of(first, prefix, counts):
    """Count the calls of the process whose first thread has this trace."""
    lines = lines_of(first)
    closed = [CLOSED.match(line) for line in lines]
    since = min((float(m[1]) for m in closed if m), default=None)
    if since is None:
        return False
    left = [first]
    while left:
        path = left.pop()
        if not os.path.exists(path):
            continue
        for line in lines_of(path):
            born, call = THREAD.match(line), CALL.match(line)
            if born:
                left.append("%s.%s" % (prefix, born[2]))
            if call and float(call[1]) > since:
                counts[call[2]] += 1
    return True


def count(directory):
    counts, processes = collections.Counter(), 0
    for path in glob.glob(os.path.join(directory, "*.*")):
        processes += calls_of(path, path.rpartition(".")[0], counts)
    return counts, processes


def main():
    build = os.path.abspath(sys.argv[1])
    directory = os.path.join(build, "sandbox-calls")
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    os.chmod(directory, 0o777)	# some cases start it as its own user
    worlds, patterns = (sys.argv[2:3] or ["2"])[0], sys.argv[3:]
    subprocess.run(
        [sys.executable, os.path.join(os.path.dirname(
            os.path.abspath(__file__)), "run"), "--build", build, "--worlds",
            worlds] + patterns,
        env=dict(os.environ, MILLGATE_STRACE=directory), check=False)
    counts, processes = count(directory)
    table = allowed()
    print("# %d processes, %d calls of %d names; %d names are allowed" % (
        processes, sum(counts.values()), len(counts), len(table)))
    for name, n in counts.most_common():
        print("#  %9d %s" % (n, name))
    extra = sorted(set(counts) - set(table))
    unmade = sorted(name for name in set(table) - set(counts)
                    if not table[name].startswith("rare:"))
    rare = sorted(name for name in set(table) - set(counts)
                  if table[name].startswith("rare:"))
    for name in extra:
        print("made, and not allowed: %s" % name)
    for name in unmade:
        print("allowed, and not made: %s (%s)" % (name, table[name]))
    print("# allowed, not made, with a reason: %s" % " ".join(rare))
    return int(not counts or bool(extra) or (not patterns and bool(unmade)))


if __name__ == "__main__":
    sys.exit(main())
