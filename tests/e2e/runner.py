"""Runs the cases: TAP on stdout, logs after a failure.

A case is a function with the decorator @case; its name, read as a sentence,
says what millgate does. Cases start in the order of the files. Several worlds
run at once, since cases mostly wait. Each world takes the next case that no
other has taken. A case must leave its world unchanged, except for what
World.forget() takes back.
"""

import contextlib
import io
import os
import re
import struct
import time
import traceback

cases = []


class Skip(Exception):
    """This case cannot run on this machine; the text is the reason."""


def case(function):
    cases.append(function)
    return function


def sentence(function):
    room = function.__module__.replace("cases_", "")
    return "%s: %s" % (room, function.__name__.replace("_", " "))


def selected(patterns):
    """The cases whose names match one of these, or all cases."""
    return [c for c in cases
            if any(re.search(p, sentence(c)) for p in patterns or [""])]


@contextlib.contextmanager
def settings(world, **extra):
    """Run millgate with these additions to its configuration."""
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


def complaints(before):
    """Reports of sanitizers and the sandbox after these offsets of the logs."""
    return [line for path, offset in before.items()
            for line in new_text(path, offset).splitlines()
            if re.search(r"Sanitizer|runtime error:|sandbox: refused", line)]


def attempt(function, world, before):
    """(True if passed, False if failed, None if skipped; a note)"""
    try:
        function(world)
        found = complaints(before)
        assert not found, found
        return True, ""
    except Skip as why:
        return None, " # SKIP %s" % why
    except Exception:	# the next case must run after any failure
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        return False, ""


def run_one(number, function, world):
    """Run a case and print its result in one write; as attempt()."""
    before = sizes(world.all_logs())
    began = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        good, note = attempt(function, world, before)
        if good is False:
            show_logs(before)
    print("%sok %d - %s (%.1f s)%s\n%s" % (
        "not " if good is False else "", number, sentence(function),
        time.monotonic() - began, note, said.getvalue()), end="", flush=True)
    if good is False:
        world.mend()
    if good is not None:
        world.forget()
    return good


class Deal:
    """Distributes the cases: pipes between the worlds and their leader."""

    NUMBER = struct.Struct("=H")
    LETTERS = {True: b"+", False: b"-", None: b"s"}
    VARIABLE = "MILLGATE_WORLD_DEAL"

    def __init__(self, cases_in, results_out):
        self.cases_in, self.results_out = cases_in, results_out

    def take(self):
        """The number of the next case, from 1; None if none is left."""
        octets = os.read(self.cases_in, self.NUMBER.size)
        return self.NUMBER.unpack(octets)[0] if octets else None

    def tell(self, good):
        os.write(self.results_out, self.LETTERS[good])

    @classmethod
    def joined(cls):
        """In a world: the Deal that lead() made."""
        return cls(*map(int, os.environ[cls.VARIABLE].split()))


def follow(world, chosen):
    """In a world: run cases until none is left."""
    deal = Deal.joined()
    number = deal.take()
    while number is not None:
        deal.tell(run_one(number, chosen[number - 1], world))
        number = deal.take()


def lead(chosen, start):
    """
    Distribute the cases to the worlds, which start(fds) runs to their end.
    Return the exit status.
    """
    print("1..%d" % len(chosen), flush=True)
    cases_in, cases_out = os.pipe()
    results_in, results_out = os.pipe()
    # a pipe holds the numbers of far more than some hundred cases
    os.write(cases_out, b"".join(
        Deal.NUMBER.pack(n) for n in range(1, len(chosen) + 1)))
    os.close(cases_out)
    os.environ[Deal.VARIABLE] = "%d %d" % (cases_in, results_out)
    status = start((cases_in, results_out))
    os.close(results_out)
    with open(results_in, "rb") as f:
        results = f.read()
    passed, skipped = results.count(b"+"), results.count(b"s")
    # a case without a result has failed, and so has a world with a bad status
    failed = max(len(chosen) - passed - skipped, int(status != 0))
    print("# e2e: %d passed, %d failed, %d skipped" % (passed, failed,
                                                       skipped))
    return status or int(failed > 0)
