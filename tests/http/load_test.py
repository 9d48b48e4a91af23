"""What a node's HTTP API promises under hostile load, on a real node: health within 100 ms, bounded memory and
threads, and no connection that stays open after a length that is none.

Usage: load_test.py SERVED_RUNTIME [--streams N] [--seconds S] [--health-ms MS]

Prints one line for each load: calls for health, their p99 and maximum, the node's resident memory and threads.
"""

import argparse
import contextlib
import json
import pathlib
import re
import resource
import socket
import subprocess
import sys
import threading
import time

DEADLINE_S = 60
MIB = 1 << 20
OFFERS = "/api/v1/queues/in/messages"
PAGE = "/api/v1/queues/out/messages?max=1000"
RSS_MAX = 1024 * MIB
failures = []


class Node:
    """A runtime with an HTTP API, in a process of its own, on a port of its own."""

    def __init__(self, program, **options):
        self.process = subprocess.Popen([program, "a", "", *(f"{name}={value}" for name, value in options.items())],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])

    def rss(self):
        return self.status("VmRSS") * 1024

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def end(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


def head(method, target, *fields):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def body_head(target, length):
    return head("POST", target, "Content-Type: application/json", f"Content-Length: {length}")


def answer(client):
    """The status of the first answer, and how many there are before the server closes the connection."""
    data = b""
    with contextlib.suppress(OSError):
        while more := client.recv(65536):
            data += more
    return (int(data[9:12]) if data.startswith(b"HTTP/1.1 ") else 0), len(re.findall(rb"HTTP/1\.1 \d", data))


class Health(threading.Thread):
    """Asks for health, each time on a connection of its own, and watches the node's memory."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.times, self.failed, self.rss_max = node, [], 0, 0
        self.stopping = threading.Event()
        self.start()

    def run(self):
        while not self.stopping.is_set():
            begin = time.monotonic()
            try:
                with self.node.connect() as client:
                    client.sendall(head("GET", "/healthz", "Connection: close"))
                    status, _ = answer(client)
            except OSError:
                status = 0
            self.times.append(time.monotonic() - begin)
            self.failed += status != 200
            self.rss_max = max(self.rss_max, self.node.rss())
            self.stopping.wait(0.01)

    def report(self, name, health_ms, note=""):
        self.stopping.set()
        self.join()
        times = sorted(self.times)
        p99, slowest = times[int(len(times) * 0.99)] * 1e3, times[-1] * 1e3
        print(f"{name:34} health {len(times):5} calls p99 {p99:7.1f} ms max {slowest:7.1f} ms failed {self.failed}"
              f"  rss max {self.rss_max / MIB:6.0f} MiB threads {self.node.status('Threads')}  {note}", flush=True)
        if self.failed or slowest > health_ms:
            failures.append(f"{name}: health failed {self.failed} times, took up to {slowest:.0f} ms")
        if self.rss_max > RSS_MAX:
            failures.append(f"{name}: {self.rss_max / MIB:.0f} MiB")


def under_load(node, arguments, name, load):
    health = Health(node)
    with contextlib.ExitStack() as open_sockets:
        note = load(node, open_sockets)
        time.sleep(arguments.seconds)
        health.report(name, arguments.health_ms, note or "")


def half_bodies(node, stack):
    for _ in range(64):
        client = stack.enter_context(node.connect())
        client.sendall(body_head(OFFERS, 8 * MIB) + b"{")


def readers_that_do_not_read(node, stack):
    for _ in range(64):
        client = stack.enter_context(node.connect())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(head("GET", PAGE))


def send_all(stack, node, requests):
    """Sends large requests from threads; returns them with what was answered."""
    statuses = []

    def one(request):
        with node.connect() as client:
            with contextlib.suppress(OSError):
                client.sendall(request)
            statuses.append(answer(client)[0])

    threads = [threading.Thread(target=one, args=(request,), daemon=True) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    return sorted(set(statuses))


def brackets(node, stack):
    body = b"[" * (8 * MIB)
    request = head("POST", "/api/v1/cluster/shards/0/move", "Content-Type: application/json",
                   f"Content-Length: {len(body)}", "Connection: close") + body
    offer = head("POST", OFFERS, "Content-Type: application/json", f"Content-Length: {len(body)}",
                 "Connection: close") + body
    items = b"[" + b"{}," * (8 * MIB // 3 - 1) + b"1]"
    other = head("POST", OFFERS, "Content-Type: application/json", f"Content-Length: {len(items)}",
                 "Connection: close") + items
    return f"answers {[send_all(stack, node, [each] * 24) for each in (request, offer, other)]}"


def refusals_not_read(node, stack):
    for _ in range(24):
        client = stack.enter_context(node.connect())
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.send(head("DELETE", OFFERS) * 5000)


def many_connections(node, stack):
    for _ in range(500):
        stack.enter_context(node.connect())


def check_lengths(node):
    inner = head("DELETE", OFFERS)
    for field in ("Content-Length: +117", "Content-Length: -1", "Content-Length: 0x75", "Content-Length: abc",
                  "Content-Length: ", "Content-Length: \xa0117", "Content-Length: 117, 117",
                  "Content-Length: 0\r\nContent-Length: 117", "Transfer-Encoding: chunked",
                  "Transfer-Encoding: x\r\nContent-Length: 0", "X: a\rb: c", "X: a\x00b", "X: a\nb: c",
                  "Host: localhost"):
        with node.connect() as client:
            client.sendall(head("POST", OFFERS, "Content-Type: application/json", field) + inner)
            status, answers = answer(client)
        if status not in (400, 411, 413, 501) or answers != 1:
            failures.append(f"{field!r}: {answers} answers, the first {status}")
    print("bad lengths and lines: each refused, closed, and nothing behind it executed", flush=True)


def idle_streams(program, arguments):
    """N clients that listen to events: threads, memory, health."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < arguments.streams + 512:
        print(f"{arguments.streams} streams need more than the {hard} open files that are allowed here: left out")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        node = Node(program, connections_max=arguments.streams + 32, event_streams_max=arguments.streams)
        stack.callback(node.end)
        before = node.rss(), node.status("Threads")
        clients = []
        for _ in range(arguments.streams):
            client = stack.enter_context(node.connect())
            client.sendall(head("GET", "/api/v1/events"))
            clients.append(client)
        silent = sum(not client.recv(65536).startswith(b"HTTP/1.1 200") for client in clients)
        if silent:
            failures.append(f"{silent} streams were refused")
        health = Health(node)
        time.sleep(max(arguments.seconds, 2))
        health.report(f"{arguments.streams} idle streams", arguments.health_ms,
                      f"(before: {before[0] / MIB:.0f} MiB, {before[1]} threads)")


def fill(node):
    """Messages that make a page of 8 MiB, in a queue from which nobody takes them."""
    for number in range(32):
        body = json.dumps(str(number) + "x" * (256 << 10)).encode()
        with node.connect() as client:
            client.sendall(head("POST", PAGE.partition("?")[0], "Content-Type: application/json",
                                f"Content-Length: {len(body)}", "Connection: close") + body)
            if answer(client)[0] != 202:
                failures.append("the page cannot be filled")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--health-ms", type=float, default=100)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        node = Node(arguments.program)
        stack.callback(node.end)
        under_load(node, arguments, "nothing else", lambda *_: None)
        check_lengths(node)
        fill(node)
        for load in (half_bodies, brackets, readers_that_do_not_read, many_connections):
            under_load(node, arguments, load.__name__.replace("_", " "), load)
    with contextlib.ExitStack() as stack:
        node = Node(arguments.program, token="secret")
        stack.callback(node.end)
        under_load(node, arguments, "refusals not read", refusals_not_read)
    idle_streams(arguments.program, arguments)
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
