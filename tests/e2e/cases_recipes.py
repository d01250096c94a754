"""The recipes of millgate-howto(7), with real servers."""

import re
import socket

import cases_doctor
import isolate
import programs
import services
from cases_local import sendmail
from cases_submission import BOTH, signed_by_both
from content_filter import content_filter
from message import compose, delivered, message_id, was_delivered
from recipes import (Elsewhere, block, main_cf, master_cf, millgate_conf,
                     millgate_with, placed, postfix_with, run, says)
from runner import Skip, case
from services import OTHER_ADDRESS
from steps import arrive, expect, log_line, results, submit
from world import HONEST, STRANGER
import smtp
from smtp import queue_id

ALICE, STRICT, PLAIN = ("alice@example.net", "joe@strict.example",
                        "joe@plain.example")
# a line of a load balancer: the client, and where it connected
PROXY = "PROXY TCP4 %s 203.0.113.25 40000 %d"


def send(w, sender, port="smtp", author=None, **options):
    """A program of this host sends a message; return it and the reply."""
    text = compose(author or sender)
    with smtp.Client(w, port, tls=False, **options) as client:
        return text, client.submit(sender, "r@elsewhere.example", text)


def no_advice(w):
    """doctor finds nothing to change in this Postfix."""
    with cases_doctor.postfix_with(w):
        found = cases_doctor.on_postfix(w)
    assert found == [], found


def log_lines(w, text):
    """Lines of the log for the messages with this text's Message-ID."""
    number = re.escape(message_id(text))
    ids = set()
    for path in w.postfix.logs():
        with open(path, errors="replace") as f:
            ids.update(re.findall(r" (\w+): message-id=" + number, f.read()))
    return [line for line in w.millgate.log_text().splitlines()
            if any("id=%s " % i in line for i in ids)]


@case
def programs_on_port_25_of_loopback_are_a_relay(w):
    outside = "%s:%d inet n - n - - smtpd\n" % (OTHER_ADDRESS, w.port["smtp"])
    with millgate_with(w, millgate_conf(w, "localhost")), \
            postfix_with(w, master=outside):
        no_advice(w)
        text, reply = send(w, ALICE)
        expect(reply, "250 2.0.0")
        signed_by_both(w, text)
        assert says(w, "localhost", "log of a program") == log_line(w, reply)
        text = compose(ALICE)
        sendmail(w, text, "-f", ALICE, "r@elsewhere.example")
        signed_by_both(w, text)
        says(w, "localhost", "log of cron")
        said = run(w, "localhost", "check")
        assert "listener local" in said and "relay web" in said, said
        # webmail, which logs in as its user
        reply = submit(w, compose(ALICE))
        expect(reply, "250 2.0.0")
        assert " listener=submission " in log_line(w, reply)
        expect(send(w, STRICT)[1], "550 5.7.1 ")
        # the same port on another address
        there = Elsewhere(w, address=OTHER_ADDRESS)
        expect(arrive(there, compose(STRICT), STRICT, STRANGER),
               "550 5.7.1 ")
        text = compose(ALICE)
        reply = arrive(there, text, ALICE, STRANGER)
        expect(reply, "250 2.0.0")
        assert " listener=mx " in log_line(w, reply), log_line(w, reply)
        found = delivered(w, "example.net", text)
        assert not found.all("DKIM-Signature"), found.head


@case
def mailman_sends_with_the_addresses_of_its_members(w):
    with millgate_with(w, millgate_conf(w, "lists")), \
            postfix_with(w, master=master_cf(w, "lists"),
                         main="smtpd_tls_security_level = none\n"):
        text, reply = send(w, "list-bounces@example.net", "mailman", PLAIN)
        expect(reply, "250 2.0.0")
        assert not delivered(w, "elsewhere.example", text).all(
            "DKIM-Signature")
        assert says(w, "lists", "log of Mailman") == log_line(w, reply)
        text, reply = send(w, "list-bounces@example.net", "mailman", ALICE)
        expect(reply, "250 2.0.0")
        signed_by_both(w, text)
        text, reply = send(w, "", "mailman", ALICE)
        expect(reply, "250 2.0.0")


@case
def mail_that_a_content_filter_returns_is_not_seen_again(w):
    back = (w.address, w.port["return"])
    with millgate_with(w, millgate_conf(w, "filter")), \
            postfix_with(w, main_cf(w, "filter"), master_cf(w, "filter")), \
            content_filter(w.address, w.port["filter"], back):
        no_advice(w)
        text = compose(ALICE)
        before = used(w)
        expect(submit(w, text), "250 2.0.0")
        found = signed_by_both(w, text)
        assert found.all("X-Virus-Scanned"), found.head
        assert len(found.all("DKIM-Signature")) == 2, found.head
        assert used(w) == before + 1, (before, used(w))
        assert log_lines(w, text) == [says(w, "filter", "log")]

        text = compose(STRICT)
        expect(arrive(w, text, STRICT, HONEST), "250 2.0.0")
        found = delivered(w, "example.net", text)
        assert found.all("X-Virus-Scanned"), found.head
        assert len(found.all("Authentication-Results")) == 1, found.head
        assert len(log_lines(w, text)) == 1, log_lines(w, text)

        text = compose(ALICE)
        sendmail(w, text, "-f", ALICE, "r@elsewhere.example")
        found = signed_by_both(w, text)
        assert len(found.all("DKIM-Signature")) == 2, found.head
        assert found.all("X-Virus-Scanned"), found.head
        assert len(log_lines(w, text)) == 1, log_lines(w, text)


def used(w):
    return sum(row["recipients"]
               for row in w.ctl("quota", "show", ALICE, "--json"))


@case
def two_instances_with_the_same_ports_have_their_own_listeners(w):
    office = "192.0.2.0/24", "203.0.113.0/24"
    w.second_postfix.extra = main_cf(w, "instances").replace(*office)
    out = Elsewhere(w, address=OTHER_ADDRESS)
    with millgate_with(w, millgate_conf(w, "instances", places=(office,))):
        w.second_postfix.start()
        try:
            no_advice(Elsewhere(w, postfix=w.second_postfix,
                                address=OTHER_ADDRESS))
            text, reply = send(out, ALICE, address="203.0.113.9")
            expect(reply, "250 2.0.0")
            assert says(w, "instances", "log") == log_line(w, reply)
            expect(send(out, STRICT, address="203.0.113.9")[1], "550 5.7.1 ")
            # its other services keep the names of their own
            expect(submit(out, compose(ALICE)), "250 2.0.0")
            assert w.millgate.log_line(listener="submission", login=ALICE)
            # the same port of the first instance is inbound
            reply = arrive(w, compose(STRICT), STRICT, HONEST)
            expect(reply, "250 2.0.0")
            assert " listener=mx " in log_line(w, reply), log_line(w, reply)
        finally:
            w.second_postfix.stop()


def check_balanced(w, port):
    """Mail that a load balancer passes on, for its port 25."""
    for client, want in ((HONEST, "250 2.0.0"), (STRANGER, "550 5.7.1 ")):
        text = compose(STRICT)
        proxy = PROXY % (client, w.port["smtp"])
        with smtp.Client(w, port, tls=False, proxy=proxy) as c:
            reply = c.submit(STRICT, "bob@example.net", text)
        expect(reply, want)
        line = w.millgate.log_line(sender=STRICT, client=client)
        assert " listener=mx " in line, line
    text = compose(STRICT)
    with smtp.Client(w, port, tls=False, proxy=PROXY % (
            HONEST, w.port["smtp"])) as c:
        expect(c.submit(STRICT, "bob@example.net", text), "250 2.0.0")
    found = delivered(w, "example.net", text)
    assert results(found)["spf"].startswith("pass "), found.head


# version 2 of the protocol: LOCAL, a health check without addresses
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"


def health_check(w, port):
    with socket.create_connection((w.address, w.port[port]), 10) as s:
        s.sendall(LOCAL)
        return s.recv(4)


@case
def behind_a_load_balancer_the_client_is_the_real_one(w):
    with millgate_with(w, millgate_conf(w, "balancer")), \
            postfix_with(w, master=master_cf(w, "balancer")):
        assert health_check(w, "return") == b"220 "
        no_advice(w)
        check_balanced(w, "return")
        says(w, "balancer", "log")
        text = compose(ALICE)
        with smtp.Client(w, "balanced", proxy=PROXY % (
                STRANGER, w.port["submission"])) as client:
            expect(client.login(ALICE), "235")
            reply = client.submit(ALICE, "r@elsewhere.example", text)
        expect(reply, "250 2.0.0")
        line = log_line(w, reply)
        assert " listener=submission " in line, line
        assert " client=%s " % STRANGER in line, line
        signed_by_both(w, text)


class Haproxy(services.Service):
    """The load balancer of the recipe, on an address of this world."""

    name, address = "haproxy", "203.0.113.25"

    def configure(self):
        services.write(self.directory + "/haproxy.cfg",
                       placed(self.world, block("balancer", "haproxy.cfg")))

    def argv(self):
        return [programs.find("haproxy"), "-db", "-f",
                self.directory + "/haproxy.cfg"]

    def ready(self):
        return services.greets(self.address, 25)


@case
def haproxy_passes_the_addresses_of_the_clients_on(w):
    if not isolate.isolated():
        raise Skip("needs a namespace: haproxy listens on port 25")
    try:
        programs.find("haproxy")
    except programs.Missing as why:
        raise Skip(why)
    balancer = Haproxy(w)
    with millgate_with(w, millgate_conf(w, "balancer")), \
            postfix_with(w, master=master_cf(w, "balancer")):
        balancer.start()
        try:
            there = Elsewhere(w, address=Haproxy.address, xclient=False)
            for client, want in ((HONEST, "250 2.0.0"),
                                 (STRANGER, "550 5.7.1 ")):
                expect(arrive(there, compose(STRICT), STRICT, client), want)
                line = w.millgate.log_line(sender=STRICT, client=client)
                assert " listener=mx " in line, line
            text = compose(ALICE)
            with smtp.Client(there, "submission", address=STRANGER) as client:
                expect(client.login(ALICE), "235")
                reply = client.submit(ALICE, "r@elsewhere.example", text)
            expect(reply, "250 2.0.0")
            assert " client=%s " % STRANGER in log_line(w, reply)
            signed_by_both(w, text)
        finally:
            balancer.stop()


@case
def behind_a_load_balancer_and_postscreen_it_is_the_real_one_too(w):
    master = master_cf(w, "balancer", "master.cf with postscreen")
    with postfix_with(w, master=master + "  -o disable_vrfy_command=yes\n",
                      main="postscreen_greet_wait = 1s\n"):
        no_advice(w)
        check_balanced(w, "return")


@case
def held_mail_is_listed_and_can_be_released_or_deleted(w):
    author = "joe@cautious.example"
    texts = [compose(author), compose(author)]
    held = [queue_id(arrive(w, text, author, STRANGER)) for text in texts]
    listed = w.postfix.command("postqueue", "-p").stdout.decode()
    assert all(number + "!" in listed for number in held), listed
    shown = w.postfix.command("postcat", "-vq", held[0]).stdout.decode()
    assert "dmarc=fail" in shown, shown
    for option, number in zip(("-H", "-d"), held):
        done = w.postfix.command("postsuper", option, number)
        assert done.returncode == 0, done
    w.postfix.command("postqueue", "-i", held[0])
    found = delivered(w, "example.net", texts[0])
    assert results(found)["dmarc"].startswith("fail "), found.head
    assert not was_delivered(w, "example.net", texts[1])
    assert not set(held) & set(w.queue())
