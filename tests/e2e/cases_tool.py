"""The command lines of millgate and millgatectl beside a running daemon."""

import os
import pwd
import shutil
import signal
import socket
import subprocess

import programs
from message import compose, delivered, sign
from cases_quota import used
from runner import case
from services import answers, wait_until
from steps import expect, submit
from world import free_port


def millgate(world, *args):
    return subprocess.run([os.path.join(world.build, "millgate"), *args],
                          capture_output=True, text=True, timeout=30,
                          env=programs.environment())


@case
def the_configuration_in_use_is_valid(w):
    done = millgate(w, "-t", "-c", w.millgate.conf)
    assert done.returncode == 0, done
    assert w.run_ctl("conf", "check").returncode == 0


@case
def unreadable_keys_are_reported_before_the_start(w):
    done = w.run_ctl("key", "new", "closed.example", "--active")
    assert done.returncode == 0, done
    place = os.path.join(w.keys, "closed.example")
    try:
        for name in os.listdir(place):
            os.chown(os.path.join(place, name), 0, 0)
            os.chmod(os.path.join(place, name), 0o600)
        done = millgate(w, "-t", "-c", w.millgate.conf)
        assert done.returncode == 1, done
        assert "Permission denied; the user that" in done.stderr, done
    finally:
        shutil.rmtree(place)
    done = millgate(w, "-t", "-c", w.millgate.conf)
    assert done.returncode == 0, done


@case
def a_bad_configuration_is_refused_with_file_and_line(w):
    bad = w.directory + "/bad.conf"
    for text in ("mode = maybe\n", "nonsense = 1\n", "listener x {\n",
                 "plan p { recipients-per-hour = many }\n"):
        with open(bad, "w") as f:
            f.write("\n" + text)
        done = millgate(w, "-t", "-c", bad)
        assert done.returncode == 1, done
        assert bad + ":" in done.stderr, done
    done = millgate(w, "-t", "-c", w.directory + "/missing.conf")
    assert done.returncode == 1 and "missing.conf" in done.stderr, done


@case
def quota_show_agrees_with_what_was_sent(w):
    carol = "carol@example.net"
    before = used(w, carol)
    expect(submit(w, compose(carol), login=carol,
                  recipients=["a@elsewhere.example", "b@elsewhere.example"]),
           "250")
    assert used(w, carol) == before + 2


@case
def a_new_key_is_private_and_signs_after_activation(w):
    domain, bob = "shop.example.net", "bob@example.net"

    def signatures():
        text = compose("orders@" + domain)
        expect(submit(w, text, login=bob), "250")
        return delivered(w, "elsewhere.example", text).signatures(w)
    # the domain has no key of its own: the parent's key signs
    assert {d for d, _, _ in signatures()} == {"example.net"}

    done = w.run_ctl("key", "new", domain, "--type", "both")
    assert done.returncode == 0, done
    place = os.path.join(w.keys, domain)
    keys = [n for n in os.listdir(place) if n.endswith(".private")]
    assert len(keys) == 2, os.listdir(place)
    for name in keys:
        mode = os.stat(os.path.join(place, name)).st_mode & 0o777
        assert mode in (0o600, 0o640), oct(mode)

    # the output of "key dns" is valid zone text
    w.zone_lines.append(w.run_ctl("key", "dns", domain).stdout)
    w.nsd.restart()
    assert w.run_ctl("key", "activate", domain).returncode == 0
    w.millgate.reload()
    assert set(signatures()) == {(domain, "rsa-sha256", True),
                                 (domain, "ed25519-sha256", True)}


def check(world, text, *args):
    path = world.directory + "/message.eml"
    with open(path, "w", newline="") as f:
        f.write(text)
    return world.run_ctl("check", *args, path)


@case
def check_evaluates_a_file_as_the_daemon_does(w):
    done = check(w, compose("joe@strict.example"), "--client",
                 "198.51.100.66", "--helo", "x.example", "--from",
                 "joe@strict.example", "--rcpt", "bob@example.net")
    assert done.returncode == 1 and "5.7.1" in done.stdout, done
    done = check(w, sign(w, compose("joe@strict.example"), "strict.example"),
                 "--client", "198.51.100.66", "--helo", "x.example", "--from",
                 "joe@strict.example", "--rcpt", "bob@example.net")
    assert done.returncode == 0, done
    assert "dmarc=pass" in done.stdout, done


@case
def the_background_daemon_is_ready_when_the_command_returns(w):
    conf, pid_file = w.directory + "/background.conf", w.directory + "/pid"
    port = free_port(w.address, 0, w.port.values())
    with open(w.millgate.conf) as f:
        text = f.read().replace('inet:%d@' % w.port["milter"],
                                'inet:%d@' % port)
    text = text.replace("/state.db", "/background.db")
    with open(conf, "w") as f:
        f.write('pid-file = "%s"\n' % pid_file + text)
    done = millgate(w, "-c", conf)
    assert done.returncode == 0, done
    with open(pid_file) as f:
        pid = int(f.read())
    try:
        assert answers(w.address, port)
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until("millgate has ended", lambda: not answers(w.address, port))


@case
def an_unusable_setting_stops_the_start_with_a_reason(w):
    bad = w.directory + "/bad.conf"
    port = 'socket = "inet:%d@%s"\n' % (
        free_port(w.address, 0, w.port.values()), w.address)
    for text, words in (
            ('socket = "inet:%d@%s"\nuser = nobody\nstate = "%s/s.db"\n' % (
                w.port["milter"], w.address, w.millgate.directory), "socket"),
            (port + 'user = "no-such-user"\n', "no-such-user"),
            (port + 'user = nobody\nstate = "/proc/no/state.db"\n', "state"),
            (port + 'user = nobody\nstate = "%s/s.db"\n' % w.directory,
             "s.db-lock: Permission denied; "),
            (port + 'user = nobody\nresolver { trust-anchor = "/no/key" }\n'
             'state = "%s/s.db"\n' % w.millgate.directory, "/no/key"),
            (port + 'user = nobody\npid-file = "/no/dir/pid"\n',
             "/no/dir/pid"),
            (port + 'user = nobody\nsigning { key-directory = "/no/dir" }\n',
             "/no/dir")):
        with open(bad, "w") as f:
            f.write(text)
        done = millgate(w, "-f", "-c", bad)
        assert done.returncode == 2, done
        assert words in done.stderr, done


def connects(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


@case
def a_second_daemon_does_not_disturb_the_first(w):
    path, pid_file = w.millgate.directory + "/own", w.directory + "/own.pid"

    def conf(name, socket, state):
        with open(w.directory + name, "w") as f:
            f.write('user = nobody\npid-file = "%s"\nsocket = "unix:%s"\n'
                    'state = "%s/%s.db"\n' % (pid_file, socket,
                                             w.millgate.directory, state))
        return w.directory + name

    first = conf("/first.conf", path, "own")
    assert millgate(w, "-c", first).returncode == 0
    with open(pid_file) as f:
        pid = int(f.read())
    try:
        assert connects(path)
        made = os.stat(path)
        # owned by the user of the daemon, which is not root
        assert made.st_uid == pwd.getpwnam("nobody").pw_uid, made
        assert made.st_mode & 0o777 == 0o660, made
        for conf_file, words in (
                (first, "another daemon serves it"),
                (conf("/socket.conf", path, "other"), "another daemon"),
                (conf("/state.conf", path + "2", "own"), "in use by")):
            done = millgate(w, "-c", conf_file)
            assert done.returncode == 2 and words in done.stderr, done
        assert connects(path)
        with open(pid_file) as f:
            assert int(f.read()) == pid
    finally:
        os.kill(pid, signal.SIGKILL)
    # files of the killed daemon do not prevent a new start
    wait_until("the first has ended", lambda: not connects(path))
    assert millgate(w, "-c", first).returncode == 0
    with open(pid_file) as f:
        pid = int(f.read())
    os.kill(pid, signal.SIGTERM)
    wait_until("the socket is removed", lambda: not os.path.exists(path))


@case
def postfix_accepts_the_fragments(w):
    place = w.directory + "/fragments"
    os.makedirs(place)
    for name in ("main.cf", "master.cf"):
        shutil.copy(os.path.join(programs.SOURCE, "contrib/postfix", name),
                    place)
    for flag in ("-n", "-Mf"):
        done = w.postfix.command("postconf", "-c", place, flag)
        assert done.returncode == 0 and not done.stderr, done
    assert done.stdout.count(b"smtpd_sasl_auth_enable=yes") == 2, done
