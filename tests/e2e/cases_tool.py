"""The command lines of millgate and millgatectl beside a running daemon."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess

import programs
from message import compose, delivered, sign
from cases_quota import used
from runner import Skip, case
from services import MAIL_OWNER, answers, wait_until, write
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


# --- millgate -t: would a start succeed? -----------------------------------

class Start:
    """A configuration of its own, for user nobody, below `place`."""

    def __init__(self, w, name):
        self.place = os.path.join(w.directory, "start-" + name)
        self.conf = self.place + "/millgate.conf"
        self.lib = self.place + "/lib"
        self.settings = {
            "socket": "unix:%s/socket" % self.lib, "user": "nobody",
            "state": self.lib + "/state.db"}
        os.makedirs(self.lib)
        shutil.chown(self.lib, "nobody")
        self.tool = shutil.copy(os.path.join(w.build, "millgate"), self.place)

    def write(self, more="", **settings):
        self.settings.update(settings)
        write(self.conf, "".join('%s = "%s"\n' % pair for pair in
                                 self.settings.items()) + more)

    def test(self, user=None):
        """Its exit status and messages."""
        more = {} if user is None else {
            "user": user, "group": pwd.getpwnam(user).pw_gid,
            "extra_groups": []}
        done = subprocess.run([self.tool, "-t", "-c", self.conf], cwd="/",
                              capture_output=True, text=True, timeout=30,
                              env=programs.environment(), **more)
        return done.returncode, done.stderr


def good_when_followed(start, *words):
    """One complaint, and after its commands there is none."""
    follow(start, *words)
    assert start.test() == (0, ""), start.test()


def good_in_two_steps(start, *words):
    """
    The daemon lists keys, and then the key process, with another user, opens
    them: it complains when the first commands have been followed.
    """
    follow(start, *words)
    if start.test() != (0, ""):
        good_when_followed(start, "millgate-keys")


def follow(start, *words):
    """Run the commands of a complaint that has these words."""
    status, said = start.test()
    assert status == 1, said
    for word in words:
        assert word in said, (word, said)
    commands = re.findall(r"run: (.*)$", said, re.M)
    assert len(commands) == len(said.splitlines()), said
    for command in commands:
        subprocess.run(command, shell=True, check=True)


@case
def the_test_finds_a_user_that_does_not_exist(w):
    start = Start(w, "user")
    there = start.settings["state"]
    start.write(user="no-such-user", state=start.place + "/none/state.db")
    status, said = start.test()
    assert status == 1 and '"no-such-user": no such user' in said, said
    assert "/none does not exist" in said, said
    start.write(state=there)
    # whoever is not root starts it as himself
    os.chmod(start.lib, 0o777)
    status, said = start.test("nobody")
    assert status == 0 and "a start by root fails" in said, said


@case
def the_test_finds_missing_and_closed_directories(w):
    for name, settings in (
            ("socket", {"socket": "unix:%s/none/socket"}),
            ("state", {"state": "%s/none/state.db"}),
            ("control", {"control-socket": "%s/none/control"}),
            ("pid", {"pid-file": "%s/none/pid"})):
        start = Start(w, name)
        option, value = next(iter(settings.items()))
        start.settings[option] = value % start.place
        start.write()
        good_when_followed(start, option + ' "' + start.place,
                           "/none does not exist; run: install -d -o nobody")
        if option == "pid-file":
            continue	# root makes it
        os.chown(start.place + "/none", 0, 0)
        if option == "socket":	# root makes it, too, but systemd does not
            status, said = start.test()
            assert status == 0 and "the user nobody cannot" in said, said
        else:
            good_when_followed(start, "the user nobody cannot create it in")
    start = Start(w, "group")
    start.write(**{"socket": "unix:%s/none/socket" % start.place,
                   "socket-group": MAIL_OWNER})
    good_when_followed(start, "install -d -o nobody -g %s -m 2755 " %
                       MAIL_OWNER)
    start = Start(w, "file")
    start.write()
    write(start.lib + "/state.db", "", 0o600)
    good_when_followed(start, "state.db", "read and write", "run: chown nobody")


@case
def a_missing_directory_that_tmpfiles_makes_is_a_warning(w):
    start = Start(w, "run")
    start.write(socket="unix:/run/no-such-directory/socket")
    status, said = start.test()
    assert status == 0 and "run: systemd-tmpfiles --create; " in said, said


@case
def the_test_finds_a_port_that_needs_root(w):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
        if int(f.read()) <= 26:
            raise Skip("everybody may open port 26 here")
    start = Start(w, "port")
    start.write(socket="inet:26@" + w.address)
    status, said = start.test("nobody")
    assert status == 1 and "user nobody cannot open it (Perm" in said, said
    status, said = start.test()		# root opens it, but not systemd's unit
    assert status == 0 and "user nobody cannot open it (Perm" in said, said
    start.write(socket="inet:2600@10.99.99.99")
    status, said = start.test()
    assert status == 1 and "an address of this machine" in said, said


@case
def the_test_finds_a_configuration_that_a_reload_cannot_read(w):
    start = Start(w, "reload")
    start.write()
    os.chmod(start.conf, 0o600)
    good_when_followed(start, "at a reload: " + start.conf)
    os.makedirs(start.place + "/more")
    write(start.place + "/more/a.conf", "user alice { }\n")
    write(start.place + "/more/users", "bob plan=trial\n")
    start.write('include("more/a.conf")\nusers-file = "%s/more/users"\n' %
                start.place)
    assert start.test() == (0, ""), start.test()
    os.chmod(start.place + "/more/a.conf", 0o600)
    good_when_followed(start, "include: ")
    os.chmod(start.place + "/more/users", 0o600)
    good_when_followed(start, "/more/users: Permission denied")
    os.chmod(start.place + "/more", 0o700)
    good_when_followed(start, "chmod o+x '" + start.place + "/more'")


@case
def the_test_finds_all_of_it_at_once(w):
    start = Start(w, "all")
    start.write('resolver { trust-anchor = "%s/none/key" }\n'
                'signing { key-directory = "%s/none/keys" }\n' % (
                    (start.place,) * 2),
                state=start.place + "/none/state.db",
                socket="unix:%s/none/socket" % start.place)
    os.chmod(start.conf, 0o600)
    status, said = start.test()
    assert status == 1, said
    for words in ("socket ", "at a reload: ", "state ", "trust-anchor ",
                  start.place + "/none/keys: No such"):
        assert ("\n" + said).count("\n" + words) == 1, (words, said)


@case
def unreadable_keys_are_reported_before_the_start(w):
    start = Start(w, "keys")
    keys = start.place + "/keys"
    start.write('signing { key-directory = "%s" }\n' % keys)
    assert subprocess.run(
        [os.path.join(w.build, "millgatectl"), "-c", start.conf, "key", "new",
         "closed.example", "--active", "--directory", keys],
        env=programs.environment(), capture_output=True).returncode == 0
    for mode in (("0600", keys + "/*/*"), ("0700", keys + "/*"),
                 ("0700", keys), ("0644", keys + "/*/*.private"),
                 ("0", "%s/*/* %s/* %s" % (keys, keys, keys))):
        subprocess.run("chown -R 0:0 %s; chmod %s %s" % (keys, *mode),
                       shell=True, check=True)
        good_in_two_steps(start, keys)


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
