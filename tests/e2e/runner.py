"""Cases, and the running of them: TAP on stdout, logs after a failure.

A case is a function with the decorator @case; its name, read as a sentence,
says what millgate does. Cases begin in the order of the files. Several worlds
run at once, as most of a case is waiting; each takes the next case that none
has taken, and a case leaves its world as it found it.
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


def complaints(before):
    """What a sanitizer has written into these logs since then."""
    return [line for path, offset in before.items()
            for line in new_text(path, offset).splitlines()
            if re.search(r"Sanitizer|runtime error:", line)]


def attempt(function, world, before):
    """True when good, False when not, None when skipped; and a note."""
    try:
        function(world)
        found = complaints(before)
        assert not found, found
        return True, ""
    except Skip as why:
        return None, " # SKIP %s" % why
    except Exception:	# whatever went wrong, the next case has its turn
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        return False, ""


def run_one(number, function, world):
    """As attempt; all that there is to print is printed at once."""
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
    return good


class Deal:
    """Which world runs which case: pipes between them and their leader."""

    NUMBER = struct.Struct("=H")
    LETTERS = {True: b"+", False: b"-", None: b"s"}
    VARIABLE = "MILLGATE_WORLD_DEAL"

    def __init__(self, cases_in, results_out):
        self.cases_in, self.results_out = cases_in, results_out

    def take(self):
        """The number of the next case, from 1; None: there is no more."""
        octets = os.read(self.cases_in, self.NUMBER.size)
        return self.NUMBER.unpack(octets)[0] if octets else None

    def tell(self, good):
        os.write(self.results_out, self.LETTERS[good])

    @classmethod
    def joined(cls):
        """In a world: the one that lead() made."""
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
    Deal out the cases to the worlds, which start(fds) runs to their end; the
    exit status.
    """
    print("1..%d" % len(chosen), flush=True)
    cases_in, cases_out = os.pipe()
    results_in, results_out = os.pipe()
    # some hundred cases are far less than what a pipe holds
    os.write(cases_out, b"".join(
        Deal.NUMBER.pack(n) for n in range(1, len(chosen) + 1)))
    os.close(cases_out)
    os.environ[Deal.VARIABLE] = "%d %d" % (cases_in, results_out)
    status = start((cases_in, results_out))
    os.close(results_out)
    with open(results_in, "rb") as f:
        results = f.read()
    passed, skipped = results.count(b"+"), results.count(b"s")
    # what no world told of has failed, and so has a world that ended badly
    failed = max(len(chosen) - passed - skipped, int(status != 0))
    print("# e2e: %d passed, %d failed, %d skipped" % (passed, failed,
                                                       skipped))
    return status or int(failed > 0)
