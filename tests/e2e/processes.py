"""Processes, as /proc shows them."""

import contextlib
import os


def status(pid):
    """
    Its state, its parent and its group; None if there is no such process. The
    state is Z when all of its threads have ended: files stay open until then.
    """
    with contextlib.suppress(OSError), open("/proc/%d/stat" % pid) as f:
        # "pid (command) state ppid pgrp"; the command may have blanks
        state, parent, group = f.read().rpartition(")")[2].split()[:3]
        if state == "Z" and len(os.listdir("/proc/%d/task" % pid)) > 1:
            state = "X"
        return state, int(parent), int(group)
    return None


def all_of_them():
    """{number: status} of each process."""
    found = {int(name): status(int(name))
             for name in os.listdir("/proc") if name.isdigit()}
    return {pid: known for pid, known in found.items() if known}


def children(pid):
    """The processes below pid, by number; itself is not among them."""
    parents = {child: parent for child, (_, parent, _) in all_of_them().items()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def alive(pid):
    known = status(pid)
    return known is not None and known[0] != "Z"


def group_alive(group):
    """Has a process of this group not ended yet?"""
    return any(state != "Z" and its == group
               for state, _, its in all_of_them().values())


def frozen(pid):
    """Is each thread stopped, or gone?"""
    states = set()
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/stat" % (pid, task)) as f:
                states.add(f.read().rpartition(")")[2].split()[0])
    return states <= {"T", "Z"}
