"""Every command explains its usage, and names the mistake in a command line."""

import os
import re
import subprocess

BUILD = os.environ.get("MILLGATE_BUILD", "build")

COMMANDS = [
    [], ["check"], ["conf"], ["conf", "check"], ["conf", "show"], ["doctor"],
    ["import-opendkim"], ["key"], ["key", "new"], ["key", "list"], ["key", "dns"],
    ["key", "check"], ["key", "activate"], ["key", "retire"],
    ["key", "prune"], ["key", "fix"], ["outcomes"], ["quota"], ["quota", "show"],
    ["quota", "set"], ["quota", "reset"], ["replay"], ["setup"],
    ["setup", "postfix"], ["setup", "sendmail"], ["stats"], ["top"],
    ["upgrade-check"], ["user"],
    ["user", "explain"], ["user", "block"], ["user", "unblock"],
]

# a wrong command line, and a part of the error message
WRONG = [
    ("frobnicate", "frobnicate"),
    ("quota show --top x", '--top takes a number of at least 1, not "x"'),
    ("quota show --top 0", "--top"),
    ("quota show --frob", "--frob"),
    ("quota show alice bob", '"bob"'),
    ("quota set alice --recipients abc",
     '--recipients takes a number, unlimited or default, not "abc"'),
    ("quota set alice --messages -1", "--messages"),
    ("quota set alice bob --messages 1", '"bob"'),
    ("quota set alice --recipients", "--recipients"),
    ("quota set alice", "usage: millgatectl [-c FILE] quota set"),
    ("quota reset alice bob", '"bob"'),
    ("quota set alice", "--recipients, --messages or --bytes is required"),
    ("quota set alice --per day", "--bytes is required"),
    ("quota set alice --per week --messages 1",
     '--per takes minute, hour, day or month, not "week"'),
    ("quota set alice --bytes 25MB", '--bytes takes a size such as 25M, '
     'unlimited or default, not "25MB"'),
    ("quota set alice --bytes 1048577G", "--bytes takes a size"),
    ("quota set alice --messages 1 --until tomorrow", "--until takes a time "
     'in UTC such as "2026-12-24" or "2026-12-24 18:00", not "tomorrow"'),
    ("quota set alice --messages 1 --until 2096-11-31", "--until takes"),
    ("quota set alice --messages 1 --until 2096-11-30T24:00",
     "--until takes"),
    ("quota set alice --messages 1 --until 2096-11-30T23:0", "--until takes"),
    ("quota set alice --messages 1 --until 2096-11-30T", "--until takes"),
    ("quota set alice --messages 1 --until 2096-11-30T10:00:00z",
     "--until takes"),
    ("quota set alice --messages 1 --until 2020-01-01", "is in the past"),
    ("quota set alice --messages default --until 2096-01-01",
     '--until has no effect on "default"'),
    ("quota reset", "usage: millgatectl [-c FILE] quota reset"),
    ("quota reset", "an argument is missing"),
    ("quota frobnicate", '"quota frobnicate"'),
    ("quota show --top", 'option "--top" requires a value'),
    ("quota show -xy", 'invalid option "-x"'),
    ("quota show --json=yes", 'invalid option "--json=yes"'),
    ("check --macro x message", '--macro takes NAME=VALUE, not "x"'),
    ("check", "an argument is missing"),
    ("conf frobnicate", '"conf frobnicate"'),
    ("replay", "an argument is missing"),
    ("setup frobnicate", '"setup frobnicate"'),
    ("setup postfix --apply --undo", "exclude each other"),
    ("setup sendmail --undo --apply", "exclude each other"),
    ("setup postfix /etc/postfix", '"/etc/postfix"'),
    ("stats extra", '"extra"'),
    ("top extra", '"extra"'),
    ("top --interval 0",
     '--interval takes a number of seconds from 1 to 3600, not "0"'),
    ("top --interval 3601", "--interval takes"),
    ("top --interval 1.5", "--interval takes"),
    ("top --interval -1", "--interval takes"),
    ("user block alice --for 2x", "--for takes a time such as"),
    ("user block alice --frob", "--frob"),
    ("user unblock alice bob", '"bob"'),
    ("user explain --frob", "--frob"),
    ("outcomes --day yesterday", "--day takes a day such as"),
    ("upgrade-check extra", '"extra"'),
    ("outcomes extra", '"extra"'),
    ("import-opendkim", "name at least one file"),
    ("import-opendkim --opendkim", 'option "--opendkim" requires a value'),
    ("import-opendkim -o", 'option "-o" requires a value'),
    ("import-opendkim --opendkim /no/such/file", "/no/such/file: No such"),
    ("key new --type dsa example.org",
     '--type takes rsa, ed25519 or both, not "dsa"'),
    ("key new --bits 100 example.org",
     '--bits takes a number from 1024 to 8192, not "100"'),
    ("key new --selector ../x example.org", '--selector takes'),
    ("key dns --format x example.org",
     '--format takes zone, string or nsupdate, not "x"'),
    ("key prune --keep x", '--keep takes'),
    ("key list a b", 'unexpected argument "b"'),
    ("key retire example.org", "an argument is missing"),
    ("key frobnicate", '"key frobnicate"'),
]


def run(program, *args):
    return subprocess.run([os.path.join(BUILD, program), *args],
                          capture_output=True, text=True, timeout=20)


def manual():
    """The options that millgatectl(8) names."""
    path = os.path.join(os.environ.get("srcdir", "."),
                        "packaging/millgatectl.8.in")
    with open(path) as f:
        return set(re.findall(r"Fl -([a-z-]+)", f.read()))


def not_in_table():
    """Options that the importer carries over, but the manual does not name."""
    path = os.path.join(os.environ.get("srcdir", "."),
                        "packaging/millgatectl.8.in")
    with open(path) as f:
        text = f.read()
    start = text.index(".Sh MOVING OVER")
    named = re.findall(r"[\w-]+", " ".join(
        line.split(" Ta ")[0] for line in text[start:].splitlines()
        if " Ta " in line))
    rows = [line.split("\t") for line in
            run("millgatectl", "import-opendkim", "--list").stdout.splitlines()]
    if len(rows) < 240 or any(len(row) != 5 for row in rows):
        yield "import-opendkim --list has %d rows" % len(rows)
    for row in rows:
        if row[2] == "carried over" and row[1] not in named:
            yield "%s is not in the table of the manual" % row[1]


def problems():
    yield from not_in_table()
    known = manual() | {"help", "version"}
    for words in COMMANDS:
        done = run("millgatectl", *words, "--help")
        for option in set(re.findall(r"--([a-z-]+)", done.stdout)) - known:
            yield "--%s of %s is not in the manual" % (option, words)
        if (done.returncode, done.stderr) != (0, "") or \
                not done.stdout.startswith("usage:"):
            yield "millgatectl %s --help: %s" % (" ".join(words), done)
    for line, words in WRONG:
        done = run("millgatectl", *line.split())
        if done.returncode != 2 or done.stdout or words not in done.stderr:
            yield "millgatectl %s: %s" % (line, done)
    for args, status, words in ((["--help"], 0, ""), (["-x"], 2, "'x'"),
                                (["extra"], 2, '"extra"')):
        done = run("millgate", *args)
        if done.returncode != status or words not in done.stderr:
            yield "millgate %s: %s" % (args, done)


def main():
    found = list(problems())
    for text in found:
        print("not ok - " + text)
    if not found:
        print("ok 1 - all commands explain their usage")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
