"""millgatectl upgrade-check: its exit status, its words and its JSON."""

import getpass
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

BUILD = os.environ.get("MILLGATE_BUILD", "build")
OURS = 0x6d696c67	# PRAGMA application_id
BUCKET = ("CREATE TABLE bucket(minute INTEGER NOT NULL, key TEXT NOT NULL, "
          "recipients INTEGER NOT NULL, messages INTEGER NOT NULL, "
          "sum INTEGER NOT NULL, PRIMARY KEY(minute, key)) WITHOUT ROWID")


TOOL = os.path.join(BUILD, "millgatectl")


def check(conf, *args, tool=TOOL, **user):
    return subprocess.run(
        [tool, "-c", conf, "upgrade-check", *args], capture_output=True,
        text=True, timeout=60, **user)


def make_state(path, version):
    """A state file of the first schema that claims to be of this one."""
    db = sqlite3.connect(path)
    db.execute(BUCKET)
    db.execute("PRAGMA user_version = %d" % version)
    db.execute("PRAGMA application_id = %d" % OURS)
    db.commit()
    db.close()
    os.chmod(path, 0o640)


def wrong(done, status, *words):
    """What is wrong with this result; nothing, if all is as expected."""
    if done.returncode != status or done.stderr:
        yield "status %d, not %d: %s" % (done.returncode, status, done)
    for word in words:
        if word not in done.stdout:
            yield "%r is not in %s" % (word, done.stdout)


def closed_to_the_group(place):
    """A member of the daemon's group reads the state, but not its lock."""
    state = place + "/state.db"
    make_state(state, 1)
    with open(state + "-lock", "w"):
        os.chmod(state + "-lock", 0o600)
    os.chmod(place, 0o711)
    group = os.stat(state).st_gid
    if os.geteuid() == 0:
        tool = shutil.copy(TOOL, place)	# which everybody may reach
        done = check(place + "/millgate.conf", "--state", state, tool=tool,
                     user=65534, group=group, extra_groups=[])
        os.unlink(tool)
        yield from wrong(done, 2, state + ": Permission denied; run this as "
                         "root")
    os.unlink(state + "-lock")
    os.unlink(state)
    os.chmod(place, 0o700)


def problems(place):
    conf, state = place + "/millgate.conf", place + "/state.db"

    def configure(spec, more=""):
        with open(conf, "w") as f:
            f.write('user = "%s"\nsocket = "unix:%s/socket"\nstate = "%s"\n'
                    'control-socket = none\n%s' % (
                        getpass.getuser(), place, spec, more))

    configure(state)
    yield from wrong(check(conf), 0, "does not exist; millgate creates it",
                     conf + ": accepted", "The upgrade is safe.")
    yield from closed_to_the_group(place)
    make_state(state, 1)
    yield from wrong(check(conf), 0, state + ": schema 1, sound; this version",
                     "a copy, %s.schema1.\n" % state,
                     "cannot read it afterwards", "space: 1.1 MB at most")
    said = check(conf, "--json")
    yield from wrong(said, 0)
    found = json.loads(said.stdout)
    for name, value in (("safe", True), ("accepted", True), ("has", 1),
                        ("schema", "older"), ("state", state),
                        ("running", False), ("upgrades", True),
                        ("old_can_read", False), ("problem", None),
                        ("bytes", os.path.getsize(state))):
        if found[name] != value:
            yield "%s is %r, not %r" % (name, found[name], value)
    if sorted(os.listdir(place)) != ["millgate.conf", "state.db"]:
        yield "it has made files: %s" % os.listdir(place)

    configure(state, "nonsense = 1\n")
    yield from wrong(check(conf, "--state", state), 1, conf + ": refused",
                     conf + ":5:", "Do not upgrade")
    yield from wrong(check(conf), 1, "give --state")
    configure("redis://127.0.0.1:1/0")
    yield from wrong(check(conf), 0, "a server has no schema",
                     "at the same time")
    if json.loads(check(conf, "--json").stdout)["schema"] != "redis":
        yield "JSON of a server"

    os.unlink(state)
    make_state(state, 99)
    configure(state)
    yield from wrong(check(conf), 1, "written by a newer millgate",
                     "Do not upgrade")
    with open(state, "r+b") as f:
        f.write(b"x" * 5000)
    yield from wrong(check(conf), 1, state, "damaged", "Do not upgrade")
    if check(place + "/none").returncode != 2:
        yield "a missing configuration"


def main():
    with tempfile.TemporaryDirectory() as place:
        found = list(problems(place))
    for text in found:
        print("not ok - " + text)
    if not found:
        print("ok 1 - an upgrade is judged by state and configuration")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
