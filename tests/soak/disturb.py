"""Disturbances: what an operator, a network, a disk and a clock do.

Each kind comes once in each round, in an order that the seed decides. Beside
them, pages are read over HTTP, and millgatectl asks the daemons.
"""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import threading
import time

import keys
from place import CONTROLLED
from services import Trouble, wait_until, write

BAD = ("no-such-option = yes\n", "listener {\n", "state = \n",
       'include("/nonexistent/millgate.conf")\n',
       'users-file = "/nonexistent/users"\n', 'mode = "perhaps"\n', "\0\n")
MINUTE, HOUR = 60, 3600
STEPS = (61, 90, 600, HOUR, 5 * HOUR, 3 * 24 * HOUR)
FARTHEST = 7 * 24 * HOUR
# seconds: it closes the sessions that seem to wait so long for the MTA
LIBMILTER = 7210


class Background(threading.Thread):
    """Does something again and again until stop()."""

    pause = 0.5

    def __init__(self, world, seed, report):
        super().__init__(daemon=True)
        self.world, self.report, self.count = world, report, 0
        self.random = random.Random("%d %s" % (seed, type(self).__name__))
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.random.random() * self.pause):
            try:
                self.once()
                self.count += 1
            except Exception as e:
                self.report("%s: %s: %s" % (type(self).__name__,
                                            type(e).__name__, e))

    def stop(self):
        self.over.set()
        self.join(120)


class Scrapes(Background):
    PATHS = ("/metrics", "/healthz", "/", "/status.json", "/nothing")
    EXPECTED = {"/healthz": (200, 503), "/nothing": (404,)}

    def once(self):
        if self.random.random() < 0.2:
            self.rude()
            return
        path = self.random.choice(self.PATHS)
        link = http.client.HTTPConnection(
            self.world.address, self.world.port["http"], timeout=60)
        with contextlib.closing(link):
            link.request("GET", path)
            answer = link.getresponse()
            text = answer.read().decode()
        assert answer.status in self.EXPECTED.get(path, (200,)), (
            path, answer.status)
        if path == "/status.json":
            json.loads(text)
        elif path == "/metrics":
            assert text.endswith("# EOF\n"), text[-80:]

    def rude(self):
        with socket.create_connection(
                (self.world.address, self.world.port["http"]), 60) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"[
                :self.random.randrange(40)])


class Commands(Background):
    pause = 1.0
    COMMANDS = (("stats", "--json"), ("quota", "show", "--json"),
                ("quota", "set", CONTROLLED, "--per", "day", "--recipients",
                 "6", "--json"),
                ("quota", "reset", CONTROLLED, "--json"),
                ("user", "block", CONTROLLED, "--reason", "soak"),
                ("user", "unblock", CONTROLLED), ("conf", "check"))

    def once(self):
        daemon = self.random.choice(self.world.daemons)
        command = self.random.choice(self.COMMANDS)
        done = self.world.tool(daemon, *command)
        if done.returncode == 0:
            if "--json" in command:
                json.loads(done.stdout)
            return
        for cause in ("disk", "redis", "keys", "bad reload"):
            if self.world.was_disturbed(cause, 60):
                return
        raise AssertionError("millgatectl %s: %d %s" % (
            " ".join(command), done.returncode, done.stderr))


class Disturber:
    def __init__(self, world, seed, report):
        self.world, self.report = world, report
        self.random = random.Random("%d disturber" % seed)
        self.count = dict.fromkeys(("reloads", "outages", "keys", "steps",
                                    "full"), 0)
        self.round = []
        self.kinds = [self.reload_good, self.reload_bad, self.dns_stops,
                      self.dns_is_silent, self.redis_is_killed,
                      self.redis_is_silent, self.keys_change,
                      self.keys_are_away, self.clock_is_set]
        if world.disk_can_be_full:
            self.kinds.append(self.disk_is_full)

    def disturb_until(self, end):
        while time.monotonic() < end:
            for daemon in self.world.daemons:
                if not daemon.running():
                    raise Trouble("%s has ended" % daemon.name)
            if not self.round:
                self.round = self.random.sample(self.kinds, len(self.kinds))
            kind = self.round.pop()
            try:
                kind()
            except Exception as e:
                self.report("%s: %s: %s" % (kind.__name__, type(e).__name__,
                                            e))
            self.last(2)

    def last(self, longest):
        """The disturbance lasts, or there is none."""
        time.sleep(0.3 + self.random.random() * longest)

    # --- configuration

    def reload(self, daemon, text, said):
        before = daemon.log_size()
        write(daemon.conf, text)
        daemon.send(self.random.choice((signal.SIGHUP, signal.SIGUSR1)))
        wait_until("the log says " + said, lambda: said in
                   daemon.log_since(before), 60)
        self.count["reloads"] += 1

    def reload_good(self):
        daemon = self.random.choice(self.world.daemons)
        more = "user v%d@example.net { plan = few }\n" % \
            self.random.randrange(1000)
        self.reload(daemon, daemon.good + more, "reloaded ")

    def reload_bad(self):
        daemon = self.random.choice(self.world.daemons)
        with self.world.disturbed("bad reload"):
            try:
                self.reload(daemon, daemon.good + self.random.choice(BAD),
                            "reload failed")
            finally:
                write(daemon.conf, daemon.good)

    # --- servers

    @contextlib.contextmanager
    def outage(self, what):
        self.count["outages"] += 1
        with self.world.disturbed(what):
            yield

    @contextlib.contextmanager
    def stopped(self, service):
        os.killpg(service.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(service.process.pid, signal.SIGCONT)

    def dns_stops(self):
        with self.outage("dns"):
            self.world.nsd.stop()
            try:
                self.last(3)
            finally:
                self.world.nsd.start(60)

    def dns_is_silent(self):
        """Longer than the timeout of the resolver, which is 4 seconds."""
        with self.outage("dns"), self.stopped(self.world.nsd):
            time.sleep(5)
            self.last(3)

    def redis_is_killed(self):
        with self.outage("redis"):
            self.world.redis.stop(signal.SIGKILL)
            try:
                self.last(3)
            finally:
                self.world.redis.start(60)

    def redis_is_silent(self):
        with self.outage("redis"), self.stopped(self.world.redis):
            self.last(5)

    # --- the database of keys

    def keys_change(self):
        base = self.world.keys_database
        domain, other = self.random.sample(keys.DOMAINS, 2)
        base.switch(domain)
        base.rotate(other)
        self.last(1)
        with self.world.disturbed("bad key"), base.damaged(domain):
            self.last(3)
        self.count["keys"] += 1

    def keys_are_away(self):
        base = self.world.keys_database
        with self.outage("keys"), self.random.choice((base.away,
                                                      base.locked))():
            self.last(5)

    # --- clock and disk

    def clock_is_set(self):
        """At most some days: counts are kept for thirty."""
        step = self.random.choice(STEPS) * self.random.choice((-1, 1))
        if abs(self.world.ahead + step) > FARTHEST:
            step = -step
        if step > LIBMILTER:
            with self.world.disturbed("clock far ahead"):
                self.set_clock(step)
        else:
            self.set_clock(step)

    def set_clock(self, step):
        before = [daemon.log_size() for daemon in self.world.daemons]
        with self.world.disturbed("clock"):
            self.world.set_clock(self.world.ahead + step)
            self.wait_for_step(step, before)
        self.count["steps"] += 1

    def wait_for_step(self, step, before):
        """Part of a minute may have been counted with an earlier step."""
        if abs(step) < 2 * MINUTE:
            return
        for daemon, offset in zip(self.world.daemons, before):
            wait_until("the step is logged", lambda: re.search(
                "the system clock was set", daemon.log_since(offset)), 60)

    def disk_is_full(self):
        path = self.world.disk + "/filler"
        self.count["full"] += 1
        with self.world.disturbed("disk"):
            try:
                with contextlib.suppress(OSError), \
                        open(path, "wb", buffering=0) as f:
                    while f.write(bytes(65536)) > 0:
                        pass
                self.last(5)
            finally:
                os.unlink(path)
