"""A proxy between millgate and a server: fails as networks and servers do.

What it does can be changed at any time, also for the connections that are open:

pass	 octets go both ways
refuse	 nothing listens, and open connections are reset
silent	 connections are accepted, and nothing goes on; later it goes on
cut	 `after` octets of the answers go on, then the connection is reset
drip	 answers go on octet by octet, with a pause after each
garbage	 answers are other octets, as many as the server sends
"""

import contextlib
import os
import random
import socket
import struct
import threading

from services import wait_until

MODES = ("pass", "refuse", "silent", "cut", "drip", "garbage")


def connected(place):
    """A socket connected to (address, port), or to the path of a socket."""
    if isinstance(place, tuple):
        return socket.create_connection(place, timeout=30)
    s = socket.socket(socket.AF_UNIX)
    s.connect(place)
    return s


def listening(place):
    if isinstance(place, tuple):
        return socket.create_server(place, backlog=100)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    s = socket.socket(socket.AF_UNIX)
    s.bind(place)
    os.chmod(place, 0o777)
    s.listen(100)
    return s


def reset(s):
    """Close with RST; on a unix socket, as close()."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    # a thread may wait in recv(), which keeps the connection open
    with contextlib.suppress(OSError):
        if s.family == socket.AF_UNIX:
            s.shutdown(socket.SHUT_RDWR)
    s.close()


class Broken(Exception):
    """This connection has ended."""


class Connection:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.left = proxy.after	# octets of answers before the cut
        self.noise = random.Random(7)
        self.threads = [
            threading.Thread(target=self.pump, args=args, daemon=True)
            for args in ((client, server, self.ask),
                         (server, client, self.answer))]
        for thread in self.threads:
            thread.start()

    def pump(self, source, sink, forward):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                forward(data)
        except (OSError, Broken):
            self.end()

    def end(self):
        for s in (self.client, self.server):
            # wakes the other thread, which is in recv()
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RD)
            reset(s)

    def mode(self):
        """What to do with octets now; waits while nothing goes on."""
        with self.proxy.changed:
            self.proxy.changed.wait_for(lambda: self.proxy.mode != "silent")
            if self.proxy.mode == "refuse":
                raise Broken
            return self.proxy.mode

    def ask(self, data):
        self.mode()
        self.server.sendall(data)

    def answer(self, data):
        mode = self.mode()
        if mode == "drip":
            self.drip(data)
        elif mode == "garbage":
            self.client.sendall(self.noise.randbytes(len(data)))
        elif mode == "cut":
            self.client.sendall(data[:self.left])
            self.left -= len(data)
            if self.left <= 0:
                raise Broken
        else:
            self.left = self.proxy.after
            self.client.sendall(data)

    def drip(self, data):
        for n, octet in enumerate(data):
            if self.mode() != "drip":
                self.answer(data[n:])
                return
            self.client.sendall(bytes([octet]))
            with self.proxy.changed:
                self.proxy.changed.wait_for(
                    lambda: self.proxy.mode != "drip", self.proxy.pause)


class Faulty:
    """Listens at `place`; a context manager."""

    def __init__(self, place, target, mode="pass"):
        self.place, self.target = place, target
        self.mode, self.after, self.pause = mode, 10, 0.1
        self.changed = threading.Condition()
        self.listener = None
        self.connections, self.accepted = [], 0

    def __enter__(self):
        if self.mode != "refuse":
            self.listen()
        return self

    def __exit__(self, *_why):
        self.behave("refuse")

    def listen(self):
        self.listener = listening(self.place)
        threading.Thread(target=self.accept, args=(self.listener,),
                         daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                connection = Connection(self, client, connected(self.target))
            except OSError:
                reset(client)
                continue
            with self.changed:
                if self.mode != "refuse":
                    self.connections.append(connection)
                    continue
            connection.end()

    def behave(self, mode, after=10, pause=0.1):
        assert mode in MODES, mode
        with self.changed:
            self.mode, self.after, self.pause = mode, after, pause
            for connection in self.connections:
                connection.left = after
            ended = self.connections if mode == "refuse" else []
            if ended:
                self.connections = []
            self.changed.notify_all()
        if mode == "refuse":
            self.close()
        for connection in ended:
            connection.end()
        if mode != "refuse" and self.listener is None:
            self.listen()

    def close(self):
        if self.listener is None:
            return
        # accept() does not return when another thread closes its socket
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listener = None
        wait_until("the proxy refuses", self.refuses)

    def refuses(self):
        try:
            connected(self.place).close()
            return False
        except OSError:
            return True
