"""What the installation sets up: the systemd unit, the key directory."""

import os
import re
import shlex
import shutil
import subprocess

import isolate
import programs
import services
from cases_submission import BOTH, signed_by_both
from message import compose
from runner import Skip, case
from services import wait_until
from steps import expect, submit

ALICE = "alice@example.net"


def reload_commands(w):
    """ExecReload= of the unit, for the millgate of this world."""
    with open(os.path.join(w.build, "packaging/millgate.service")) as f:
        lines = re.findall(r"(?m)^ExecReload=(.*)$", f.read())
    for line in lines:
        line = re.sub(r"^\S+/millgate ", w.build + "/millgate ", line)
        line = re.sub(r"(?<= -c )/\S+", w.millgate.conf, line)
        yield shlex.split(line.replace("$MAINPID",
                                       str(w.millgate.process.pid)))


def systemctl_reload(w):
    """
    As systemd does it: one command after the other, until one fails. Return
    the status and what was printed.
    """
    said = ""
    for argv in reload_commands(w):
        done = subprocess.run(argv, capture_output=True, text=True,
                              env=programs.environment(), timeout=30)
        said += done.stdout + done.stderr
        if done.returncode != 0:
            return done.returncode, said
    return 0, said


@case
def a_reload_with_an_error_fails_and_changes_nothing(w):
    with open(w.millgate.conf) as f:
        before = f.read()
    log = len(w.millgate.log_text())
    try:
        services.write(w.millgate.conf, before + "default-plan = no-such\n")
        status, said = systemctl_reload(w)
        assert status == 1 and "no-such" in said, (status, said)
        assert w.millgate.log_text()[log:] == ""
    finally:
        services.write(w.millgate.conf, before)
    status, said = systemctl_reload(w)
    assert status == 0, said
    wait_until("the reload is in the log",
               lambda: " reload" in w.millgate.log_text()[log:])


def default_keys(w):
    """The default of key-directory in this build."""
    rows = w.ctl("conf", "options", "--json")
    said, = [row["default_is"] for row in rows
             if row["name"] == "key-directory"]
    return said.partition(",")[0]


@case
def the_default_key_directory_is_used_if_it_exists(w):
    if not isolate.isolated():
        raise Skip("needs namespaces: it makes a directory of the system")
    keys = default_keys(w)
    place = os.path.dirname(os.path.dirname(keys))
    if not os.path.isdir(place) or place in ("/etc", "/") or \
            os.path.exists(os.path.dirname(keys)):
        raise Skip("%s cannot be replaced here" % place)
    # seen in this mount namespace only
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "keys", place],
                   check=True)
    configured = w.keys
    try:
        restart_without_keys(w)
        text = compose(ALICE)
        expect(submit(w, text), "250")
        line = w.millgate.log_line(sender=ALICE, event="eom")
        assert " unsigned=" in line, line
        shutil.copytree(configured, keys)
        for path, _, names in os.walk(keys):
            for name in [path] + [os.path.join(path, n) for n in names]:
                st = os.stat(name.replace(keys, configured, 1))
                os.chown(name, st.st_uid, st.st_gid)
        w.millgate.reload()
        text = compose(ALICE)
        expect(submit(w, text), "250")
        assert set(signed_by_both(w, text).signatures(w)) == BOTH
    finally:
        w.millgate.stop()
        subprocess.run(["umount", place], check=True)
        w.millgate.start()


def restart_without_keys(w):
    """Run millgate with a configuration that names no key directory."""
    w.millgate.stop()
    full = w.settings
    w.settings = lambda **extra: full(**extra).replace(
        'key-directory = "%s"' % w.keys, "")
    try:
        w.millgate.start()
    finally:
        w.settings = full
