"""A headless Chromium, driven over a pipe with its DevTools protocol.

It needs the program chromium and nothing else. Its profile is a directory that
is removed; it has no access to a display, a keyring or the network but through
the pages that it opens.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

import programs
from runner import Skip

PATIENCE = 60       # seconds, of a busy machine
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--disable-dev-shm-usage", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run",
         "--remote-debugging-pipe")


class Browser:
    """One page; `console` and `requests` are what it wrote and asked."""

    def __init__(self):
        try:
            program = programs.find("chromium")
        except programs.Missing:
            program = None
        if program is None:
            raise Skip("chromium is missing")
        self.profile = tempfile.mkdtemp(prefix="millgate-chromium-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self.down, self.up, self.rest = ours_in, ours_out, b""
        # the browser reads descriptor 3 and writes descriptor 4
        shell = 'exec 3<&%d 4>&%d; exec "$0" "$@"' % (theirs_in, theirs_out)
        self.process = subprocess.Popen(
            ["bash", "-c", shell, program, *FLAGS,
             "--user-data-dir=" + self.profile, "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.session = 0, None
        self.console, self.requests, self.loaded = [], [], 0
        self.attach()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        # the process group is our own: it has no process but the browser's
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.down)
        os.close(self.up)
        shutil.rmtree(self.profile, ignore_errors=True)

    def attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def note(self, event):
        name, p = event.get("method"), event.get("params", {})
        if name == "Log.entryAdded":
            self.console.append(p["entry"]["text"])
        elif name == "Runtime.consoleAPICalled":
            self.console.append(str(p["args"]))
        elif name == "Runtime.exceptionThrown":
            self.console.append(json.dumps(p["exceptionDetails"]))
        elif name == "Page.javascriptDialogOpening":
            self.console.append("dialog: " + p["message"])
        elif name == "Network.requestWillBeSent":
            self.requests.append(p["request"]["url"])
        elif name == "Page.loadEventFired":
            self.loaded += 1

    def read(self, until):
        """The next event or answer; None: none came in time."""
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.down], [], [], left)[0]:
                return None
            more = os.read(self.down, 1 << 20)
            assert more, "the browser has ended"
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        ask = {"id": self.number, "method": method, "params": params}
        if self.session is not None:
            ask["sessionId"] = self.session
        os.write(self.up, json.dumps(ask).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.read(until)
            assert answer is not None, method + ": no answer"
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.note(answer)

    def listen(self, until, done):
        """Take events until done() is true."""
        until += time.monotonic()
        while not done():
            event = self.read(until)
            assert event is not None, "the browser is too slow"
            self.note(event)

    def open(self, url):
        before = self.loaded
        self.call("Page.navigate", url=url)
        self.listen(PATIENCE, lambda: self.loaded > before)

    def look(self, width=1280, dark=False, script=True):
        """How the next page is shown."""
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=900, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def run(self, expression):
        """The value of a JavaScript expression, a promise's too."""
        answer = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key],
                      **({"text": "\r"} if key == "Enter" else {}))

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png",
                         captureBeyondViewport=True)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
