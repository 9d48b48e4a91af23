"""millrace cluster leave and move-shard, on nodes that serve orders at the same time.

Usage: leave_test.py MILLRACE
"""

import json
import subprocess
import sys
import threading
import unittest

from dev_cluster import DEADLINE_S, DevCluster, get, place_order, until

MILLRACE = ""
ORDERS = 200


class ClusterLeave(unittest.TestCase):
    def run_cluster(self, url, *arguments, status=0):
        done = subprocess.run([MILLRACE, "cluster", *arguments, "--server", url],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def owners(self, url):
        shards = json.loads(self.run_cluster(url, "shards", "--json"))
        return {shard["shard"]: shard["owner"] for shard in shards}

    def test_leave_moves_all_shards_under_load_without_loss(self):
        with DevCluster(MILLRACE, nodes=3) as cluster:
            url, leaving = cluster.url(1), cluster.url(2)
            had = [shard for shard, owner in self.owners(url).items() if owner == "node-2"]
            self.assertTrue(had)
            plan = self.run_cluster(leaving, "leave", status=2)
            self.assertEqual(plan.count("would move shard"), len(had), plan)
            self.assertIn("would drain node node-2", plan)
            self.assertEqual(self.owners(url)[had[0]], "node-2", "nothing was done")

            placed = []
            load = threading.Thread(target=self.place, args=(url, placed))
            load.start()
            try:
                until(lambda: len(placed) > ORDERS // 10, "orders come in")
                first = cluster.pid(2)
                said = self.run_cluster(leaving, "leave", "--yes")
                self.assertEqual(said.count("moved shard"), len(had), said)
            finally:
                load.join()
            self.assertEqual(len(placed), ORDERS)
            self.assertNotIn("node-2", self.owners(url).values())
            until(lambda: cluster.pid(2) != first, "the node ended, and dev started it again")
            cluster.await_all_up()
            self.assertEqual(self.owners(cluster.url(2)), self.owners(url), "no shard moved back")

            for order_id in placed:
                until(lambda order_id=order_id: self.is_done(url, order_id), f"{order_id} is done")
            queues = json.loads(subprocess.run(
                [MILLRACE, "queue", "ls", "--server", url, "--json"], stdout=subprocess.PIPE,
                text=True, timeout=DEADLINE_S, check=True).stdout)
            counts = {queue["queue"]: queue for queue in queues}
            self.assertEqual(counts["orders.placed"]["offered"], ORDERS)
            self.assertEqual(sum(queue["dead"] for queue in queues), 0)
            self.assertEqual(cluster.end(), 0, cluster.said)

    def place(self, url, placed):
        for number in range(ORDERS):
            order_id = f"o{number}"
            until(lambda order_id=order_id: place_order(url, order_id, order_id) == 202,
                  f"{order_id} is taken")
            placed.append(order_id)

    def is_done(self, url, order_id):
        order = get(f"{url}/api/v1/orders/{order_id}")
        return order.get("status") in ("REJECTED", "OUT_OF_STOCK")

    def test_a_shard_moves_to_the_named_node_and_back(self):
        with DevCluster(MILLRACE, nodes=2) as cluster:
            url = cluster.url(1)
            owner = self.owners(url)[3]
            other = "node-2" if owner == "node-1" else "node-1"
            self.assertIn(f"would move shard 3 from {owner} to {other}",
                          self.run_cluster(url, "move-shard", "3", other, status=2))
            self.run_cluster(url, "move-shard", "3", other, "--yes")
            self.assertEqual(self.owners(url)[3], other)
            self.assertIn("already", self.run_cluster(url, "move-shard", "3", other, "--yes"))
            self.run_cluster(url, "move-shard", "3", owner, "--yes")
            self.assertEqual(self.owners(url)[3], owner)
            self.assertIn("no shard 99",
                          self.run_cluster(url, "move-shard", "99", other, "--yes", status=1))
            self.assertEqual(cluster.end(), 0, cluster.said)


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
