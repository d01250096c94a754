"""Steps that many cases share."""

import message
import smtp
from services import wait_until
from world import HONEST


def expect(reply, words):
    """The reply must begin with this text, "550 5.7.1" for example."""
    assert reply.starts(words), "wanted %s, got %r" % (words, reply)


def submission(world, login="alice@example.net", port="submission",
               mechanism="PLAIN", **options):
    """A client on the submission port that is logged in."""
    client = smtp.Client(world, port, **options)
    if login is not None:
        expect(client.login(login, mechanism=mechanism), "235")
    return client


def given_back(world):
    """Wait until the daemon has no open message.

    A client has gone before Postfix tells its milters that it has.
    """
    wait_until("no message is open", lambda: world.ctl(
        "stats", "--json")["open_messages"] == 0)


def submit(world, text, login="alice@example.net", sender=None,
           recipients="rcpt@elsewhere.example", **options):
    """Submit one message of a login; return the last reply."""
    with submission(world, login, **options) as client:
        return client.submit(sender if sender is not None else login,
                             recipients, text)


def inbound(world, address=HONEST, helo="mail.strict.example", **options):
    """A client of another site on the inbound port."""
    return smtp.Client(world, "smtp", tls=False, address=address, helo=helo,
                       **options)


def arrive(world, text, sender, address=HONEST, helo="mail.strict.example",
           recipients="bob@example.net"):
    """Send one inbound message; return the last reply."""
    with inbound(world, address, helo) as client:
        return client.submit(sender, recipients, text)


def certificate(world, name, subject, ca="ca"):
    """A TLS context with a client certificate; ca None: self-signed."""
    path = world.make_certificate(name, subject, ca)
    context = smtp.Client.make_context(world)
    context.load_cert_chain(path + ".crt", path + ".key")
    return context


def results(found):
    """The top Authentication-Results, as {method: result and properties}."""
    field, value = next((f, v) for f, v in found.fields
                        if f not in ("Return-Path", "X-Original-To",
                                     "Delivered-To"))
    assert field == "Authentication-Results", "the top field is %s: %s" % (
        field, value)
    host, _, rest = value.partition(";")
    assert host.strip() == "mx.example.net", value
    methods = {}
    for part in rest.split(";"):
        name, _, words = part.strip().partition("=")
        methods.setdefault(name, words)
    return methods


def log_line(world, reply):
    """The log line of the message that got this reply."""
    number = smtp.queue_id(reply)
    return wait_until("log line of " + str(number),
                      lambda: world.millgate.log_line(id=number))


def serves(world):
    """millgate runs, and a plain message is still signed."""
    assert world.millgate.running(), "millgate has ended"
    text = message.compose("alice@example.net")
    expect(submit(world, text), "250")
    found = message.delivered(world, "elsewhere.example", text)
    assert found.signatures(world), "not signed:\n" + found.head
