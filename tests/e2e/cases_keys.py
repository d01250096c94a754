"""Pending keys: what the daemon has seen in the DNS, and what the tool says."""

import contextlib
import os
import shutil

from cases_dns import dns_stopped
from cases_local import sendmail
from message import compose, delivered
from runner import case
from services import wait_until

DOMAIN = "pending.example"
AUTHOR = "root@" + DOMAIN


def selectors(world, text):
    """Of the signatures of a message that sendmail(1) gets."""
    sendmail(world, text, "-f", AUTHOR, "r@elsewhere.example")
    found = delivered(world, "elsewhere.example", text)
    return [part.strip()[2:] for value in found.all("DKIM-Signature")
            for part in value.split(";") if part.strip().startswith("s=")]


def said(world):
    """What the tool says of the key: by key list, user explain, check."""
    path = world.directory + "/message.eml"
    with open(path, "w") as f:
        f.write(compose(AUTHOR).replace("\r\n", "\n"))
    listed = world.run_ctl("key", "list", DOMAIN).stdout
    explained = world.run_ctl("user", "explain", AUTHOR).stdout
    checked = world.run_ctl("check", "--client", "local", "--from", AUTHOR,
                            "--rcpt", "r@elsewhere.example", path).stdout
    return ("signs since" in listed,
            "signed by      %s/p1" % DOMAIN in explained,
            "signed=1" in checked and 'unsigned=' not in checked), (
                listed, explained, checked)


@contextlib.contextmanager
def pending_key(world):
    done = world.run_ctl("key", "new", DOMAIN, "--type", "ed25519",
                         "--selector", "p1")
    assert done.returncode == 0, done
    lines = list(world.zone_lines)
    world.millgate.reload()
    try:
        yield
    finally:
        shutil.rmtree(os.path.join(world.keys, DOMAIN))
        world.zone_lines[:] = lines
        world.nsd.restart()
        world.millgate.reload()


@case
def a_pending_key_that_was_seen_signs_after_a_restart_without_dns(w):
    with pending_key(w):
        # the record is not there yet
        assert selectors(w, compose(AUTHOR)) == []
        line = w.millgate.log_line(unsigned='"key pending"')
        assert line and "from=" + AUTHOR in line, line
        warning = w.millgate.log_line(event="key-pending", domain=DOMAIN)
        assert warning and " warning: " in warning, warning
        signs, texts = said(w)
        assert signs == (False, False, False), texts

        w.zone_lines.append(w.run_ctl("key", "dns", DOMAIN).stdout)
        w.nsd.restart()

        def seen():
            w.millgate.reload()
            return selectors(w, compose(AUTHOR)) == ["p1"]
        wait_until("the new key signs", seen, 30)
        signs, texts = said(w)
        assert signs == (True, True, True), texts

        with dns_stopped(w):
            w.millgate.restart()
            assert selectors(w, compose(AUTHOR)) == ["p1"]
            signs, texts = said(w)
            assert signs == (True, True, True), texts
