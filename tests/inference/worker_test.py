"""The inference service with its model in a worker: each request has one answer, that of the model in C++,
though the worker and the node are killed.

Usage: worker_test.py MILLRACE ROOT
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

MILLRACE = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.path[:0] = [str(ROOT / "tests/serve"), str(ROOT / "apps/clients/python"), str(ROOT / "apps/inference")]
import worker  # noqa: E402
from millrace import Message, Retry  # noqa: E402
from node_process import DEADLINE_S, Node  # noqa: E402


def request(prompt, attempt=1, expires_at=None):
    return Message(id="1", key="", payload={"tenant": "chat", "id": 7, "prompt": prompt}, attempt=attempt,
                   call_id="c", born_at="2026-01-01T00:00:00.000000Z", expires_at=expires_at)


class Model(unittest.TestCase):
    def test_completions_are_those_of_both_forms(self):
        lines = (ROOT / "tests/inference/completions.txt").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), 6)
        for prompt, text in zip(lines[::2], lines[1::2]):
            self.assertEqual(worker.completion_of(prompt), text)

    def test_each_request_of_a_batch_has_its_own_outcome(self):
        forgetful = next(text for text in map(str, range(10_000))
                         if worker.checksum_of(text) % worker.OUT_OF_MEMORY_ONE_IN == 0)
        past = "2026-01-01T00:00:01.000000Z"
        late, long, retried, again, done = worker.infer([
            request("a", expires_at=past), request("?" * 2001), request(forgetful), request(forgetful, attempt=2),
            request("a", expires_at="2100-01-01T00:00:00Z")])
        self.assertEqual(late["verdict"], "EXPIRED")
        self.assertEqual((long["verdict"], long["text"]),
                         ("REJECTED", "the prompt has 2001 characters; expected at most 2000"))
        self.assertIsInstance(retried, Retry)
        self.assertEqual(again["verdict"], "ANSWERED")
        self.assertEqual({name: done[name] for name in ("tenant", "id", "verdict", "text", "batch_size")},
                         {"tenant": "chat", "id": 7, "verdict": "ANSWERED", "text": worker.completion_of("a"),
                          "batch_size": 4})
        self.assertGreater(done["waited_us"], 0)


class Service(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(folder.cleanup)
        self.settings = {"MILLRACE__NODE__DATA_DIR": str(pathlib.Path(folder.name, "data")),
                         "MILLRACE__LISTEN__CLUSTER": "127.0.0.1:0",
                         "MILLRACE__LISTEN__HTTP": "127.0.0.1:0"}

    def start_node(self):
        node = Node(MILLRACE, ROOT / "configs/inference.toml", environment=self.settings)
        self.addCleanup(node.__exit__)
        address = node.wait_for("HTTP API at").split()[-1]
        self.settings["MILLRACE__LISTEN__HTTP"] = address
        self.url = f"http://{address}"
        node.wait_for("serves")
        return node

    def start(self, script, *arguments, **more):
        process = subprocess.Popen(
            [sys.executable, "-B", str(ROOT / "apps/inference" / script), self.url, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT / "apps/clients/python")}, text=True, **more)

        def end():
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.addCleanup(end)
        return process

    def count(self, what):
        with urllib.request.urlopen(self.url + "/api/v1/queues/inference.requests", timeout=DEADLINE_S) as answer:
            return json.loads(answer.read())[what]

    def test_answers_each_request_once_though_worker_and_node_are_killed(self):
        node = self.start_node()
        callers = self.start("ask.py", "--requests", "1000", "--timeout", str(DEADLINE_S), stdout=subprocess.PIPE)
        model = self.start("worker.py")
        while self.count("acked") < 100:
            self.assertIsNone(callers.poll())
        model.send_signal(signal.SIGKILL)
        node.end(signal.SIGKILL)
        self.start_node()
        model = self.start("worker.py")
        heard = json.loads(callers.communicate(timeout=2 * DEADLINE_S)[0])
        self.assertEqual(callers.returncode, 0, heard)
        self.assertEqual(heard["ANSWERED"] + heard["REJECTED"], 1000, heard)
        self.assertGreater(heard["REJECTED"], 0)
        self.assertGreater(heard["mean_batch"], 8, heard)
        model.send_signal(signal.SIGTERM)
        self.assertEqual(model.wait(timeout=DEADLINE_S), 0)

    def test_answers_late_requests_as_expired(self):
        self.start_node()
        callers = self.start("ask.py", "--requests", "50", "--expires-in", "1ms", stdout=subprocess.PIPE)
        while self.count("offered") < 50:
            self.assertIsNone(callers.poll())
        self.start("worker.py")
        heard = json.loads(callers.communicate(timeout=2 * DEADLINE_S)[0])
        self.assertEqual((callers.returncode, heard["EXPIRED"]), (0, 50), heard)


if __name__ == "__main__":
    unittest.main(verbosity=2)
