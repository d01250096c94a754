"""The status page, in a browser and as JSON."""

import contextlib
import http.server
import json
import os
import subprocess
import threading

import programs
from browser import Browser
from cases_metrics import fetch, listen, send_some_mail
from message import compose
from runner import Skip, case, settings
from services import wait_until
from steps import expect, submit

ALICE = "alice@example.net"
LOOKS = ({}, {"dark": True}, {"width": 390}, {"script": False})
# A login may have all of this but blanks and double quotes.
MARKUP = "<img/src=x/onerror=alert(1)><script>alert(1)</script>'@x"
NAMES = (
    MARKUP,
    "</title></style></script><script>alert(1)</script>",
    '" onfocus="alert(1)" autofocus="',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "\u202egpj.exe\u2066\u200b",
    "]]><!--",
    "x" * 10240,
    "<" * 10240,
)
# What the browser says of the page, to compare.
WIDE = "document.documentElement.scrollWidth - innerWidth"
TEXT = "document.body.innerText"


def status(w):
    return json.loads(fetch(w, "/status.json")[2])


def address(w):
    return "http://%s:%d/" % (w.address, w.port["http"])


@contextlib.contextmanager
def made_up(w, *name):
    """Serve the page of status_page_tool; its address."""
    tool = os.path.join(w.build, "tests/tools/status_page_tool")
    done = subprocess.run([tool, *name], capture_output=True, text=True,
                          timeout=60, check=True)
    policy, page = done.stdout.split("\n\n", 1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer((w.address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://%s:%d/" % server.server_address[:2]
    finally:
        server.shutdown()
        server.server_close()


def send_counted_mail(w):
    send_some_mail(w)
    w.settle()


def quiet(browser, url):
    """No script has complained or was stopped, and nothing was loaded."""
    assert browser.console == [], browser.console
    others = [r for r in browser.requests
              if r != url and not r.startswith("data:image/svg+xml,")]
    assert others == [], others


def save_picture(browser, look):
    """For people to look at: MILLGATE_PICTURES is a directory."""
    directory = os.environ.get("MILLGATE_PICTURES")
    if directory:
        name = "-".join("%s=%s" % pair for pair in look.items()) or "light"
        browser.picture(os.path.join(directory, "status-%s.png" % name))


@case
def status_json_has_the_mail_that_was_sent(w):
    with settings(w, top=listen(w)):
        code, fields, text = fetch(w, "/status.json")
        assert code == 200 and fields["Content-Type"] == "application/json"
        assert fields["Cache-Control"] == "no-store", fields
        before = json.loads(text)
        assert before["health"] == {"good": True, "why": []}, before
        send_counted_mail(w)
        wait_until("a new snapshot", lambda: sum(
            m["accept"] + m["reject"] for m in status(w)["traffic"]) == 4, 30)
        now = status(w)
        by_name = {r["name"]: r["hour"] for r in now["rules"]}
        assert by_name == {"quota": 1, "dmarc-reject": 1}, by_name
        assert sum(m["refused_recipients"] for m in now["traffic"]) == 1
        logins = {a["account"]: a for a in now["logins"]}
        erin = logins["erin@example.net"]
        assert erin["plan"] == "tiny" and erin["share"] == 100, erin
        assert erin["free"] > now["now"], erin
        limits = {li["name"]: li for li in erin["limits"]}
        assert limits["recipients-per-hour"]["used"] == 3, limits
        dmarc = {d["domain"]: d for d in now["dmarc"]}["strict.example"]
        assert (dmarc["pass"], dmarc["fail"], dmarc["refused"]) == (1, 1, 1)
        assert now["keys"]["active"] >= 2 and now["dns"]["queries"] > 5, now
        assert len(now["keys"]["list"]) >= 2, now["keys"]


@case
def status_page_shows_the_mail_in_a_browser(w):
    with settings(w, top=listen(w)), Browser() as browser:
        send_counted_mail(w)
        w.ctl("user", "block", MARKUP, "--for", "2h", "--reason",
              "<b>bold</b> & \"quoted\"", "--json")
        wait_until("the block", lambda: status(w)["blocks"]["total"] == 1, 30)
        for look in LOOKS:
            browser.look(**look)
            browser.open(address(w))
            save_picture(browser, look)
            browser.call("Emulation.setScriptExecutionDisabled", value=False)
            text = browser.run(TEXT)
            for words in ("Healthy", "erin@example.net", "strict.example",
                          "dmarc-reject", "3 of 3 recipients an hour",
                          "<b>bold</b> & \"quoted\"", MARKUP,
                          "millgatectl user unblock '<img"):
                assert words in text, (look, words, text)
            assert browser.run(WIDE) <= 0, look	# no bar below the page
            assert browser.run("document.querySelectorAll("
                               "'main img, main script').length") == 0
        quiet(browser, address(w))
        w.ctl("user", "unblock", MARKUP, "--json")


@case
def status_page_refreshes_itself_and_obeys_the_keyboard(w):
    with settings(w, top=listen(w)), Browser() as browser:
        browser.look()
        browser.open(address(w))
        assert "0 accepted" in browser.run(TEXT)
        browser.run("window.mark = 1")	# a new page would lose it
        expect(submit(w, compose(ALICE)), "250")
        wait_until("a refresh", lambda: "1 accepted" in browser.run(TEXT), 60)
        assert browser.run("window.mark") == 1
        # the first stop is the link to the content, the second the button
        browser.press("Tab")
        assert browser.run("document.activeElement.className") == "skip"
        browser.press("Tab")
        assert browser.run("document.activeElement.textContent") == "Pause"
        browser.press("Enter")
        assert "Paused at " in browser.run(TEXT)
        seen = set()
        for _ in range(30):
            browser.press("Tab")
            seen.add(browser.run("document.activeElement.id"))
        assert {"traffic-t", "keys-t"} <= seen, seen
        w.millgate.stop()
        browser.run("document.querySelector('#live button').click()")
        wait_until("the page to tell that", lambda: "No answer since "
                   in browser.run(TEXT), 60)
        w.millgate.start()


@case
def status_page_keeps_hostile_names_inert_in_a_browser(w):
    with Browser() as browser:
        for name in NAMES:
            with made_up(w, name) as url:
                browser.requests.clear()
                for look in LOOKS[:3]:
                    browser.look(**look)
                    browser.open(url)
                    assert browser.run(WIDE) <= 0, (name[:40], look)
                # elements of the page are ours only
                assert browser.run("document.scripts.length") == 1, name[:40]
                assert browser.run("document.images.length") == 0, name[:40]
                assert browser.run("Array.from(document.querySelectorAll('*'))"
                                   ".every(e => Array.from(e.attributes).every("
                                   "a => !a.name.startsWith('on')))"), name
                quiet(browser, url)


def axe():
    path = os.environ.get("MILLGATE_AXE") or os.path.join(
        programs.unpacked_root() or "/nonexistent", "axe-core/axe.min.js")
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError as e:
        raise Skip("axe-core is missing: set MILLGATE_AXE to its "
                   "axe.min.js") from e


@case
def status_page_passes_the_check_of_accessibility(w):
    script = axe() + ";0"
    with Browser() as browser, made_up(w) as url:
        for look in LOOKS[:3]:
            browser.look(**look)
            browser.open(url)
            browser.run(script)
            found = json.loads(browser.run(
                "axe.run().then(r => JSON.stringify(r.violations.map("
                "v => [v.id, v.nodes.map(n => n.html)])))"))
            assert found == [], (look, found)
