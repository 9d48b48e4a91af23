"""Processes with one configuration, which names no node: three take the seats of a cluster, a fourth waits as
a standby, and takes the seat of a process that was killed or paused; see docs/replication.md.

Usage: seats_test.py MILLRACE, with MILLRACE_POSTGRES_DSN in the environment
"""

import collections
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

from dev_cluster import get, place_order, until
from node_process import Node

EX_TEMPFAIL = 75
EX_CONFIG = 78
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
{more}
"""

# Runs a program in a pid namespace of its own, so that nobody outside knows it by /proc; it dies with unshare.
# Root makes one without a user namespace, in which it could not reach the sockets of the servers.
ELSEWHERE = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork",
             "--kill-child"]


def can_run_elsewhere():
    try:
        return subprocess.run([*ELSEWHERE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class Process(Node):
    """A process of a cluster; knows the seat that it has."""

    def __init__(self, program, config, prefix=()):
        super().__init__(program, config, prefix=prefix)
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

    def configure(self, schema, names=("a", "b", "c"), lease="3s", more=""):
        """Without names the nodes are those in the database."""
        nodes = "".join(f'[[cluster.nodes]]\nname = "{name}"\n' for name in names)
        self.file = self.folder / "cluster.toml"
        self.file.write_text(CONFIG.format(data=self.folder / "data", schema=schema, nodes=nodes,
                                           lease=lease, more=more))

    def cluster(self, *arguments, status=0):
        done = subprocess.run([PROGRAM, "cluster", *arguments], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def seats(self):
        listed = json.loads(self.cluster("seats", "-c", str(self.file), "--json"))
        return {seat["seat"]: seat for seat in listed}

    def start(self, prefix=()):
        process = Process(PROGRAM, self.file, prefix)
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

    def start_cluster(self, count=3, prefix=()):
        holders = [self.start(prefix) for _ in range(count)]
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
            for queue in get(holder.url + "/api/v1/queues?scope=node")["queues"]:
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

    def test_a_standby_that_follows_takes_over_warm(self):
        self.configure("warm_seat", names=("a", "b"), more="follow = true")
        holders = self.start_cluster(2)
        standby = self.start()
        standby.wait_for("standby: no seat is free")
        self.place(holders[0].url, 0, 300)
        until(lambda: self.offered(holders) == 300, "the orders are where they belong")

        def followed():
            """The last record of each log that is followed, as the standby says."""
            with self.assertRaises(urllib.error.HTTPError) as refused:
                get(standby.url + "/readyz")
            return re.findall(r"([ab]) up to record (\d+)", refused.exception.read().decode())
        until(lambda: len(followed()) == 2, "both logs are followed")
        victim = holders.pop(0)
        killed = time.monotonic()
        victim.end(signal.SIGKILL)
        standby.wait_for(f"process is node {victim.seat} now")
        taken = standby.wait_for("took the log over")
        standby.wait_for("serves, incarnation")
        print(f"killed: served again after {time.monotonic() - killed:.2f} s: {taken.split('info')[-1].strip()}")
        self.assertIn("took the log over warm: ", taken)
        standby.seat = victim.seat
        holders.append(standby)
        self.await_served(holders[0].url, [each.seat for each in holders])
        self.place(holders[0].url, 0, 330)  # 300 of them are repeats
        until(lambda: self.offered(holders) == 330, "repeats are recognised, and the rest is taken")
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

    def test_a_death_elsewhere_is_noticed_before_the_lease_ends(self):
        if not can_run_elsewhere():
            self.skipTest("no pid namespaces here")
        self.configure("elsewhere", lease="60s")
        holders = self.start_cluster(prefix=ELSEWHERE)
        standby = self.start(ELSEWHERE)
        standby.wait_for("standby: no seat is free")
        until(lambda: all(seat["address"] for seat in self.seats().values()), "addresses are known")
        for _ in holders:
            standby.wait_for("standby: watches the process of node")
        victim = holders.pop(0)
        killed = time.monotonic()
        victim.end(signal.SIGKILL)
        standby.wait_for("has died")
        noticed = time.monotonic() - killed
        self.assertEqual(standby.wait_for_seat(), victim.seat)
        print(f"elsewhere: the death was noticed after {noticed:.2f} s, and the shards were served "
              f"again after {time.monotonic() - killed:.2f} s; the lease is 60 s")
        self.assertLess(time.monotonic() - killed, 30)

    def test_a_cluster_grows_and_shrinks_by_a_row(self):
        self.configure("grown", names=(), lease="1s")
        config = ["-c", str(self.file)]
        self.assertIn("has no schema", self.cluster("seats", *config, status=1))
        waiting = self.start()
        waiting.wait_for("there is no seat yet")
        self.assertIn("seat a: made", self.cluster("add", "a", "b", "c", *config))
        self.assertIn("seat a: it is there already", self.cluster("add", "a", *config))
        self.assertIn("expected a name", self.cluster("add", "No", *config, status=2))
        holders = [waiting, self.start(), self.start()]
        for holder in holders:
            holder.wait_for_seat()
        seats = self.seats()
        self.assertEqual({name: seat["state"] for name, seat in seats.items()},
                         {"a": "held", "b": "held", "c": "held"})
        for holder in holders:
            self.await_served(holder.url, ["a", "b", "c"])
            self.assertEqual("http://" + self.seats()[holder.seat]["http"], holder.url)
        self.place(holders[0].url, 0, 40)

        fourth = self.start()
        fourth.wait_for("standby: no seat is free")
        self.cluster("add", "d", *config)
        self.assertEqual(fourth.wait_for_seat(), "d")
        holders.append(fourth)
        for holder in holders:
            until(lambda holder=holder: len(get(holder.url + "/api/v1/cluster/members")["members"]) == 4
                  and not any(each["other_layout"] or each["state"] != "up" for each in
                              get(holder.url + "/api/v1/cluster/members")["members"]),
                  "all see the fourth node")
        self.assertNotIn("d", self.owners(fourth.url), "nothing moves by itself")
        self.cluster("add", "d", "--yes", "--server", holders[0].url)
        self.assertEqual(self.owners(fourth.url)["d"], SHARDS // 4)
        self.place(fourth.url, 0, 60)  # 40 of them are repeats
        until(lambda: self.offered(holders) == 60, "nothing is lost or repeated")

        self.assertIn("owns 4 shards", self.cluster("remove", "d", *config, status=1))
        self.cluster("leave", "--yes", "--server", fourth.url)
        self.assertEqual(fourth.process.wait(timeout=60), 0)
        holders.pop()
        again = self.start()  # it takes the empty seat, and loses it
        self.assertEqual(again.wait_for_seat(), "d")
        self.cluster("remove", "d", *config)
        self.assertEqual(again.process.wait(timeout=60), EX_TEMPFAIL)
        self.assertEqual(set(self.seats()), {"a", "b", "c"})
        self.assertIn("there is no seat d", self.cluster("remove", "d", *config, status=1))
        for holder in holders:
            until(lambda holder=holder: len(get(holder.url + "/api/v1/cluster/members")["members"]) == 3,
                  "the fourth node is forgotten")
            self.await_served(holder.url, ["a", "b", "c"])
        self.place(holders[0].url, 60, 10)
        for holder in holders:
            self.assertEqual(holder.end(signal.SIGTERM), 0)

    def test_a_seat_that_the_certificate_does_not_name_is_left_alone(self):
        certificates = self.folder / "certs"
        self.cluster("certs", "--out", str(certificates), "--seats", "a,b")
        tls = "".join(f'{key} = "{certificates / name}"\n' for key, name in
                      [("ca", "ca.crt"), ("certificate", "seats.crt"), ("key", "seats.key")])
        self.configure("certified", names=(), lease="1s", more="[tls]\n" + tls)
        self.cluster("add", "a", "b", "z", "-c", str(self.file))
        holders = [self.start(), self.start()]
        self.assertEqual({holder.wait_for_seat() for holder in holders}, {"a", "b"})
        for holder in holders:
            until(lambda holder=holder: "up" in [each["state"] for each in
                  get(holder.url + "/api/v1/cluster/members")["members"] if not each["self"]],
                  "a and b are linked")
        third = self.start()
        third.wait_for("node z is not for this process: its certificate names")
        third.wait_for("standby: no seat is free")
        self.assertEqual(self.seats()["z"]["state"], "new")
        # One that may only become a node of the list that its certificate does not name.
        self.configure("certified", names=("z",), more="[tls]\n" + tls)
        done = subprocess.run([PROGRAM, "node", "-c", self.file], text=True, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn("tls.certificate: expected a certificate that names at least one", done.stderr)

    def test_any_node_of_a_journal_is_refused(self):
        self.configure("none", names=())
        text = self.file.read_text().replace('engine = "postgres"', 'engine = "journal"')
        self.file.write_text(text)
        done = subprocess.run([PROGRAM, "node", "-c", self.file], text=True, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn('node.name: expected a name, as log.engine is "journal", got "*"', done.stderr)
        self.file.write_text(text.replace('name = "*"', 'name = "a"'))
        self.assertIn('log.engine: expected "postgres"',
                      self.cluster("add", "a", "-c", str(self.file), status=EX_CONFIG))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
