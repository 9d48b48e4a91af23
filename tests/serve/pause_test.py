"""Pausing a stage of a running cluster: orders wait on all nodes, also after one of them was killed, and are handled once
when the stage is resumed.

Usage: pause_test.py MILLRACE
"""

import json
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import grow_shrink_test
from dev_cluster import DEADLINE_S, get, place_order, until
from grow_shrink_test import Cluster

MILLRACE = ""
ORDERS = 60
NODES = ["a", "b"]


class Pause(unittest.TestCase):
    def millrace(self, *arguments, status=0, at="a"):
        done = subprocess.run([MILLRACE, *arguments, "--server", self.cluster.url(at)],
                              capture_output=True, text=True, timeout=2 * DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def is_partial(self, stage):
        """Whether a pause is answered with 503 that says what a did, and that b did nothing."""
        call = urllib.request.Request(self.cluster.url("a") + "/api/v1/pause",
                                      data=json.dumps({"stage": stage, "reason": "the provider is down"}).encode(),
                                      headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(call, timeout=DEADLINE_S):
                return False
        except urllib.error.HTTPError as answer:
            with answer:
                self.assertEqual(answer.code, 503)
                body = json.loads(answer.read())
        return ([each["node"] for each in body["missing_nodes"]] == ["b"] and body["code"] == "unreachable"
                and [each["node"] for each in body["paused"]] == ["a"])

    def rows(self, *arguments):
        return json.loads(self.millrace(*arguments, "-o", "json"))

    def queue(self, name):
        return next(each for each in self.rows("queue", "ls") if each["queue"] == name)

    def await_linked(self):
        """Waits until each node answers for both."""
        for name in NODES:
            until(lambda name=name: "missing_nodes" not in get(self.cluster.url(name) + "/api/v1/pauses"),
                  f"{name} misses no node")

    def place(self, first, at):
        for number in range(first, first + ORDERS):
            order_id = f"o{number}"
            until(lambda order_id=order_id: place_order(self.cluster.url(at), order_id, order_id) == 202,
                  f"{order_id} is taken")

    def test_a_paused_stage_of_two_nodes_outlives_a_kill(self):
        with Cluster(NODES) as self.cluster:
            self.cluster.configure(NODES)
            for name in NODES:
                self.cluster.start(name)
            self.cluster.await_ready(NODES)
            self.await_linked()
            first = self.rows("pipeline", "ls")[0]
            stage = f"{first['pipeline']}/{first['stage']}"
            paused = self.rows("pause", "stage", stage, "--reason", "the provider is down")
            self.assertEqual({each["node"] for each in paused}, set(NODES))
            self.assertEqual(sum(each["shards"] for each in paused), grow_shrink_test.SHARDS)
            queue = paused[0]["queue"]
            self.place(0, "a")
            self.cluster.nodes["b"].process.kill()
            self.cluster.nodes["b"].process.wait()
            until(lambda: self.is_partial(stage), "a pause without b says so")
            self.assertIn("without node b", self.millrace("pause", "ls", status=3))
            seen = get(self.cluster.url("a") + f"/api/v1/queues/{queue}")
            self.assertEqual([each["node"] for each in seen["missing_nodes"]], ["b"])
            self.assertEqual({each["node"] for each in seen["served"]}, {"a"})
            self.cluster.start("b")
            self.cluster.await_ready(NODES)
            self.await_linked()
            self.place(ORDERS, "b")
            # What a had for b's shards arrives there once they see each other again.
            until(lambda: self.queue(queue)["queued"] == 2 * ORDERS, "all orders are in the queue")
            row = self.queue(queue)
            self.assertEqual((row["acked"], row["paused_shards"]), (0, grow_shrink_test.SHARDS))
            pauses = self.rows("pause", "ls")
            self.assertEqual(len(pauses), grow_shrink_test.SHARDS)
            self.assertEqual({each["reason"] for each in pauses}, {"the provider is down"})
            seen = get(self.cluster.url("b") + f"/api/v1/queues/{queue}")
            self.assertEqual({each["node"] for each in seen["served"]}, set(NODES))
            self.assertEqual(len(seen["served"]), grow_shrink_test.SHARDS)
            self.assertEqual(seen["queued"], 2 * ORDERS)
            text = self.millrace("resume", "stage", stage, at="b")
            self.assertIn(queue, text)
            until(lambda: self.queue(queue)["acked"] == 2 * ORDERS, "all orders are handled")
            self.assertEqual(self.queue(queue)["offered"], 2 * ORDERS)
            self.assertEqual(self.rows("pause", "ls"), [])

    def test_a_node_begins_paused_where_its_file_says_so(self):
        self.begins_paused("[runtime]\nstart_paused = true\n")

    def test_a_node_begins_paused_where_its_command_says_so(self):
        self.begins_paused("", "--start-paused")

    def begins_paused(self, config, *arguments):
        with Cluster(["a"]) as self.cluster:
            self.cluster.configure(["a"])
            with open(self.cluster.path / "a.toml", "a", encoding="utf-8") as file:
                file.write(config)
            self.cluster.start("a", *arguments)
            self.cluster.await_ready(["a"])
            pauses = self.rows("pause", "ls")
            self.assertIn("orders.placed", {each["queue"] for each in pauses})
            self.assertEqual({each["by"] for each in pauses}, {"runtime.start_paused"})
            self.assertEqual(place_order(self.cluster.url("a"), "o1"), 202)
            self.assertEqual(self.queue("orders.placed")["acked"], 0)
            self.assertIn("orders.placed", self.rows("status")["paused_queues"])
            self.millrace("resume", "queue", "orders.placed")
            until(lambda: self.queue("orders.placed")["acked"] == 1, "the order is handled")
            self.assertNotIn("orders.placed", {each["queue"] for each in self.rows("pause", "ls")})

    def test_what_is_not_there_is_not_paused(self):
        with Cluster(["a"]) as self.cluster:
            self.cluster.configure(["a"])
            self.cluster.start("a")
            self.cluster.await_ready(["a"])
            for arguments in (["queue", "none"], ["stage", "none/none"], ["pipeline", "none"],
                              ["role", "none"]):
                self.assertIn("not_found", self.millrace("pause", *arguments, status=1))
            self.assertIn("invalid_argument", self.millrace("pause", "queue", "orders.placed", "--for", "0s", status=2))
            self.assertEqual(self.rows("pause", "ls"), [])
            self.assertEqual(get(self.cluster.url("a") + "/api/v1/stages")["stages"][0]["breaker"]["state"], "closed")


if __name__ == "__main__":
    MILLRACE = grow_shrink_test.MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
