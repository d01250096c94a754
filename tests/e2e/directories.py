"""Steps of the cases about users in a database: settings, questions, failures.

Questions go to millgate directly, as an MTA sends them: a login and an envelope
sender get an answer at MAIL. A database has the same users with each driver:
leo may send as sales@shop.example.net, and carol is not listed.
"""

import contextlib
import json
import os
import pwd
import re
import subprocess
import time

import databases
import faulty
import milter
from runner import Skip, case, settings
from services import MILTER_USER, wait_until, write

LEO, SALES = "leo@example.net", "sales@shop.example.net"
CAROL, BOB = "carol@example.net", "bob@example.net"	# bob is in the file
DRIVERS = ("pgsql", "mysql", "ldap")
# users-timeout is a second; so much more may pass on a busy machine
SLACK = 8.0

SQL = ("SELECT plan, senders, networks, second_factor, blocked FROM users "
       "WHERE login = $1")
LDAP = ("o=domains,dc=example,dc=net?senders=mail,senders=shadowAddress?sub?"
        "(&(objectClass=mailUser)(accountStatus=active)(mail=$1))")
QUERY = {"pgsql": SQL, "mysql": SQL, "ldap": LDAP}


def each_of(drivers):
    """As @case, for each of the drivers: function(w, database)."""
    def add(function):
        for driver in drivers:
            def one(w, driver=driver):
                function(w, started(w, driver))
            one.__name__ = driver + "_" + function.__name__
            one.__module__ = function.__module__
            case(one)
        return function
    return add


each_driver, each_sql_driver = each_of(DRIVERS), each_of(("pgsql", "mysql"))


def need_drivers(w, *drivers):
    """Skip the case if millgate was built without one of these."""
    said = subprocess.run([os.path.join(w.build, "millgate"), "--version"],
                          capture_output=True, text=True, check=True,
                          env=databases.programs.environment()).stdout
    for driver in drivers:
        if driver not in re.split(r"[^a-z]+", said):
            raise Skip("this build has no driver " + driver)


def started(w, driver):
    need_drivers(w, driver)
    try:
        return getattr(w, driver).ensure()
    except databases.programs.Missing as why:
        raise Skip(why)


def other_password(w, text):
    """A file with a password that the servers do not accept."""
    path = os.path.join(w.directory, "other.password")
    write(path, text + "\n", 0o640)
    os.chown(path, 0, pwd.getpwnam(MILTER_USER).pw_gid)
    return path


def quoted(text):
    """A string of the configuration file."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def top(w, database, host=None, url=None, query=None, **options):
    """The options that make a database that of the users."""
    chosen = {
        "users-database": quoted(url or database.url(host)),
        "users-query": quoted(query or QUERY[database.name]),
        "users-password-file": quoted(databases.password_file(w)),
        "users-ca-file": quoted(w.pki + "/ca.pem"),
        "users-timeout": 1000,
        "users-cache": 0,
        "users-stale": 0,
        "unlisted-users": "refuse",
    }
    chosen.update((name.replace("_", "-"), value)
                  for name, value in options.items())
    return "".join("%s = %s\n" % pair for pair in chosen.items()
                   if pair[1] is not None)


@contextlib.contextmanager
def using(w, database, **options):
    """millgate with the users of this database."""
    with settings(w, top=top(w, database, **options)):
        yield


@contextlib.contextmanager
def through_a_proxy(w, database, **options):
    """As using(), with a proxy between the two, which forwards at first."""
    place = w.address, w.port["faulty"]
    host = "%s:%d" % place
    with faulty.Faulty(place, (w.address, database.port())) as proxy, \
            using(w, database, host=host, **options):
        accepted(w)
        yield proxy


# --- questions

class Answer:
    """What the MTA is told at MAIL, and after how many seconds."""

    def __init__(self, letter, text, seconds):
        self.text = text.rstrip(b"\0").decode()
        self.accepted = letter == b"c"
        self.seconds = seconds
        assert self.accepted or letter == b"y", letter

    def __repr__(self):
        return "%s (%.2f s)" % (self.text or "accepted", self.seconds)

    def starts(self, words):
        return self.text.startswith(words)


class Asker:
    """A session that asks many questions, one after the other."""

    def __init__(self, w):
        self.session = milter.Session(w)
        self.session.negotiate()
        self.session.answer()
        self.session.greet()

    def ask(self, login, sender):
        began = time.monotonic()
        self.session.macros["{auth_authen}"] = login
        self.session.mail(sender)
        letter, text = self.session.answer()
        self.session.send(b"A")
        return Answer(letter, text, time.monotonic() - began)

    def close(self):
        self.session.close()


def ask(w, login=LEO, sender=SALES):
    asker = Asker(w)
    try:
        return asker.ask(login, sender)
    finally:
        asker.close()


def accepted(w, login=LEO, sender=SALES):
    answer = ask(w, login, sender)
    assert answer.accepted, (login, sender, answer, errors(w)[-1:])
    return answer


def refused(w, login=LEO, sender=SALES, words="550 5.7.1 "):
    answer = ask(w, login, sender)
    assert answer.starts(words), (login, sender, answer, errors(w)[-1:])
    return answer


def errors(w):
    """The reasons of millgate's log why a login's rules are not known."""
    return re.findall(r'users-error="((?:[^"\\]|\\.)*)"',
                      w.millgate.log_text())


def deferred(w, *words, login=LEO, sender=SALES, timeout=1.0):
    """
    The question is deferred in time, for one of these reasons. Returns the
    reason.
    """
    before = len(errors(w))
    answer = ask(w, login, sender)
    assert answer.starts("451 4.3.0 "), answer
    assert answer.seconds < timeout + SLACK, answer
    wait_until("the reason is logged", lambda: len(errors(w)) > before)
    why = errors(w)[-1]
    assert any(word.lower() in why.lower() for word in words), (words, why)
    return why


def recovers(w, login=LEO, sender=SALES, words=""):
    """Wait until this is the answer again, by default that mail is accepted."""
    def answered():
        answer = ask(w, login, sender)
        return answer.starts(words) if words else answer.accepted
    wait_until("the database answers again", answered, 30)


def counter(w, name):
    """The counters of `millgatectl stats` whose names have this word."""
    def walk(value, path):
        if isinstance(value, dict):
            for key, more in value.items():
                yield from walk(more, path + "/" + key)
        elif isinstance(value, (int, float)) and name in path:
            yield value
    found = list(walk(w.ctl("stats", "--json"), ""))
    assert found, "no counter has the word " + name
    return sum(found)


def explained(w, login):
    done = w.run_ctl("user", "explain", login, "--json")
    assert done.returncode in (0, 1), done
    return json.loads(done.stdout)
