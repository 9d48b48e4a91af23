"""A cluster that grows from three nodes to five and shrinks to two, under load.

Usage: grow_shrink_test.py MILLRACE
"""

import collections
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error

from dev_cluster import DEADLINE_S, get, place_order, until
from node_process import Node

MILLRACE = ""
SHARDS = 16
ORDERS_MIN = 300


def free_ports(count):
    """Returns ports that were free; another process may take one before a node listens on it."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Cluster:
    """A context: nodes with config files of their own, which name the nodes told."""

    def __init__(self, names):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        ports = free_ports(2 * len(names))
        self.links = dict(zip(names, ports))
        self.https = dict(zip(names, ports[len(names):]))
        self.nodes = {}

    def url(self, name):
        return f"http://127.0.0.1:{self.https[name]}"

    def configure(self, names):
        """Writes the files of all nodes: a cluster of `names`."""
        members = "".join(
            f'[[cluster.nodes]]\nname = "{name}"\naddress = "127.0.0.1:{self.links[name]}"\n'
            f'http = "127.0.0.1:{self.https[name]}"\n' for name in names)
        for name in names:
            (self.path / f"{name}.toml").write_text(
                f'[node]\nname = "{name}"\ndata_dir = "{self.path / name}"\n'
                f'[cluster]\nname = "grown"\nshards = {SHARDS}\n{members}', encoding="utf-8")

    def start(self, name, *arguments):
        if name in self.nodes:
            self.nodes[name].__exit__()
        self.nodes[name] = Node(MILLRACE, self.path / f"{name}.toml", *arguments)
        self.nodes[name].wait_for("serves")

    def reload(self, names):
        self.configure(names)
        for name in names:
            if name not in self.nodes:
                continue
            self.nodes[name].process.send_signal(signal.SIGHUP)
            self.nodes[name].wait_for("reloaded the configuration")

    def await_ready(self, names):
        for name in names:
            until(lambda name=name: get(self.url(name) + "/readyz")["ready"], f"{name} is ready")
            until(lambda name=name: "" not in self.owners(name), f"{name} knows all owners")

    def await_members(self, at, names):
        def are_up():
            members = get(self.url(at) + "/api/v1/cluster/members")["members"]
            up = {each["node"] for each in members
                  if each["state"] == "up" and not each["unreachable"] and not each["other_layout"]}
            return up >= set(names)
        until(are_up, f"{at} sees {names}")

    def shards(self, at):
        return get(self.url(at) + "/api/v1/cluster/shards")["shards"]

    def owners(self, at):
        return collections.Counter(shard["owner"] for shard in self.shards(at))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.__exit__()
        self.folder.cleanup()


class GrowAndShrink(unittest.TestCase):
    def run_cluster(self, *arguments, status=0):
        done = subprocess.run([MILLRACE, "cluster", *arguments], capture_output=True, text=True,
                              timeout=2 * DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def place(self, url):
        while not self.is_enough:
            self.place_next(url)
            time.sleep(0.005)

    def place_next(self, url):
        order_id = f"o{len(self.placed)}"
        until(lambda: place_order(url, order_id, order_id) == 202, f"{order_id} is taken")
        self.placed.append(order_id)

    def place_more(self, url):
        """Places ORDERS_MIN orders more."""
        enough = len(self.placed) + ORDERS_MIN
        while len(self.placed) < enough:
            self.place_next(url)

    def await_more(self, count=20):
        had = len(self.placed)
        until(lambda: len(self.placed) >= had + count, "orders come in")

    def test_three_nodes_become_five_and_then_two_under_load(self):
        self.placed, self.is_enough = [], False
        with Cluster(["a", "b", "c", "d", "e"]) as cluster:
            three, five, two = ["a", "b", "c"], ["a", "b", "c", "d", "e"], ["a", "b"]
            cluster.configure(three)
            for name in three:
                cluster.start(name)
            cluster.await_ready(three)
            self.assertEqual(sorted(cluster.owners("a").values()), [5, 5, 6])

            load = threading.Thread(target=self.place, args=(cluster.url("a"),))
            load.start()
            try:
                self.await_more()
                cluster.reload(five)
                said = self.run_cluster("add", "d", "--yes", "--server", cluster.url("a"), status=1)
                self.assertIn("does not see d up yet", said)
                for name in ["d", "e"]:
                    cluster.start(name)
                cluster.await_ready(five)
                self.assertEqual(set(cluster.owners("d")), set(three), "nothing moves by itself")
                for name in five:
                    cluster.await_members(name, five)
                for name in ["d", "e"]:
                    said = self.run_cluster("add", name, "--yes", "--server", cluster.url("b"))
                    self.assertIn(f"to {name}", said)
                    self.await_more()
                self.run_cluster("rebalance", "--yes", "--server", cluster.url("c"))
                self.assertEqual(sorted(cluster.owners("a").values()), [3, 3, 3, 3, 4])

                left = list(five)
                for name in ["e", "d", "c"]:
                    said = self.run_cluster("remove", name, "--server", cluster.url("a"), status=1)
                    self.assertIn("cluster leave", said)
                    self.run_cluster("leave", "--yes", "--server", cluster.url(name))
                    self.assertEqual(cluster.nodes[name].process.wait(timeout=DEADLINE_S), 0)
                    self.assertIn("owns no shard",
                                  self.run_cluster("remove", name, "--server", cluster.url("a")))
                    left.remove(name)
                    cluster.reload(left)
                    self.await_more()
                until(lambda: len(self.placed) >= ORDERS_MIN, "enough orders are placed")
            finally:
                self.is_enough = True
                load.join()
            cluster.await_ready(two)
            self.assertEqual(set(cluster.owners("a")), set(two))
            for order_id in self.placed:
                until(lambda order_id=order_id: self.is_done(cluster.url("b"), order_id),
                      f"{order_id} is done")
            queues = json.loads(subprocess.run(
                [MILLRACE, "queue", "ls", "--server", cluster.url("a"), "--json"],
                stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=True).stdout)
            counts = {queue["queue"]: queue for queue in queues}
            self.assertEqual(counts["orders.placed"]["offered"], len(self.placed))
            self.assertEqual(sum(queue["dead"] for queue in queues), 0)
            for name in two:
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)

    def is_done(self, url, order_id):
        return get(f"{url}/api/v1/orders/{order_id}").get("status") in ("REJECTED", "OUT_OF_STOCK")

    def test_a_new_node_under_a_new_file_serves_nothing_that_others_own(self):
        with Cluster(["a", "b", "c"]) as cluster:
            cluster.configure(["a", "b"])
            for name in ["a", "b"]:
                cluster.start(name)
            cluster.await_ready(["a", "b"])
            before = cluster.owners("a")
            cluster.configure(["a", "b", "c"])  # a and b have the old list still
            cluster.start("c")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                get(cluster.url("c") + "/readyz")
            self.assertEqual(refused.exception.code, 503)
            self.assertEqual(set(cluster.owners("c")), {""})
            # A rolling change: each of the old nodes starts again with the new file.
            for name in ["a", "b"]:
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)
                cluster.start(name)
            cluster.await_ready(["a", "b", "c"])
            self.assertEqual(cluster.owners("c"), before)
            for name in ["a", "b", "c"]:
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)

    def test_a_removed_nodes_shards_wait_for_the_operator(self):
        with Cluster(["a", "b", "c"]) as cluster:
            cluster.configure(["a", "b", "c"])
            for name in ["a", "b", "c"]:
                cluster.start(name)
            cluster.await_ready(["a", "b", "c"])
            lost = [shard["shard"] for shard in cluster.shards("a") if shard["owner"] == "c"]
            # So that outboxes of a and b have replies for messages that only c has.
            self.placed = []
            self.place_more(cluster.url("a"))
            self.assertEqual(cluster.nodes["c"].end(signal.SIGKILL), -signal.SIGKILL)
            cluster.reload(["a", "b"])

            def waiting():
                total = 0
                for name in ["a", "b"]:
                    total += sum(shard["state"] == "waiting" for shard in cluster.shards(name))
                return total == len(lost)
            until(waiting, "the shards of c wait")
            said = self.run_cluster("remove", "c", "--server", cluster.url("a"), status=1)
            self.assertIn("--accept-loss", said)
            self.run_cluster("remove", "c", "--accept-loss", "--yes", "--server", cluster.url("a"))
            cluster.await_ready(["a", "b"])
            self.assertEqual(sum(cluster.owners("a").values()), SHARDS)
            self.assertNotIn("c", cluster.owners("a"))
            # That they began anew is remembered over a move and a start: no outbox has met them yet, and
            # nobody takes them for an older copy.
            owners = {shard["shard"]: shard["owner"] for shard in cluster.shards("a")}
            for shard in lost:
                other = "b" if owners[shard] == "a" else "a"
                self.run_cluster("move-shard", str(shard), other, "--yes",
                                 "--server", cluster.url("a"))
            for name in ["a", "b"]:
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)
            for name in ["a", "b"]:
                cluster.start(name)
            cluster.await_ready(["a", "b"])
            before = len(self.placed)
            self.place_more(cluster.url("b"))
            for order_id in self.placed[before:]:
                until(lambda order_id=order_id: self.is_done(cluster.url("a"), order_id),
                      f"{order_id} is done")
            for name in ["a", "b"]:
                self.assertTrue(get(cluster.url(name) + "/readyz")["ready"])
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
