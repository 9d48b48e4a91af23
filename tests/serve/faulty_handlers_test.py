"""One job that kills its process and one whose handler hangs, among others on two nodes that a
supervisor starts again: the others are acked once, and the two become dead letters, `poison` and
`overran`.

Usage: faulty_handlers_test.py PROGRAM [--jobs=N] [--ratio-max=R] [--restart-s=S] [--kill=JOB]
       [--hang=JOB] [--logs]

Prints how long the others take without and with the two, and the ratio; --ratio-max checks it.
"""

import argparse
import collections
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from dev_cluster import DEADLINE_S, get, until
from grow_shrink_test import free_ports

OPTIONS = argparse.Namespace()
NODES = "a", "b"
PUBLISHERS = 4
END_S = 300


class Supervised:
    """A node that is started again --restart-s after it has ended, until stop()."""

    def __init__(self, program, config, log, effects):
        self.command = [program, "node", "-c", str(config)]
        self.log, self.effects = log, effects
        self.deaths = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.process = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        environment = {**os.environ, "MILLRACE_EFFECTS": str(self.effects)}
        while True:
            with self.lock, open(self.log, "a", encoding="utf-8") as log:
                if self.stopping.is_set():
                    return
                self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                                stderr=log, env=environment)
            self.process.wait()
            if self.stopping.is_set():
                return
            self.deaths += 1
            self.stopping.wait(OPTIONS.restart_s)

    def stop(self):
        with self.lock:
            self.stopping.set()
            if self.process:
                self.process.kill()
        self.thread.join()


class Cluster:
    """A context: two supervised nodes, which are ready."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.effects = self.path / "effects"
        ports = free_ports(2 * len(NODES))
        self.https = dict(zip(NODES, ports[len(NODES):]))
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in self.https.items()}
        members = "".join(
            f'[[cluster.nodes]]\nname = "{name}"\naddress = "127.0.0.1:{link}"\n'
            f'http = "127.0.0.1:{self.https[name]}"\n' for name, link in zip(NODES, ports))
        self.nodes = {}
        for name in NODES:
            config = self.path / f"{name}.toml"
            config.write_text(f'[node]\nname = "{name}"\ndata_dir = "{self.path / name}"\n{members}',
                              encoding="utf-8")
            self.nodes[name] = Supervised(program, config, self.path / f"{name}.log", self.effects)

    def count(self, queue, *fields):
        """Returns the sums of `fields` of `queue` over both nodes; None while a node is down."""
        try:
            found = [get(f"{url}/api/v1/queues/{queue}?scope=node") for url in self.urls.values()]
        except (OSError, http.client.HTTPException):
            return None
        if any(each["unanswered"] for each in found):
            return None
        return tuple(sum(each[field] for each in found) for field in fields)

    def dead_letters(self):
        """Returns (job, code, node) of each dead letter."""
        return [(each["payload"], each["code"], name) for name, url in self.urls.items()
                for each in get(url + "/api/v1/dlq/jobs.dead/messages?scope=node")["messages"]]

    def __enter__(self):
        try:
            for url in self.urls.values():
                until(lambda url=url: get(url + "/readyz")["ready"], f"{url} is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.stop()
        self.folder.cleanup()


class Publisher(threading.Thread):
    """Publishes jobs at a node, each until it is accepted."""

    def __init__(self, port, jobs):
        super().__init__()
        self.port, self.jobs = port, jobs
        self.failure = None
        self.retries = collections.Counter()  # by status
        self.slowest_s = 0  # of all offers, answered or not
        self.start()

    def run(self):
        deadline = time.monotonic() + END_S
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        for job in self.jobs:
            while (status := self._timed_offer(connection, job)) != 202:
                self.retries[status] += 1
                if status not in (0, 429, 503) or time.monotonic() > deadline:
                    self.failure = f"{job}: status {status}"
                    return
                time.sleep(0.05)
        connection.close()

    def _timed_offer(self, connection, job):
        began = time.monotonic()
        status = self._offer(connection, job)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return status

    @staticmethod
    def _offer(connection, job):
        """Returns the status; 0: there was no answer."""
        try:
            connection.request("POST", "/api/v1/queues/jobs/messages", json.dumps(job),
                               {"Content-Type": "application/json", "Idempotency-Key": job})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0


class FaultyHandlers(unittest.TestCase):
    def run_jobs(self, others, faulty):
        """Handles the jobs on a new cluster; returns how long the others took."""
        at = len(others) // 10
        jobs = others[:at] + faulty + others[at:]
        with Cluster(OPTIONS.program) as cluster:
            began = time.monotonic()
            ports = list(cluster.https.values())
            publishers = [Publisher(ports[i % len(ports)], jobs[i::PUBLISHERS])
                          for i in range(PUBLISHERS)]
            for each in publishers:
                each.join()
                self.assertIsNone(each.failure)
            published = time.monotonic() - began
            timeline = []

            def is_done(acked, dead):
                counts = cluster.count("jobs", "acked", "dead")
                self.assertLess(time.monotonic() - began, END_S, (counts, self.logs(cluster)))
                if counts and (not timeline or timeline[-1][1] != counts):
                    timeline.append((round(time.monotonic() - began, 1), counts))
                return bool(counts) and counts[0] >= acked and counts[1] >= dead

            while not is_done(len(others), 0):
                time.sleep(0.1)
            took = time.monotonic() - began
            while not is_done(len(others), len(faulty)):
                time.sleep(0.1)
            settled = time.monotonic() - began
            self.check(cluster, others, faulty)
            deaths = {name: node.deaths for name, node in cluster.nodes.items()}
            retries = sum((each.retries for each in publishers), collections.Counter())
            slowest = max(each.slowest_s for each in publishers)
            print(f"{len(others)} jobs and {faulty}: published after {published:.1f} s (retries by "
                  f"status {dict(retries)}, slowest offer {slowest:.1f} s), the others done after "
                  f"{took:.1f} s, all settled after {settled:.1f} s; deaths {deaths}; dead letters "
                  f"{cluster.dead_letters()}; load {os.getloadavg()[0]:.1f}", flush=True)
            if OPTIONS.logs:
                print(timeline, self.logs(cluster), sep="\n", flush=True)
            return took

    @staticmethod
    def logs(cluster):
        return "\n".join((cluster.path / f"{name}.log").read_text("utf-8") for name in NODES)

    def check(self, cluster, others, faulty):
        expected = sorted(zip(faulty, ["poison", "overran"]))
        self.assertEqual(sorted(letter[:2] for letter in cluster.dead_letters()), expected)
        counts = cluster.count("jobs", "offered", "acked", "dead")
        self.assertEqual(counts, (len(others) + len(faulty), len(others), len(faulty)))
        self.assertEqual(cluster.count("results", "queued"), (len(others),))
        calls = collections.Counter(cluster.effects.read_text("utf-8").split())
        self.assertEqual(set(calls), set(others))
        # A death interrupts the handlings that run beside it; these may have had their effect.
        deaths = sum(node.deaths for node in cluster.nodes.values())
        repeated = sum(calls.values()) - len(others)
        self.assertLessEqual(repeated, 2 * deaths)

    def test_delay_no_others(self):
        others = [f"job-{i}" for i in range(OPTIONS.jobs)]
        without = self.run_jobs(others, [])
        with_both = self.run_jobs(others, [OPTIONS.kill, OPTIONS.hang])
        print(f"ratio {with_both / without:.3f}", flush=True)
        if OPTIONS.ratio_max:
            self.assertLessEqual(with_both / without, OPTIONS.ratio_max)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--ratio-max", type=float)
    parser.add_argument("--restart-s", type=float, default=0.1, help="as RestartSec of systemd")
    parser.add_argument("--kill", default="kill")
    parser.add_argument("--hang", default="hang")
    parser.add_argument("--logs", action="store_true", help="print the logs and the progress")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
