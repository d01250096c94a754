"""Metrics and health, over HTTP and in a file."""

import contextlib
import http.client
import importlib
import os
import pwd
import re
import selectors
import socket
import statistics
import subprocess
import sys
import time

import milter
import programs
from cases_dns import comes_back, dns_stopped
from cases_load import closed, finish, many_files
from message import compose, sign
from runner import Skip, case, settings
from services import MILTER_USER, wait_until, write
from steps import arrive, expect, inbound, serves, submission, submit
from world import STRANGER

STRICT = "joe@strict.example"
ALICE, ERIN = "alice@example.net", "erin@example.net"
IDLE = 1000
ROUNDS = 150
OPENMETRICS = "application/openmetrics-text"


def listen(w, more=""):
    return 'http-listen = "%s:%d"\n%s' % (w.address, w.port["http"], more)


def fetch(w, path="/metrics", **fields):
    """Status, fields and text of a page."""
    link = http.client.HTTPConnection(w.address, w.port["http"], timeout=30)
    link.request("GET", path, headers=fields)
    answer = link.getresponse()
    text = answer.read().decode()
    link.close()
    return answer.status, dict(answer.getheaders()), text


def samples(text):
    """{'name{labels}': value}"""
    return {name: float(value) for name, value in
            re.findall(r"(?m)^([^#\s][^{\s]*(?:\{.*\})?) (\S+)$", text)}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def check_with_promtool(text):
    tool = programs.find("promtool")
    done = subprocess.run([tool, "check", "metrics"], input=text, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + done.stderr == "", done.stdout + done.stderr


def readers():
    """The two parsers of python3-prometheus-client."""
    place = os.path.join(programs.unpacked_root() or "/",
                         "usr/lib/python3/dist-packages")
    sys.path.append(place)
    try:
        return (importlib.import_module("prometheus_client.openmetrics."
                                        "parser"),
                importlib.import_module("prometheus_client.parser"))
    except ImportError as e:
        raise Skip("python3-prometheus-client is missing") from e
    finally:
        sys.path.remove(place)


def read_all(parser, text):
    """{(name, labels): value} as the parser understands them."""
    return {(s.name, tuple(sorted(s.labels.items()))): s.value
            for family in parser.text_string_to_metric_families(text)
            for s in family.samples}


def send_some_mail(w):
    expect(submit(w, compose(ALICE)), "250")
    with submission(w, ERIN) as client:		# three recipients an hour
        expect(client.mail(ERIN), "250")
        for n in range(3):
            expect(client.rcpt("r%d@elsewhere.example" % n), "250")
        expect(client.rcpt("r4@elsewhere.example"), "451 4.7.1 ")
        expect(client.data(compose(ERIN)), "250")
    expect(arrive(w, sign(w, compose(STRICT), "strict.example"), STRICT),
           "250")
    expect(arrive(w, compose(STRICT), STRICT, STRANGER), "550 5.7.1 ")


@case
def metrics_of_mail_are_read_by_prometheus_and_another_reader(w):
    with settings(w, top=listen(w)):
        send_some_mail(w)
        w.settle()
        status, fields, text = fetch(w, Accept=OPENMETRICS)
        assert status == 200, status
        assert fields["Content-Type"].startswith(OPENMETRICS), fields
        status, fields, plain = fetch(w, Accept="text/plain")
        assert fields["Content-Type"].startswith("text/plain"), fields
    found = samples(text)
    for name, value in (
            ('messages_total{listener="submission",direction="submission",'
             'action="accept"}', 2),
            ('messages_total{listener="mx",direction="inbound",'
             'action="reject"}', 1),
            ('refused_recipients_total{listener="submission"}', 1),
            ('refusals_total{listener="mx",rule="dmarc-reject"}', 1),
            ('refusals_total{listener="submission",rule="quota"}', 1),
            ('quota_recipients_total{plan="tiny"}', 3),
            ('quota_refusals_total{plan="tiny"}', 1),
            ('quota_messages_total{plan="trial"}', 1),
            ('dmarc_results_total{policy="reject",result="pass"}', 1),
            ('dmarc_results_total{policy="reject",result="fail"}', 1),
            ('dkim_results_total{algorithm="rsa-sha256",result="pass"}', 1),
            ('signatures_total{algorithm="rsa-sha256"}', 2),
            ('signatures_total{algorithm="ed25519-sha256"}', 2),
            ('answer_seconds_count{direction="inbound"}', 2),
            ('answer_seconds_count{direction="submission"}', 2),
            ('crypto_seconds_count{operation="sign"}', 2),
            ('crypto_seconds_count{operation="verify"}', 1),
            ('store_seconds_count{operation="commit"}', 2),
            ('store_seconds_count{operation="reserve"}', 5),
            ('dns_wait_seconds_count', 2)):
        assert found.get("millgate_" + name) == value, (
            name, found.get("millgate_" + name))
    assert found["millgate_dns_queries_total"] > 5, text
    assert found["millgate_dns_query_seconds_count"] > 5, text
    assert found['millgate_keys{state="active"}'] >= 2, text
    # nothing of the mail is a label
    assert "strict.example" not in text and "erin" not in text, text

    check_with_promtool(plain)
    of_open, of_plain = readers()
    one, other = read_all(of_open, text), read_all(of_plain, plain)
    assert set(one) == set(other), set(one) ^ set(other)
    assert len(one) > 200, len(one)
    for key in one:		# but for those that the requests change
        assert one[key] == other[key] or "cpu" in key[0] or \
            "memory" in key[0], (key, one[key], other[key])


@case
def a_token_is_needed_for_all_but_health(w):
    token = "0123456789abcdef0123"
    path = w.directory + "/token"
    write(path, token + "\n", 0o640)
    os.chown(path, 0, pwd.getpwnam(MILTER_USER).pw_gid)
    with settings(w, top=listen(w, 'http-token-file = "%s"\n' % path)):
        assert fetch(w)[0] == 401
        assert fetch(w, Authorization="Bearer " + token[1:])[0] == 401
        assert fetch(w, Authorization="Bearer " + token)[0] == 200
        assert fetch(w, "/nothing")[0] == 401
        assert fetch(w, "/healthz")[0] == 200
        os.chmod(path, 0o644)
        done = subprocess.run([os.path.join(w.build, "millgate"), "-t", "-c",
                               w.millgate.conf], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 1, done
        assert "everyone may read or write this token" in done.stderr, done


@case
def health_says_that_the_name_servers_fail(w):
    with settings(w, top=listen(w)):
        assert fetch(w, "/healthz")[::2] == (200, "ok\n")
        with dns_stopped(w):
            for n in range(10):
                with inbound(w, helo="host%d.late%d.example" % (n, n)) as c:
                    c.submit("joe@sub%d.example" % n, "bob@example.net",
                             compose("joe@sub%d.example" % n))
                if fetch(w, "/healthz")[0] != 200:
                    break
            status, _, text = fetch(w, "/healthz")
            assert status == 503 and "dns: the last " in text, (status, text)
        comes_back(w, STRICT)
        assert fetch(w, "/healthz")[::2] == (200, "ok\n")


@case
def metrics_are_written_to_a_file(w):
    directory = w.directory + "/textfile"
    os.makedirs(directory, exist_ok=True)
    os.chown(directory, pwd.getpwnam(MILTER_USER).pw_uid, -1)
    path = directory + "/millgate.prom"
    with settings(w, top='metrics-file = "%s"\n' % path):
        wait_until("a metrics-file", lambda: os.path.exists(path), 30)
        assert os.stat(path).st_mode & 0o777 == 0o644
        expect(submit(w, compose(ALICE)), "250")
        w.millgate.reload()		# the file is written at once
        wait_until("the message in the file", lambda: samples(
            read(path)).get("millgate_connections_total", 0) > 0, 40)
        assert samples(read(path))[
            'millgate_config_reloads_total{result="good"}'] == 1, read(path)
        check_with_promtool(read(path))
        os.rename(directory, directory + ".away")
        w.millgate.reload()
        wait_until("a line about it", lambda: "metrics-file \"" + path +
                   "\": cannot be written" in w.millgate.log_text(), 40)
        expect(submit(w, compose(ALICE)), "250")
        os.rename(directory + ".away", directory)
        w.millgate.reload()
        wait_until("a line about its end", lambda: "can be written again" in
                   w.millgate.log_text(), 40)


class Crowd:
    """Idle connections, and one client that sends an octet a second."""

    def __init__(self, w):
        self.place = (w.address, w.port["http"])
        self.poll, self.opened, self.octets = selectors.DefaultSelector(), 0, 0
        self.slow, self.due = None, 0
        self.refill = 0

    def open(self, data=None):
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex(self.place)
        self.poll.register(link, selectors.EVENT_READ, data)
        self.opened += 1
        return link

    def work(self):
        """Once a second, replace what the server has closed."""
        for key, _ in self.poll.select(0):
            self.poll.unregister(key.fileobj)
            key.fileobj.close()
            if key.fileobj is self.slow:
                self.slow = None
        if time.monotonic() >= self.refill:
            while len(self.poll.get_map()) < IDLE:
                self.open()
            if self.slow is None:
                self.slow = self.open()
            self.refill = time.monotonic() + 1
        if time.monotonic() >= self.due:
            with contextlib.suppress(OSError, AttributeError):
                self.octets += self.slow.send(b"G")
            self.due = time.monotonic() + 1

    def close(self):
        for key in list(self.poll.get_map().values()):
            key.fileobj.close()
        self.poll.close()


def mail_latency(w, session, work):
    """The median of milliseconds for a message; `work` runs between two."""
    taken = []
    for _ in range(ROUNDS):
        work()
        begin = time.monotonic()
        session.mail("user1@example.net")
        session.rcpt("r@elsewhere.example")
        assert {session.answer()[0], session.answer()[0]} == {b"c"}
        finish([(1, session)])
        taken.append((time.monotonic() - begin) * 1000)
    return statistics.median(taken)


@case
def a_thousand_idle_http_clients_do_not_delay_mail(w):
    crowd = None
    with settings(w, top=listen(w),
                  users="plan wide { recipients-per-hour = 100000 }\n"
                  "user user1@example.net { plan = wide }\n"), many_files():
        session = milter.Session(w, **{"{auth_authen}": "user1@example.net"})
        with closed([session]):
            session.negotiate()
            assert session.answer()[0] == b"O"
            session.greet()
            alone = mail_latency(w, session, lambda: None)
            crowd = Crowd(w)
            crowd.work()
            crowded = mail_latency(w, session, crowd.work)
            # a scrape is still answered, and soon
            begin = time.monotonic()
            assert fetch(w)[0] == 200
            scrape = (time.monotonic() - begin) * 1000
            for n in range(300):	# some seconds more
                if n >= 40 and crowd.octets >= 2:
                    break
                crowd.work()
                time.sleep(0.1)
            print("# median of a message: %.2f ms, %.2f ms in the crowd; a "
                  "scrape %.1f ms; %d connections, %d octets of the slow one"
                  % (alone, crowded, scrape, crowd.opened, crowd.octets))
            assert crowd.octets >= 2, crowd.octets
            assert crowded < 3 * alone + 50, (alone, crowded)
            assert fetch(w, "/healthz")[0] == 200
        serves(w)
        crowd.close()
