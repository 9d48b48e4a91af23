"""Nodes whose log lies in PostgreSQL: a second process of the same configuration waits, takes over when
the first one is killed or silent, and a first one that wakes up later is fenced; a cluster under faults
loses and repeats nothing.

Usage: postgres_node_test.py MILLRACE, with MILLRACE_POSTGRES_DSN in the environment
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from dev_cluster import get, place_order, until
from node_process import Node

EX_TEMPFAIL = 75
EX_CONFIG = 78

CONFIG = """
[node]
name = "a"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:0"
[log]
engine = "postgres"
[log.postgres]
schema = "{schema}"
lease = "1s"
follow = {follow}
"""


def sql(statements):
    """Runs statements on the server of the test."""
    subprocess.run(["psql", "-q", "-d", os.environ["MILLRACE_POSTGRES_DSN"], "-v",
                    "ON_ERROR_STOP=1", "-c", statements], check=True, timeout=60)


class PostgresNode(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def config(self, name, schema, follow="false"):
        file = self.folder / f"{name}.toml"
        file.write_text(CONFIG.format(data=self.folder / name, schema=schema, follow=follow))
        return file

    def node(self, name, schema, follow="false"):
        return Node(PROGRAM, self.config(name, schema, follow))

    def serving(self, node):
        url = "http://" + node.wait_for("HTTP API at").split()[-1]
        node.wait_for("serves, incarnation")
        return url

    def test_a_killed_process_is_replaced_and_nothing_is_lost(self):
        with self.node("one", "killed") as one:
            url = self.serving(one)
            for number in range(20):
                self.assertEqual(place_order(url, f"o{number}", f"o{number}"), 202)
            with self.node("two", "killed") as two:
                two.wait_for("the start waits: the seat a is held by")
                one.end(signal.SIGKILL)
                url = self.serving(two)
                for number in range(20):  # a repeat is recognised
                    until(lambda n=number: place_order(url, f"o{n}", f"o{n}") == 202, "taken")
                queues = {queue["queue"]: queue for queue in get(url + "/api/v1/queues")["queues"]}
                self.assertEqual(queues["orders.placed"]["offered"], 20)
                self.assertEqual(two.end(signal.SIGTERM), 0)

    def test_a_process_that_waits_for_a_node_follows_its_log(self):
        with self.node("one", "followed", "true") as one:
            url = self.serving(one)
            for number in range(20):
                self.assertEqual(place_order(url, f"o{number}", f"o{number}"), 202)
            with self.node("two", "followed", "true") as two:
                two.wait_for("follows the log of node a: from its newest checkpoint")
                two.wait_for("has caught up with the log of node a at record")
                self.assertEqual(one.end(signal.SIGTERM), 0)
                self.assertIn("warm", two.wait_for("took the log over"))
                url = self.serving(two)
                for number in range(25):
                    until(lambda n=number: place_order(url, f"o{n}", f"o{n}") == 202, "taken")
                queues = {queue["queue"]: queue for queue in get(url + "/api/v1/queues")["queues"]}
                self.assertEqual(queues["orders.placed"]["offered"], 25)
                two.end(signal.SIGKILL)
            with self.node("three", "followed") as three:
                self.assertIn("cold", three.wait_for("took the log over"))
                url = self.serving(three)
                queues = {queue["queue"]: queue for queue in get(url + "/api/v1/queues")["queues"]}
                self.assertEqual(queues["orders.placed"]["offered"], 25)
                self.assertEqual(three.end(signal.SIGTERM), 0)

    def test_a_paused_process_is_fenced(self):
        with self.node("one", "paused") as one:
            self.serving(one)
            with self.node("two", "paused") as two:
                two.wait_for("the start waits")
                one.process.send_signal(signal.SIGSTOP)
                self.serving(two)
                one.process.send_signal(signal.SIGCONT)
                one.wait_for("another process has taken the log")
                self.assertEqual(one.process.wait(timeout=60), EX_TEMPFAIL)
                self.assertEqual(two.end(signal.SIGTERM), 0)

    def test_sigterm_ends_the_wait(self):
        with self.node("one", "waits") as one:
            self.serving(one)
            with self.node("two", "waits") as two:
                two.wait_for("the start waits")
                self.assertEqual(two.end(signal.SIGTERM), 0)
            self.assertEqual(one.end(signal.SIGTERM), 0)

    def test_a_missing_connection_string_is_a_mistake_of_the_configuration(self):
        environment = {name: value for name, value in os.environ.items()
                       if name != "MILLRACE_POSTGRES_DSN"}
        done = subprocess.run([PROGRAM, "node", "-c", self.config("one", "none")], text=True,
                              env=environment, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn("log.postgres.dsn_file: expected the path of a file", done.stderr)

    def refused(self, config, *arguments):
        """What a node says that ends with the status of a mistake that no start again mends."""
        done = subprocess.run([PROGRAM, "node", "-c", config, *arguments], text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, EX_CONFIG, done.stderr)
        return done.stderr

    def serve_once(self, name, schema):
        with self.node(name, schema) as node:
            self.serving(node)
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_a_schema_of_others_or_of_a_newer_program_is_refused(self):
        self.serve_once("one", "newer")
        config = self.config("one", "newer")
        message = self.refused(config, "--set", "cluster.name=other")
        self.assertIn('the schema newer is of the cluster "millrace", expected one of "other"',
                      message)
        sql("update newer.schema_version set version = 99")
        self.assertIn("made by a newer program", self.refused(config))
        sql("create schema others; create table others.mine(a int)")
        self.assertIn("has tables that are not of Millrace",
                      self.refused(self.config("two", "others")))

    def test_mistakes_of_the_connection_string_are_told_at_once(self):
        for mistake, told in [("sslmode=foo", "sslmode"), ("service=nope", "service")]:
            dsn = self.folder / "dsn"
            dsn.write_text(f"{os.environ['MILLRACE_POSTGRES_DSN']} {mistake}")
            message = self.refused(self.config("one", "dsn"), "--set",
                                   f"log.postgres.dsn_file={dsn}")
            self.assertIn(told, message)

    def test_a_database_that_lacks_what_was_confirmed_is_refused(self):
        self.serve_once("one", "lost")
        sql("set client_min_messages = warning; drop schema lost cascade")
        memory = self.folder / "one" / "seat"
        # It waits so long for another server that has more.
        self.assertIn(f"as {memory} says", self.refused(
            self.config("one", "lost"), "--set", "log.postgres.patience=1s"))
        memory.unlink()
        self.serve_once("one", "lost")

    def test_a_simulation_says_that_it_waits_for_a_server(self):
        with subprocess.Popen(
                [PROGRAM, "simulate", "--orders", "10", "--dsn", f"host={self.folder} user=x"],
                text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as simulation:
            self.assertIn("waits for the server: ", simulation.stderr.readline())
            simulation.send_signal(signal.SIGINT)
            self.assertEqual(simulation.wait(timeout=60), 128 + signal.SIGINT)

    def test_a_cluster_under_faults_loses_nothing(self):
        done = subprocess.run(
            [PROGRAM, "simulate", "--nodes", "2", "--orders", "400", "--seed", "5", "--faults",
             "kill,pause,move", "--fault-count", "3", "--dsn", os.environ["MILLRACE_POSTGRES_DSN"]],
            text=True, capture_output=True, timeout=480)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("PASS", done.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
