"""Cases, and the running of them: TAP on stdout, logs after a failure.

A case is a function with the decorator @case; its name, read as a sentence,
says what millgate does. Cases run in the order of the files, all in one
world, and leave it as they found it.
"""

import contextlib
import os
import re
import time
import traceback

cases = []


class Skip(Exception):
    """This case cannot run here; the text says why."""


def case(function):
    cases.append(function)
    return function


def sentence(function):
    room = function.__module__.replace("cases_", "")
    return "%s: %s" % (room, function.__name__.replace("_", " "))


def selected(pattern):
    return [c for c in cases if re.search(pattern or "", sentence(c))]


@contextlib.contextmanager
def settings(world, **extra):
    """Run millgate with these additions for a while."""
    world.millgate.stop()
    world.millgate.extra = extra
    world.millgate.start()
    try:
        yield
    finally:
        world.millgate.stop()
        world.millgate.extra = {}
        world.millgate.start()


def new_text(path, offset):
    try:
        with open(path, "rb") as f:
            f.seek(offset)
            return f.read().decode("utf-8", "replace")
    except OSError:
        return ""


def sizes(paths):
    return {p: os.path.getsize(p) if os.path.exists(p) else 0 for p in paths}


def show_logs(before):
    for path, offset in before.items():
        lines = new_text(path, offset).splitlines()[-25:]
        if lines:
            print("# --- %s" % os.path.basename(path))
        for line in lines:
            print("# " + line)


def run_one(number, function, world):
    """True when good, False when not, None when skipped."""
    before = sizes(world.all_logs())
    began = time.monotonic()
    note = ""
    try:
        function(world)
        good = True
    except Skip as why:
        good, note = None, " # SKIP %s" % why
    except Exception:	# whatever went wrong, the next case has its turn
        good = False
        text = traceback.format_exc()
    print("%sok %d - %s (%.1f s)%s" % (
        "not " if good is False else "", number, sentence(function),
        time.monotonic() - began, note), flush=True)
    if good is False:
        for line in text.splitlines():
            print("# " + line)
        show_logs(before)
        world.mend()
    return good


def run(world, chosen):
    """The exit status."""
    print("1..%d" % len(chosen), flush=True)
    results = [run_one(number, function, world)
               for number, function in enumerate(chosen, 1)]
    print("# e2e: %d passed, %d failed, %d skipped" % (
        results.count(True), results.count(False), results.count(None)))
    return 1 if False in results else 0
