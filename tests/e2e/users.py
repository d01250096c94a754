"""Steps as another user of the world, and the files of packaging's recipes."""

import grp
import os
import pickle
import pwd
import re

import isolate
import programs
from runner import Skip


def need_users():
    """Skip the case where the users of packaging cannot exist."""
    if not isolate.isolated():
        raise Skip("needs users of its own, in a mount namespace")


def become(name):
    """Become this user for ever, with the groups of /etc/group."""
    user = pwd.getpwnam(name)
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


def as_user(name, function, *args):
    """What function(*args) returns, or raises, in a process of this user."""
    ours, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become(name)
            result = function(*args), None
        except BaseException as e:
            result = None, e
        os.write(its, pickle.dumps(result))
        os._exit(0)
    os.close(its)
    with open(ours, "rb") as f:
        text = f.read()
    os.waitpid(pid, 0)
    value, error = pickle.loads(text)
    if error is not None:
        raise error
    return value


def denied(name, function, *args):
    """Does the kernel say "permission denied" to this user?"""
    try:
        as_user(name, function, *args)
    except PermissionError:
        return True
    return False


def add_members(group, *names):
    """As adduser NAME GROUP. The list of members is replaced."""
    with open("/etc/group", "r+", encoding="utf-8") as f:
        text = f.read()
        f.seek(0)
        f.write(re.sub(r"(?m)^(%s:.*:).*$" % group,
                       r"\1" + ",".join(names), text))
        f.truncate()


def source(name):
    with open(os.path.join(programs.SOURCE, name), encoding="utf-8") as f:
        return f.read()


def directories(text, places):
    """
    Make the directories of a tmpfiles.d file, each below the place that
    `places` has for the beginning of its path.
    """
    made = []
    for path, mode, user, group in re.findall(
            r"(?m)^d (\S+) (\d+) (\S+) (\S+) -$", text):
        for begin, place in places.items():
            if path.startswith(begin):
                path = place + path[len(begin):]
        os.makedirs(path, exist_ok=True)
        os.chmod(path, int(mode, 8))
        os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
        made.append(path)
    return made
