"""A program with its own pipeline gets a node and the commands from millrace::main().

Usage: own_program_test.py PROGRAM
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from node_process import DEADLINE_S, Node

PROGRAM = ""


def run(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout, done.stderr


class OwnProgram(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(self.folder.cleanup)
        self.data = pathlib.Path(self.folder.name, "data")
        self.config = pathlib.Path(self.folder.name, "a.toml")
        self.config.write_text(
            f'[node]\nname = "a"\ndata_dir = "{self.data}"\n'
            '[listen]\ncluster = "127.0.0.1:0"\nhttp = "127.0.0.1:0"\n', encoding="utf-8")

    def ask(self, *arguments):
        status, out, err = run(*arguments)
        self.assertEqual(status, 0, f"{arguments}: {out} {err}")
        return out

    def queues(self, *where):
        return {each["queue"]: each for each in json.loads(self.ask("queue", "ls", "--json", *where))}

    def test_its_pipeline_runs_on_a_node_and_its_commands_call_it(self):
        with Node(PROGRAM, self.config) as node:
            server = "--server", node.wait_for("HTTP API at").split()[-1]
            node.wait_for("serves")
            self.ask("queue", "publish", "names", '"ada"', *server)
            self.ask("queue", "publish", "names", '"nobody"', *server)
            deadline = time.monotonic() + DEADLINE_S
            while self.queues(*server)["names"]["acked"] < 2:
                self.assertLess(time.monotonic(), deadline, self.queues(*server))
            self.assertEqual(self.queues(*server)["greetings.said"]["queued"], 1)
            said = json.loads(self.ask("queue", "peek", "greetings.said", "--json", *server))
            self.assertEqual([each["payload"] for each in said], ["hello ada"])
            self.assertIn("greet", self.ask("pipeline", "ls", *server))
            self.assertEqual(node.end(signal.SIGTERM), 0)
        self.assertEqual(self.queues("--data-dir", self.data)["greetings.said"]["queued"], 1)

    def test_a_node_whose_handlers_hang_says_so_and_is_not_reported_alive(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        address = os.path.join(self.folder.name, "notify")
        manager.bind(address)
        manager.settimeout(DEADLINE_S)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write('[runtime]\nthreads = 1\n[drain]\ntimeout = "1s"\n')
        told = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "900000"}
        with Node(PROGRAM, self.config, environment=told) as node:
            url = node.wait_for("HTTP API at").split()[-1]
            self.assertIn("READY=1", manager.recv(4096).decode())
            self.assertEqual(manager.recv(4096).decode(), "WATCHDOG=1")
            # The handler may begin before the confirmation gets to its thread.
            run("queue", "publish", "names", '"hang"', "--server", url)
            self.assertIn("names", node.wait_for("no answer from queues"))
            # What was reported before is read first; then nothing more comes.
            manager.setblocking(False)
            while True:
                try:
                    manager.recv(4096)
                except BlockingIOError:
                    break
            self.assertEqual(self.queues("--server", url)["names"]["status"], "no answer")
            with urllib.request.urlopen(f"http://{url}/metrics", timeout=DEADLINE_S) as answer:
                page = answer.read().decode()
            unanswered = re.search(r'^millrace_queue_unanswered_shards{queue="names"} (.*)$', page,
                                   re.MULTILINE)
            self.assertGreater(int(unanswered[1]), 0)
            self.assertNotIn('millrace_queue_ready_messages{queue="names"}', page)
            with self.assertRaises(BlockingIOError):
                manager.recv(4096)
            # SIGTERM is noticed at once; the drain then ends after its timeout.
            began = time.monotonic()
            node.process.send_signal(signal.SIGTERM)
            node.wait_for("draining")
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual(node.process.wait(timeout=DEADLINE_S), 1)

    def test_its_own_option_sets_its_key(self):
        self.assertIn("--word", self.ask("node", "--help"))
        self.assertIn("What is said before a name", self.ask("node", "--help"))
        self.assertRegex(self.ask("config", "print", "-c", self.config, "--set", "greetings.word=hi", "--word", "bye"),
                         'greetings.word +"bye"')
        status, _, err = run("config", "check", "-c", self.config, "--word", "")
        self.assertEqual(status, 78)
        self.assertIn("--word", err)
        self.assertIn("greetings.word: expected a text that is not empty", err)
        with Node(PROGRAM, self.config, "--word", "bye") as node:
            server = "--server", node.wait_for("HTTP API at").split()[-1]
            node.wait_for("serves")
            self.ask("queue", "publish", "names", '"ada"', *server)
            deadline = time.monotonic() + DEADLINE_S
            while self.queues(*server)["names"]["acked"] < 1:
                self.assertLess(time.monotonic(), deadline, self.queues(*server))
            said = json.loads(self.ask("queue", "peek", "greetings.said", "--json", *server))
            self.assertEqual([each["payload"] for each in said], ["bye ada"])
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_its_command_line_uses_its_own_name(self):
        name = os.path.basename(PROGRAM)
        self.assertIn(f"Usage: {name} node", self.ask("node", "--help"))
        self.assertIn(f"complete -F _{name} {name}\n", self.ask("completions", "bash"))
        self.assertIn("ok: node a", self.ask("config", "check", "-c", self.config))

    def test_it_has_no_commands_of_the_order_workflow(self):
        for command in "simulate", "order":
            status, out, err = run(command)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(f"unknown command '{command}'", err)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
