"""The clients in Python and JavaScript against nodes that exist in the test only: a worker that is given one
node of three gets the messages of all, tells each node of its own leases, and reads queues as it reads stages.

Usage: all_nodes_test.py CLIENTS
"""

import http.server
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

CLIENTS = ""
NODE = shutil.which("node")
DEADLINE_S = 30

PYTHON = """
import logging, sys, time
sys.path.insert(0, sys.argv[1])
from millrace import Output, Worker
worker = Worker(sys.argv[2])
@worker.queue("jobs", lease="1s", wait="1s")
def done(job):
    if job.payload["slow"]: time.sleep(0.7)
    return Output({"number": job.payload["number"]}, queue="done", key="k")
@worker.stage("p/s", batch=4, wait="1s")
def stage(messages):
    return [None for message in messages]
logging.basicConfig(level=logging.CRITICAL)
worker.run()
"""
JAVASCRIPT = """
const { Output, Worker } = await import(process.argv[1] + '/millrace.mjs');
const worker = new Worker(process.argv[2], { log: () => {} });
const slow = () => new Promise((resolve) => setTimeout(resolve, 700));
worker.queue('jobs', { lease: '1s', wait: '1s' }, async (job) => {
  if (job.payload.slow) await slow();
  return new Output({ number: job.payload.number }, { queue: 'done', key: 'k' });
});
worker.stage('p/s', { batch: 4, wait: '1s' }, (messages) => messages.map(() => null));
await worker.run();
"""


class FakeNode:
    """Gives `messages` of the queue "jobs", one at a time; with `moved` it serves none of it, and names that
    node instead."""

    def __init__(self, name, messages=(), moved=None):
        node = self
        self.name = name
        self.messages = list(messages)
        self.moved = moved
        self.lock = threading.Lock()
        self.members = []
        self.completed = []  # what was said of leases of this node
        self.strange = []  # tokens of other nodes
        self.extended = set()
        self.asked = set()  # paths
        self.sessions = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=None, **headers):
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                members = [{**one, "self": one["node"] == node.name} for one in node.members]
                self.answer(200, {"members": members})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.endswith("/leases"):
                    return self.lease(body)
                with node.lock:
                    results = [self.result(one) for one in body["leases"]]
                self.answer(200, {"leases": results})

            def lease(self, body):
                node.asked.add(self.path)
                node.sessions.add(body["session"])
                if node.moved and "jobs" in self.path:
                    return self.answer(307, Location=node.moved.url + self.path)
                with node.lock:
                    message = node.messages.pop(0) if node.messages and "jobs" in self.path else None
                if message is None:
                    time.sleep(0.05)
                    return self.answer(204)
                token = f"{node.name}-{message['number']}"
                self.answer(200, {"leases": [{"lease": token, "key": "", "messages": [
                    {"id": token, "attempt": 1, "payload": message, "call_id": token}]}]})

            def result(self, one):
                token = one if isinstance(one, str) else one["lease"]
                if not token.startswith(node.name):
                    node.strange.append(token)
                elif isinstance(one, str):
                    node.extended.add(token)
                else:
                    node.completed.append(one)
                return {"lease": token, "result": "done"}

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a worker that stops breaks off its requests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class AllNodes(unittest.TestCase):
    def check(self, command):
        b = FakeNode("b", [{"number": number, "slow": number == 12} for number in range(10, 14)])
        a = FakeNode("a", [{"number": number, "slow": False} for number in range(4)])
        c = FakeNode("c", moved=b)
        gone = {"node": "gone", "http": "127.0.0.1:1", "state": "removed"}
        for node in (a, b, c):
            self.addCleanup(node.close)
            node.members = [gone] + [
                {"node": one.name, "http": one.url[len("http://"):], "state": "up"} for one in (a, b, c)]
        worker = subprocess.Popen([*command, a.url])
        try:
            deadline = time.monotonic() + DEADLINE_S
            while len(a.completed) < 4 or len(b.completed) < 4 or len(c.asked) < 2:
                self.assertLess(time.monotonic(), deadline, (a.completed, b.completed, c.asked))
                self.assertIsNone(worker.poll())
                time.sleep(0.01)
            worker.send_signal(signal.SIGTERM)
            self.assertEqual(worker.wait(timeout=DEADLINE_S), 0)
        finally:
            worker.kill()
            worker.wait()
        for node, numbers in ((a, range(4)), (b, range(10, 14))):
            self.assertEqual(node.strange, [])
            self.assertEqual(sorted(one["lease"] for one in node.completed),
                             sorted(f"{node.name}-{number}" for number in numbers))
            for one in node.completed:
                number = int(one["lease"][2:])
                self.assertEqual(one["outcomes"], [{"outputs": [
                    {"payload": {"number": number}, "queue": "done", "key": "k"}]}])
            self.assertEqual(node.asked, {"/api/v1/queues/jobs/leases", "/api/v1/stages/p/s/leases"})
            self.assertEqual(node.sessions, {True})
        self.assertEqual(c.completed + c.strange, [])
        # At the node that gave it, while its handler runs or it waits for its turn.
        self.assertIn("b-12", b.extended)

    def test_in_python(self):
        self.check([sys.executable, "-B", "-c", PYTHON, f"{CLIENTS}/python"])

    def test_in_javascript(self):
        if not NODE:
            self.skipTest("there is no node")
        self.check([NODE, "--input-type=module", "-e", JAVASCRIPT, "--", f"{CLIENTS}/node"])


if __name__ == "__main__":
    CLIENTS = str(pathlib.Path(sys.argv.pop()).resolve())
    unittest.main()
