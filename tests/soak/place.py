"""The world of the soak test: two millgates, Redis, and what can be disturbed.

The first millgate has its state in a file, on a small file system of its own
that can be full, and logs text. The second has its state on Redis, and logs
JSON. Both have a clock that can be set, and sign with keys in files and in a
database. Postfix stands in front of both.
"""

import contextlib
import os
import pwd
import struct
import subprocess
import time

import isolate
import keys
import services
from world import World

# octets: SQLite's log alone may have 40 MB
DISK = 64 << 20
PLANS = """\
plan soak {
  messages-per-month = 1000000000
  recipients-per-month = 1000000000
  bytes-per-month = "1000000G"
}
plan few { messages-per-month = 1000000  recipients-per-month = %d }
default-plan = soak
user few@example.net { plan = few }
"""
FEW = 100
USERS = ["u%d@example.net" % n for n in range(20)] + keys.LOGINS
LIMITED, CONTROLLED = "few@example.net", "controlled@example.net"


class Clocked:
    """A millgate whose clock can be set."""

    def environment(self):
        env = super().environment()
        env["LD_PRELOAD"] = self.world.clock_library
        env["CLOCK_STEP"] = self.world.clock_file
        # the library of the sanitizer is the first one of the program itself
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + \
            ":verify_asan_link_order=0"
        return env

    def configure(self):
        super().configure()
        with open(self.conf) as f:
            text = f.read()
        self.good = text.replace("default-plan = trial", PLANS % FEW)
        services.write(self.conf, self.good)

    def log_size(self):
        return os.path.getsize(self.output)

    def log_since(self, offset):
        with open(self.output, errors="replace") as f:
            f.seek(offset)
            return f.read()


class First(Clocked, services.Millgate):
    port = "milter"


class Second(Clocked, services.SecondMillgate):
    port = "milter2"


class Site(World):
    def __init__(self, directory, build):
        super().__init__(directory, build)
        self.logins.update(dict.fromkeys(USERS, "soak"))
        self.millgate, self.second = First(self), Second(self)
        self.daemons = (self.millgate, self.second)
        self.clock_library = os.path.join(build, "tests/soak/clock_step.so")
        self.clock_file = os.path.join(directory, "clock")
        self.disk = os.path.join(directory, "disk")
        self.disk_can_be_full = isolate.isolated()
        self.seen = {}		# disturbance: when it was last there
        self.keys_database = keys.KeysDatabase(self)
        self.set_clock(0)

    def zone_text(self):
        """Answers that are asked for again: so DNS is used all the time."""
        return super().zone_text().replace("$TTL 300", "$TTL 1", 1)

    def set_clock(self, seconds):
        """Seconds ahead of the machine's; in place, since it is mapped."""
        self.ahead = seconds
        mode = "r+b" if os.path.exists(self.clock_file) else "wb"
        with open(self.clock_file, mode, buffering=0) as f:
            f.write(struct.pack("=q", seconds))

    def make_disk(self):
        os.makedirs(self.disk)
        if self.disk_can_be_full:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % DISK,
                            "tmpfs", self.disk], check=True)
        os.chown(self.disk, pwd.getpwnam(services.MILTER_USER).pw_uid, -1)

    def start(self):
        self.make_disk()
        self.make_pki()
        self.make_zones()
        self.keys_database.make()
        for service in (self.nsd, self.dovecot, self.redis):
            service.start(60)
        # the database of keys is asked all the time
        signing, often = self.keys_database.settings(), "users-cache = 2\n"
        self.millgate.extra = {
            "judges": signing, "state": self.disk + "/state.db", "top":
            'metrics-file = "%s/metrics"\nhttp-listen = "%s:%d"\n' % (
                self.disk, self.address, self.port["http"]) + often}
        self.second.extra = {
            "judges": signing, "state": self.redis.url(), "top":
            'log-format = json\ncontrol-socket = "%s/control"\n' %
            self.second.directory + often}
        for daemon in self.daemons:
            daemon.start(60)
        self.postfix.extra = ("default_transport = discard:\n"
                              "virtual_transport = discard:\n")
        self.postfix.start(60)

    def stop(self):
        super().stop()
        if self.disk_can_be_full and os.path.ismount(self.disk):
            subprocess.run(["umount", self.disk], check=False)

    # --- disturbances: what is, or was a moment ago

    @contextlib.contextmanager
    def disturbed(self, what):
        self.seen[what] = float("inf")
        try:
            yield
        finally:
            self.seen[what] = time.monotonic()

    def was_disturbed(self, what, seconds=15.0):
        return time.monotonic() - self.seen.get(what, -1e9) < seconds

    # --- millgatectl

    def tool(self, daemon, *args):
        return subprocess.run(
            [os.path.join(self.build, "millgatectl"), "-c", daemon.conf,
             *args], capture_output=True, text=True, timeout=60,
            env=daemon.environment())
