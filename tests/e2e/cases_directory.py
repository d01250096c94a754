"""Users in PostgreSQL, MariaDB and LDAP: real servers, and all their failures."""

import contextlib
import socket
import socketserver
import threading

import faulty
from runner import case
from services import wait_until


class Echo(socketserver.BaseRequestHandler):
    """Answers each line with "answer to " and the line."""

    def handle(self):
        with contextlib.suppress(ConnectionError):
            for line in self.request.makefile("rb"):
                self.request.sendall(b"answer to " + line)


def said(place, *lines, seconds=5.0):
    """What the server answers to the lines; RST is "reset"."""
    try:
        with socket.create_connection(place, timeout=seconds) as s:
            s.sendall(b"".join(lines))
            answer = b""
            while answer.count(b"\n") < len(lines):
                more = s.recv(1000)
                if not more:
                    break
                answer += more
            return answer
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "nothing"


@case
def the_proxy_of_these_cases_fails_as_it_is_told(w):
    place = w.address, w.port["faulty"]
    server = socketserver.ThreadingTCPServer((w.address, 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with faulty.Faulty(place, server.server_address, "refuse") as proxy:
        assert said(place, b"a\n") == "refused"
        proxy.behave("pass")
        assert said(place, b"a\n", b"b\n") == b"answer to a\nanswer to b\n"
        proxy.behave("silent")
        assert said(place, b"a\n", seconds=0.2) == "nothing"
        proxy.behave("drip", pause=0.001)
        assert said(place, b"a\n") == b"answer to a\n"
        proxy.behave("garbage")
        noise = said(place, b"a\n", seconds=0.2)
        assert noise != b"answer to a\n", noise
        proxy.behave("cut", after=6)
        with socket.create_connection(place, timeout=10) as s:
            s.sendall(b"a\n")
            got = b""
            try:
                while len(got) < 6:
                    got += s.recv(6 - len(got))
                s.recv(1)
                ended = "closed"
            except ConnectionResetError:
                ended = "reset"
        assert ended == "reset" and b"answer".startswith(got), (got, ended)
        proxy.behave("pass")
        with socket.create_connection(place, timeout=10) as s:
            s.sendall(b"a\n")
            wait_until("an answer", lambda: s.recv(12))
            proxy.behave("refuse")
            try:
                ended = s.recv(1) == b""
            except ConnectionResetError:
                ended = True
            assert ended
        assert said(place, b"a\n") == "refused"
    server.shutdown()
    server.server_close()
