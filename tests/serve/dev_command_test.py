"""millrace dev: starts a cluster without configuration, and restarts a node that dies.

Usage: dev_command_test.py MILLRACE
"""

import os
import signal
import sys
import unittest

from dev_cluster import DevCluster, get, place_order, until

MILLRACE = ""


class DevCommand(unittest.TestCase):
    def test_a_killed_node_is_restarted_and_ctrl_c_drains(self):
        with DevCluster(MILLRACE, nodes=2) as cluster:
            killed = cluster.pid(2)
            os.kill(killed, signal.SIGKILL)
            self.assertEqual(place_order(cluster.url(1), "o1"), 202)
            until(lambda: cluster.pid(2) != killed, "the killed node is started again")

            # Either node may serve the order; the other one redirects to it.
            order = until(lambda: get(cluster.url(1) + "/api/v1/orders/o1"), "the order is known")
            self.assertEqual(order["order_id"], "o1")
            self.assertEqual(cluster.end(), 0, cluster.said)
            self.assertIn("node-2 was ended by signal 9", cluster.said)


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
