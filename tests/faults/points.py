"""points - what faults_daemon and faults_tool share

A point is a tuple (what runs, kind, N): the N-th use of this kind of call fails.
"""
import argparse
import contextlib
import mmap
import os
import shutil
import struct
import tempfile

SRC = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.path.abspath(os.environ.get("MILLGATE_BUILD", "build"))
KINDS = ("none", "lookup", "store", "lost", "crypto", "open", "read", "write",
         "sync", "name", "stat", "lock", "socket", "accept", "receive",
         "send", "thread", "clock", "libmilter", "poll", "process",
         "user", "signal")	# as in fault.h


class Wrong(Exception):
    """What the program must not do."""


class Plan:
    """struct fault_plan, in a file that the daemon maps."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(4 * (4 + len(KINDS))))
        os.chmod(path, 0o666)	# of each user that the program may become
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)

    def set(self, kind, nth):
        self.map[:] = struct.pack("4i", 0, KINDS.index(kind), nth, 0) + \
            bytes(4 * len(KINDS))

    def arm(self, on):
        self.map[:4] = struct.pack("i", on)

    def struck(self):
        return struct.unpack_from("i", self.map, 12)[0] != 0

    def kind(self):
        return KINDS[struct.unpack_from("i", self.map, 4)[0]]

    def used(self):
        return dict(zip(KINDS, struct.unpack_from("%di" % len(KINDS),
                                                  self.map, 16)))

    def environment(self):
        """Of the program whose calls fail, but for the lines of openssl.cnf."""
        return {**os.environ, "MILLGATE_FAULTS": self.path,
                "OPENSSL_CONF": "/dev/null", "LD_PRELOAD": os.path.join(
                    BUILD, "tests/faults/fault_calls.so")}


@contextlib.contextmanager
def directory():
    """
    In memory, if there is a file system in memory, and open to all users;
    removed afterwards.
    """
    top = tempfile.mkdtemp(prefix="millgate_faults.", dir="/dev/shm" if
                           os.access("/dev/shm", os.W_OK) else None)
    os.chmod(top, 0o755)
    try:
        yield top
    finally:
        shutil.rmtree(top, ignore_errors=True)


def parser(jobs):
    p = argparse.ArgumentParser()
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--jobs", type=int, default=jobs)
    p.add_argument("--only")
    return p


def try_all(name, words, pool, one, points):
    """
    one(point) has the point, and what is wrong or None. Prints what failed, and
    how many points with each of these words were tried. Are there any that
    failed?
    """
    tried, failed = [], []
    for point, why, *_ in pool.imap_unordered(one, points):
        tried.append(point)
        if why is not None:
            failed.append(point)
            print("FAILED: %s, %s %d: %s" % (*point, why), flush=True)
    for word in words:
        if n := sum(word in point for point in tried):
            print("%s: %d points tried, %d passed" % (
                word, n, n - sum(word in point for point in failed)))
    print("%s: %d points tried, %d passed" % (
        name, len(tried), len(tried) - len(failed)))
    return len(failed) > 0
