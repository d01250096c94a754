"""millgatectl stats and doctor with a running daemon and real MTAs."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading

import programs
import services
import smtp
from cases_dns import dns_stopped
from cases_quota import fill, small_disk, until_full
from isolate import isolated
from message import compose
from runner import Skip, case, settings
from sendmail import View
from steps import arrive, expect, submit
from world import HONEST, STRANGER

ALICE = "alice@example.net"


def control_socket(w):
    """Wait for the control socket, which is opened after the milter socket."""
    path = w.directory + "/millgate/state.db-control"
    services.wait_until("control socket", lambda: os.path.exists(path))
    return path


@case
def stats_count_what_was_sent(w):
    control_socket(w)
    before = w.ctl("stats", "--json")
    expect(submit(w, compose(ALICE)), "250")
    expect(submit(w, compose("ceo@example.net")), "550 5.7.1")
    expect(arrive(w, compose("joe@plain.example"), "joe@plain.example"),
           "250")
    after = w.ctl("stats", "--json")
    for name, more in (("messages", 3), ("accepted", 2), ("rejected", 1)):
        assert after[name] == before[name] + more, (name, before, after)
    names = [one["name"] for one in after["listeners"]]
    assert "submission" in names and "mx" in names, names
    assert sum(one["messages"] for one in after["listeners"]) == \
        after["messages"], after
    shown = w.run_ctl("stats")
    assert shown.returncode == 0, shown
    for words in ("millgate ", "submission", "mx", "    from "):
        assert words in shown.stdout, shown.stdout


@case
def the_control_socket_exists_while_the_daemon_runs(w):
    path = control_socket(w)
    mode = os.stat(path).st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o777 == 0o600, oct(mode)
    w.millgate.stop()
    try:
        assert not os.path.exists(path)
        done = w.run_ctl("stats")
        assert done.returncode == 2 and path in done.stderr, done
    finally:
        w.millgate.start()
    control_socket(w)
    w.millgate.stop(signal.SIGKILL)
    assert os.path.exists(path)
    w.millgate.start()
    # the socket of the killed daemon stays until the new one answers
    services.wait_until("millgatectl stats works", lambda: w.run_ctl(
        "stats").returncode == 0)
    assert w.ctl("stats", "--json")["messages"] == 0


def open_connections(w):
    return w.ctl("stats", "--json")["open_connections"]


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


# one step after the other, and an end of the connection after each
DIALOG = (
    b"", packet(b"O", struct.pack("!III", 6, 0x1ff, 0)),
    packet(b"C", b"client.example\x004\x12\x34198.51.100.7\0"),
    packet(b"H", b"client.example\0"), packet(b"M", b"<joe@plain.example>\0"),
    packet(b"R", b"<bob@example.net>\0"), packet(b"T"),
    packet(b"L", b"From\0joe@plain.example\0"), packet(b"A"), packet(b"Q"))


@case
def a_session_that_has_ended_is_not_open(w):
    """Whatever ends it: QUIT, a reset, half a packet, or a bad one."""
    control_socket(w)
    before = w.ctl("stats", "--json")
    now = before["open_connections"]
    for end in (b"", b"\0\0", packet(b"?"), packet(b"M"), b"\xff" * 8):
        for steps in range(len(DIALOG) + 1):
            with socket.create_connection((w.address, w.port["milter"]),
                                          timeout=10) as s:
                s.sendall(b"".join(DIALOG[:steps]) + end)
                if steps == 3 and not end:	# it is open, and counted
                    services.wait_until(
                        "open", lambda: open_connections(w) > now)
                if steps % 2:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
    # the MTA does not allow the filter's actions
    with socket.create_connection((w.address, w.port["milter"])) as s:
        s.sendall(packet(b"O", struct.pack("!III", 6, 1, 0)))
        s.recv(100)
    services.wait_until("no session is open",
                        lambda: open_connections(w) <= now)
    after = w.ctl("stats", "--json")
    assert after["connections"] > before["connections"] + 20, after
    shown = w.run_ctl("stats").stdout
    assert "\nnow         open_connections " in shown, shown


# --- doctor ---------------------------------------------------------------

def environment(w):
    """An environment in which Postfix's commands use this world's Postfix."""
    env = programs.environment()
    env["PATH"] = os.path.dirname(programs.find("postconf")) + ":" + \
        env["PATH"]
    env["MAIL_CONFIG"] = w.postfix.directory + "/etc"
    return env


def run_doctor(w, *args):
    return subprocess.run(
        [os.path.join(w.build, "millgatectl"), "-c", w.millgate.conf,
         "doctor", *args], capture_output=True, text=True, timeout=60,
        env=environment(w))


# about millgate itself: other cases may have left a reason for these
OURS = ("held", "store-failing", "dns-failing")
# a build with a sanitizer has no filter of calls; root of a container may be
# unable to lock memory
OF_THE_HOST = ("sandbox-open", "keys-swappable")


def advises_about(w, what):
    return '"%s"' % what in run_doctor(w, "--json").stdout


def all_advice(w, *args):
    """The advice of doctor; its exit status must be 1 if there is any."""
    control_socket(w)
    done = run_doctor(w, "--json", *args)
    assert done.returncode in (0, 1), done
    found = json.loads(done.stdout)["advice"]
    assert done.returncode == (1 if found else 0), done
    return [one for one in found if one["id"] not in OF_THE_HOST]


def advice(w, *args):
    """The same, about the MTA only."""
    return [one for one in all_advice(w, *args) if one["id"] not in OURS]


def our_advice(w):
    return {one["id"]: one for one in all_advice(w) if one["id"] in OURS}


def on_postfix(w):
    return advice(w, "--postfix", w.postfix.directory + "/etc")


@contextlib.contextmanager
def postfix_with(w, *settings):
    """
    Change Postfix's files for a while; Postfix does not reload them. The
    service of the second millgate is removed.
    """
    etc = w.postfix.directory + "/etc/"
    before = {}
    for name in ("main.cf", "master.cf"):
        with open(etc + name) as f:
            before[name] = f.read()
    try:
        done = w.postfix.command("postconf", "-MX", service(w, "second"))
        assert done.returncode == 0, done
        for setting in settings:
            flag = "-P" if "/inet/" in setting else "-e"
            done = w.postfix.command("postconf", flag, setting)
            assert done.returncode == 0, done
        yield
    finally:
        for name, text in before.items():
            services.write(etc + name, text)


@case
def a_correct_postfix_setup_gets_no_advice(w):
    w.millgate.restart()
    expect(submit(w, compose(ALICE)), "250")
    expect(arrive(w, compose("joe@plain.example"), "joe@plain.example"),
           "250")
    with postfix_with(w):
        assert on_postfix(w) == []
        shown = run_doctor(w, "--postfix", w.postfix.directory + "/etc")
    assert any(advises_about(w, what) for what in OF_THE_HOST) or (
        shown.returncode == 0 and "nothing to advise" in shown.stdout), shown
    for words in ("listener submission: ", "{auth_type}", "Postfix 3.",
                  "milter protocol 6", "never"):
        assert words in shown.stdout, shown.stdout


@case
def a_refused_login_without_a_domain_gets_advice(w):
    def advised():
        with postfix_with(w):
            return [(a["id"], a["where"], a["change"]) for a in on_postfix(w)]
    # a foreign sender of a login that is an address needs none
    expect(submit(w, compose(ALICE), sender="ceo@example.net"), "550 5.7.1 ")
    assert advised() == []
    expect(submit(w, compose(ALICE), "peter", sender=ALICE), "550 5.7.1 ")
    try:
        assert advised() == [("login-domain", "submission",
                              'login-domain = "example.org"')], advised()
        assert 'hint="login \\"peter\\" is not an address; set ' \
            'login-domain"' in w.millgate.log_line(login="peter",
                                                  rule="sender")
        with settings(w, top='login-domain = "example.net"'):
            assert advised() == []
    finally:
        w.millgate.stop()		# it forgets what it has seen
        w.millgate.start()


def service(w, name):
    return "%s:%d/inet" % (w.address, w.port[name])


def wrong(title, number, change, settings):
    """A case: this setup gets this advice, and the advice corrects it."""
    def run(w):
        with postfix_with(w, *settings(w)):
            found = on_postfix(w)
            assert [one["id"] for one in found] == [number], found
            assert change in found[0]["change"], found
            if found[0]["change"].startswith("postconf "):
                done = subprocess.run(["sh", "-c", found[0]["change"]],
                                      env=environment(w), timeout=30,
                                      capture_output=True)
                assert done.returncode == 0, done
                assert on_postfix(w) == [], on_postfix(w)
    run.__name__ = "postfix_" + title.replace(" ", "_")
    run.__module__ = __name__
    return case(run)


OTHER = "inet:127.0.0.1:9"
wrong("accepts mail when millgate is down", "fail-open",
      "milter_default_action = tempfail",
      lambda w: ["milter_default_action = accept"])
wrong("uses an old protocol", "protocol", "milter_protocol = 6",
      lambda w: ["milter_protocol = 2"])
wrong("has no millgate for sendmail 1", "filter-missing",
      "non_smtpd_milters = inet:", lambda w: ["non_smtpd_milters ="])
wrong("has no millgate on submission", "filter-missing",
      "/inet/smtpd_milters=inet:",
      lambda w: [service(w, "submission") + "/smtpd_milters="])
wrong("has no_milters on a service", "no-milters",
      "/receive_override_options=",
      lambda w: [service(w, "smtps") +
                 "/receive_override_options=no_milters"])
wrong("has a filter after millgate on submission", "order",
      "smtpd_milters=%s,inet:" % OTHER,
      lambda w: [service(w, "submission") + "/smtpd_milters=%s,%s" % (
          w.milter_for_postfix(), OTHER)])
wrong("has a filter before millgate on port 25", "order",
      "," + OTHER, lambda w: [service(w, "smtp") + "/smtpd_milters=%s,%s" % (
          OTHER, w.milter_for_postfix())])
wrong("accepts mail by a setting in braces", "fail-open",
      "default_action=tempfail,protocol=6}",
      lambda w: ["%s/smtpd_milters={%s,default_action=accept,protocol=6}" % (
          service(w, "submission"), w.milter_for_postfix())])
wrong("has another filter but no millgate", "filter-missing",
      "/inet/smtpd_milters={%s,protocol=2},inet:" % OTHER,
      lambda w: [service(w, "submission") +
                 "/smtpd_milters={%s,protocol=2}" % OTHER])
wrong("has a shorter timeout than the lookups", "timeout",
      "milter_content_timeout = 44s", lambda w: [
          "milter_content_timeout = 3s"])
wrong("allows SMTP smuggling", "smuggling",
      "smtpd_forbid_bare_newline = yes",
      lambda w: ["smtpd_forbid_bare_newline = no"])
wrong("offers a login on the inbound port", "login-inbound",
      "/inet/smtpd_sasl_auth_enable=no",
      lambda w: ["smtpd_sasl_auth_enable = yes"])
wrong("has tables of owners that millgate does not read",
      "sender-login-maps", "sender-login-maps = {\"inline:{a@x=alice}\"}",
      lambda w: ["smtpd_sender_login_maps = inline:{a@x=alice}"])
wrong("offers no login on submission", "no-login",
      "smtpd_sasl_auth_enable=yes",
      lambda w: [service(w, "submission") + "/smtpd_sasl_auth_enable=no"])


@case
def trimmed_macro_lists_of_postfix_are_enough(w):
    w.postfix.extra = ("milter_mail_macros = i\nmilter_helo_macros =\n"
                       "milter_connect_macros = j\n")
    w.postfix.restart()
    try:
        expect(submit(w, compose(ALICE)), "250")
        with postfix_with(w):
            assert on_postfix(w) == []
    finally:
        w.postfix.extra = ""
        w.postfix.restart()


@case
def without_a_daemon_doctor_still_checks_the_mta(w):
    w.millgate.stop()
    try:
        with postfix_with(w, "milter_default_action = accept"):
            done = run_doctor(w, "--json", "--postfix",
                              w.postfix.directory + "/etc")
        assert done.returncode == 1, done
        said = json.loads(done.stdout)
        assert said["daemon"] is None, said
        found = [one["id"] for one in said["advice"]]
        assert found == ["daemon-down", "fail-open"], found
        path = w.directory + "/millgate/state.db-control"
        assert path in said["advice"][0]["text"], said
        assert run_doctor(w, "--postfix", "/no/such").returncode == 2
        assert run_doctor(w, "--sendmail", "/no/such").returncode == 2
    finally:
        w.millgate.start()


@case
def a_user_who_may_not_ask_the_daemon_is_told_so(w):
    control_socket(w)
    # the tree of the sources may be closed to this user
    tool = shutil.copy(os.path.join(w.build, "millgatectl"), w.directory)
    done = subprocess.run(
        [tool, "-c", w.millgate.conf, "doctor", "--json"], cwd="/",
        capture_output=True, text=True, timeout=60, env=environment(w),
        user=services.DELIVERY_USER, extra_groups=[])
    assert done.returncode == 1, done
    found = json.loads(done.stdout)["advice"]
    assert found[0]["id"] == "daemon-denied", found
    assert "as root" in found[0]["change"], found


@case
def a_daemon_that_cannot_be_asked_is_advice(w):
    with settings(w, top="control-socket = none"):
        done = run_doctor(w, "--json")
    assert done.returncode == 1, done
    assert "control-socket = none" in done.stdout, done


@case
def a_silent_daemon_is_advice(w):
    control_socket(w)
    w.millgate.freeze()
    try:
        done = run_doctor(w, "--json")
    finally:
        w.millgate.thaw()
    assert done.returncode == 1 and "daemon-silent" in done.stdout, done


@case
def mail_that_is_held_is_advice(w):
    w.millgate.restart()
    assert our_advice(w) == {}
    author = "joe@cautious.example"
    reply = arrive(w, compose(author), author, STRANGER)
    expect(reply, "250")
    found = our_advice(w)
    assert list(found) == ["held"], found
    # the advice, followed
    command = "postsuper -d %s" % smtp.queue_id(reply)
    assert "postsuper -d ID" in found["held"]["change"], found
    assert w.postfix.command(*command.split()).returncode == 0
    w.millgate.restart()


@case
def lookups_that_all_fail_are_advice(w):
    w.millgate.restart()
    author = "joe@late5.example"
    with dns_stopped(w):
        def failing():
            senders = [threading.Thread(target=arrive, args=(
                w, compose(author), "joe@late%d.example" % n, STRANGER))
                for n in range(1, 6)]
            for thread in senders:
                thread.start()
            for thread in senders:
                thread.join()
            return "dns-failing" in our_advice(w)
        services.wait_until("advice", failing, 40)
        found = our_advice(w)["dns-failing"]
        assert "dig @%s -p %d" % (w.address, w.port["dns"]) in \
            found["change"], found
    services.wait_until("lookups succeed", lambda: arrive(
        w, compose(author), author, HONEST).code == 250, 30)
    assert "dns-failing" not in our_advice(w)


@case
def a_failing_state_is_advice(w):
    if not isolated():
        raise Skip("mounts need a namespace")
    with small_disk(w) as directory:
        control_socket(w)
        assert "store-failing" not in our_advice(w)
        fill(os.path.join(directory, "filler"))
        _, text = until_full(w)
        assert text.startswith("451 4.3.0 "), text
        found = our_advice(w)["store-failing"]
        assert "state.db fails" in found["text"], found
        os.unlink(os.path.join(directory, "filler"))


@case
def the_postfix_fragments_get_no_advice(w):
    w.millgate.restart()
    etc = w.postfix.directory + "/fragment"
    os.makedirs(etc)
    for name in ("main.cf", "master.cf"):
        with open(os.path.join(programs.SOURCE, "contrib/postfix",
                               name)) as f:
            text = f.read()
        if name == "main.cf":
            text += "smtpd_tls_security_level = may\n"
        else:
            text += "smtp inet n - y - - smtpd\n"
        services.write(etc + "/" + name, text)
    # the sample configuration has the ports of the fragments
    sample = w.directory + "/sample.conf"
    with open(os.path.join(programs.SOURCE, "packaging/millgate.conf")) as f:
        services.write(sample, 'control-socket = "%s"\nsocket = "unix:/var/'
                       'spool/postfix/millgate/millgate.sock"\n' %
                       control_socket(w) + f.read())
    done = subprocess.run(
        [os.path.join(w.build, "millgatectl"), "-c", sample, "doctor",
         "--json", "--postfix", etc], capture_output=True, text=True,
        timeout=60, env=environment(w))
    assert [one for one in json.loads(done.stdout)["advice"]
            if one["id"] not in OF_THE_HOST] == [], done


# --- an MTA that does not send the macros that we request -------------------

class OldMta:
    """A milter client that ignores the macro lists of the negotiation."""

    def __init__(self, w, version):
        self.sock = socket.create_connection((w.address, w.port["milter"]),
                                             timeout=10)
        self.send(b"O", struct.pack("!III", 6, 0xff, 0x7f))
        assert self.read()[0:1] == b"O"
        self.version = version

    def send(self, command, data):
        self.sock.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def read(self):
        size, = struct.unpack("!I", self.exactly(4))
        return self.exactly(size)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            assert more, "millgate closed the connection"
            data += more
        return data

    def step(self, command, data, **macros):
        """Send one command with its macros; the answer of millgate."""
        pairs = [p for name, value in macros.items() for p in (
            name if len(name) == 1 else "{%s}" % name, value)]
        self.send(b"D", command + b"".join(p.encode() + b"\0"
                                           for p in pairs))
        self.send(command, data)
        return self.read()

    def mail(self, port, **macros):
        """The answer to MAIL."""
        self.step(b"C", b"client.example\x004\x12\x34198.51.100.7\0",
                  v=self.version, **({"daemon_port": str(port)} if port
                                     else {}))
        self.step(b"H", b"client.example\0")
        return self.step(b"M", b"<alice@example.net>\0", **macros).decode()


TLS = {"tls_version": "TLSv1.3", "cipher": "X", "cipher_bits": "256"}
OLD = "Postfix 2.4.0"


@case
def a_missing_macro_is_refused_with_a_hint_and_advice(w):
    for port, macros, code, rule, hint in (
            ("submission", {}, "530 5.7.0", "tls-required",
             "milter_helo_macros"),
            ("submission", TLS, "530 5.7.0", "auth-required",
             "milter_mail_macros"),
            ("submission", dict(TLS, auth_authen=ALICE), "530 5.7.0",
             "auth-required", "{auth_type}"),
            (None, TLS, "451 4.3.5", "listener-unknown",
             "milter_connect_macros"),
            # an empty macro is not missing: the client did not log in
            ("submission", dict(TLS, auth_type="", auth_authen=""),
             "530 5.7.0", "auth-required", None)):
        w.millgate.restart()
        number = w.port[port] if port else None
        for attempt in (1, 2):
            before = len(w.millgate.log_text())
            reply = OldMta(w, OLD).mail(number, **macros)
            assert code in reply, (rule, reply)
            line = services.wait_until("log line", lambda: [
                one for one in w.millgate.log_text()[before:].splitlines()
                if "rule=" + rule in one])[0]
            # the hint is logged once a minute, not for each refusal
            due = hint is not None and attempt == 1
            assert ("hint=" in line) == due, line
            assert not due or hint in line, line
        found = [one for one in advice(w) if one["id"] == "macro"]
        assert len(found) == (1 if hint else 0), found


# --- Sendmail ---------------------------------------------------------------

def sendmail_cf(w):
    if not w.sendmail.running():
        w.sendmail.stop()
        w.sendmail.start()
    with open(w.sendmail.directory + "/daemon.cf") as f:
        return f.read()


def on_sendmail(w, text):
    path = w.directory + "/wrong.cf"
    services.write(path, text)
    return advice(w, "--sendmail", path)


@case
def a_correct_sendmail_setup_gets_no_advice(w):
    text = sendmail_cf(w)
    assert on_sendmail(w, text) == [], on_sendmail(w, text)


@case
def a_wrong_sendmail_setup_gets_the_line_to_change(w):
    text = sendmail_cf(w)
    for old, new, number, change in (
            (", F=T,", ",", "fail-open", "F=T"),
            (", M=A", "", "login-inbound", "DAEMON_OPTIONS: M=A"),
            ("E:60s", "E:4s", "timeout", "E:44s"),
            ("O InputMailFilters=millgate", "O InputMailFilters=",
             "filter-missing", "INPUT_MAIL_FILTER(`millgate', `S="),
            ("O InputMailFilters=millgate",
             "Xother, S=inet:9@127.0.0.1\n"
             "O InputMailFilters=millgate,other", "order",
             "InputMailFilters=other;millgate"),
            ("Xmillgate, S=inet:%d" % w.port["milter"], "Xgate, S=inet:9",
             "filter-missing", "INPUT_MAIL_FILTER(`millgate', `S=")):
        assert old in text, old
        found = on_sendmail(w, text.replace(old, new))
        assert [one["id"] for one in found] == [number], (old, found)
        assert change in found[0]["change"], found


@case
def sendmail_without_f_accepts_mail_and_doctor_reports_it(w):
    text = sendmail_cf(w)
    path = w.sendmail.directory + "/daemon.cf"
    view = View(w)
    try:
        services.write(path, text.replace(", F=T,", ","))
        w.sendmail.restart()
        assert [one["id"] for one in advice(w, "--sendmail", path)] == [
            "fail-open"]
        w.millgate.stop()
        with smtp.Client(view, "smtp", tls=False) as client:
            expect(client.submit("joe@strict.example", "bob@example.net",
                                 compose("joe@strict.example")), "250")
    finally:
        services.write(path, text)
        w.sendmail.restart()
        w.millgate.stop()
        w.millgate.start()


@case
def trimmed_macro_lists_of_sendmail_are_enough(w):
    text = sendmail_cf(w)
    path = w.sendmail.directory + "/daemon.cf"
    try:
        services.write(path, re.sub(
            r"(?m)^(O Milter.macros.\w+=).*$", r"\1j", text))
        w.sendmail.restart()
        expect(submit(View(w), compose(ALICE)), "250")
        assert advice(w, "--sendmail", path) == []
    finally:
        services.write(path, text)
        w.sendmail.restart()
