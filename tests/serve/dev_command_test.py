"""millrace dev as a process: a cluster from nothing, which a node that dies comes back to.

Usage: dev_command_test.py MILLRACE
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

MILLRACE = ""
DEADLINE_S = 60
ORDER = {"order_id": "o1", "customer_id": "c1", "currency": "EUR",
         "lines": [{"sku": "none", "quantity": 1}]}


def until(found, what):
    """The first true result of `found`, asked again and again."""
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


class DevCommand(unittest.TestCase):
    def test_a_killed_node_comes_back_and_ctrl_c_drains(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            out = pathlib.Path(folder) / "out"
            with open(out, "wb") as file, subprocess.Popen(
                    [MILLRACE, "dev", "--nodes=2", f"--dir={folder}/dev"], stdout=file,
                    stderr=subprocess.PIPE, text=True) as cluster:
                try:
                    self.walk(out)
                    cluster.send_signal(signal.SIGINT)
                    _, said = cluster.communicate(timeout=DEADLINE_S)
                finally:
                    cluster.kill()
            self.assertEqual(cluster.returncode, 0, said)
            self.assertIn("node-2 was ended by signal 9", said)

    def walk(self, out):
        def nodes():
            lines = re.findall(r"(node-\d)  (http://\S+)  pid (\d+)", out.read_text("utf-8"))
            return {name: (url, int(pid)) for name, url, pid in lines}

        until(lambda: len(nodes()) == 2, "both nodes are started")
        first, second = nodes()["node-1"], nodes()["node-2"]

        def are_up():
            members = get(first[0] + "/api/v1/cluster/members")["members"]
            return all(each["state"] == "up" and not each["unreachable"] for each in members)

        until(are_up, "both members are up")
        os.kill(second[1], signal.SIGKILL)
        request = urllib.request.Request(
            first[0] + "/api/v1/queues/orders.placed/messages", data=json.dumps(ORDER).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": "k1"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertEqual(answer.status, 202)
        until(lambda: nodes()["node-2"][1] != second[1], "the killed node is started again")

        # Whichever node serves it; the other one says where it is.
        order = until(lambda: get(first[0] + "/api/v1/orders/o1"), "the order is known")
        self.assertEqual(order["order_id"], "o1")


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
