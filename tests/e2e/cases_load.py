"""Many sessions at once, and the ceilings of sessions, memory and files."""

import contextlib
import resource

import milter
from runner import Skip, case, settings
from services import wait_until
from steps import serves

SESSIONS = 5000
MANY = 10000		# the default of max-sessions
FILES = 16384		# that it needs: millgate says so
CONTINUE, INSERT, REPLY = b"c", b"i", b"y"


def memory(w):
    """Resident memory of the daemon in octets."""
    with open("/proc/%d/statm" % w.millgate.process.pid) as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def is_instrumented(w):
    with open("/proc/%d/maps" % w.millgate.process.pid) as f:
        return "san.so" in f.read()


def login_of(n):
    return "user%d@example.net" % n


def open_sessions(w, count):
    """Sessions that each began a message and reserved a recipient."""
    sessions = [milter.Session(w, **{"{auth_authen}": login_of(n)})
                for n in range(count)]
    for step in (lambda s, n: s.negotiate(),
                 lambda s, n: (s.greet(), s.mail(login_of(n))),
                 lambda s, n: s.rcpt("r@elsewhere.example")):
        for n, session in enumerate(sessions):
            step(session, n)
        letters = {session.answer()[0] for session in sessions}
        assert letters in ({b"O"}, {CONTINUE}), letters
    return sessions


def finish(sessions, login=None, begun=False):
    """
    Finish a message in each of these at once; each is signed twice. `begun`:
    the header has been sent.
    """
    for n, session in sessions:
        if begun:
            session.body(b"Hello.\r\n")
        else:
            session.data([("From", " " + (login or login_of(n))),
                          ("Subject", " One of many")], b"Hello.\r\n")
    for n, session in sessions:
        answers = [(CONTINUE, b"")] if begun else []
        answers.append(session.answer())
        while answers[-1][0] in (INSERT, CONTINUE) and len(answers) < 4:
            answers.append(session.answer())
        letters = [letter for letter, _ in answers]
        signed = [b"DKIM-Signature\0" in rest for _, rest in answers]
        assert letters == [CONTINUE] + 2 * [INSERT] + [CONTINUE], letters
        assert signed.count(True) == 2, (n, answers)


@contextlib.contextmanager
def many_files():
    """All descriptors that are allowed, for this client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def closed(sessions):
    """Close all sessions of the list at the end."""
    try:
        yield sessions
    finally:
        for session in sessions:
            session.close()


@case
def five_thousand_open_sessions_are_all_served(w):
    before, sessions = memory(w), []
    with many_files(), closed(sessions):
        sessions += open_sessions(w, SESSIONS)
        each = (memory(w) - before) / SESSIONS
        print("# %d octets for each session" % each)
        assert is_instrumented(w) or each < 48 * 1024, each
        serves(w)
        finish(list(enumerate(sessions))[::10])
        # the others abort and begin a new message
        for n, session in enumerate(sessions):
            session.send(b"A")
            session.mail(login_of(n))
        for session in sessions:
            assert session.answer()[0] == CONTINUE
    serves(w)


def joined(w, login="alice@example.net"):
    """A session after HELO."""
    session = milter.Session(w, **{"{auth_authen}": login})
    session.negotiate()
    assert session.answer()[0] == b"O"
    session.greet()
    return session


def asks(session, sender="alice@example.net"):
    """Begin a message: None, or the reply that defers it."""
    session.mail(sender)
    letter, reply = session.answer()
    assert letter in (CONTINUE, REPLY), letter
    return reply.decode().rstrip("\0") if letter == REPLY else None


def deferred(reply):
    return reply is not None and reply.startswith("451 4.3.2 ")


def counted(w, name):
    return w.ctl("stats", "--json")[name]


@case
def ten_thousand_sessions_are_served_and_the_next_one_waits(w):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < FILES:
        raise Skip("the hard limit of open files is below %d" % FILES)
    sessions = []
    with settings(w), many_files(), closed(sessions):
        assert "LimitNOFILE" not in w.millgate.log_text()[w.millgate.before:]
        sessions += open_sessions(w, MANY)
        print("# %d octets" % counted(w, "memory"))
        finish(list(enumerate(sessions))[::20])
        sessions.append(joined(w))
        assert deferred(asks(sessions[-1]))
        assert counted(w, "open_connections") == MANY + 1
        sessions.pop(0).close()
        wait_until("a place", lambda: asks(sessions[-1]) is None)
    serves(w)


@case
def a_session_above_max_sessions_is_deferred_with_the_reason(w):
    with settings(w, top="max-sessions = 2"), closed([]) as sessions:
        sessions += [joined(w) for _ in range(3)]
        assert asks(sessions[0]) is None and asks(sessions[1]) is None
        reply = asks(sessions[2])
        assert deferred(reply) and "too many sessions" in reply, reply
        line = w.millgate.log_line(event="mail", rule="max-sessions",
                                   action="defer", sender="alice@example.net")
        assert line and 'reply="451 4.3.2"' in line, line
        assert counted(w, "over_max_sessions") == 1
        # the others go on, in this message and the next one
        sessions[0].rcpt("rcpt@elsewhere.example")
        assert sessions[0].answer()[0] == CONTINUE
        finish([(0, sessions[0])], "alice@example.net")
        assert asks(sessions[0]) is None
        assert deferred(asks(sessions[2]))
        wait_until("the warning", lambda: "max-sessions: " in
                   w.millgate.log_text()[w.millgate.before:])
        sessions.pop(0).close()
        wait_until("a place", lambda: asks(sessions[-1]) is None)
        w.millgate.extra = {"top": "max-sessions = 3"}
        w.millgate.configure()
        w.millgate.reload()
        sessions.append(joined(w))
        assert asks(sessions[-1]) is None
    serves(w)


@case
def no_message_begins_in_monitor_mode_above_the_ceiling(w):
    with settings(w, top="mode = monitor\nmax-sessions = 1"), \
            closed([]) as sessions:
        sessions += [joined(w), joined(w)]
        assert asks(sessions[0]) is None
        assert deferred(asks(sessions[1]))
        line = wait_until("its log line", lambda: w.millgate.log_line(
            rule="max-sessions"))
        assert " action=defer " in line and " would=" not in line, line
        listener = w.ctl("stats", "--json")["listeners"]
        listener = [one for one in listener if one["defer"]]
        assert listener and listener[0]["accept"] == 0, listener


@case
def a_session_waits_while_there_is_no_memory(w):
    """Headers of 15 MB in some messages are above a ceiling of 64 MB."""
    if is_instrumented(w):
        raise Skip("a sanitizer needs more memory than max-memory")
    with settings(w, top="max-memory = 64M\nmax-header-bytes = 16M"), \
            closed([]) as sessions:
        sessions += [joined(w) for _ in range(7)]
        for session in sessions[:6]:
            assert asks(session) is None
            session.rcpt("rcpt@elsewhere.example")
            assert session.answer()[0] == CONTINUE
        for session in sessions[:6]:
            session.header([("From", " alice@example.net")] +
                           [("X-Large", " " + 60000 * "x")] * 250)
            assert session.answer()[0] == CONTINUE	# to T
        wait_until("too much memory",
                   lambda: counted(w, "memory") > 64 * 1024 ** 2)
        reply = asks(sessions[6])
        assert deferred(reply) and "memory" in reply, reply
        assert w.millgate.log_line(event="mail", rule="max-memory",
                                   action="defer")
        assert counted(w, "over_max_memory") == 1
        finish([(0, sessions[0])], "alice@example.net", begun=True)
        for session in sessions[1:6]:
            session.send(b"A", b"Q")
        wait_until("memory", lambda: asks(sessions[6]) is None)
    serves(w)


@case
def the_last_files_are_kept_and_the_start_says_what_to_change(w):
    w.millgate.prefix = ["prlimit", "--nofile=400:400"]
    try:
        with settings(w), closed([]) as sessions:
            said = w.millgate.log_text()[w.millgate.before:]
            for words in ("max-sessions = 10000", "of 400 open files",
                          "enough for 151 sessions",
                          "LimitNOFILE=%d" % FILES, "ulimit -n %d" % FILES):
                assert words in said, (words, said)
            sessions += [joined(w) for _ in range(172)]
            replies = [asks(session) for session in sessions]
            assert replies[:151] == 151 * [None], replies
            assert all(map(deferred, replies[151:])), replies
            # the MTA acts as for a filter that is down
            sessions.append(milter.Session(w))
            sessions[-1].negotiate()
            assert sessions[-1].file.read(1) == b""
            assert counted(w, "refused_connections") == 1
            while len(sessions) > 150:
                sessions.pop(0).close()
            wait_until("places", lambda: counted(w, "open_connections") < 151)
            serves(w)
    finally:
        w.millgate.prefix = []
    w.millgate.restart()
    serves(w)
