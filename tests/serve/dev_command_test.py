"""millrace dev: starts a cluster without configuration, and restarts a node that dies.

Usage: dev_command_test.py MILLRACE
"""

import os
import signal
import subprocess
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

    def test_a_second_run_in_the_folder_touches_nothing(self):
        with DevCluster(MILLRACE, nodes=2) as cluster:
            files = {file: file.read_bytes() for file in (cluster.path / "dev").glob("*.toml")}
            self.assertEqual(len(files), 2)
            second = self.run_dev(cluster, "--nodes=2")
            self.assertIn("already running", second)
            self.assertEqual({file: file.read_bytes() for file in files}, files)
            self.assertEqual(cluster.end(), 0, cluster.said)
            self.assertIn("--nodes 2", self.run_dev(cluster, "--nodes=1"))

    def run_dev(self, cluster, *arguments):
        done = subprocess.run([MILLRACE, "dev", f"--dir={cluster.path / 'dev'}", *arguments],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
        self.assertEqual(done.stdout, "", "no node was started")
        return done.stderr


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
