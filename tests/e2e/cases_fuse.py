"""Fuses block a login that looks stolen, log it once; the tool unblocks it."""

from cases_submission import signed_by_both
from message import compose
from runner import case, settings
from smtp import queue_id
from steps import expect, log_line, submission, submit

PAUL, QUEENIE, RUTH = ("paul@example.net", "queenie@example.net",
                       "ruth@example.net")


def events(w, login):
    return [line for line in w.millgate.log_text().splitlines()
            if "event=fuse-" in line and "login=" + login in line]


@case
def too_many_networks_block_a_login(w):
    networks = ["192.0.2.10", "192.0.2.11", "198.51.100.66", "203.0.113.7"]
    with settings(w, judges="fuse { networks = 2 }"):
        for address in networks[:3]:
            expect(submit(w, compose(PAUL), login=PAUL, address=address),
                   "250")
        reply = submit(w, compose(PAUL), login=PAUL, address=networks[3])
        expect(reply, "451 4.7.1 ")
        assert "fuse: 3 client networks in an hour (limit 2)" in reply.text
        expect(submit(w, compose(PAUL), login=PAUL), "451 4.7.1 ")
        assert len(events(w, PAUL)) == 1, events(w, PAUL)
        assert "used=3 limit=2" in events(w, PAUL)[0]
        w.millgate.stop()
        w.millgate.start()
        expect(submit(w, compose(PAUL), login=PAUL), "451 4.7.1 ")
        shown = w.ctl("quota", "show", PAUL, "--json")
        assert shown[0]["blocked"] == "defer", shown
        w.ctl("user", "unblock", PAUL, "--json")
        expect(submit(w, compose(PAUL), login=PAUL), "250")


@case
def too_many_from_addresses_hold_the_mail(w):
    with settings(w, judges="fuse { from = 1  action = hold }",
                  users='user %s { senders = {"@example.net"} }' % QUEENIE):
        for author in (QUEENIE, "king@example.net"):
            text = compose(author)
            reply = submit(w, text, login=QUEENIE)
            expect(reply, "250")
        assert w.queue().get(queue_id(reply)) == "hold", w.queue()
        line = log_line(w, reply)
        assert "action=hold" in line and "rule=blocked" in line, line
        assert len(events(w, QUEENIE)) == 1
        # a released message does not pass the milter again
        assert w.postfix.command("postsuper", "-H",
                                 queue_id(reply)).returncode == 0
        w.postfix.command("postqueue", "-f")
        signed_by_both(w, text)


@case
def recipients_that_postfix_refuses_are_counted(w):
    with settings(w, judges="fuse { refused = 3 }"):
        with submission(w, RUTH) as client:
            expect(client.mail(RUTH), "250")
            for _ in range(3):
                expect(client.rcpt("gone@elsewhere.example"), "550 5.1.1")
            expect(client.rcpt("rcpt@elsewhere.example"), "250")
            reply = client.data(compose(RUTH))
            expect(reply, "250")
        assert "recipients=1 " in log_line(w, reply), log_line(w, reply)
        with submission(w, RUTH) as client:
            expect(client.mail(RUTH), "250")
            expect(client.rcpt("gone@elsewhere.example"), "550 5.1.1")
            expect(client.mail(RUTH), "503")
            expect(client.command("RSET"), "250")
            expect(client.mail(RUTH), "451 4.7.1 ")
        assert "used=4 limit=3" in events(w, RUTH)[0], events(w, RUTH)
