"""A node on an older copy of its data directory: it takes nothing before every other node has said what
it remembers, and ends when one remembers more; the newest directory, put back, serves at once.

Usage: copied_directory_test.py MILLRACE
"""

import shutil
import signal
import sys
import unittest
import urllib.error

import grow_shrink_test
from dev_cluster import get, place_order, until
from grow_shrink_test import Cluster
from node_process import Node

ORDERS = 40  # so many that some belong to shards of each node
EX_CONFIG = 78


class CopiedDirectory(unittest.TestCase):
    def place(self, url, name):
        for number in range(ORDERS):
            order = f"{name}{number}"
            until(lambda order=order: place_order(url, order, order) == 202, f"{order} is taken")

    def await_handled(self, cluster, names):
        """Waits until no node has live messages: then all orders were handed on."""
        def is_idle(name):
            queues = get(cluster.url(name) + "/api/v1/queues?scope=node")["queues"]
            return all(queue["queued"] == 0 for queue in queues
                       if not queue["dead_letters"])
        for name in names:
            until(lambda name=name: is_idle(name), f"{name} has nothing to do")

    def refused(self, url):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            place_order(url, "late", "late")
        with raised.exception as answer:
            self.assertEqual(answer.code, 503)

    def start_on_copy(self, cluster):
        cluster.nodes["c"].__exit__()
        cluster.nodes["c"] = node = Node(grow_shrink_test.MILLRACE, cluster.path / "c.toml")
        return node

    def test_takes_nothing_and_ends_and_the_newest_serves(self):
        names = ["a", "b", "c"]
        with Cluster(names) as cluster:
            cluster.configure(names)
            for name in names:
                cluster.start(name)
            cluster.await_ready(names)
            self.assertEqual(cluster.nodes["c"].end(signal.SIGTERM), 0)
            shutil.copytree(cluster.path / "c", cluster.path / "copy")
            cluster.start("c")
            cluster.await_ready(names)
            self.place(cluster.url("c"), "o")
            self.await_handled(cluster, names)
            self.assertEqual(cluster.nodes["c"].end(signal.SIGTERM), 0)
            for name in ["a", "b"]:
                self.assertEqual(cluster.nodes[name].end(signal.SIGTERM), 0)
            (cluster.path / "c").rename(cluster.path / "newest")
            shutil.copytree(cluster.path / "copy", cluster.path / "c")
            node = self.start_on_copy(cluster)
            node.wait_for("what they remember of it: a, b")
            node.wait_for("compares its data directory")
            with self.assertRaises(urllib.error.HTTPError) as raised:
                get(cluster.url("c") + "/readyz")
            with raised.exception as answer:
                self.assertEqual(answer.code, 503)
                self.assertIn("copy", answer.read().decode())
            self.refused(cluster.url("c"))

            for name in ["a", "b"]:
                cluster.start(name)
            node.wait_for("--accept-loss")
            self.assertEqual(node.end(), EX_CONFIG)

            shutil.rmtree(cluster.path / "c")
            (cluster.path / "newest").rename(cluster.path / "c")
            cluster.start("c")
            cluster.await_ready(names)
            self.place(cluster.url("c"), "p")
            self.await_handled(cluster, names)

    def test_of_a_node_that_moved_serves_when_all_have_answered(self):
        names = ["a", "b"]
        with Cluster(names) as cluster:
            cluster.configure(names)
            for name in names:
                cluster.start(name)
            cluster.await_ready(names)
            self.assertEqual(cluster.nodes["b"].end(signal.SIGTERM), 0)
            shutil.copytree(cluster.path / "b", cluster.path / "moved")
            shutil.rmtree(cluster.path / "b")
            (cluster.path / "moved").rename(cluster.path / "b")
            cluster.nodes["b"].__exit__()
            cluster.nodes["b"] = Node(grow_shrink_test.MILLRACE, cluster.path / "b.toml")
            cluster.nodes["b"].wait_for("no other node remembers more")
            cluster.await_ready(names)
            self.place(cluster.url("b"), "o")
            # From now on it is in place.
            self.assertEqual(cluster.nodes["b"].end(signal.SIGTERM), 0)
            self.assertEqual(cluster.nodes["a"].end(signal.SIGTERM), 0)
            cluster.start("b")
            self.assertTrue(get(cluster.url("b") + "/readyz")["ready"])


if __name__ == "__main__":
    grow_shrink_test.MILLRACE = sys.argv.pop(1)
    unittest.main()
