"""The programs on the command line, beside the running daemon."""

import os
import subprocess

import programs
from message import compose, sign
from cases_quota import used
from runner import case
from steps import expect, submit


def millgate(world, *args):
    return subprocess.run([os.path.join(world.build, "millgate"), *args],
                          capture_output=True, text=True, timeout=30,
                          env=programs.environment())


@case
def the_configuration_in_use_is_found_good(w):
    done = millgate(w, "-t", "-c", w.millgate.conf)
    assert done.returncode == 0, done
    assert w.run_ctl("conf", "check").returncode == 0


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
def a_new_key_is_private_and_its_record_is_right(w):
    done = w.run_ctl("key", "new", "new.example.net")
    assert done.returncode == 0, done
    assert "_domainkey.new.example.net" in done.stdout, done
    place = os.path.join(w.keys, "new.example.net")
    keys = [n for n in os.listdir(place) if n.endswith(".private")]
    assert keys, os.listdir(place)
    for name in keys:
        mode = os.stat(os.path.join(place, name)).st_mode & 0o777
        assert mode == 0o600, oct(mode)


def check(world, text, *args):
    path = world.directory + "/message.eml"
    with open(path, "w", newline="") as f:
        f.write(text)
    return world.run_ctl("check", *args, path)


@case
def check_judges_a_file_as_the_daemon_would(w):
    done = check(w, compose("joe@strict.example"), "--client",
                 "198.51.100.66", "--helo", "x.example", "--from",
                 "joe@strict.example", "--rcpt", "bob@example.net")
    assert done.returncode == 1 and "5.7.1" in done.stdout, done
    done = check(w, sign(w, compose("joe@strict.example"), "strict.example"),
                 "--client", "198.51.100.66", "--helo", "x.example", "--from",
                 "joe@strict.example", "--rcpt", "bob@example.net")
    assert done.returncode == 0, done
    assert "dmarc=pass" in done.stdout, done
