"""Many sessions at once."""

import resource

import milter
from runner import case
from steps import serves

SESSIONS = 5000
CONTINUE, INSERT = b"c", b"i"


def memory(w):
    """Resident memory of the daemon in octets."""
    with open("/proc/%d/statm" % w.millgate.process.pid) as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def is_instrumented(w):
    with open("/proc/%d/maps" % w.millgate.process.pid) as f:
        return "san.so" in f.read()


def login_of(n):
    return "user%d@example.net" % n


def open_sessions(w):
    """Sessions that each began a message and reserved a recipient."""
    sessions = [milter.Session(w, **{"{auth_authen}": login_of(n)})
                for n in range(SESSIONS)]
    for step in (lambda s, n: s.negotiate(),
                 lambda s, n: (s.greet(), s.mail(login_of(n))),
                 lambda s, n: s.rcpt("r@elsewhere.example")):
        for n, session in enumerate(sessions):
            step(session, n)
        letters = {session.answer()[0] for session in sessions}
        assert letters in ({b"O"}, {CONTINUE}), letters
    return sessions


def finish(sessions):
    """Finish a message in each of these at once; each is signed twice."""
    for n, session in sessions:
        session.data([("From", " " + login_of(n)),
                      ("Subject", " One of many")], b"Hello.\r\n")
    for n, session in sessions:
        answers = [session.answer()]
        while answers[-1][0] in (INSERT, CONTINUE) and len(answers) < 4:
            answers.append(session.answer())
        letters = [letter for letter, _ in answers]
        signed = [b"DKIM-Signature\0" in rest for _, rest in answers]
        assert letters == [CONTINUE] + 2 * [INSERT] + [CONTINUE], letters
        assert signed.count(True) == 2, (n, answers)


@case
def five_thousand_open_sessions_are_all_served(w):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before, sessions = memory(w), []
    try:
        sessions = open_sessions(w)
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
    finally:
        for session in sessions:
            session.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    serves(w)
