"""The log as JSON."""

import json

from message import compose, sign
from runner import case, settings
from smtp import queue_id
from services import wait_until
from steps import arrive, expect, submission, submit
from world import STRANGER

ALICE, ERIN = "alice@example.net", "erin@example.net"
STRICT = "joe@strict.example"
NUMBERS = {"recipients", "refused", "dkim-skipped", "signed", "fits", "dns",
           "dns-ms", "ms", "used", "share", "limit"}


def objects(w, before):
    """The lines since then; each must be an object."""
    found = []
    for line in w.millgate.log_text()[before:].splitlines():
        found.append(json.loads(line))
        assert isinstance(found[-1], dict), line
        assert next(iter(found[-1])) == "level", line
        assert found[-1]["level"] in ("info", "warning", "error"), line
    return found


def of_event(w, before, **pairs):
    return [o for o in objects(w, before)
            if all(o.get(k) == v for k, v in pairs.items())]


@case
def a_json_log_has_an_object_for_each_line(w):
    w.millgate.stop()
    before = len(w.millgate.log_text())
    hostile = 'a"}\\,{"level":1=b'
    with settings(w, top="log-format = json\n"):
        reply = submit(w, compose(ALICE))
        expect(reply, "250")
        with submission(w, ERIN) as client:	# three recipients an hour
            expect(client.mail(ERIN), "250")
            for n in range(3):
                expect(client.rcpt("r%d@elsewhere.example" % n), "250")
            expect(client.rcpt("r4@elsewhere.example"), "451 4.7.1 ")
            expect(client.data(compose(ERIN)), "250")
        expect(arrive(w, sign(w, compose(STRICT), "strict.example"), STRICT),
               "250")
        expect(arrive(w, compose(STRICT), STRICT, STRANGER, hostile),
               "550 5.7.1 ")
        w.millgate.reload()
        number = queue_id(reply)
        signed = wait_until("object of the message", lambda: of_event(
            w, before, id=number, event="eom"))[0]
        assert signed["login"] == ALICE and signed["signed"] == 2, signed
        full = of_event(w, before, event="rcpt", rule="quota")[0]
        assert full["quota"] == "3/3" and full["fits"] > 10 ** 9, full
        passed = of_event(w, before, event="eom", dmarc="pass")[0]
        assert passed["from"] == STRICT, passed
        assert of_event(w, before, event="eom", helo=hostile)
        warned = of_event(w, before, event="quota-warning", login=ERIN)[-1]
        assert warned["level"] == "warning" and warned["share"] == 100, warned
        texts = [o["text"] for o in objects(w, before) if "event" not in o]
        assert any(t.startswith("ready on ") for t in texts), texts
        assert any(t.startswith("reloaded ") for t in texts), texts
        for o in objects(w, before):
            for key, value in o.items():
                number = isinstance(value, int)
                assert number == (key in NUMBERS) or value == "unlimited", o
