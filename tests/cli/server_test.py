"""Commands that call a running node: output, exit code, and no change without --yes.

Usage: server_test.py MILLRACE SERVED_RUNTIME
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = SERVER = ""
DEADLINE_S = 60


class Node:
    """A node with an HTTP API, in its own process."""

    def __init__(self, name, peer=""):
        self.process = subprocess.Popen([SERVER, name, peer], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


def millrace(*arguments, stdin="", **variables):
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False,
                          env={**os.environ, **variables})
    return done.returncode, done.stdout, done.stderr


class Server(unittest.TestCase):
    def setUp(self):
        self.node = Node("a")
        self.addCleanup(self.node.end)
        self.front = self.node

    def ask(self, *arguments, status=0, **more):
        code, out, err = millrace(*arguments, "--server", self.front.address, **more)
        self.assertEqual(code, status, f"{arguments}: {out} {err}")
        return out if status == 0 else out + err

    def json(self, *arguments, **more):
        return json.loads(self.ask(*arguments, "-o", "json", **more))

    def wait_for(self, queue, field, value):
        deadline = time.monotonic() + DEADLINE_S
        while self.json("queue", "info", queue)[field] != value:
            self.assertLess(time.monotonic(), deadline, f"{queue} {field}")

    def test_status_members_and_pipelines_are_shown(self):
        self.assertEqual(self.json("status")["node"], "a")
        self.assertIn("ready", self.ask("status"))
        self.assertEqual(self.json("cluster", "members")[0]["self"], True)
        self.assertEqual(self.json("pipeline", "ls")[0]["stage"], "keep")
        self.assertIn('"in" -> "test/keep"', self.ask("pipeline", "graph"))
        picture = self.ask("top")
        self.assertIn("members up 1/1", picture)
        self.assertIn("oldest", picture)
        self.assertNotIn("\x1b", picture)

    def test_published_messages_are_in_the_queue(self):
        row, = self.json("queue", "publish", "in", '"apple"')
        self.assertEqual((row["queue"], row["key"]), ("in", "apple"))
        self.ask("queue", "publish", "in", stdin='"pear"\n\n"plum"\n')
        self.wait_for("out", "queued", 3)
        rows = {row["queue"]: row for row in self.json("queue", "ls")}
        self.assertEqual(rows["in"]["acked"], 3)
        self.assertNotIn("in.dead", rows)
        found = self.json("queue", "peek", "out", "-n", "2")
        self.assertEqual(len(found), 2)
        self.assertEqual(self.json("order", "show", "plum")["value"], "plum")
        self.assertIn("not_found", self.ask("order", "show", "none", status=1))
        lines = self.ask("queue", "peek", "out", "-o", "jsonl").splitlines()
        self.assertEqual({json.loads(line)["payload"] for line in lines}, {"apple", "pear", "plum"})

    def test_a_duplicate_idempotency_key_adds_no_message(self):
        for _ in range(3):
            self.ask("queue", "publish", "in", '"apple"', "--idempotency-key=k")
        self.assertEqual(self.json("queue", "info", "in")["offered"], 1)

    def test_a_repeat_is_told_from_another_message_under_its_idempotency_key(self):
        once = ["queue", "publish", "out", "--key=k", "--idempotency-key=once"]
        self.assertNotIn("duplicate", self.ask(*once, '"apple"'))
        self.assertEqual(self.ask(*once, '"apple"').split()[-1], "true")
        self.assertEqual(self.json(*once, '"apple"')[0]["duplicate"], True)
        self.assertIn("key_reused", self.ask(*once, '"pear"', status=1))
        self.ask("queue", "publish", "out", '"pear"', "--key=k2", "--idempotency-key=once")

    def test_texts_from_outside_do_not_control_the_terminal(self):
        shown = self.ask("queue", "publish", "in", '"bad\\u009b2J\\u202e"')
        self.wait_for("in.dead", "queued", 1)
        shown += self.ask("dlq", "show", "in.dead")
        for character in "\x9b", "\u202e":
            self.assertNotIn(character, shown)
        self.assertEqual(shown.count("bad\\x9b2J\\u202e"), 2)
        self.assertEqual(self.json("dlq", "show", "in.dead")[0]["key"], "bad\x9b2J\u202e")

    def test_queues_that_answer_are_said_to_be_ok(self):
        self.assertEqual({row["status"] for row in self.json("queue", "ls")}, {"ok"})
        self.assertIn("status", self.ask("queue", "ls").splitlines()[0])

    def test_a_refused_message_is_reported(self):
        told = self.ask("queue", "publish", "in", "{", status=2)
        self.assertIn("body: expected", told)
        self.assertNotIn("shard", told)
        self.assertIn("not_found", self.ask("queue", "publish", "none", "1", status=1))
        self.ask("queue", "publish", "in", "", "--idempotency-key=k", stdin='"never"', status=2)
        told = self.ask("queue", "publish", "in", stdin='"good"\nbad\n"never"\n', status=2)
        self.assertIn("1 messages were taken before", told)

    def test_a_message_that_is_too_large_is_told_though_it_was_not_sent_whole(self):
        big = '"' + "x" * (9 << 20) + '"'
        told = self.ask("queue", "publish", "in", stdin=big + "\n", status=1)
        self.assertIn("too_large", told)
        told = self.ask("queue", "publish", "in", stdin=f'"first"\n{big}\n"never"\n', status=1)
        self.assertIn("too_large", told)
        self.assertIn("1 messages were taken before", told)
        self.assertEqual(self.json("queue", "info", "in")["offered"], 1)

    def test_a_key_is_the_message_s_own(self):
        self.assertIn("query: key", self.ask("queue", "publish", "in", '"apple"', "--key=pear", status=2))
        self.ask("queue", "publish", "in", '"apple"', "--key=apple")
        self.ask("queue", "publish", "out", '"apple"', "--key=pear")

    def test_a_message_is_published_with_its_fields(self):
        row, = self.json("queue", "publish", "out", '"late"', "--key=k", "--priority=7", "--delay=1h",
                         "--expires-in=2h", "--header", "source=till=7", "--header", "empty=")
        self.assertEqual((row["queue"], row["key"]), ("out", "k"))
        self.wait_for("out", "queued", 1)
        self.ask("queue", "publish", "out", '"other"', "--key=k2")
        self.wait_for("out", "queued", 2)
        message, = self.json("queue", "peek", "out", "--key=k")
        self.assertEqual(message["headers"], {"source": "till=7", "empty": ""})
        self.assertEqual((message["payload"], message["priority"]), ("late", 7))
        self.assertIn("not_before", message)
        self.assertIn("expires_at", message)
        self.assertEqual(self.json("queue", "peek", "out", "--id", message["id"]), [message])
        for option in ("--priority=10", "--header=none", "--header=a b=c", "--delay=soon"):
            self.ask("queue", "publish", "out", '"x"', "--key=k", option, status=2)
        self.assertIn("in JSON", self.ask("queue", "publish", "out", "{", "--priority=1", status=2))

    def test_a_stage_is_shown_with_its_counts(self):
        self.ask("queue", "publish", "in", '"apple"')
        self.wait_for("in", "acked", 1)
        row, = self.json("pipeline", "ls")
        self.assertEqual((row["stage"], row["breaker"]), ("keep", "closed"))
        self.assertNotIn("[", self.ask("pipeline", "ls"))
        self.ask("pause", "stage", "test/keep", "--for", "1h", "--reason", "why")
        self.assertIn("paused", self.ask("queue", "ls"))
        self.assertIn("why", self.ask("pause", "ls"))
        self.ask("resume", "stage", "test/keep")
        self.assertNotIn("paused", self.ask("queue", "ls"))

    def test_it_is_told_why_a_message_waits(self):
        self.ask("pause", "queue", "in", "--reason", "the bank is closed")
        self.ask("queue", "publish", "in", '"apple"')
        message, = self.json("queue", "peek", "in")
        for arguments in ([message["id"]], ["--key=apple"], [message["id"], "--queue=in"]):
            row, = self.json("explain", *arguments)
            self.assertEqual((row["queue"], row["id"]), ("in", message["id"]))
            self.assertEqual(row["waits_for"][0]["cause"], "queue_paused")
            self.assertEqual(row["waits_for"][0]["reason"], "the bank is closed")
        self.assertIn("the bank is closed", self.ask("explain", message["id"]))
        self.assertIn("not_found", self.ask("explain", "--key=pear", status=1))
        self.assertIn("expected the id", self.ask("explain", status=2))
        self.assertIn("id", self.ask("explain", "no id", "--queue=in", status=2))
        self.ask("resume", "queue", "in")
        self.wait_for("in", "acked", 1)
        self.assertIn("it was handled", self.ask("explain", message["id"], status=1))

    def test_failures_to_reach_a_node_are_told_apart(self):
        self.front = type("", (), {"address": "127.0.0.1:1"})
        self.assertIn("refused", self.ask("status", status=3))
        self.front = type("", (), {"address": "no-such-host.invalid:1"})
        self.assertIn("cannot find the host", self.ask("status", status=3))

    def test_a_purge_requires_yes(self):
        self.ask("queue", "publish", "in", '"apple"')
        self.wait_for("out", "queued", 1)
        self.assertIn("would drop 1 messages", self.ask("queue", "purge", "out", status=2))
        self.assertIn("would drop 1 messages", self.ask("queue", "purge", "out", "--dry-run"))
        self.assertIn("whole number", self.ask("queue", "purge", "out", "--max=-1", status=2))
        self.assertIn("whole number", self.ask("queue", "purge", "out", "--max=0x1", status=2))
        self.assertIn("would drop 0", self.ask("queue", "purge", "out", "--key", "", "--dry-run"))
        self.assertEqual(self.json("queue", "purge", "out", "--key", "", "--yes")["dropped"], 0)
        self.assertEqual(self.json("queue", "info", "out")["queued"], 1)
        self.assertEqual(self.json("queue", "purge", "out", "--yes")["dropped"], 1)
        self.assertEqual(self.json("queue", "info", "out")["queued"], 0)

    def test_dead_letters_are_shown_redriven_and_dropped(self):
        self.ask("queue", "publish", "in", stdin='"bad1"\n"bad2"\n"bad3"\n')
        self.wait_for("in.dead", "queued", 3)
        self.assertEqual([row["queue"] for row in self.json("dlq", "ls")], ["in.dead"])
        letters = self.json("dlq", "show", "in.dead")
        self.assertEqual({letter["code"] for letter in letters}, {"rejected"})
        drop = ["dlq", "drop", "in.dead", "--id", letters[0]["id"]]
        self.assertIn("would drop 1 messages", self.ask(*drop, status=2))
        self.assertEqual(self.json(*drop, "--yes")["dropped"], 1)
        self.assertIn("id", self.ask("dlq", "drop", "in.dead", "--id", "", "--yes", status=2))
        self.assertEqual(self.json("queue", "info", "in.dead")["queued"], 2)
        self.assertIn("no dead letter queue", self.ask("dlq", "drop", "in", "--dry-run", status=1))
        redrive = ["dlq", "redrive", "in.dead", "--code=rejected"]
        self.assertIn("would redrive 2 messages", self.ask(*redrive, "--dry-run"))
        self.assertEqual(self.json(*redrive, "--yes")["redriven"], 2)
        self.wait_for("in.dead", "offered", 5)  # rejected again
        self.assertEqual(self.json("dlq", "drop", "in.dead", "--yes")["dropped"], 2)

    def test_a_drain_requires_yes_and_is_shown_in_the_status(self):
        self.assertIn("would drain node a", self.ask("cluster", "drain", status=2))
        self.ask("status")
        self.ask("cluster", "drain", "--yes")
        self.assertIn("draining", self.ask("status", status=4))

    def test_a_node_that_does_not_run_is_unreachable(self):
        self.front = type("", (), {"address": "127.0.0.1:1"})
        for command in (["status"], ["queue", "ls"], ["top"], ["pipeline", "ls"],
                        ["order", "show", "x"], ["queue", "publish", "in", "1"]):
            self.assertIn("127.0.0.1:1", self.ask(*command, status=3))

    def test_the_url_can_be_an_environment_variable(self):
        code, out, err = millrace("status", MILLRACE_URL=f"http://{self.node.address}/")
        self.assertEqual(code, 0, err)
        self.assertIn("node", out)
        code, _, err = millrace("status", MILLRACE_URL="ftp://x")
        self.assertEqual(code, 2, err)

    def test_exactly_one_source_is_accepted(self):
        code, _, err = millrace("queue", "ls", "--data-dir=x", "--server", self.node.address)
        self.assertEqual(code, 2, err)
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            gone = pathlib.Path(folder) / "none"
            code, _, err = millrace("queue", "ls", "--data-dir", gone,
                                    MILLRACE_URL=self.node.address)
            self.assertEqual(code, 1, "an option overrides the environment")
            self.assertIn("not_found", err)


class Cluster(Server):
    """The tests of Server through a node that has a peer, and tests that need a cluster."""

    def setUp(self):
        super().setUp()
        self.front = Node("b", self.node.address)
        self.addCleanup(self.front.end)

    # These tests need only one node: Server runs them.
    test_a_drain_requires_yes_and_is_shown_in_the_status = None
    test_status_members_and_pipelines_are_shown = None
    test_published_messages_are_in_the_queue = None
    test_the_url_can_be_an_environment_variable = None
    test_exactly_one_source_is_accepted = None
    test_a_node_that_does_not_run_is_unreachable = None
    test_a_message_that_is_too_large_is_told_though_it_was_not_sent_whole = None
    test_a_key_is_the_message_s_own = None
    test_failures_to_reach_a_node_are_told_apart = None

    def test_counts_are_the_sums_of_all_members(self):
        for node in (self.node, self.front):
            code, _, err = millrace("queue", "publish", "in", '"apple"', "--server", node.address)
            self.assertEqual(code, 0, err)
        self.wait_for("out", "queued", 2)
        self.assertEqual(self.json("queue", "info", "out")["shards"], 4)
        self.assertEqual(self.json("queue", "info", "out", "--node-only")["queued"], 1)
        self.assertEqual(len(self.json("queue", "peek", "out")), 2)
        self.assertEqual(self.json("queue", "purge", "out", "--yes")["dropped"], 2)

    def test_one_node_pauses_and_resumes_for_all(self):
        done = self.json("pause", "stage", "test/keep", "--reason", "why")
        self.assertEqual([(row["queue"], row["shards"]) for row in done], [("in", 2), ("in", 2)])
        for node in (self.node, self.front):
            millrace("queue", "publish", "in", '"apple"', "--server", node.address)
        rows = {row["queue"]: row for row in self.json("queue", "ls")}
        self.assertEqual((rows["in"]["queued"], rows["in"]["status"]), (2, "paused"))
        self.assertIn("paused", self.ask("top"))
        code, out, err = millrace("status", "-o", "json", "--server", self.node.address)
        self.assertEqual((code, json.loads(out)["paused_queues"]), (0, ["in"]), err)
        self.assertEqual(len(self.json("pause", "ls")), 4)
        self.assertEqual(len(self.json("pause", "ls", "--node-only")), 2)
        self.assertEqual(len(self.json("resume", "queue", "in", "--node-only")), 1)
        self.assertEqual({row["node"] for row in self.json("pause", "ls")}, {"a"})
        self.ask("resume", "pipeline", "test")
        self.wait_for("out", "queued", 2)
        self.assertEqual(self.json("pause", "ls"), [])
        self.assertEqual({row["breaker"] for row in self.json("pipeline", "ls")}, {"closed"})
        self.ask("pause", "queue", "in", "--key", "pear")
        rows = {row["queue"]: row for row in self.json("queue", "ls")}
        self.assertEqual(rows["in"]["status"], "1 key paused")

    def test_a_pause_without_a_member_says_so(self):
        lonely = Node("c", "127.0.0.1:1")
        self.addCleanup(lonely.end)
        code, out, err = millrace("pause", "queue", "in", "--server", lonely.address, "-o", "json")
        self.assertEqual(code, 3)
        self.assertIn("without node peer", err)
        self.assertEqual([row["shards"] for row in json.loads(out)], [2])

    def test_an_order_is_shown_by_a_node_that_does_not_serve_it(self):
        millrace("queue", "publish", "in", '"apple"', "--server", self.node.address)
        self.wait_for("out", "queued", 1)
        self.assertEqual(self.json("order", "show", "apple")["value"], "apple")

    def test_an_unreachable_member_is_named(self):
        lonely = Node("c", "127.0.0.1:1")
        self.addCleanup(lonely.end)
        code, out, err = millrace("queue", "ls", "--server", lonely.address, "-o", "json")
        self.assertEqual(code, 3)
        self.assertIn("without node peer", err)
        self.assertEqual(len(json.loads(out)), 2)


if __name__ == "__main__":
    PROGRAM, SERVER = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
