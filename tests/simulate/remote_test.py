"""`millrace simulate --server`: orders over the HTTP API of real nodes, one of which is killed.

Usage: remote_test.py MILLRACE CONFIGS
"""

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = CONFIGS = ""
DEADLINE_S = 240
ORDERS = 4000


def free_ports(count):
    """Returns `count` different free ports. Another process can take one before the node does."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    return ports


def millrace(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)


def end(process):
    process.kill()
    process.communicate(timeout=DEADLINE_S)


class Cluster:
    """The nodes of a folder of configs/, with free ports and data below `folder`."""

    def __init__(self, configs, folder):
        self.folder = folder
        self.processes = {}
        text = (configs / "cluster.toml").read_text()
        addresses = re.findall(r'"(127\.0\.0\.1:\d+)"', text)
        for address, port in zip(addresses, free_ports(len(addresses))):
            text = text.replace(address, f"127.0.0.1:{port}")
        (folder / "cluster.toml").write_text(text)
        names = re.findall(r'^name = "(.*)"\naddress', text, re.M)
        self.urls = dict(zip(names, re.findall(r'^http = "(.*)"', text, re.M)))
        for name in names:
            own = (configs / f"{name}.toml").read_text()
            own = re.sub(r'data_dir = ".*"', f'data_dir = "{folder / name}"', own)
            (folder / f"{name}.toml").write_text(own)

    def start(self, name):
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [PROGRAM, "node", "-c", self.folder / f"{name}.toml"], stdout=log, stderr=log)

    def kill(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)

    def end(self):
        for name in list(self.processes):
            self.kill(name)


class Remote(unittest.TestCase):
    def wait_until(self, what, holds, run):
        """Polls `holds` until it is true; fails if the process `run` ends first."""
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            self.assertIsNone(run.poll(), f"the run is over before {what}")
            self.assertLess(time.monotonic(), deadline, what)

    def test_a_killed_and_restarted_node_loses_no_order(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as name:
            folder = pathlib.Path(name)
            cluster = Cluster(pathlib.Path(CONFIGS) / "three-roles", folder)
            self.addCleanup(cluster.end)
            for node in cluster.urls:
                cluster.start(node)
            run = subprocess.Popen(
                [PROGRAM, "simulate", "--server", ",".join(cluster.urls.values()),
                 f"--orders={ORDERS}", "--seed=1", "--arrival=closed:200", "--json"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(end, run)
            other = cluster.urls["stock"]

            def finished():
                done = millrace("queue", "ls", "--server", other, "-o", "json")
                rows = json.loads(done.stdout) if done.returncode == 0 else []
                return sum(row["offered"] for row in rows if row["queue"] == "orders.finished")

            def misses_orders():
                done = millrace("cluster", "members", "--server", other, "-o", "json")
                return any(row["node"] == "orders" and row["unreachable"]
                           for row in json.loads(done.stdout))

            self.wait_until("a quarter is done", lambda: finished() > ORDERS / 4, run)
            cluster.kill("orders")
            self.wait_until("the node is missed", misses_orders, run)
            cluster.start("orders")
            out, err = run.communicate(timeout=DEADLINE_S)
            self.assertEqual(run.returncode, 0, out + err)
            report = json.loads(out)
            self.assertEqual(report["verdict"], "PASS")
            self.assertEqual(report["orders"], {"offered": ORDERS, "accounted": ORDERS})
            self.assertEqual([row["name"].split()[0] for row in report["invariants"]],
                             ["I5", "I8", "I9", "readable"])
            cluster.end()

    def test_without_an_answering_node_it_fails_and_names_the_nodes(self):
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        done = millrace("simulate", "--server", url, "--timeout=1", "--orders=10")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn("no node answered for 1 s", done.stderr)
        self.assertIn(url, done.stderr)

    def test_options_of_own_nodes_are_refused_with_server(self):
        for option in ("--nodes=3", "--faults=kill", "--data-dir=x", "--placement=roles"):
            done = millrace("simulate", "--server", "127.0.0.1:1", option)
            self.assertEqual(done.returncode, 2, option)
            self.assertIn("--server", done.stderr)
        self.assertEqual(millrace("simulate", "--timeout=1").returncode, 2)
        self.assertEqual(millrace("simulate", "--server", "ftp://x").returncode, 2)


if __name__ == "__main__":
    PROGRAM, CONFIGS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
