"""A pipeline of two stages in Python and one in JavaScript, from a config file alone, under kills: workers and
the node are killed at random while messages come. Then a checker of its own counts: each message has its
effect once.

Usage: kills.py MILLRACE CLIENTS [--messages 100000] [--seed N] [--kill-every 1]

What is checked:
    queue   `booked` has each message of each owner once, in order, and the state of the key has counted it once
    file    the outside system got each message under one call id of its own, and first calls in order of each owner;
            calls that were repeated have the id of before
    log     `millrace audit` finds nothing
"""

import argparse
import collections
import http.client
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "serve"))
from node_process import DEADLINE_S, Node  # noqa: E402

CONFIG = """
[node]
name = "a"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:{port}"
[[queue]]
name = "jobs"
type = "json"
key = "/owner"
[[pipeline]]
name = "jobs"
from = "jobs"
stages = ["parse", "count", "book"]
to = "booked"
[pipeline.stage.parse]
external = true
outputs = "json"
[pipeline.stage.count]
external = true
outputs = "json"
[pipeline.stage.book]
external = true
outputs = "json"
"""
EACH = 100  # messages of an owner
BACKLOG_MAX = 5000  # that the sender lets wait
RUN_MAX_S = 1500


class Run:
    def __init__(self, asked, folder):
        self.asked = asked
        self.folder = folder
        self.chance = random.Random(asked.seed)
        self.book = folder / "book"
        self.book.touch()
        self.port = 0
        self.node = None
        self.workers = []  # (command, process)
        self.kills = collections.Counter()
        self.failure = None  # of the sender

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start_node(self):
        config = self.folder / "node.toml"
        config.write_text(CONFIG.format(data=self.folder / "data", port=self.port), encoding="utf-8")
        self.node = Node(self.asked.millrace, config)
        address = self.node.wait_for("HTTP API at").split()[-1]
        self.port = int(address.rsplit(":", 1)[1])
        self.node.wait_for("serves")

    def start_workers(self):
        python = [sys.executable, "-B", HERE / "kills_worker.py", f"{self.asked.clients}/python", self.url]
        node = ["node", HERE / "kills_worker.mjs", f"{self.asked.clients}/node", self.url, self.book]
        for command in (python, python, node, node):
            self.workers.append((command, subprocess.Popen(list(map(str, command)))))

    def queue(self, name, what="queued"):
        """A count of a queue; None while the node is away."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/queues/{name}", timeout=DEADLINE_S) as answer:
                return json.loads(answer.read())[what]
        except (OSError, http.client.HTTPException):
            return None

    def send(self):
        from millrace import publish
        try:
            owners = self.asked.messages // EACH
            for number in range(EACH):
                while (self.queue("jobs") or 0) > BACKLOG_MAX:
                    time.sleep(0.05)
                publish(self.url, "jobs", ({"owner": f"o{owner}", "number": number} for owner in range(owners)))
        except Exception as error:  # told by the main thread
            self.failure = error

    def kill_something(self):
        """The node at one time of four, else a worker."""
        if self.chance.randrange(4) == 0:
            self.kills["node"] += 1
            self.node.end(signal.SIGKILL)
            self.node.__exit__()
            self.start_node()
            return
        i = self.chance.randrange(len(self.workers))
        command, process = self.workers[i]
        self.kills["javascript" if command[0] == "node" else "python"] += 1
        process.kill()
        process.wait()
        self.workers[i] = command, subprocess.Popen(list(map(str, command)))

    def go(self):
        self.start_node()
        self.start_workers()
        began = time.monotonic()
        sender = threading.Thread(target=self.send, daemon=True)
        sender.start()
        next_kill = began + self.asked.kill_every
        while (self.queue("booked") or 0) < self.asked.messages:
            ended = [command for command, process in self.workers if process.poll() is not None]
            if self.failure or ended or time.monotonic() > began + RUN_MAX_S:
                raise AssertionError(f"not all were booked: {self.failure}, {ended}, {self.queue('booked')}")
            if time.monotonic() > next_kill:
                self.kill_something()
                next_kill = time.monotonic() + self.asked.kill_every * self.chance.uniform(0.5, 1.5)
            time.sleep(0.05)
        seconds = time.monotonic() - began
        sender.join()
        self.check_queue()
        calls = self.check_book()
        for _, worker in self.workers:
            worker.terminate()
            assert worker.wait(timeout=DEADLINE_S) == 0
        assert self.node.end(signal.SIGTERM) == 0
        audit = subprocess.run([self.asked.millrace, "audit", "--data-dir", str(self.folder / "data")],
                               stdout=subprocess.PIPE, text=True, timeout=RUN_MAX_S, check=False)
        assert audit.returncode == 0, audit.stdout
        return {"messages": self.asked.messages, "seed": self.asked.seed, "seconds": round(seconds, 1),
                "kills": dict(self.kills), "calls": calls, "audit": audit.stdout.splitlines()[-1]}

    def check_queue(self):
        for owner in range(self.asked.messages // EACH):
            url = f"{self.url}/api/v1/queues/booked/messages?key=o{owner}&max=1000"
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                payloads = [one["payload"] for one in json.loads(answer.read())["messages"]]
            assert [one["number"] for one in payloads] == list(range(EACH)), (owner, payloads)
            assert [one["seen"] for one in payloads] == list(range(1, EACH + 1)), (owner, payloads)

    def check_book(self):
        """Returns how many calls there were."""
        jobs, first, calls = {}, collections.defaultdict(list), 0
        for line in self.book.read_text(encoding="utf-8").splitlines():
            call, owner, number = line.split()
            calls += 1
            if call in jobs:
                assert jobs[call] == (owner, number), line
                continue
            jobs[call] = owner, number
            first[owner].append(int(number))
        assert len(jobs) == self.asked.messages, len(jobs)
        for owner, numbers in first.items():
            assert numbers == list(range(EACH)), (owner, numbers)
        return calls

    def end(self):
        for _, worker in self.workers:
            worker.kill()
            worker.wait()
        if self.node:
            self.node.__exit__()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("millrace")
    parser.add_argument("clients", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--messages", type=int, default=100_000, help=f"a multiple of {EACH}")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--kill-every", type=float, default=1, help="seconds, on average")
    asked = parser.parse_args()
    if asked.messages < EACH or asked.messages % EACH:
        parser.error(f"--messages: expected a multiple of {EACH}, got {asked.messages}")
    if not shutil.which("node"):
        parser.error("there is no program node (Debian: nodejs)")
    sys.path.insert(0, f"{asked.clients}/python")
    print("seed", asked.seed, file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
        run = Run(asked, pathlib.Path(folder))
        try:
            print(json.dumps(run.go()))
        finally:
            run.end()


if __name__ == "__main__":
    main()
