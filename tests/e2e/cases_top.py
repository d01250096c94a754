"""millgatectl top, in a terminal and in a pipe."""

import contextlib
import functools
import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

import programs
from cases_load import is_instrumented
from message import compose
from runner import case, settings
from services import wait_until
from steps import expect, submit
from terminal import Terminal

ALICE, BOB, ERIN = ("%s@example.net" % n for n in ("alice", "bob", "erin"))
LEAVE = b"\033[0m\033[?7h\033[?25h\033[?1049l"
ACCOUNTS = "recipients-per-hour"


def argv(w, *args):
    return [os.path.join(w.build, "millgatectl"), "-c", w.millgate.conf,
            "top", *args]


def open_top(w, *args, **kind):
    return Terminal(argv(w, "--interval", "1", *args), **kind)


def send_mail(w):
    """Two by ALICE; ERIN has sent all that the plan tiny allows."""
    for login in (ALICE, BOB, ERIN):
        w.ctl("quota", "reset", login, "--json")
    for _ in range(2):
        expect(submit(w, compose(ALICE), ALICE), "250")
    for _ in range(3):
        expect(submit(w, compose(ERIN), ERIN), "250")
    expect(submit(w, compose(ERIN), ERIN), "451 4.7.1 ")
    w.settle()


def order(text):
    """Which logins are on the screen, from top to bottom."""
    return re.findall(r"^[> ] (\w+@example\.net) ", text, re.M)


@case
def top_shows_sorts_and_filters_logins(w):
    send_mail(w)
    with open_top(w) as t:
        t.shows(ALICE)
        assert order(t.text())[0] == ERIN, t.text()	# the fullest
        assert "██████████ 100%" in t.line(ERIN), t.line(ERIN)
        assert t.line(ERIN).startswith("> "), t.text()
        before = t.text()
        assert re.search(r"^submission +- ", before, re.M), before
        t.wait("a rate", lambda text: re.search(
            r"^submission +\d+ ", text, re.M))
        # what is sent now
        for _ in range(2):
            expect(submit(w, compose(ALICE), ALICE), "250")
        t.wait("a rate of messages", lambda text: re.search(
            r"^submission +[1-9]", text, re.M))
        t.wait("the rate of a login", lambda text: re.search(
            ALICE + r" +[1-9]\d* +4 ", text))
        t.type("s")
        t.shows("by rate")
        assert order(t.text())[0] == ALICE, t.text()
        t.type("s")
        t.shows("by name")
        assert order(t.text()) == sorted(order(t.text())), t.text()
        t.type("/ERI")
        t.shows("Filter: ERI_")
        t.wait("ERIN alone", lambda text: order(text) == [ERIN])
        t.type("\r3")
        t.shows("Nothing matches the filter.")
        t.type("\033")
        t.shows("quota")
        t.type("?")
        t.shows("block the chosen account")
        t.type("xq")
        assert t.end() == 0


@case
def top_follows_the_size_of_the_terminal(w):
    send_mail(w)
    with open_top(w, columns=40, rows=12) as t:
        t.shows(ALICE)
        t.shows("? help  q quit")
        t.size(130, 30)
        t.shows("3/3 " + ACCOUNTS)
        t.size(60, 5)
        t.shows_no_more(ACCOUNTS)
        t.shows("? help  q quit")
        t.size(1, 1)
        t.size(80, 24)
        t.shows("PER MINUTE")
        t.type("q")
        assert t.end() == 0
    with open_top(w, LC_ALL="C") as t:
        t.shows("########## 100%")
        assert t.raw.isascii(), t.raw


@case
def quota_show_draws_a_bar_on_a_terminal(w):
    """Of the fullest limit; in a pipe there is none."""
    send_mail(w)
    for login, bar in ((ERIN, "[%s] 100%%" % (20 * "#")),
                       (ALICE, "[%s]   0%%" % (20 * "."))):
        words = argv(w)[:-1] + ["quota", "show", login]
        with Terminal(words, columns=200) as t:
            assert t.end() == 0
            while select.select([t.ours], [], [], 0)[0]:
                t.read(0)
            assert bar in t.text(), t.text()
        table = w.run_ctl("quota", "show", login).stdout
        assert login in table and "[" not in table, table


@case
def top_blocks_a_login_only_after_yes(w):
    send_mail(w)
    try:
        block_and_unblock(w)
    finally:
        w.ctl("user", "unblock", ALICE, "--json")


def answer(t, key, words):
    """
    Type the answer to a question until it counts: what arrives together with
    the question is dropped, as what was typed before it. A key too many takes
    the words from the screen again.
    """
    since = len(t.raw)

    def answered(text):
        said = words in text or words.encode() in t.raw[since:]
        if not said and time.monotonic() > answered.next:
            t.type(key)
            answered.next = time.monotonic() + 1
        return said
    answered.next = 0
    t.wait(repr(words), answered)


def block_and_unblock(w):
    with open_top(w) as t:
        t.shows(ALICE)
        t.type("/alice\r")
        t.wait("ALICE alone", lambda text: order(text) == [ALICE])
        # what is typed ahead does not answer the question
        t.type("byyy")
        t.shows('Block "%s"? All its mail is rejected (550)' % ALICE)
        answer(t, "n", "Nothing was changed.")
        expect(submit(w, compose(ALICE), ALICE), "250")
        t.type("b")
        t.shows("Press y")
        answer(t, "y", 'Blocked "%s".' % ALICE)
        expect(submit(w, compose(ALICE), ALICE), "550 5.7.1 ")
        # the daemon may give an answer again for a moment
        wait_until("the block", lambda: [
            b["account"] for b in w.ctl("top", "--json")["blocks"]["list"]
        ] == [ALICE], 30)
        t.wait("the block", lambda text: " blocked" in t.line(ALICE))
        t.type("4")
        t.wait("the list of blocks", lambda text: "reject" in t.line(ALICE))
        t.type("u")
        t.shows('Unblock "%s"?' % ALICE)
        answer(t, "y", 'Unblocked "%s".' % ALICE)
        expect(submit(w, compose(ALICE), ALICE), "250")
        t.type("\033")
        t.shows("No account is blocked.")
        t.type("q")
        assert t.end() == 0


@case
def top_waits_for_a_daemon_that_is_away(w):
    send_mail(w)
    with open_top(w) as t:
        t.shows(ALICE)
        w.millgate.stop()
        try:
            t.shows("No answer from the daemon.")
            assert ALICE in t.text(), t.text()
            t.type("3")
            t.shows("[3 Rules]")
        finally:
            w.millgate.start()
        t.shows_no_more("No answer")
        t.type("1")
        t.shows(ALICE)
        t.type("q")
        assert t.end() == 0


def signal_of(w, how, t):
    """
    how(t) makes a signal. What to do if nothing comes of it: the runtime of
    the thread sanitizer loses one signal in hundreds.
    """
    how(t)
    return functools.partial(how, t) if is_instrumented(w) else None


@case
def top_gives_the_terminal_back(w):
    def signalled(number):
        return lambda t: t.process.send_signal(number)

    for how, status in ((lambda t: t.type("q"), 0),
                        (lambda t: t.type("\x03"), 0),
                        (signalled(signal.SIGTERM), -signal.SIGTERM),
                        (signalled(signal.SIGHUP), -signal.SIGHUP)):
        with open_top(w) as t:
            t.shows("PER MINUTE")
            assert t.attributes() != t.before
            assert t.end(signal_of(w, how, t)) == status, t.process.returncode
            assert t.attributes() == t.before
            # whoever hangs up may not read any more
            if status != -signal.SIGHUP:
                t.sends_last(LEAVE)
    with open_top(w) as t:
        t.shows("PER MINUTE")
        t.sends_last(LEAVE, signal_of(w, lambda t: t.type("\x1a"), t))
        wait_until("it stops", lambda: os.waitid(
            os.P_PID, t.process.pid,
            os.WSTOPPED | os.WNOHANG | os.WNOWAIT), 30)
        assert t.attributes() == t.before
        t.process.send_signal(signal.SIGCONT)
        wait_until("it goes on", lambda: t.attributes() != t.before, 30)
        t.type("2")
        t.shows("[2 Groups]")
        t.type("q")
        assert t.end() == 0
        assert t.attributes() == t.before


@case
def top_prints_a_report_in_a_pipe(w):
    send_mail(w)
    # the daemon may give an answer again for a moment
    done = wait_until("a new report", lambda: [
        d for d in [w.run_ctl("top")] if "3/3 " + ACCOUNTS in d.stdout], 30)[0]
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "\033" not in done.stdout, done.stdout
    for words in ("TOTAL ", "3/3 " + ACCOUNTS, ALICE, "RULE ", "quota",
                  "Fuse: "):
        assert words in done.stdout, (words, done.stdout)
    shown = w.ctl("top", "--json")
    assert ERIN in [a["account"] for a in shown["logins"]], shown
    with subprocess.Popen(argv(w, "--interval", "1", "--json"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=programs.environment()) as p:
        try:
            first, second = (json.loads(p.stdout.readline()) for _ in "12")
            assert first["uptime"] < second["uptime"], (first, second)
            w.millgate.stop()
            line = p.stderr.readline()
            assert b"no answer from the daemon" in line, line
            done = w.run_ctl("top")
            assert done.returncode == 2 and "no answer" in done.stderr, done
            w.millgate.start()
            # it has written nothing since
            third = json.loads(p.stdout.readline())
            while third["started"] == first["started"]:
                third = json.loads(p.stdout.readline())
        finally:
            p.kill()
            if not w.millgate.running():
                w.millgate.start()


@contextlib.contextmanager
def made_up(w, status):
    """A daemon that has this status; a configuration, and when it was asked."""
    asked = []
    with tempfile.TemporaryDirectory() as d, socket.socket(
            socket.AF_UNIX) as s:
        s.bind(d + "/control.sock")
        s.listen(8)

        def serve():
            while True:
                try:
                    client = s.accept()[0]
                except OSError:
                    return
                with client:
                    asked.append((time.monotonic(), client.recv(100)))
                    client.sendall(json.dumps(status).encode() + b"\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        conf = d + "/millgate.conf"
        with open(conf, "w") as f:
            f.write('control-socket = "%s/control.sock"\nstate = "%s/s.db"\n'
                    'listener mx { daemon-ports = {25} direction = inbound }\n'
                    % (d, d))
        try:
            yield conf, asked
        finally:
            s.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@case
def top_asks_at_most_once_a_second(w):
    with made_up(w, {"version": "1"}) as (conf, asked):
        command = argv(w)
        command[2] = conf
        with Terminal(command) as t:
            t.shows("millgate 1")
            wait_until("five questions", lambda: (
                t.type("  "), t.read(0.02), len(asked) >= 5)[2], 60)
            t.type("p")
            t.shows("PAUSED")
            t.type("q")
            assert t.end() == 0
        assert {a[1] for a in asked} == {b"status\n"}, asked
        times = [a[0] for a in asked]
        gaps = [b - a for a, b in zip(times, times[1:])]
        assert min(gaps) > 0.9, gaps


@case
def top_shows_hostile_names_as_text(w):
    names = ["\x1b[2J\x1b]0;x\x07", "\u202egpj.exe\u2066\u200b", "中文@例え.jp",
             "\x9b2J", "x" * 512, "שלום", "a\r\nb\tc", "e\u0301"]
    status = {"version": "1", "logins": [
        {"account": n, "recipients": 1, "limits": [
            {"name": "recipients-per-hour", "used": 1, "limit": 2}],
         "share": 50} for n in names]}
    with made_up(w, status) as (conf, _):
        command = argv(w)
        command[2] = conf
        for columns in (40, 80, 200):
            with Terminal(command, columns=columns) as t:
                text = t.shows("\\u{1b}[2J")
                for words in ("\\u{202e}gpj", "中", "xxx...", "\\u{5e9}",
                              "\\u{9b}2J", "a\\u{d}\\u{"):
                    assert words in text, (words, text)
                rows = [line for line in text.split("\n") if "50%" in line]
                assert len(rows) == len(names), text
                # the columns are where they should be
                assert len({t.screen.display[y].replace(
                    "中文@例え.jp", "").rstrip()[-3:] for y in range(24)
                    if "50%" in t.screen.display[y]}) == 1, text
                t.type("q")
                assert t.end() == 0
                drawn = re.sub(rb"\033\[[0-9;?]*[A-Za-z]", b"", t.raw)
                assert not re.search(rb"[\0-\x09\x0b\x0c\x0e-\x1f\x7f]",
                                     drawn), drawn
