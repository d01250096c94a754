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

    def wait(self, what, condition):
        """Until condition(text of the screen); the text."""
        end = time.monotonic() + PATIENCE
        # a screen in whole ends with the erasure of what is below it
        while not (self.raw.endswith(b"\033[J") and condition(self.text())):
            if time.monotonic() > end:
                raise Trouble("%s is not on the screen:\n%s" % (
                    what, self.text()))
            self.read(0.1)
        return self.text()

    def sends_last(self, octets):
        """Wait for this output; a read returns only part of what is there."""
        end = time.monotonic() + PATIENCE
        while not self.raw.endswith(octets):
            if time.monotonic() > end:
                raise Trouble("the last output is %r" % self.raw[-200:])
            self.read(0.1)

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
        """
        Wait for the end of the program; its exit status. `again` is called
        each second.
        """
        now = time.monotonic()
        end, pause = now + PATIENCE, now + 1
        while self.process.poll() is None:
            now = time.monotonic()
            if now > end:
                raise Trouble("it does not end:\n" + self.text())
            if again is not None and now > pause:
                again()
                pause = now + 1
            self.read(0.05)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)
