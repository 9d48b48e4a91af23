"""Processes with one configuration, which names no node: three take the seats of a cluster, a fourth waits as
a standby, and takes the seat of a process that was killed or paused; see docs/replication.md.

Usage: seats_test.py MILLRACE, with MILLRACE_POSTGRES_DSN in the environment
"""

import collections
import pathlib
import re
import signal
import sys
import tempfile
import time
import unittest
import urllib.error

from dev_cluster import get, place_order, until
from node_process import Node

EX_TEMPFAIL = 75
SHARDS = 16

CONFIG = """
[node]
name = "*"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:0"
[cluster]
shards = 16
{nodes}
[log]
engine = "postgres"
[log.postgres]
schema = "{schema}"
lease = "{lease}"
"""


class Process(Node):
    """A process of a cluster; knows the seat that it has."""

    def __init__(self, program, config):
        super().__init__(program, config)
        self.url = "http://" + self.wait_for("standby: HTTP at").split()[-1]
        self.seat = None

    def wait_for_seat(self):
        self.seat = re.search(r"process is node (\S+) now", self.wait_for("process is node"))[1]
        self.wait_for("serves, incarnation")
        return self.seat


class Seats(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.processes = []

    def configure(self, schema, names=("a", "b", "c"), lease="3s"):
        nodes = "".join(f'[[cluster.nodes]]\nname = "{name}"\n' for name in names)
        self.file = self.folder / "cluster.toml"
        self.file.write_text(CONFIG.format(data=self.folder / "data", schema=schema, nodes=nodes,
                                           lease=lease))

    def start(self):
        process = Process(PROGRAM, self.file)
        self.addCleanup(process.__exit__)
        self.processes.append(process)
        return process

    def owners(self, url):
        shards = get(url + "/api/v1/cluster/shards")["shards"]
        return collections.Counter(shard["owner"] for shard in shards if shard["owner"])

    def await_served(self, url, seats):
        """Until all shards have owners, and the node at `url` sees all of them."""
        def is_served():
            up = {each["node"] for each in get(url + "/api/v1/cluster/members")["members"]
                  if each["state"] == "up" and not each["unreachable"]}
            owners = self.owners(url)
            return up >= set(seats) and sum(owners.values()) == SHARDS and set(owners) <= up
        until(is_served, f"{seats} serve")

    def start_cluster(self, count=3):
        holders = [self.start() for _ in range(count)]
        seats = sorted(holder.wait_for_seat() for holder in holders)
        self.assertEqual(len(set(seats)), count)
        for holder in holders:
            until(lambda holder=holder: get(holder.url + "/readyz")["ready"], "ready")
            self.await_served(holder.url, seats)
        return holders

    def place(self, url, first, count):
        for number in range(first, first + count):
            until(lambda n=number: place_order(url, f"o{n}", f"c{n}") == 202, f"o{number} is taken")

    def offered(self, holders):
        total = 0
        for holder in holders:
            for queue in get(holder.url + "/api/v1/queues")["queues"]:
                total += queue["offered"] if queue["queue"] == "orders.placed" else 0
        return total

    def test_a_standby_takes_the_seat_of_a_killed_process(self):
        self.configure("killed_seat")
        holders = self.start_cluster()
        self.place(holders[0].url, 0, 60)
        until(lambda: self.offered(holders) == 60, "the orders are where they belong")
        standby = self.start()
        standby.wait_for("standby: no seat is free")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            get(standby.url + "/readyz")
        self.assertEqual(refused.exception.code, 503)
        self.assertIn("standby", refused.exception.read().decode())
        self.assertEqual(get(standby.url + "/api/v1/status")["state"], "standby")

        victim = holders.pop(0)
        killed = time.monotonic()
        victim.end(signal.SIGKILL)
        self.assertEqual(standby.wait_for_seat(), victim.seat)
        served = time.monotonic() - killed
        holders.append(standby)
        self.await_served(holders[0].url, [each.seat for each in holders])
        print(f"killed: its shards were served again after {served:.2f} s, and all nodes linked "
              f"after {time.monotonic() - killed:.2f} s")
        self.assertLess(served, 20)
        self.place(holders[0].url, 0, 70)  # 60 of them are repeats
        until(lambda: self.offered(holders) == 70, "repeats are recognised, and the rest is taken")
        for holder in holders:
            self.assertEqual(holder.end(signal.SIGTERM), 0)

    def test_a_paused_process_loses_its_seat_and_ends(self):
        self.configure("paused_seat", lease="1s")
        holders = self.start_cluster()
        standby = self.start()
        standby.wait_for("standby: no seat is free")
        victim = holders.pop(1)
        paused = time.monotonic()
        victim.process.send_signal(signal.SIGSTOP)
        self.assertEqual(standby.wait_for_seat(), victim.seat)
        print(f"paused: its shards were served again after {time.monotonic() - paused:.2f} s, "
              "with a lease of 1 s")
        holders.append(standby)
        self.await_served(holders[0].url, [each.seat for each in holders])
        victim.process.send_signal(signal.SIGCONT)
        self.assertEqual(victim.process.wait(timeout=60), EX_TEMPFAIL)
        # Started again, as by a service manager, it waits.
        self.start().wait_for("standby: no seat is free")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
