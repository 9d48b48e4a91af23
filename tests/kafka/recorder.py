"""Recorder: stands between Kafka clients and served_topics, passes everything on, and notes the name and version of each
request.
"""

import socket
import struct
import threading

from dialogue import TABLE


class Recorder:
    """Clients connect to `port`, where served_topics must say that it is reached."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = None
        self.lock = threading.Lock()
        self.seen = set()
        self.sockets = [self.listener]
        self.threads = []

    def start(self, target):
        self.target = target
        self._run(self._accept)

    def lines(self):
        """What was seen, one line for each request and version, sorted."""
        with self.lock:
            named = {(TABLE[key][0] if key in TABLE else f"request {key}:", version)
                     for key, version in self.seen}
        return [f"{name} {version}" for name, version in sorted(named)]

    def _run(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self.sockets += [client, server]
            self._run(self._pass_requests, client, server)
            self._run(self._pass_answers, server, client)

    def _pass_requests(self, client, server):
        try:
            while size := self._receive(client, 4):
                request = self._receive(client, struct.unpack(">i", size)[0])
                with self.lock:
                    self.seen.add(struct.unpack_from(">hh", request))
                server.sendall(size + request)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them has gone: the other thread ends as well

    def _pass_answers(self, server, client):
        try:
            while some := server.recv(1 << 16):
                client.sendall(some)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    @staticmethod
    def _receive(peer, size):
        data = b""
        while len(data) < size:
            some = peer.recv(size - len(data))
            if not some:
                return b""
            data += some
        return data

    def end(self):
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        for each in self.threads:
            each.join(10)
