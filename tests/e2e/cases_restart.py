"""The listening socket belongs to systemd and survives the daemon: a restart
refuses no message. The cases pass the socket as systemd does."""

import contextlib
import os
import shutil
import signal
import socket
import threading
import time

from cases_quota import used
from message import compose, delivered
from runner import case
from services import MAIL_OWNER, MILTER_USER, Trouble, wait_until
from steps import arrive, expect, serves, submission, submit

ALICE, PLAIN = "alice@example.net", "joe@plain.example"
BOB = "bob@example.net"	# of plan premium
RESTARTS = 10


def listening(w, mode):
    """The socket of the configuration, as systemd would open it."""
    if not w.unix_socket:
        return socket.create_server((w.address, w.port["milter"]))
    path = w.millgate_socket()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    shutil.chown(path, MILTER_USER, MAIL_OWNER)
    os.chmod(path, mode)
    s.listen(128)
    return s


@contextlib.contextmanager
def passed(w, *sockets, mode=0o660):
    """millgate with these sockets passed to it, instead of its own."""
    w.millgate.stop()	# it removes the file of its socket
    try:
        w.millgate.sockets = list(sockets) or [listening(w, mode)]
        w.millgate.start()
        yield
    finally:
        w.millgate.stop()
        for s in w.millgate.sockets:
            s.close()
        w.millgate.sockets = []
        w.millgate.start()


class Senders:
    """Clients that send until told to stop; each session sends some mail."""

    def __init__(self, w):
        self.w, self.over = w, threading.Event()
        self.replies, self.waits, self.troubles = [], [], []
        self.sent = 0	# by BOB
        self.threads = [threading.Thread(target=self.run, args=(what,))
                        for what in (self.out, self.out, self.out, self.into)]
        for t in self.threads:
            t.start()

    def out(self):
        with submission(self.w, BOB) as client:
            for _ in range(3):
                yield client.submit(BOB, "r@elsewhere.example", compose(BOB))

    def into(self):
        yield arrive(self.w, compose(PLAIN), PLAIN)

    def run(self, session):
        try:
            while not self.over.is_set():
                began = time.monotonic()
                for reply in session():
                    self.replies.append(reply)
                    self.waits.append(time.monotonic() - began)
                    self.sent += session == self.out
                    self.over.wait(0.05)	# below the quota
                    began = time.monotonic()
        except Exception as e:	# shown by the case
            self.troubles.append(e)

    def count(self):
        return len(self.replies)

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join(120)
        assert not self.troubles, self.troubles
        refused = [r for r in self.replies if not r.starts("250")]
        assert not refused, "%d of %d: %s" % (len(refused), self.count(),
                                              refused[:3])


def restart_under_load(w, end):
    counted = used(w, BOB)
    senders = Senders(w)
    try:
        for _ in range(RESTARTS):
            before = senders.count()
            end(w.millgate)
            w.millgate.start()
            wait_until("mail goes on", lambda: senders.count() >= before + 8,
                       30)
    finally:
        senders.end()
    print("# %d messages during %d restarts, none refused; the longest took "
          "%.2f s" % (senders.count(), RESTARTS, max(senders.waits)))
    assert used(w, BOB) - counted == senders.sent, senders.sent


@case
def ten_restarts_refuse_no_message(w):
    with passed(w):
        restart_under_load(w, lambda daemon: daemon.stop(seconds=60))


@case
def on_a_unix_socket_a_restart_refuses_no_message(w):
    w.use_unix_socket(True)
    try:
        with passed(w):
            restart_under_load(w, lambda daemon: daemon.stop(seconds=60))
            # systemd removes it, and not millgate
            assert os.path.exists(w.millgate_socket())
    finally:
        w.use_unix_socket(False)


@case
def a_message_in_progress_is_completed_and_new_sessions_wait(w):
    text, other = compose(ALICE), compose(PLAIN)
    replies = []
    with passed(w):
        client = submission(w)
        client.mail(ALICE)
        expect(client.rcpt("r@elsewhere.example"), "250")
        expect(client.command("DATA"), "354")
        w.millgate.send(signal.SIGTERM)
        wait_until("it stops to listen", lambda: "connections wait for the "
                   "next" in w.millgate.log_text()[w.millgate.before:])
        waiting = threading.Thread(target=lambda: replies.append(
            arrive(w, other, PLAIN)))
        waiting.start()
        waiting.join(0.5)
        assert not replies, replies
        expect(client.command(text + "."), "250")
        client.quit()
        w.millgate.process.wait(30)
        w.millgate.stop()
        assert w.millgate.status == 0, w.millgate.status
        w.millgate.start()
        waiting.join(60)
        expect(replies[0], "250")
    delivered(w, "elsewhere.example", text)
    delivered(w, "example.net", other)


@case
def a_session_that_stays_idle_is_told_to_try_again(w):
    with passed(w):
        client = submission(w)
        expect(client.submit(ALICE, "r@elsewhere.example", compose(ALICE)),
               "250")
        w.millgate.send(signal.SIGTERM)
        w.millgate.process.wait(30)
        w.millgate.stop()
        w.millgate.start()
        reply = client.submit(ALICE, "r@elsewhere.example", compose(ALICE))
        expect(reply, "451 4.7.1 Service unavailable")
        client.close()
        serves(w)


@case
def while_the_daemon_is_dead_clients_wait(w):
    replies = []
    with passed(w):
        w.millgate.stop(signal.SIGKILL)
        waiting = threading.Thread(target=lambda: replies.append(
            submit(w, compose(ALICE))))
        waiting.start()
        waiting.join(0.5)
        assert not replies, replies
        w.millgate.start()
        waiting.join(60)
        expect(replies[0], "250")


@case
def a_passed_socket_that_is_another_one_is_not_used(w):
    with passed(w, socket.create_server((w.address, 0))):
        said = w.millgate.log_text()[w.millgate.before:]
        assert "opened by millgate itself, because millgate.socket" in said
        serves(w)


@case
def two_passed_sockets_stop_the_start(w):
    try:
        with passed(w, *(socket.create_server((w.address, 0))
                         for _ in range(2))):
            raise AssertionError("it has started")
    except Trouble as e:
        assert "status 2" in str(e), e
    assert "systemd has passed 2 sockets" in w.millgate.log_text()


@case
def the_mode_of_a_passed_socket_is_compared(w):
    w.use_unix_socket(True)
    try:
        with passed(w, mode=0o666):
            assert "has the mode 0666, and not socket-mode = 0660" in \
                w.millgate.log_text()[w.millgate.before:]
    finally:
        w.use_unix_socket(False)
