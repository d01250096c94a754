"""The scenes of contrib/demo: each sends one message and shows the result."""

import argparse
import os
import re
import sys
import textwrap
import traceback

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e"))

import isolate			# noqa: E402
import smtp			# noqa: E402
from message import compose, delivered	# noqa: E402
from services import wait_until	# noqa: E402
from world import HONEST, STRANGER, World	# noqa: E402

ALICE, DAVE = "alice@example.net", "dave@example.net"
WIDTH = 78


class Page:
    """The output: plain text, with colours on a terminal only."""

    COLOURS = {"title": "1", "client": "36", "good": "32", "bad": "31",
               "dim": "2", "": "0"}

    def __init__(self):
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def line(self, text="", kind=""):
        if self.colour and kind:
            text = "\033[%sm%s\033[0m" % (self.COLOURS[kind], text)
        print(text, flush=True)

    def wrapped(self, text, indent):
        for line in textwrap.wrap(text, WIDTH - len(indent),
                                  break_long_words=False,
                                  break_on_hyphens=False):
            self.line(indent + line)

    def transcript(self, client):
        more = False	# in a reply of several lines: EHLO's extensions
        for who, text in client.transcript:
            was_more, more = more, who == "S" and text[3:4] == "-"
            if was_more:
                continue
            text = text.replace("250-", "250 ", 1)
            if who == "C" and text.startswith("AUTH PLAIN "):
                text = "AUTH PLAIN (login and password)"
            kind = {"C": "client", "-": "dim"}.get(who, "")
            if who == "S" and text[:1] in "45":
                kind = "bad"
            self.line("   %s  %s" % (who, text), kind)

    def headers(self, found):
        """Print the fields above the first field of the sender."""
        self.line("   delivered with these fields on top:", "dim")
        for field in re.split(r"\n(?![ \t])", found.head):
            name = field.split(":", 1)[0]
            if name in ("Return-Path", "X-Original-To", "Delivered-To",
                        "Received"):
                continue
            if name not in ("Authentication-Results", "DKIM-Signature"):
                break
            for line in field.split("\n"):
                self.line("      " + line.replace("\t", "    "))


class Demo:
    def __init__(self, world):
        self.world, self.page = world, Page()
        self.number, self.surprises = 0, 0

    # --- parts of a scene

    def title(self, text, explanation):
        self.number += 1
        self.page.line()
        self.page.line("%d. %s" % (self.number, text), "title")
        self.page.wrapped(explanation, "   ")
        self.page.line()

    def outcome(self, good, text):
        self.surprises += not good
        self.page.line("   %s %s" % ("as expected:" if good else
                                     "NOT AS EXPECTED:", text),
                       "good" if good else "bad")

    def log(self, before):
        """Print the lines that millgate has logged since `before`."""
        def lines():
            return [line for line in
                    self.world.millgate.log_text()[before:].splitlines()
                    if " action=" in line]
        try:
            found = wait_until("log line", lines, 5)
        except Exception:
            found = ["(no line)"]
        self.page.line("   millgate's log:", "dim")
        for line in found:
            self.page.wrapped(line, "      ")

    def scene(self, want, client, sender, recipients, text):
        """Send the message and compare the last reply with `want`."""
        before = len(self.world.millgate.log_text())
        author = re.search("(?m)^From: .*$", text).group().strip()
        self.page.line("   Header of the message: %s" % author, "dim")
        reply = client.submit(sender, recipients, text)
        self.page.transcript(client)
        self.log(before)
        good = reply.starts(want)
        self.outcome(good, "the reply begins with " + want)
        return reply if good else None

    # --- the scenes

    def signed(self):
        self.title("A submission with a login is signed",
                   "Alice logs in over TLS and writes under her own name. "
                   "example.net has an RSA and an Ed25519 key.")
        text = compose("Alice <alice@example.net>", "friend@elsewhere.example")
        with smtp.Client(self.world, "submission") as client:
            client.login(ALICE)
            if not self.scene("250 2.0.0", client, ALICE,
                              "friend@elsewhere.example", text):
                return
        found = delivered(self.world, "elsewhere.example", text)
        self.page.headers(found)
        got = found.signatures(self.world)
        for domain, algorithm, good in got:
            self.outcome(good, "dkimpy verifies the %s signature of %s" % (
                algorithm, domain))
        self.outcome(len(got) == 2, "there are two signatures")

    def no_login(self):
        self.title("A submission without a login is refused",
                   "The same message over TLS, but without a login.")
        with smtp.Client(self.world, "submission") as client:
            self.scene("530 5.7.0 ", client, ALICE,
                       "friend@elsewhere.example", compose(ALICE))

    def no_tls(self):
        self.title("A submission without TLS is refused",
                   "With a login, but without TLS. Postfix of this demo "
                   "accepts it; millgate does not.")
        with smtp.Client(self.world, "submission", tls=False) as client:
            client.login(ALICE)
            self.scene("530 5.7.0 Must issue a STARTTLS command first", client,
                       ALICE, "friend@elsewhere.example", compose(ALICE))

    def foreign_author(self):
        self.title("A From of another user is refused",
                   "Alice logs in and uses her own envelope sender, but the "
                   "address of her boss in From.")
        with smtp.Client(self.world, "submission") as client:
            client.login(ALICE)
            self.scene("550 5.7.1 ", client, ALICE,
                       "friend@elsewhere.example",
                       compose("The Boss <boss@example.net>"))

    def quota(self):
        self.title("A login exceeds its quota",
                   "Dave's plan allows three recipients an hour. The reply "
                   "for the fourth says when to try again. The message is "
                   "sent to the other three.")
        text, before = compose(DAVE), len(self.world.millgate.log_text())
        with smtp.Client(self.world, "submission") as client:
            client.login(DAVE)
            client.mail(DAVE)
            replies = [client.rcpt("r%d@elsewhere.example" % n)
                       for n in range(1, 5)]
            last = client.data(text)
            self.page.transcript(client)
        self.log(before)
        self.outcome(all(r.code == 250 for r in replies[:3] + [last]),
                     "three recipients and their message are accepted")
        self.outcome(replies[3].starts("451 4.7.1 "),
                     "the fourth recipient gets 451 4.7.1")

    def arrival(self, want, author, address, text=None):
        text = text or compose(author)
        with smtp.Client(self.world, "smtp", address=address,
                         helo="mail.strict.example") as client:
            reply = self.scene(want, client, author, "bob@example.net", text)
        return text, reply

    def honest(self):
        self.title("Authentic mail is delivered",
                   "strict.example publishes p=reject, and its SPF record "
                   "lists %s. The message comes from that address. Its "
                   "forged Authentication-Results is removed." % HONEST)
        text = compose("joe@strict.example", extra=[
            "Authentication-Results: mx.example.net; dmarc=pass (forged)"])
        _, reply = self.arrival("250 2.0.0", "joe@strict.example", HONEST,
                                text)
        if reply:
            found = delivered(self.world, "example.net", text)
            self.page.headers(found)
            results = found.all("Authentication-Results")
            self.outcome(len(results) == 1 and "dmarc=pass" in results[0] and
                         "forged" not in results[0],
                         "one Authentication-Results, with dmarc=pass")

    def spoofed(self):
        self.title("A spoofed message is rejected",
                   "The same sender, from %s, without a signature. The SPF "
                   "record does not list that address." % STRANGER)
        self.arrival("550 5.7.1 ", "joe@strict.example", STRANGER)

    def held(self):
        self.title("A spoofed message under p=quarantine is held",
                   "cautious.example publishes p=quarantine. Postfix accepts "
                   "the message and puts it into its hold queue.")
        _, reply = self.arrival("250 2.0.0", "joe@cautious.example", STRANGER)
        if reply:
            number = smtp.queue_id(reply)
            self.outcome(self.world.queue().get(number) == "hold",
                         "%s is in the hold queue" % number)

    def run(self):
        for scene in (self.signed, self.no_login, self.no_tls,
                      self.foreign_author, self.quota, self.honest,
                      self.spoofed, self.held):
            try:
                scene()
            except Exception as trouble:
                traceback.print_exc()
                self.outcome(False, str(trouble))
        return self.surprises


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    directory = isolate.enter(args.keep)
    world = World(directory, args.build)
    world.unix_socket = True
    print("starting nsd, Dovecot, millgate and Postfix in %s%s" % (
        directory, ", in separate namespaces" if isolate.isolated()
        else ""), flush=True)
    try:
        world.start()
        demo = Demo(world)
        surprises = demo.run()
    except Exception as trouble:
        print("%s: %s" % (type(trouble).__name__, trouble), file=sys.stderr)
        world.print_logs()
        return 1
    finally:
        world.stop()
    print("\n%d messages, %s. All servers are stopped." % (
        demo.number, "all as expected" if not surprises else
        "%d results not as expected" % surprises))
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
