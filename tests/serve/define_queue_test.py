"""Queues that are defined while a cluster runs: on all nodes, also those that were down, once for each name, and with their
messages after restarts, kills and moves of shards.

Usage: define_queue_test.py MILLRACE
"""

import concurrent.futures
import json
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import grow_shrink_test
from dev_cluster import DEADLINE_S, get, until
from grow_shrink_test import SHARDS, Cluster

MILLRACE = ""
NODES = ["a", "b", "c"]
MESSAGES = 60


def post(url, path, body):
    """Returns status and answer."""
    call = urllib.request.Request(url + path, data=json.dumps(body).encode(),
                                  headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(call, timeout=DEADLINE_S) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


class DefineQueue(unittest.TestCase):
    def start(self, cluster):
        self.cluster = cluster
        cluster.configure(NODES)
        for name in NODES:
            cluster.start(name)
        cluster.await_ready(NODES)
        self.await_linked()

    def await_linked(self):
        for name in NODES:
            until(lambda name=name: "missing_nodes" not in get(self.cluster.url(name) + "/api/v1/pauses"),
                  f"{name} misses no node")

    def define(self, at, name, **options):
        return post(self.cluster.url(at), "/api/v1/queues", {"name": name, **options})

    def queue_at(self, node, name):
        """What one node says of the queue; None: it has none."""
        try:
            return get(self.cluster.url(node) + f"/api/v1/queues/{name}?scope=node")
        except urllib.error.HTTPError as refused:
            with refused:
                self.assertEqual(refused.code, 404)
                return None

    def offer(self, at, queue, numbers):
        for number in numbers:
            body = {"id": f"m{number}", "user": f"u{number % 7}"}
            until(lambda body=body: post(self.cluster.url(at), f"/api/v1/queues/{queue}/messages", body)[0] == 202,
                  f"{body} is taken")

    def take(self, queue, count):
        """Leases and completes messages at all nodes until `count` are done; returns their ids by user, in order."""
        done = {}
        seen = 0

        def take_some():
            nonlocal seen
            for node in NODES:
                url = self.cluster.url(node)
                status, answer = post(url, f"/api/v1/queues/{queue}/leases", {"max": 32, "wait": "0s"})
                if status != 200:
                    continue
                for lease in answer.get("leases", []):
                    for message in lease["messages"]:
                        done.setdefault(lease["key"], []).append(message["payload"]["id"])
                        seen += 1
                    outcomes = [{"outputs": []} for _ in lease["messages"]]
                    status, result = post(url, "/api/v1/leases/complete",
                                          {"leases": [{"lease": lease["lease"], "outcomes": outcomes}]})
                    self.assertEqual(status, 200, result)
                    self.assertEqual([each["result"] for each in result["leases"]], ["done"])
            return seen >= count

        until(take_some, f"{count} messages of {queue}")
        self.assertEqual(seen, count)
        return done

    def test_a_queue_is_there_at_once_and_stays(self):
        with Cluster(NODES) as cluster:
            self.start(cluster)
            status, answer = self.define("a", "clicks", key="/user", attempts=3)
            self.assertEqual(status, 200, answer)
            self.assertEqual(sorted(answer["nodes"]), NODES)
            self.assertEqual(self.define("b", "clicks", key="/user", attempts=3)[0], 200, "it is the same")
            for wrong in ({"key": "/other"}, {"key": "/user"}, {"type": "bytes"}):
                status, answer = self.define("c", "clicks", **wrong)
                self.assertEqual((status, answer["code"]), (400, "invalid_argument"), answer)
                self.assertIn("defined otherwise", answer["detail"])
            for name, said in (("orders.placed", "there is a queue"), ("BAD/", "expected 1 to 100 characters"),
                               ("", "name"), ("clicks.dead", "there is a queue")):
                status, answer = self.define("a", name)
                self.assertEqual((status, answer["code"]), (400, "invalid_argument"), answer)
                self.assertIn(said, answer["detail"])
            self.offer("a", "clicks", range(0, MESSAGES))
            self.offer("b", "clicks", range(MESSAGES, 2 * MESSAGES))
            for name in NODES:
                cluster.nodes[name].process.kill()
                cluster.nodes[name].process.wait()
            for name in NODES:
                cluster.start(name)
            cluster.await_ready(NODES)
            self.await_linked()
            self.offer("c", "clicks", range(2 * MESSAGES, 3 * MESSAGES))
            until(lambda: get(cluster.url("a") + "/api/v1/queues/clicks")["queued"] == 3 * MESSAGES, "all are there")
            done = self.take("clicks", 3 * MESSAGES)
            for user in range(7):
                numbers = [number for number in range(3 * MESSAGES) if number % 7 == user]
                self.assertEqual(len(done[f"u{user}"]), len(set(done[f"u{user}"])))
                self.assertEqual(sorted(done[f"u{user}"]), sorted(f"m{number}" for number in numbers))
            row = get(cluster.url("b") + "/api/v1/queues/clicks")
            self.assertEqual((row["offered"], row["acked"], row["queued"]), (3 * MESSAGES, 3 * MESSAGES, 0))

    def test_a_node_that_was_down_learns_it(self):
        with Cluster(NODES) as cluster:
            self.start(cluster)
            cluster.nodes["c"].process.kill()
            cluster.nodes["c"].process.wait()
            names = [f"q{number}" for number in range(8)]
            taken = []
            for name in names:
                status, answer = self.define("a", name)
                # Where the shard of the name is c's, nobody can decide.
                if status == 503:
                    self.assertIn("node c", answer["detail"])
                    continue
                self.assertEqual(status, 200, answer)
                self.assertEqual([each["node"] for each in answer["missing_nodes"]], ["c"])
                taken.append(name)
            self.assertGreater(len(taken), 0)
            cluster.start("c")
            cluster.await_ready(NODES)
            for name in taken:
                until(lambda name=name: self.queue_at("c", name), f"c has {name}")
            self.offer("c", taken[0], range(MESSAGES))
            self.take(taken[0], MESSAGES)

    def test_of_two_definitions_of_a_name_one_is_taken(self):
        with Cluster(NODES) as cluster:
            self.start(cluster)
            for round in range(5):
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    answers = list(pool.map(lambda at: self.define(at, f"race{round}", key="/" + at), NODES))
                self.assertEqual(sorted(status for status, _ in answers), [200, 400, 400], answers)
                keys = {self.define(at, f"race{round}", key="/" + at)[0]: at for at in NODES}
                self.assertIn(200, keys)

    def test_a_queue_is_defined_while_shards_move(self):
        with Cluster(NODES) as cluster:
            self.start(cluster)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                def move(shard):
                    for to in NODES:
                        subprocess.run([MILLRACE, "cluster", "move-shard", str(shard), "--to", to, "--server",
                                        cluster.url("a")], capture_output=True, timeout=2 * DEADLINE_S, check=False)

                moving = [pool.submit(move, shard) for shard in range(SHARDS)]
                for number in range(6):
                    until(lambda number=number: self.define(NODES[number % 3], f"moving{number}")[0] == 200,
                          f"moving{number} is defined")
                    self.offer(NODES[number % 3], f"moving{number}", range(MESSAGES))
                for each in moving:
                    each.result()
            for number in range(6):
                self.take(f"moving{number}", MESSAGES)
            for name in NODES:
                self.assertTrue(get(cluster.url(name) + "/readyz")["ready"])

    def test_the_command_defines_it(self):
        with Cluster(["a"]) as cluster:
            cluster.configure(["a"])
            cluster.start("a")
            cluster.await_ready(["a"])
            done = subprocess.run([MILLRACE, "queue", "define", "files", "--type", "bytes", "--lease", "1m", "-o", "json",
                                   "--server", cluster.url("a")], capture_output=True, text=True, timeout=DEADLINE_S,
                                  check=True)
            self.assertEqual(json.loads(done.stdout), [{"queue": "files", "type": "bytes", "key": "", "node": "a"}])
            wrong = subprocess.run([MILLRACE, "queue", "define", "more", "--type", "bytes", "--key", "/x", "--server",
                                    cluster.url("a")], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
            self.assertIn("its messages are bytes", wrong.stderr)


if __name__ == "__main__":
    MILLRACE = grow_shrink_test.MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
