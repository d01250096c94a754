"""millgatectl changes limits, counts and blocks while the daemon runs."""

import signal

from message import compose
from runner import case
from services import wait_until
from steps import expect, given_back, submission, submit

MIKE, NINA, OLGA = ("mike@example.net", "nina@example.net",
                    "olga@example.net")


def to(n):
    return ["r%d@elsewhere.example" % i for i in range(n)]


def fits(w, login, n):
    """One message may have n recipients; the next one gets 451."""
    with submission(w, login) as client:
        expect(client.mail(login), "250")
        for address in to(n):
            expect(client.rcpt(address), "250")
        expect(client.rcpt("more@elsewhere.example"), "451 4.7.1 ")
    given_back(w)


@case
def a_limit_set_by_the_tool_survives_restarts(w):
    fits(w, MIKE, 3)
    shown = w.ctl("quota", "set", MIKE, "--recipients", "5", "--json")
    assert shown[0]["recipients_limit"] == 5, shown
    assert shown[0]["recipients_configured"] == 3, shown
    fits(w, MIKE, 5)
    w.millgate.reload()
    fits(w, MIKE, 5)
    for sig in (signal.SIGTERM, signal.SIGKILL):
        w.millgate.stop(sig)
        w.millgate.start()
        fits(w, MIKE, 5)
    w.settle()
    line = w.millgate.log_line(login=MIKE, event="rcpt")
    assert "plan=tiny(set) quota=5/5" in line, line
    w.ctl("quota", "set", MIKE, "--recipients", "default", "--json")
    fits(w, MIKE, 3)


@case
def a_quota_reset_takes_effect_at_once(w):
    expect(submit(w, compose(NINA), login=NINA, recipients=to(3)), "250")
    expect(submit(w, compose(NINA), login=NINA), "451 4.7.1 ")
    shown = w.ctl("quota", "reset", NINA, "--json")
    assert shown[0]["recipients"] == 0, shown
    expect(submit(w, compose(NINA), login=NINA, recipients=to(3)), "250")
    expect(submit(w, compose(NINA), login=NINA), "451 4.7.1 ")


@case
def a_blocked_login_is_refused_until_it_is_unblocked(w):
    expect(submit(w, compose(OLGA), login=OLGA), "250")
    with submission(w, OLGA) as client:		# an open session
        w.ctl("user", "block", OLGA, "--reason", "see ticket 7", "--json")
        reply = client.mail(OLGA)
        expect(reply, "550 5.7.1 ")
        assert OLGA in reply.text and "see ticket 7" in reply.text, reply
    wait_until("the refusal is logged", lambda: w.millgate.log_line(
        login=OLGA, event="mail", rule="blocked"))
    w.millgate.stop()
    w.millgate.start()
    expect(submit(w, compose(OLGA), login=OLGA), "550 5.7.1 ")
    w.ctl("user", "block", OLGA, "--for", "2h", "--json")
    reply = submit(w, compose(OLGA), login=OLGA)
    expect(reply, "451 4.7.1 ")
    assert " is blocked until 2" in reply.text, reply
    w.ctl("user", "unblock", OLGA, "--json")
    expect(submit(w, compose(OLGA), login=OLGA), "250")
