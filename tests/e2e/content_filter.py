"""A content filter after the queue: takes mail by SMTP and sends it back.

Like amavis it adds a header field. It runs in threads of the test.
"""

import contextlib
import smtplib
import socketserver
import threading

FIELD = b"X-Virus-Scanned: by a test\r\n"


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.sender, self.recipients = None, []
        self.say("220 filter.example ESMTP")
        for line in self.rfile:
            verb = line.decode().split(":")[0].upper().strip()
            if verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            self.command(verb, line.decode().strip())

    def command(self, verb, line):
        path = line.partition("<")[2].partition(">")[0]
        if verb == "MAIL FROM":
            self.sender, self.recipients = path, []
        elif verb == "RCPT TO":
            self.recipients.append(path)
        elif verb == "DATA":
            self.say("354 go on")
            self.pass_on(self.message())
            return
        elif verb.startswith("XFORWARD"):
            self.say("502 5.5.1 no")
            return
        self.say("250 2.0.0 ok")

    def message(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return FIELD + b"".join(lines)

    def pass_on(self, message):
        with smtplib.SMTP(*self.server.back, timeout=30) as client:
            client.sendmail(self.sender, self.recipients, message)
        self.say("250 2.0.0 passed on")


class Filter(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextlib.contextmanager
def content_filter(address, port, back):
    """Serve address:port; mail goes on to the pair `back`."""
    server = Filter((address, port), Session)
    server.back = back
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
