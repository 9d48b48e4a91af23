"""millrace log copy: a node with orders in flight is killed, its log moved to PostgreSQL, where the node goes on,
and back to a directory; nothing is lost or repeated, and no node starts on a log that has moved.

Usage: log_copy_test.py MILLRACE, with MILLRACE_POSTGRES_DSN in the environment
"""

import concurrent.futures
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from dev_cluster import get, place_order, until
from node_process import DEADLINE_S, Node

EX_CONFIG = 78

CONFIG = """
[node]
name = "a"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:0"
[runtime]
checkpoint_log = "1MiB"
"""

POSTGRES = """
[log]
engine = "postgres"
[log.postgres]
schema = "{schema}"
"""


class LogCopy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.confirmed = set()
        self.number = 0

    def journal(self, name, more=""):
        file = self.folder / f"{name}.toml"
        file.write_text(CONFIG.format(data=self.folder / name) + more, encoding="utf-8")
        return file

    def postgres(self, schema, more=""):
        file = self.folder / f"{schema}.toml"
        text = CONFIG.format(data=self.folder / schema) + more + POSTGRES.format(schema=schema)
        file.write_text(text, encoding="utf-8")
        return file

    def run_millrace(self, *arguments, status=0):
        done = subprocess.run([MILLRACE, *map(str, arguments)], text=True, capture_output=True,
                              timeout=2 * DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def audit(self, *source, status=0):
        done = self.run_millrace("audit", *source, "-o", "json", status=status)
        return json.loads(done.stdout)

    def serving(self, node):
        url = "http://" + node.wait_for("HTTP API at").split()[-1]
        node.wait_for("serves, incarnation")
        return url

    def offer(self, url, numbers):
        for number in numbers:
            try:
                if place_order(url, f"o{number}", f"o{number}") == 202:
                    self.confirmed.add(number)
            except (urllib.error.URLError, ConnectionError, TimeoutError, OSError):
                return  # the node was killed

    def serve_and_kill(self, config, orders):
        """Kills a node while it takes orders; the first ones are confirmed."""
        with Node(MILLRACE, config) as node:
            url = self.serving(node)
            for number in sorted(self.confirmed)[:20]:  # a repeat is recognised
                self.assertEqual(place_order(url, f"o{number}", f"o{number}"), 202)
            first = self.number
            self.number += 2 * orders
            enough = threading.Event()
            lists = [range(first + i, first + 2 * orders, 4) for i in range(4)]
            with concurrent.futures.ThreadPoolExecutor() as clients:
                offers = [clients.submit(self.offer, url, numbers) for numbers in lists]
                clients.submit(lambda: (until(lambda: len(self.confirmed) >= first // 2 + orders,
                                              "orders are confirmed"), enough.set()))
                enough.wait(DEADLINE_S)
                node.end(signal.SIGKILL)
                for each in offers:
                    each.result()

    def incarnation_of(self, config):
        with Node(MILLRACE, config) as node:
            line = node.wait_for("serves, incarnation")
            self.assertEqual(node.end(signal.SIGTERM), 0)
        return int(line.split("incarnation")[-1])

    def expect_moved(self, config, target):
        with Node(MILLRACE, config) as node:
            node.wait_for("moved to " + target)
            self.assertEqual(node.process.wait(timeout=DEADLINE_S), EX_CONFIG)

    def settled(self, url):
        queues = {each["queue"]: each for each in get(url + "/api/v1/queues")["queues"]}
        return queues if queues["orders.placed"]["queued"] == 0 else None

    def expect_all(self, config):
        """Each confirmed order is there, once, and the data passes its audit."""
        with Node(MILLRACE, config) as node:
            url = self.serving(node)
            queues = until(lambda: self.settled(url), "no order waits to be let in")
            for number in sorted(self.confirmed):
                # An order that is let in is seen a moment later.
                until(lambda n=number: get(f"{url}/api/v1/orders/o{n}")["order_id"] == f"o{n}",
                      f"order o{number} is there")
            for number in sorted(self.confirmed)[:50]:
                self.assertEqual(place_order(url, f"o{number}", f"o{number}"), 202)
            offered = {each["queue"]: each["offered"]
                       for each in get(url + "/api/v1/queues")["queues"]}["orders.placed"]
            self.assertEqual(offered, queues["orders.placed"]["offered"], "repeats are recognised")
            self.assertGreaterEqual(offered, len(self.confirmed))
            self.assertLessEqual(offered, self.number)
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def there_and_back(self, schema, more):
        first = self.journal("first", more)
        database = self.postgres(schema, more)
        back = self.journal("back", more)
        self.serve_and_kill(first, 400)
        was = self.incarnation_of(first)
        self.serve_and_kill(first, 400)
        report = json.loads(self.run_millrace("log", "copy", "--from", self.folder / "first",
                                              "--to", database, "-o", "json").stdout)
        self.assertEqual(report["records"],
                         report["last_record"] - report["first_record"] + 1)
        self.expect_moved(first, "PostgreSQL at ")
        self.run_millrace("log", "copy", "--from", first, "--to", database, status=1)

        became = self.incarnation_of(database)
        self.assertGreater(became, was)
        self.serve_and_kill(database, 400)
        self.assertEqual(self.audit("--config", database)["verdict"], "PASS")
        self.run_millrace("log", "copy", "--from", database, "--to", back)
        self.expect_moved(database, "the directory ")

        self.assertGreater(self.incarnation_of(back), became)
        self.expect_all(back)
        self.assertEqual(self.audit("--data-dir", self.folder / "back")["verdict"], "PASS")
        # As it was left when it moved: the orders in flight are there, each once.
        self.assertEqual(self.audit("--config", database)["verdict"], "PASS")

    def test_goes_there_and_back(self):
        self.there_and_back("copied", "")

    def test_keyed_state_on_disk_goes_there_and_back(self):
        self.there_and_back("copied_states", 'state_cache = "1MiB"\n')

    def look(self, *source):
        """What the commands show of a stopped node."""
        return [json.loads(self.run_millrace(*command, *source, "-o", "json").stdout)
                for command in (("queue", "ls"), ("dlq", "ls"), ("order", "show", "o1"),
                                ("queue", "peek", "orders.placed", "-n", "5"))]

    def test_a_stopped_node_is_looked_at_on_either_engine(self):
        config = self.journal("data")
        database = self.postgres("looked_at")
        with Node(MILLRACE, config) as node:
            url = self.serving(node)
            self.offer(url, range(50))
            self.assertEqual(node.end(signal.SIGTERM), 0)
        on_disk = self.look("--data-dir", self.folder / "data")
        self.assertEqual(on_disk[2]["order_id"], "o1")
        self.assertEqual(on_disk, self.look("--config", config))
        self.run_millrace("log", "copy", "--from", config, "--to", database)
        self.assertEqual(on_disk, self.look("--config", database))
        self.assertEqual(on_disk, self.look("--config", database, "--node", "a"))
        done = self.run_millrace("queue", "ls", "--config", database, "--node", "b", status=1)
        self.assertIn("not_found", done.stderr)
        self.assertEqual(self.audit("--config", config)["verdict"], "PASS")
        report = self.audit("--config", database)
        self.assertEqual(report["verdict"], "PASS")
        self.assertGreater(report["directories"][0]["last_record"], 50)
        done = self.run_millrace("backup", self.folder / "new", "--config", database, status=2)
        self.assertIn("pg_basebackup", done.stderr)
        done = self.run_millrace("backup", self.folder / "new", "--config", config, status=1)
        self.assertIn("moved to", done.stderr)
        with Node(MILLRACE, database) as node:
            self.serving(node)
            done = self.run_millrace("audit", "--config", database, status=1)
            self.assertIn("storage_locked", done.stderr)
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_a_node_that_runs_is_not_copied(self):
        config = self.journal("data")
        database = self.postgres("refused")
        with Node(MILLRACE, config) as node:
            self.serving(node)
            done = self.run_millrace("log", "copy", "--from", config, "--to", database, status=1)
            self.assertIn("storage_locked", done.stderr)
            self.assertEqual(node.end(signal.SIGTERM), 0)
        self.run_millrace("log", "copy", "--from", config, "--to", database)
        with Node(MILLRACE, database) as node:
            self.serving(node)
            done = self.run_millrace("log", "copy", "--from", database, "--to",
                                     self.folder / "new", status=1)
            self.assertIn("storage_locked", done.stderr)
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_a_copy_that_is_killed_is_made_again(self):
        config = self.journal("data")
        database = self.postgres("killed")
        self.serve_and_kill(config, 400)
        for patience in (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, DEADLINE_S):
            copying = subprocess.Popen([MILLRACE, "log", "copy", "--from", config, "--to",
                                        database], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            try:
                status = copying.wait(timeout=patience)
                said = copying.stderr.read()
                self.assertTrue(status == 0 or "already" in said, said)
                break
            except subprocess.TimeoutExpired:
                copying.send_signal(signal.SIGKILL)
                copying.wait()
            finally:
                copying.stderr.close()
        self.expect_all(database)

    def test_mistakes_are_named(self):
        done = self.run_millrace("log", "copy", "--from", self.folder / "none.toml", "--to",
                                 self.folder / "new", status=1)
        self.assertIn("--from: ", done.stderr)
        wrong = self.folder / "wrong.toml"
        wrong.write_text("[node]\nname = 3\n", encoding="utf-8")
        done = self.run_millrace("log", "copy", "--from", wrong, "--to", self.folder / "new",
                                 status=2)
        self.assertIn("wrong.toml", done.stderr)


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
