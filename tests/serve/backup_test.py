"""millrace backup, restore and audit: a node under load is backed up, its copy restored elsewhere,
audited, and served; a damaged copy is found.

Usage: backup_test.py MILLRACE
"""

import http.client
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from node_process import DEADLINE_S, Node

MILLRACE = ""


class Backup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.confirmed = []

    def tearDown(self):
        self.folder.cleanup()

    def config(self, data):
        """Writes the config of a node with the data directory `data`; returns its path."""
        config = self.path / f"{data}.toml"
        config.write_text(
            f'[node]\nname = "a"\ndata_dir = "{self.path / data}"\n'
            '[listen]\ncluster = "127.0.0.1:0"\nhttp = "127.0.0.1:0"\n', encoding="utf-8")
        return config

    def run_millrace(self, *arguments, status=0):
        done = subprocess.run([MILLRACE, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def audit(self, *directories, status=0):
        done = self.run_millrace("audit", "--data-dir", *directories, "-o", "json", status=status)
        return json.loads(done.stdout)

    def offer(self, url, client, is_over):
        for number in range(1_000_000):
            if is_over.is_set():
                return
            order = {"order_id": f"o{client}x{number}", "customer_id": f"c{client}",
                     "currency": "EUR", "total_minor": 100,
                     "lines": [{"sku": "s1", "quantity": 1, "unit_price_minor": 100}]}
            request = urllib.request.Request(
                url + "/api/v1/queues/orders.placed/messages", data=json.dumps(order).encode(),
                headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE_S):
                    self.confirmed.append(order["order_id"])
            except (urllib.error.URLError, ConnectionError, TimeoutError, http.client.HTTPException):
                is_over.wait(0.01)

    def wait_for_confirmed(self, count):
        deadline = time.monotonic() + DEADLINE_S
        while len(self.confirmed) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def back_up_under_load(self):
        """Backs a node up twice while it takes orders; returns what each backup must have."""
        before = []
        with Node(MILLRACE, self.config("data")) as node:
            url = "http://" + node.wait_for("HTTP API at").split()[-1]
            node.wait_for("serves")
            is_over = threading.Event()
            clients = [threading.Thread(target=self.offer, args=(url, i, is_over))
                       for i in range(4)]
            for client in clients:
                client.start()
            try:
                for i in range(2):
                    self.wait_for_confirmed(200 * (i + 1))
                    before.append(set(self.confirmed))
                    self.run_millrace("backup", self.path / f"backup{i}", "--server", url)
                self.run_millrace("backup", self.path / "backup0", "--server", url, status=1)
                self.wait_for_confirmed(600)
            finally:
                is_over.set()
                for client in clients:
                    client.join()
            self.assertEqual(node.end(signal.SIGTERM), 0)
        return before

    def order_keys(self, url, orders):
        for order in orders:
            with urllib.request.urlopen(f"{url}/api/v1/orders/{order}", timeout=DEADLINE_S) as answer:
                self.assertEqual(answer.status, 200)

    def test_under_load_is_restored_audited_and_served(self):
        before = self.back_up_under_load()
        self.assertEqual(self.audit(self.path / "data")["verdict"], "PASS")
        for i, orders in enumerate(before):
            backup = self.path / f"backup{i}"
            self.assertEqual(self.audit(backup)["verdict"], "PASS")
            self.run_millrace("restore", backup, "--data-dir", self.path / f"new{i}")
            self.run_millrace("restore", backup, "--data-dir", self.path / f"new{i}", status=1)
            self.assertEqual(self.audit(self.path / f"new{i}")["verdict"], "PASS")
            with Node(MILLRACE, self.config(f"new{i}")) as node:
                node.wait_for("was restored from a backup of node a")
                url = "http://" + node.wait_for("HTTP API at").split()[-1]
                node.wait_for("serves")
                self.settle(url)
                self.order_keys(url, sorted(orders)[:50])
                self.assertEqual(node.end(signal.SIGTERM), 0)
            self.assertEqual(self.audit(self.path / f"new{i}")["verdict"], "PASS")

    def settle(self, url):
        """Waits until no order waits to be let in: then each has a state."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{url}/api/v1/queues", timeout=DEADLINE_S) as answer:
                queues = json.loads(answer.read())["queues"]
            waiting = [each["queued"] for each in queues
                       if each["queue"] in ("orders.placed", "orders.events")]
            if sum(waiting) == 0:
                return
            time.sleep(0.05)
        raise AssertionError("orders still wait")

    def test_of_a_stopped_node_and_of_a_damaged_one(self):
        self.back_up_under_load()
        data = self.path / "data"
        self.run_millrace("backup", self.path / "copy", "--data-dir", data)
        self.assertEqual(self.audit(self.path / "copy")["verdict"], "PASS")
        segment = max((self.path / "copy" / "segments").iterdir())
        bytes_before = segment.read_bytes()
        damaged = bytearray(bytes_before)
        damaged[4096 + 60] ^= 1
        segment.write_bytes(damaged)
        report = self.audit(self.path / "copy", status=4)
        self.assertEqual(report["verdict"], "FAIL")
        finding = next(check for check in report["checks"] if check["check"] == "records")
        self.assertEqual(finding["findings"][0]["file"], f"segments/{segment.name}")
        self.assertEqual(finding["findings"][0]["offset"], 4096)
        self.run_millrace("restore", self.path / "copy", "--data-dir", self.path / "new", status=1)
        segment.unlink()
        self.audit(self.path / "copy", status=4)

    def test_audit_of_a_running_node_and_of_nothing_fails(self):
        with Node(MILLRACE, self.config("data")) as node:
            node.wait_for("serves")
            done = self.run_millrace("audit", "--data-dir", self.path / "data", status=1)
            self.assertIn("storage_locked", done.stderr)
            self.assertEqual(node.end(signal.SIGTERM), 0)
        done = self.run_millrace("audit", "--data-dir", self.path, status=1)
        self.assertIn("not_found", done.stderr)


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
