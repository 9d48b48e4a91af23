"""What the command line promises for bad input: a clear error on stderr, its exit code, nothing lost.

Usage: cli_test.py MILLRACE
"""

import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
TIMEOUT_S = 120


def millrace(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout, done.stderr


class Usage(unittest.TestCase):
    def refuses(self, arguments, *words):
        status, out, err = millrace(*arguments)
        self.assertEqual(status, 2, err)
        self.assertEqual(out, "")
        for word in words:
            self.assertIn(word, err)

    def test_a_missing_command_is_a_usage_error(self):
        self.refuses([], "subcommand is required")

    def test_a_mistyped_command_suggests_the_near_one(self):
        self.refuses(["simulat"], "unknown command 'simulat'", "Did you mean 'simulate'?")
        self.refuses(["queue", "lss"], "unknown command 'lss'", "Did you mean 'ls'?")

    def test_bad_flags_say_what_was_expected(self):
        self.refuses(["simulate", "--bogus"], "--bogus")
        self.refuses(["simulate", "--orders=0"], "--orders", "1 to 10000000", "got 0")
        self.refuses(["simulate", "--orders=many"], "--orders", "many")
        self.refuses(["simulate", "--orders=-1"], "--orders", "whole number", "-1")
        self.refuses(["simulate", "--seed=-1"], "--seed", "whole number", "-1")
        self.refuses(["simulate", "--seed=99999999999999999999999"], "--seed", "18 digits")
        self.refuses(["simulate", "--color=sometimes"], "--color", "sometimes", "never")
        self.refuses(["simulate", "--arrival=foo"], "--arrival", "steady:", "closed:")
        self.refuses(["simulate", "--arrival=closed:0"], "--arrival")
        self.refuses(["simulate", "--gateway-faults=2"], "--gateway-faults", "0 to 1")
        self.refuses(["simulate", "--shards=0"], "--shards", "1 to 64")
        self.refuses(["bench", "journal", "--batch=0"], "--batch")
        self.refuses(["queue", "ls"], "--data-dir")
        self.refuses(["queue", "ls", "--data-dir=x", "-o", "yaml"], "yaml")


class Bench(unittest.TestCase):
    def test_each_line_holds_the_documented_fields(self):
        fields = {"bench", "payload_bytes", "messages", "messages_per_s", "limit", "ratio",
                  "rss_peak_bytes", "cpu_s", "written_bytes"}
        latencies = {"p50_us", "p99_us", "p999_us"}
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            for arguments, expected in (
                    (["journal", "--seconds=0.1", "--batch=64"], fields | latencies | {"batch"}),
                    (["pipeline", "--messages=2000"], fields | latencies),
                    (["queue", "--messages=2000"], fields)):
                status, out, err = millrace("bench", *arguments, "--dir", folder, "--json")
                self.assertEqual(status, 0, err)
                for line in out.splitlines():
                    self.assertLessEqual(expected, set(json.loads(line)), arguments)


class DataDirectory(unittest.TestCase):
    """One small run, looked at in many ways."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        cls.data = pathlib.Path(cls.folder.name) / "data"
        status, _, err = millrace("simulate", "--orders=200", "--seed=5", "--data-dir", cls.data,
                                  "--gateway-faults=0")
        assert status == 0, err

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refuses(self, arguments, status, *words):
        got, out, err = millrace(*arguments)
        self.assertEqual(got, status, err)
        self.assertEqual(out, "")
        for word in words:
            self.assertIn(word, err)

    def listing(self):
        status, out, err = millrace("queue", "ls", "--data-dir", self.data, "--json")
        self.assertEqual(status, 0, err)
        return {row["queue"]: row for row in json.loads(out)}

    def test_queues_are_listed_with_their_ledger(self):
        finished = self.listing()["orders.finished"]
        self.assertEqual((finished["offered"], finished["acked"], finished["queued"]),
                         (200, 200, 0))

    def test_an_order_is_shown_with_its_history(self):
        status, out, _ = millrace("order", "show", "o3", "--data-dir", self.data, "--json")
        self.assertEqual(status, 0)
        order = json.loads(out)
        self.assertEqual(order["order_id"], "o3")
        self.assertEqual(order["history"][0]["status"], "PLACED")
        self.assertEqual(order["history"][-1]["status"], order["status"])

    def test_what_is_not_there_is_not_found(self):
        self.refuses(["order", "show", "o999", "--data-dir", self.data], 1, "not_found", "o999")
        self.refuses(["queue", "peek", "nope", "--data-dir", self.data], 1, "not_found", "nope")
        self.refuses(["queue", "ls", "--data-dir", self.data / "none"], 1, "not_found")

    def test_a_directory_that_cannot_be_written_is_told_before_the_run(self):
        self.refuses(["simulate", "--data-dir=/proc/nope/x"], 1, "--data-dir", "/proc/nope/x")
        self.refuses(["simulate", "--report=/proc/nope"], 1, "--report", "/proc/nope")

    def test_a_flipped_byte_in_the_log_is_never_passed_over(self):
        """The log behind the last checkpoint is not read; whatever is read must be whole."""
        before = self.listing()
        for segment in sorted((self.data / "segments").iterdir()):
            content = segment.read_bytes()
            flipped = bytearray(content)
            flipped[5000] ^= 0x40
            try:
                segment.write_bytes(flipped)
                status, out, err = millrace("queue", "ls", "--data-dir", self.data, "--json")
                if status == 0:
                    self.assertEqual({row["queue"]: row for row in json.loads(out)}, before)
                else:
                    self.assertEqual(status, 1)
                    self.assertIn("corrupt", err)
            finally:
                segment.write_bytes(content)
        self.assertEqual(self.listing(), before)

    def test_a_run_does_not_go_over_what_is_there(self):
        self.refuses(["simulate", "--data-dir", self.data], 2, "--data-dir", "holds something")

    def test_a_locked_directory_is_left_alone(self):
        with open(self.data / "lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuses(["queue", "ls", "--data-dir", self.data], 1, "storage_locked")

    def test_a_later_format_is_refused(self):
        path = self.data / "format"
        before = path.read_bytes()
        try:
            path.write_text("millrace data directory, format 9\n")
            self.refuses(["queue", "ls", "--data-dir", self.data], 1, "unsupported_version", "9")
        finally:
            path.write_bytes(before)

    def test_a_foreign_file_is_named(self):
        path = self.data / "holiday.jpg"
        try:
            path.write_text("not ours")
            self.refuses(["queue", "ls", "--data-dir", self.data], 1, "foreign_file", "holiday.jpg")
        finally:
            path.unlink()

    def test_a_flipped_byte_in_the_checkpoint_loses_nothing(self):
        before = self.listing()
        newest = max(self.data.glob("checkpoint-*"))
        content = newest.read_bytes()
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 0x40
        try:
            newest.write_bytes(flipped)
            status, out, err = millrace("queue", "ls", "--data-dir", self.data, "--json")
            if status == 0:  # the log still reaches back: nothing may be missing
                self.assertEqual({row["queue"]: row for row in json.loads(out)}, before)
            else:
                self.assertEqual(status, 1)
                self.assertIn("corrupt", err)
        finally:
            newest.write_bytes(content)
        self.assertEqual(self.listing(), before)


class Interruption(unittest.TestCase):
    def interrupt(self, number, *arguments):
        """Starts a long run, interrupts it once it is under way; returns how it ended."""
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            run = subprocess.Popen(
                [PROGRAM, "simulate", "--orders=1000000", "--seed=5", *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "TMPDIR": folder})
            try:
                first = run.stderr.readline()  # progress: the node is at work
                run.send_signal(number)
                out, err = run.communicate(timeout=TIMEOUT_S)
            finally:
                run.kill()
            return run.returncode, out, first + err, os.listdir(folder)

    def test_an_interrupted_run_says_so_and_leaves_nothing_behind(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            got, out, err, left = self.interrupt(number)
            self.assertEqual(got, status, err)
            self.assertEqual(out, "", "there is no verdict")
            self.assertIn("interrupted by " + number.name, err)
            self.assertEqual(left, [])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
