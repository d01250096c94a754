"""What all clients of the soak test share: counts, the gate, a thread each."""

import collections
import random
import struct
import threading
import time

import message
import smtp
from place import CONTROLLED, LIMITED, USERS

# of Postfix, when it has lost its connection to millgate
AWAY = "Service unavailable"


def fields_of(letter):
    head, _, body = letter.partition("\r\n\r\n")
    fields = []
    for line in head.split("\r\n"):
        if line[0] in " \t":
            fields[-1][1] += "\n" + line
        else:
            fields.append(line.split(":", 1))
    return [tuple(field) for field in fields], body.encode()


class Tally:
    """What clients counted. Each has its own, so that none needs a lock."""

    def __init__(self):
        self.count = collections.Counter()
        # {(port of the daemon, login): number}
        self.sure, self.maybe = collections.Counter(), collections.Counter()
        self.recipients = collections.Counter()
        self.doubtful = collections.Counter()	# recipients of `maybe`

    def add(self, other):
        for name, counter in vars(self).items():
            counter.update(getattr(other, name))

    def accepted(self, port, login, recipients):
        self.sure[port, login] += 1
        self.recipients[port, login] += recipients

    def unknown(self, port, login, recipients):
        self.maybe[port, login] += 1
        self.doubtful[port, login] += recipients


class Gate:
    """Clients work while it is open; close() returns when none does."""

    def __init__(self):
        self.changed = threading.Condition()
        self.is_open, self.inside, self.over = True, 0, False

    def enter(self):
        """False: the run is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_open or self.over)
            self.inside += not self.over
            return not self.over

    def leave(self):
        with self.changed:
            self.inside -= 1
            self.changed.notify_all()

    def close(self, seconds=120):
        with self.changed:
            self.is_open = False
            return self.changed.wait_for(lambda: self.inside == 0, seconds)

    def open(self):
        with self.changed:
            self.is_open = True
            self.changed.notify_all()

    def finish(self):
        with self.changed:
            self.over = True
            self.changed.notify_all()


class Shared:
    """What all clients have in common."""

    def __init__(self, world, seed, report):
        self.world, self.seed, self.report = world, seed, report
        self.gate, self.large = Gate(), threading.Lock()
        strict = "joe@strict.example"
        self.signed = fields_of(message.sign(
            world, message.compose(strict), "strict.example"))
        self.forged = fields_of(message.compose(strict))
        self.block = random.Random(seed).randbytes(3000).hex().encode()


class Worker(threading.Thread):
    """Runs sessions, one after another, until the gate says that it is over."""

    def __init__(self, shared, name):
        super().__init__(name=name, daemon=True)
        self.shared, self.world = shared, shared.world
        self.tally = Tally()
        self.unanswered = None	# login and recipients of an ended message
        # a text: the hash of a tuple differs from process to process
        self.random = random.Random("%d %s" % (shared.seed, name))

    def chance(self, share):
        return self.random.random() < share

    def nap(self, longest):
        time.sleep(self.random.random() * longest)

    def run(self):
        while self.shared.gate.enter():
            try:
                self.session()
            except Exception as e:	# the others go on
                self.lost(e)
                time.sleep(0.2)
            finally:
                self.shared.gate.leave()

    def lost(self, why):
        """The session has failed, or this client has."""
        if self.unanswered is not None:
            self.tally.unknown(self.port, *self.unanswered)
            self.unanswered = None
        gone = isinstance(why, (ConnectionError, struct.error, smtp.Closed)) \
            or str(why) == "454 4.3.0 Try again later"	# Postfix to STARTTLS
        if gone and self.world.was_disturbed("clock far ahead"):
            self.tally.count["lost"] += 1
            return
        self.shared.report("%s: %s: %s" % (self.name, type(why).__name__,
                                           why))

    def login(self):
        if self.chance(0.02):
            return CONTROLLED
        return LIMITED if self.chance(0.05) else self.random.choice(USERS)

    def judge_deferral(self, what, reply):
        """A deferral of honest mail needs an explanation."""
        causes = {"4.3.0": ("disk" if self.port == "milter" else "redis",),
                  "4.7.0": ("dns", "keys")}.get((reply.split() +
                                                 ["", ""])[1], ())
        if AWAY in reply:
            causes = ("clock far ahead",)
        for cause in causes:
            if self.world.was_disturbed(cause):
                self.tally.count["deferred, " + cause] += 1
                return
        self.shared.report("%s of honest mail at %s: %s" % (
            what, self.port, reply))
