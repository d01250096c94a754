"""Two millgates, as on two hosts, that share their state on one Redis."""

import contextlib
import signal
import socket
import threading

import milter
import programs
from message import compose
from runner import Skip, case, settings
from services import wait_until
from steps import expect, submission, submit

LIMIT = 3


def to(n):
    return "r%d@elsewhere.example" % n


@contextlib.contextmanager
def two_on_one_redis(w, **more):
    """Postfix's services submission and second have a millgate each."""
    try:
        programs.find("redis-server")
    except programs.Missing as why:
        raise Skip(why)
    w.redis.start()
    extra = {"state": w.redis.url(), "top": 'control-socket = "none"',
             **more}
    w.second.extra = extra
    try:
        with settings(w, **extra):
            w.second.start()
            yield
    finally:
        w.second.stop()
        w.redis.stop()


def log_has(millgate, *words):
    return wait_until("log line with " + " ".join(words), lambda: [
        line for line in millgate.log_text().splitlines()
        if all(word in line for word in words)])


@case
def two_millgates_share_one_limit(w):
    dave, replies = "dave@example.net", []
    with two_on_one_redis(w):
        ready = threading.Barrier(12)

        def one(port):
            with submission(w, dave, port=port) as client:
                client.mail(dave)
                ready.wait(30)
                reply = client.rcpt(to(0))
                if reply.code == 250:
                    reply = client.data(compose(dave))
                replies.append(reply)
        threads = [threading.Thread(target=one, args=(port,))
                   for port in ("submission", "second") for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        accepted = [r for r in replies if r.code == 250]
        assert len(replies) == 12 and len(accepted) == LIMIT, replies
        for port in ("submission", "second"):
            expect(submit(w, compose(dave), login=dave, port=port),
                   "451 4.7.1 ")
        log_has(w.second, "login=" + dave, "rule=quota")
        shown = w.ctl("quota", "show", dave, "--json")
        assert [row["recipients"] for row in shown] == [LIMIT], shown


@case
def all_windows_are_shared(w):
    """A plan of days and bytes, and a limit that is set on one host."""
    walt = "walt@example.net"
    plan = ("plan sold { recipients-per-day = 5 messages-per-minute = 100 "
            'bytes-per-month = "1M" }\nuser %s { plan = sold }' % walt)
    with two_on_one_redis(w, users=plan):
        text = compose(walt)
        for port in ("submission", "second"):
            expect(submit(w, text, login=walt, port=port,
                          recipients=[to(0), to(1)]), "250")
        for port in ("submission", "second"):
            expect(submit(w, text, login=walt, port=port,
                          recipients=[to(0), to(1)]),
                   "250" if port == "submission" else "451 4.7.1 Quota "
                   "exceeded for %s: plan sold allows 5 recipients a day; the "
                   "next one fits at " % walt)
        log_has(w.second, "login=" + walt, "full=recipients-per-day")
        row, = w.ctl("quota", "show", walt, "--json")
        used = {x["name"]: x["used"] for x in row["windows"]}
        assert used["recipients-per-day"] == 5, row
        assert used["bytes-per-month"] == 3 * len(text), row
        w.ctl("quota", "set", walt, "--per", "day", "--recipients", "6",
              "--until", "2096-12-24 18:00", "--json")
        expect(submit(w, text, login=walt, port="second"), "250")
        expect(submit(w, text, login=walt), "451 4.7.1 Quota exceeded for %s: "
               "its own setting allows 6 recipients a day" % walt)


@case
def a_login_blocked_on_one_host_is_blocked_on_all(w):
    erin = "erin@example.net"
    with two_on_one_redis(w):
        expect(submit(w, compose(erin), login=erin, port="second"), "250")
        done = w.run_ctl("user", "block", erin, "--reason", "a test")
        assert done.returncode == 0, done
        for port in ("submission", "second"):
            reply = submit(w, compose(erin), login=erin, port=port)
            assert reply.code >= 400, reply
        done = w.run_ctl("user", "unblock", erin)
        assert done.returncode == 0, done
        expect(submit(w, compose(erin), login=erin, port="second"), "250")


@case
def without_redis_mail_is_deferred_until_it_returns(w):
    frank = "frank@example.net"
    with two_on_one_redis(w):
        expect(submit(w, compose(frank), login=frank), "250")
        w.redis.stop(signal.SIGKILL)
        for port in ("submission", "second"):
            expect(submit(w, compose(frank), login=frank, port=port),
                   "451 4.3.0 ")
            expect(submit(w, compose(frank), login=frank, port=port),
                   "451 4.3.0 ")
        log_has(w.millgate, "login=" + frank, "store-error=", "redis://")
        w.redis.start()
        replies = []

        def accepted():
            replies.append(submit(w, compose(frank), login=frank,
                                  port="second"))
            return replies[-1].code == 250
        wait_until("mail is accepted again", accepted)
        for reply in replies[:-1]:
            expect(reply, "451 4.3.0 ")
        # mail that was accepted before is still counted, on both
        expect(submit(w, compose(frank), login=frank), "250")
        expect(submit(w, compose(frank), login=frank, port="second"),
               "451 4.7.1 ")


def say(w, command):
    with socket.create_connection((w.address, w.port["redis"]), 5) as s:
        s.sendall(command + b"\r\n")
        reply = s.recv(100)
    assert reply == b"+OK\r\n", reply


def end_of(session, login):
    """Send a message; return the milter reply codes up to the last."""
    session.data([("From", " " + login)], b"Hello.\r\n")
    letters = [session.answer()[0] for _ in ("data", "edit or end")]
    while letters[-1] in (b"i", b"q"):
        letters.append(session.answer()[0])
    return letters


@case
def a_message_over_the_limit_at_its_end_is_held(w):
    frank = "frank@example.net"
    with two_on_one_redis(w, judges="quota { action = hold }"):
        say(w, b"FLUSHALL")
        session = milter.Session(w, **{"{auth_authen}": frank})
        session.negotiate()
        session.answer()
        session.greet()
        session.mail(frank)
        for n in range(LIMIT):
            session.rcpt(to(n))
        assert [session.answer()[0] for _ in range(LIMIT + 1)] == \
            [b"c"] * (LIMIT + 1)
        # the server loses the reservation, and other mail uses up the limit
        say(w, b"FLUSHALL")
        for _ in range(LIMIT):
            expect(submit(w, compose(frank), login=frank), "250")
        letters = end_of(session, frank)
        session.close()
        assert b"q" in letters and letters[-1] == b"c", letters
        log_has(w.millgate, "login=" + frank, "action=hold", "rule=quota")


@case
def a_stopped_redis_defers_mail_until_it_continues(w):
    grace = "grace@example.net"
    with two_on_one_redis(w):
        expect(submit(w, compose(grace), login=grace), "250")
        w.redis.freeze()
        expect(submit(w, compose(grace), login=grace), "451 4.3.0 ")
        w.redis.thaw()
        wait_until("mail is accepted again", lambda: submit(
            w, compose(grace), login=grace).code == 250)
