"""Limits of windows and of one message, of recipients and of bytes."""

import contextlib
import re
import time

from cases_local import ALICE, bounce_of, sendmail
from message import compose, delivered, was_delivered
from recipes import millgate_with, site
from runner import case, settings
from services import wait_until
from steps import expect, given_back, log_line, submission, submit

PLAN = "plan sold { %s }\nuser %s { plan = sold }"


def to(n):
    return "r%d@elsewhere.example" % n


@contextlib.contextmanager
def sold(w, login, limits, **extra):
    """A plan with these limits, for one login."""
    with settings(w, users=PLAN % (limits, login), **extra):
        yield


def letter(login, octets):
    """A message of exactly so many octets."""
    text = compose(login, body="")
    rest = octets - len(text)
    assert rest >= 2, rest
    while rest > 2:
        line = min(rest - 2, 70)
        line -= rest - line - 2 == 1	# no rest without a line end
        text += "x" * line + "\r\n"
        rest -= line + 2
    text += "\r\n" * (rest // 2)
    assert len(text) == octets, (len(text), octets)
    return text


def shown(w, login):
    """{limit: its row} as millgatectl shows it."""
    row, = w.ctl("quota", "show", login, "--json")
    return {window["name"]: window for window in row["windows"]}


@case
def a_message_has_limits_of_its_own(w):
    login = "una@example.net"
    with sold(w, login, 'recipients-per-message = 2 bytes-per-message = "4K"'):
        text = letter(login, 4096)
        with submission(w, login) as client:
            expect(client.mail(login, " SIZE=4096"), "250")
            expect(client.rcpt(to(0)), "250")
            expect(client.rcpt(to(1)), "250")
            expect(client.rcpt(to(2)), "452 4.5.3 Too many recipients for " +
                   login + ": plan sold allows 2 a message")
            reply = client.data(text)
            expect(reply, "250")
            # the client sends to the others in another message
            expect(client.submit(login, to(2), compose(login)), "250")
            expect(client.mail(login, " SIZE=4097"),
                   "552 5.3.4 Message too large for " + login)
            # without SIZE= at the end, and with a wrong one
            expect(client.submit(login, to(0), letter(login, 4097)),
                   "552 5.3.4 Message too large for %s: plan sold allows 4K "
                   "bytes a message, this one has 4097" % login)
            expect(client.mail(login, " SIZE=10"), "250")
            expect(client.rcpt(to(0)), "250")
            expect(client.data(letter(login, 4097)), "552 5.3.4 ")
        delivered(w, "elsewhere.example", text)
        line = log_line(w, reply)
        assert "refused=1 " in line and "quota=2/unlimited" in line, line
        assert w.millgate.log_line(rule="message-recipients", login=login)


@case
def postfix_hands_over_what_is_counted(w):
    """The octets that the client sent, no more and no less."""
    login = "vera@example.net"
    with sold(w, login, 'bytes-per-day = "1G"'):
        total = 0
        for octets, extra in ((1000, ()), (5001, ("X-Long: one\r\n\ttwo",)),
                              (70000, ())):
            text = letter(login, octets - len("\r\n".join(extra + ("",))))
            text = "\r\n".join(extra + (text,))
            reply = submit(w, text, login=login, recipients=[to(0), to(1)])
            expect(reply, "250")
            total += len(text)
            assert "windows=bytes-per-day:%d/1073741824" % total in log_line(
                w, reply), (total, log_line(w, reply))
        assert shown(w, login)["bytes-per-day"]["used"] == total
        with submission(w, login) as client:	# given back
            client.mail(login, " SIZE=1000")
            expect(client.rcpt(to(0)), "250")
        given_back(w)
        assert shown(w, login)["bytes-per-day"]["used"] == total


@case
def delivered_bytes_count_for_each_recipient(w):
    login = "walt@example.net"
    with sold(w, login, "bytes-per-hour = 10000",
              judges="quota { bytes-count = delivered }"):
        expect(submit(w, letter(login, 3000), login=login,
                      recipients=[to(0), to(1)]), "250")
        assert shown(w, login)["bytes-per-hour"]["used"] == 6000
        with submission(w, login) as client:
            client.mail(login, " SIZE=3000")
            expect(client.rcpt(to(0)), "250")
            expect(client.rcpt(to(1)), "451 4.7.1 Quota exceeded for %s: plan "
                   "sold allows 10000 bytes an hour; this message fits at " %
                   login)
            expect(client.data(letter(login, 3000)), "250")
        assert shown(w, login)["bytes-per-hour"]["used"] == 9000


@case
def bytes_of_a_window_are_judged_by_size_and_at_the_end(w):
    login = "xena@example.net"
    with sold(w, login, "bytes-per-hour = 5000 bytes-per-month = 8000"):
        expect(submit(w, letter(login, 3000), login=login), "250")
        with submission(w, login) as client:
            client.mail(login, " SIZE=2001")
            expect(client.rcpt(to(0)), "451 4.7.1 Quota exceeded for %s: plan "
                   "sold allows 5000 bytes an hour; this message fits at " %
                   login)
            client.command("RSET")
            expect(client.submit(login, to(0), letter(login, 2001)),
                   "451 4.7.1 Quota exceeded for ")
            client.mail(login, " SIZE=5001")
            expect(client.rcpt(to(0)), "552 5.3.4 Message too large for ")
            client.command("RSET")
            expect(client.submit(login, to(0), letter(login, 2000)), "250")
            expect(client.submit(login, to(0), compose(login)),
                   "451 4.7.1 Quota exceeded for ")
        windows = shown(w, login)
        assert windows["bytes-per-hour"]["used"] == 5000, windows
        assert windows["bytes-per-month"]["used"] == 5000, windows
        assert w.millgate.log_line(full="bytes-per-hour", event="eom")
        table = w.run_ctl("quota", "show", login).stdout
        assert "4.8K/5000" in table and "a month" in table, table


@case
def the_reply_says_when_all_windows_have_room(w):
    """A client that waits as long as the reply says succeeds, and not before."""
    login = "yuri@example.net"
    with sold(w, login, "recipients-per-minute = 2 recipients-per-hour = 3 "
              "recipients-per-day = 100"):
        with submission(w, login) as client:
            client.mail(login)
            expect(client.rcpt(to(0)), "250")
            expect(client.rcpt(to(1)), "250")
            expect(client.data(compose(login)), "250")
        first = time.time()
        with submission(w, login) as client:
            client.mail(login)
            reply = client.rcpt(to(0))
            expect(reply, "451 4.7.1 Quota exceeded for %s: plan sold allows "
                   "2 recipients a minute; the next one fits at " % login)
            wait = int(re.search(r"in (\d+) seconds", reply.text).group(1))
            assert 0 < wait <= 61, reply
            fits = int(re.search(r" fits=(\d+)", w.millgate.log_line(
                full="recipients-per-minute", login=login)).group(1))
            assert fits <= first + 62, (fits, first)
            sent, reply = time.time(), client.rcpt(to(0))
            while reply.code != 250:
                expect(reply, "451 4.7.1 ")
                assert sent < fits, "no room at %d: %r" % (fits, reply)
                time.sleep(2)
                sent, reply = time.time(), client.rcpt(to(0))
            assert time.time() >= fits, "room before %d" % fits
            expect(client.data(compose(login)), "250")
            # now the hour is full, and for longer than the minute
            client.mail(login)
            reply = client.rcpt(to(0))
            expect(reply, "451 4.7.1 Quota exceeded for %s: plan sold allows "
                   "3 recipients an hour; the next one fits at " % login)
            wait = int(re.search(r"in (\d+) seconds", reply.text).group(1))
            assert 3000 < wait <= 3600, reply
        windows = shown(w, login)
        assert windows["recipients-per-minute"]["used"] <= 3, windows
        assert windows["recipients-per-hour"]["used"] == 3, windows
        assert windows["recipients-per-day"]["used"] == 3, windows
        table = w.run_ctl("quota", "show", login).stdout
        assert re.search(r"(?m)^\S+ +sold +3/3 .*next fits at", table), table
        assert re.search(r"(?m)^ +a day +3/100 ", table), table


@case
def a_limit_that_is_set_ends_at_its_time(w):
    login = "zoe@example.net"
    expect(submit(w, compose(login), login=login), "250")
    for seconds in (10, 60, 300):
        until = time.time() + seconds
        row, = w.ctl("quota", "set", login, "--per", "day", "--recipients",
                     "1", "--until", time.strftime(
                         "%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)), "--json")
        reply = submit(w, compose(login), login=login)
        if reply.code != 250 or time.time() < until - 1:
            break	# else the machine was too slow
    day, = [x for x in row["windows"] if x["name"] == "recipients-per-day"]
    assert (day["limit"], day["configured"]) == (1, "unlimited"), row
    expect(reply, "451 4.7.1 Quota exceeded for %s: its own setting allows 1 "
           "recipient a day" % login)
    line = w.millgate.log_line(event="rcpt", login=login)
    assert "plan=trial(set)" in line, line
    wait_until("the limit has ended", lambda: submit(
        w, compose(login), login=login).code == 250, seconds + 60)
    assert time.time() >= until - 1, "it ended early"
    assert "recipients-per-day" not in shown(w, login)


@case
def a_limit_of_bytes_that_is_set_asks_for_bodies(w):
    """Where nothing signs or verifies, the MTA sends no bodies before."""
    login = "una@example.net"
    text = """
listener submission { daemon-ports = {%d}  direction = submission }
dkim { verify = no }
""" % w.port["submission"]
    with millgate_with(w, site(w, text) + text):
        expect(submit(w, letter(login, 2000), login=login), "250")
        w.ctl("quota", "set", login, "--bytes", "3000", "--json")
        expect(submit(w, letter(login, 2000), login=login), "451 4.3.2 The "
               "size of messages is limited now; try again in a new session")
        expect(submit(w, letter(login, 2000), login=login), "250")
        assert shown(w, login)["bytes-per-hour"]["used"] == 2000
        expect(submit(w, letter(login, 2000), login=login), "451 4.7.1 Quota "
               "exceeded for %s: its own setting allows 3000 bytes an hour; "
               "this message fits at " % login)


@case
def sendmail_1_bounces_a_message_to_too_many(w):
    """The message as a whole: no client sends to the others in another."""
    text = compose(ALICE)
    with settings(w, local="plan = few",
                  users="plan few { recipients-per-message = 2 }"):
        sendmail(w, text, "-f", ALICE, to(0), to(1), to(2))
        bounce = bounce_of(w, text)
        assert b"Too many recipients for listener local: plan few allows 2 " \
            b"a message" in b" ".join(bounce.body.split()), bounce.raw
    assert not was_delivered(w, "elsewhere.example", text)
