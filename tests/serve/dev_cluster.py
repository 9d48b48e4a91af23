"""DevCluster: runs `millrace dev` for a test."""

import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

DEADLINE_S = 60


def until(found, what):
    """Polls `found` until its result is true, at most DEADLINE_S; returns the result."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if result := found():
                return result
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"not in {DEADLINE_S} s: {what}")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def place_order(url, order_id, customer_id="c1"):
    """Places an order of a SKU without stock; returns the HTTP status."""
    order = {"order_id": order_id, "customer_id": customer_id, "currency": "EUR",
             "lines": [{"sku": "none", "quantity": 1}]}
    request = urllib.request.Request(
        url + "/api/v1/queues/orders.placed/messages", data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": order_id})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


class DevCluster:
    """A context: on entry all members are up, and all shards have an owner. end() stops the cluster and reads its log to `said`."""

    def __init__(self, program, nodes):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.count = nodes
        self.said = ""
        self.log = open(self.path / "err", "w+", encoding="utf-8")
        self.out = open(self.path / "out", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "dev", f"--nodes={nodes}", f"--dir={self.path / 'dev'}", "--http-port=0", "--kafka-port=0"],
            stdout=self.out, stderr=self.log)

    def nodes(self):
        """Returns (URL, process id) of each node, by name."""
        text = (self.path / "out").read_text("utf-8")
        return {name: (url, int(pid))
                for name, url, pid in re.findall(r"(node-\d)  (http://\S+)  pid (\d+)", text)}

    def url(self, number):
        return self.nodes()[f"node-{number}"][0]

    def pid(self, number):
        return self.nodes()[f"node-{number}"][1]

    def await_all_up(self):
        until(lambda: len(self.nodes()) == self.count, "all nodes are started")

        def are_up(number):
            members = get(self.url(number) + "/api/v1/cluster/members")["members"]
            return (all(each["state"] == "up" and not each["unreachable"] for each in members)
                    and get(self.url(number) + "/readyz")["ready"])

        for number in range(1, self.count + 1):
            until(lambda number=number: are_up(number), f"all members are up for node {number}")

    def end(self):
        """Sends SIGINT, as Ctrl-C does, and waits for the drain; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=DEADLINE_S)
        self.said = (self.path / "err").read_text("utf-8")
        return code

    def __enter__(self):
        try:
            self.await_all_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.out.close()
        self.folder.cleanup()
