"""A program on a terminal of its own: a pty, and the screen that it draws."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

import isolate
import programs
from services import Trouble

PATIENCE = 30       # seconds, of a busy machine


class Terminal:
    """The program is the leader of a session that the terminal controls."""

    def __init__(self, argv, columns=80, rows=24, **environment):
        self.ours, self.theirs = pty.openpty()
        self.raw = b""
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.size(columns, rows)
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(
            argv, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            env={**programs.environment(), "TERM": "xterm",
                 "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True, preexec_fn=self.control)

    def control(self):
        isolate.die_with_parent()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, columns, rows):
        """The kernel sends SIGWINCH for a new size."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def read(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            data = os.read(self.ours, 65536)
            self.raw += data
            self.stream.feed(data)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, reached, trouble, again=None):
        """
        Read until reached() is true; trouble() is the text of the error.
        `again` is called each second.
        """
        now = time.monotonic()
        end, pause = now + PATIENCE, now + 1
        while not reached():
            now = time.monotonic()
            if now > end:
                raise Trouble(trouble())
            if again is not None and now > pause:
                again()
                pause = now + 1
            self.read(0.1)

    def wait(self, what, condition):
        """Until condition(text of the screen); the text."""
        # a screen in whole ends with the erasure of what is below it
        self.until(
            lambda: self.raw.endswith(b"\033[J") and condition(self.text()),
            lambda: "%s is not on the screen:\n%s" % (what, self.text()))
        return self.text()

    def sends_last(self, octets, again=None):
        """Wait for this output; a read returns only part of what is there."""
        self.until(lambda: self.raw.endswith(octets),
                   lambda: "the last output is %r" % self.raw[-200:], again)

    def shows(self, words):
        return self.wait(repr(words), lambda text: words in text)

    def shows_no_more(self, words):
        return self.wait("a screen without %r" % words,
                         lambda text: words not in text)

    def line(self, words):
        """The one line with these words."""
        return [line for line in self.text().split("\n") if words in line][0]

    def attributes(self):
        return termios.tcgetattr(self.theirs)

    def end(self, again=None):
        """Wait for the end of the program; its exit status."""
        self.until(lambda: self.process.poll() is not None,
                   lambda: "it does not end:\n" + self.text(), again)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)
