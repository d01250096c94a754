"""The daemon continues to serve other clients, whatever one client does."""

import contextlib
import os
import random
import re
import signal
import socket

import milter
import smtp
from message import compose, delivered, deliveries
from runner import case, settings
from services import Trouble, wait_until, write
from steps import (arrive, expect, inbound, log_line, serves, submission,
                   submit)

ALICE, PLAIN = "alice@example.net", "joe@plain.example"


def leave_after(client, steps):
    for step in steps:
        if isinstance(step, bytes):
            client.send_raw(step)
        else:
            client.command(step)
    client.close()


STEPS = ["MAIL FROM:<alice@example.net>", "RCPT TO:<r@elsewhere.example>",
         "RCPT TO:<s@elsewhere.example>", "DATA",
         b"From: alice@exam", b"ple.net\r\nSubject: half", b"\r\n\r\nbody",
         b"\r\nmore" * 20000]


@case
def clients_may_disconnect_at_any_point(w):
    for n in range(len(STEPS) + 1):
        leave_after(submission(w), STEPS[:n])
        leave_after(inbound(w), STEPS[:n])
    leave_after(submission(w), [b"MAIL FR"])
    leave_after(smtp.Client(w, "submission", tls=False), [b"STARTTLS\r\n"])
    leave_after(smtp.Client(w, "submission", tls=False),
                ["STARTTLS", b"\x16\x03\x01\x02\x00\x01"])
    serves(w)


@case
def idle_connections_do_not_delay_other_clients(w):
    idle = [submission(w) for _ in range(10)] + [
        inbound(w) for _ in range(10)]
    for client in idle[5:15]:
        client.mail(ALICE)
    serves(w)
    for client in idle:
        client.close()


def keepalive_of(port, peer):
    """Seconds until the kernel sends a keepalive to the peer; or None."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            here, there, timer = (line.split()[i] for i in (1, 2, 5))
            if here.endswith(":%04X" % port) and \
                    there.endswith(":%04X" % peer):
                kind, ticks = timer.split(":")
                return int(ticks, 16) / 100 if kind == "02" else None
    return None


@case
def the_kernel_notices_a_vanished_mta_within_a_minute(w):
    session = milter.Session(w, **{"{auth_authen}": ALICE})
    session.negotiate()
    session.answer()
    port = session.sock.getsockname()[1]
    # until an answer is acknowledged, another timer runs
    seconds = wait_until("the keepalive timer", lambda: keepalive_of(
        w.port["milter"], port))
    session.close()
    assert seconds <= 61, seconds


MALFORMED = [
    b"", b"\r\n", b"no header at all\r\n", b"\r\nbody only\r\n",
    b"From\r\n\r\nx\r\n", b": value\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\nX: a\0b\r\n\r\nnul in a header\r\n",
    b"From: joe@plain.example\r\n\r\nnul \0 in the body\r\n",
    b"From: joe@plain.example\rSubject: bare CR\r\n\r\nx\ry\r\n",
    b"From: joe@plain.example\nSubject: bare LF\n\nx\ny\n",
    b"From: joe@plain.example\r\nSubject: \xff\xfe\x80\r\n\r\n\xc3\x28\r\n",
    b"From: joe@pl\xc3\xa4in.example\r\n\r\nx\r\n",
    b"From: " + b"(" * 50000 + b"joe@plain.example\r\n\r\nx\r\n",
    b"From: " + b"a@b.example, " * 20000 + b"joe@plain.example\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\nX: " + b"y" * 1000000 + b"\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\n" + b"X: y\r\n" * 20000 + b"\r\nx\r\n",
    b"From: joe@plain.example\r\nX: y\r\n" + b" z\r\n" * 20000 + b"\r\nx\r\n",
    b"From: joe@plain.example\r\n" + b"X" * 5000 + b": y\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\n\r\n" + b"l" * 1000000 + b"\r\n",
    b"From: joe@plain.example\r\nDKIM-Signature: v=1; a=rsa-sha256; d=x\r\n"
    b"DKIM-Signature: " + b"b=" * 10000 + b"\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\nAuthentication-Results: (((((\r\n\r\nx\r\n",
    b"From: joe@plain.example\r\n" +
    b"Authentication-Results: mx.example.net; x\r\n" * 2000 + b"\r\nx\r\n",
    b"From: joe@plain.example\r\n" +
    b"DKIM-Signature: v=1; a=rsa-sha256; d=plain.example; s=s; h=from; "
    b"bh=AA==; b=AA==\r\n" * 500 + b"\r\nx\r\n",
]


@case
def malformed_messages_get_an_answer(w):
    for text in MALFORMED:
        with inbound(w) as client:
            reply = client.submit(PLAIN, "bob@example.net", text)
            assert reply.code in (250, 451, 550, 552, 554), (reply, text[:80])
        with submission(w) as client:
            reply = client.submit(ALICE, "r@elsewhere.example", text)
            assert reply.code in (451, 550, 552, 554), (reply, text[:80])
    serves(w)


@case
def malformed_commands_get_an_answer(w):
    with submission(w) as client:
        for line in ("MAIL FROM:<>", "MAIL FROM:<@>", "MAIL FROM:<a@b@c>",
                     "MAIL FROM:alice@example.net", "MAIL FROM:<\"a b\"@c>",
                     "MAIL FROM:<%s@example.net>" % ("x" * 900),
                     "MAIL FROM:<alice@example.net> SIZE=99999999999",
                     "MAIL FROM:<alice@[127.0.0.1]>", "MAIL FROM:<alice>",
                     "MAIL FROM:<\udcff@example.net>", "RCPT TO:<x@y>",
                     "FOO", "EHLO \udcfe", "HELO", "VRFY x"):
            reply = client.command(line)
            assert reply.code >= 200, reply
    with smtp.Client(w, "smtp", helo="[IPv6:::1]") as client:
        client.submit("a@[IPv6:::1]", "bob@example.net", compose(PLAIN))
    with smtp.Client(w, "smtp", helo="x" * 900) as client:
        client.submit(PLAIN, "bob@example.net", compose(PLAIN))
    serves(w)


@case
def noise_on_the_milter_port_does_no_harm(w):
    noise = random.Random(7)
    for n in range(40):
        text = noise.randbytes(noise.randrange(1, 3000))
        if n % 2:
            # a plausible length and an existing command
            text = b"\0\0\0\x05" + noise.choice(
                (b"O", b"C", b"D", b"H", b"M", b"R", b"L", b"B")) + text
        with socket.create_connection((w.address, w.port["milter"])) as s, \
                contextlib.suppress(ConnectionError):
            s.sendall(text)
    silent = socket.create_connection((w.address, w.port["milter"]))
    serves(w)
    silent.close()


def burst(w):
    return [found for found in deliveries(w, "burst.example")
            if "bob@burst.example" in found.all("Delivered-To")]


@case
def hundreds_of_messages_are_all_delivered(w):
    count = 300
    done = w.postfix.command(
        "smtp-source", "-s", "10", "-m", str(count), "-l", "4000", "-S",
        "A burst", "-f", PLAIN, "-t", "bob@burst.example",
        "%s:%d" % (w.address, w.port["smtp"]))
    assert done.returncode == 0, done.stderr
    wait_until("all messages are delivered",
               lambda: len(burst(w)) == count, 60)
    for found in burst(w):
        assert len(found.all("Authentication-Results")) == 1, found.head


@case
def messages_in_progress_finish_after_sigterm(w):
    text = compose(ALICE)
    client = submission(w)
    client.mail(ALICE)
    client.rcpt("r@elsewhere.example")
    expect(client.command("DATA"), "354")
    client.send_raw(text[:100].encode())
    w.millgate.send(signal.SIGTERM)
    client.send_raw(text[100:].encode() + b".\r\n")
    expect(client.read(), "250")
    client.quit()
    delivered(w, "elsewhere.example", text)
    w.millgate.stop()
    assert w.millgate.status == 0, w.millgate.status
    w.millgate.start()
    serves(w)


def begin_and_stop(w):
    """A client in the midst of a message, and millgate that is stopping."""
    client = submission(w)
    client.mail(ALICE)
    client.rcpt("r@elsewhere.example")
    expect(client.command("DATA"), "354")
    w.millgate.send(signal.SIGTERM)
    # it defers new messages from now on
    wait_until("millgate drains", lambda: submit(
        w, compose(ALICE)).starts("451 4.3.2"))
    assert w.millgate.log_line(event="mail", rule="shutdown", sender=ALICE)
    return client


@case
def a_reload_does_not_cut_the_drain_short(w):
    text = compose(ALICE)
    client = begin_and_stop(w)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP):
        before = len(w.millgate.log_text())
        w.millgate.send(number)
        wait_until("log line", lambda: "not reloaded" in
                   w.millgate.log_text()[before:])
    expect(client.command(text + "."), "250")
    client.quit()
    delivered(w, "elsewhere.example", text)
    w.millgate.stop()
    assert w.millgate.status == 0, w.millgate.status
    w.millgate.start()
    serves(w)


@case
def a_second_sigterm_cuts_the_drain_short(w):
    client = begin_and_stop(w)
    w.millgate.send(signal.SIGTERM)
    w.millgate.process.wait(30)	# a drain lasts 60 s at most
    assert "1 messages were not completed" in w.millgate.log_text()
    client.close()
    w.millgate.stop()
    w.millgate.start()
    serves(w)


@case
def without_millgate_postfix_accepts_nothing(w):
    w.millgate.stop(signal.SIGKILL)
    expect(arrive(w, compose(PLAIN), PLAIN), "451 4.7.1 ")
    with smtp.Client(w, "submission", tls=False) as client:
        expect(client.command("STARTTLS"), "454 4.")
        expect(client.mail(ALICE), "451 4.7.1 ")
    w.millgate.start()
    serves(w)


@case
def sighup_reads_the_configuration_again(w):
    with submission(w) as client:
        w.millgate.extra = {"users": 'user alice@example.net '
                            '{ senders = {"boss@example.net"} }'}
        w.millgate.configure()
        w.millgate.reload()
        boss = "boss@example.net"
        expect(submit(w, compose(boss), sender=boss), "250")
        # the old session keeps the configuration of its start
        assert client.mail(ALICE).code in (250, 550)
    w.millgate.extra = {}
    w.millgate.configure()
    w.millgate.reload(signal.SIGUSR1)	# as for OpenDKIM
    expect(submit(w, compose("boss@example.net")), "550 5.7.1 ")


@case
def a_session_without_bodies_is_deferred_after_a_reload(w):
    """It agreed to get no bodies when nothing was signed or verified."""
    # a reload may use another directory below that of the configuration
    empty = w.millgate.directory + "/no-keys"
    os.makedirs(empty, exist_ok=True)
    w.millgate.extra = {"judges": "dkim { verify = no }"}
    w.millgate.configure()
    with open(w.millgate.conf) as f:
        text = f.read()
    write(w.millgate.conf, text.replace(w.keys, empty))
    w.millgate.reload()
    with submission(w) as client:
        reply = client.submit(ALICE, "r@elsewhere.example", compose(ALICE))
        expect(reply, "250")
        w.millgate.extra = {}
        w.millgate.configure()
        w.millgate.reload()
        expect(client.mail(ALICE), "451 4.3.2 ")
    assert w.millgate.log_line(event="mail", rule="reload", sender=ALICE)
    serves(w)


@case
def a_bad_configuration_is_not_loaded(w):
    with open(w.millgate.conf, "a") as f:
        f.write("no-such-option = yes\n")
    try:
        w.millgate.reload()
        assert False, "the bad configuration was loaded"
    except Trouble as refusal:
        assert "%s:" % w.millgate.conf in str(refusal), refusal
        assert "no-such-option" in str(refusal), refusal
    serves(w)
    w.millgate.configure()


@case
def a_unix_socket_works(w):
    w.use_unix_socket(True)
    try:
        path = w.millgate_socket()
        assert os.stat(path).st_mode & 0o777 == 0o660, oct(
            os.stat(path).st_mode)
        serves(w)
    finally:
        w.use_unix_socket(False)


@case
def each_message_has_one_log_line(w):
    reply = arrive(w, compose(PLAIN), PLAIN)
    expect(reply, "250")
    log_line(w, reply)
    number = smtp.queue_id(reply)
    lines = [line for line in w.millgate.log_text().splitlines()
             if "id=" + number in line]
    assert len(lines) == 1, lines


@case
def a_client_cannot_forge_the_log(w):
    with smtp.Client(w, "smtp", helo="x action=accept login=root") as client:
        reply = client.submit(PLAIN, "bob@example.net", compose(
            '"a action=accept login=root" <joe@plain.example>'))
    expect(reply, "250")
    line = log_line(w, reply)
    bare = " " + "".join(line.split('"')[::2]) + " "
    assert " login=root" not in bare, line


@case
def every_refusal_has_code_status_and_text(w):
    with inbound(w) as client:	# at least one, when run alone
        client.submit(PLAIN, "bob@example.net", compose(None))
    for reply in smtp.refusals:
        assert len(reply.lines) == 1, reply
        assert smtp.REFUSAL.match(reply.text), reply
        assert reply.text.isprintable() and reply.text.isascii(), reply
        assert str(reply.code)[0] == reply.status[0], reply


@case
def it_exits_with_0_and_without_sanitizer_reports(w):
    w.millgate.stop()
    assert w.millgate.status == 0, w.millgate.status
    complaints = [line for line in w.millgate.log_text().splitlines()
                  if re.search(r"Sanitizer|runtime error:", line)]
    w.millgate.start()
    assert not complaints, complaints
