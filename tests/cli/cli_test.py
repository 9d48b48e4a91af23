"""Bad input to the command line: a clear error on stderr, the documented exit code, no lost data.

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


def millrace(*arguments, **variables):
    done = subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False,
                          env={**os.environ, **variables})
    return done.returncode, done.stdout, done.stderr


class Usage(unittest.TestCase):
    def refuses(self, arguments, *words):
        status, out, err = millrace(*arguments)
        self.assertEqual(status, 2, err)
        self.assertEqual(out, "")
        for word in words:
            self.assertIn(word, err)

    def test_a_missing_command_shows_the_help(self):
        for arguments, words in (([], ("Steer it:", "pause", "config")), (["queue"], ("publish", "peek"))):
            status, out, err = millrace(*arguments)
            self.assertEqual((status, err), (0, ""))
            for word in words:
                self.assertIn(word, out)
            self.assertNotIn("simulate-node", out)
        self.refuses(["--no-such-option"], "millrace: error: invalid_argument:")

    def test_the_version_has_the_commit_and_the_libraries(self):
        status, out, _ = millrace("version", "-o", "json")
        version = json.loads(out)
        self.assertEqual(status, 0)
        self.assertRegex(version["libraries"], r"CAF \d+\.\d+\.\d+, Protobuf \d+")
        self.assertRegex(version["commit"], r"^(none|[0-9a-f]{12}(-dirty)?)$")
        self.assertEqual(millrace("--version")[1].strip(), version["millrace"])

    def test_a_config_file_is_checked_by_its_name_alone(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            file = pathlib.Path(folder, "a.toml")
            file.write_text('[node]\nname = "a"\ndata_dir = "x"\n', encoding="utf-8")
            self.assertIn("ok: node a", millrace("config", "check", file)[1])
            self.refuses(["config", "check", file, "--config", file], "--config")
        self.refuses(["config", "check"], "expected a config file")

    def test_without_a_name_the_node_of_this_machine_is_asked(self):
        status, _, err = millrace("status", "--server", "localhost:1")
        self.assertEqual(status, 3)
        self.assertNotIn("default", err)
        # A node may run here: then it answers.
        status, _, err = millrace("status")
        if status == 3:
            self.assertIn("http://127.0.0.1:8400", err)
            self.assertIn("it is the default", err)

    def test_a_mistyped_command_suggests_the_near_one(self):
        self.refuses(["simulat"], "unknown command 'simulat'", "Did you mean 'simulate'?")
        self.refuses(["queue", "lss"], "unknown command 'lss'", "Did you mean 'ls'?")

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "version"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be written", done.stderr)

    def test_certificates_go_to_a_new_folder_in_the_working_directory(self):
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            done = subprocess.run([PROGRAM, "cluster", "certs", "--out", "certs", "--nodes=a"],
                                  cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(pathlib.Path(folder, "certs", "a.key").exists())

    def test_bad_urls_are_usage_errors(self):
        for url in ("http://h:abc", "http://h:99999", "http://h:999999999999", "http://h:0"):
            self.refuses(["status", f"--server={url}"], "--server", "port")

    def test_bad_options_name_the_expected_value(self):
        self.refuses(["simulate", "--bogus"], "--bogus")
        self.refuses(["simulate", "--orders=0"], "--orders", "1 to 10000000", "got 0")
        self.refuses(["simulate", "--orders=many"], "--orders", "many")
        self.refuses(["simulate", "--orders=-1"], "--orders", "whole number", "-1")
        self.refuses(["top", "--server=h:1", "--interval=nan"], "--interval", "nan")
        self.refuses(["cluster", "move-shard", "010", "b"], "whole number", "010")
        self.refuses(["simulate", "--seed=-1"], "--seed", "whole number", "-1")
        self.refuses(["simulate", "--seed=99999999999999999999999"], "--seed", "18 digits")
        self.refuses(["simulate", "--color=sometimes"], "--color", "sometimes", "never")
        self.refuses(["simulate", "--arrival=foo"], "--arrival", "steady:", "closed:")
        self.refuses(["simulate", "--arrival=closed:0"], "--arrival")
        self.refuses(["simulate", "--gateway-faults=2"], "--gateway-faults", "0 to 1")
        self.refuses(["simulate", "--shards=0"], "--shards", "1 to 64")
        self.refuses(["simulate", "--nodes=17"], "--nodes", "1 to 16", "17")
        self.refuses(["simulate", "--faults=kill,flood"], "--faults", "slow-disk", "flood")
        self.refuses(["simulate", "--faults=partition"], "--faults", "two --nodes")
        self.refuses(["simulate", "--fault-count=3"], "--fault-count", "--faults")
        self.refuses(["simulate", "--log=etcd"], "--log", "etcd", "postgres")
        self.refuses(["simulate", "--log=journal", "--dsn=host=h"], "--dsn", "--log journal")
        self.refuses(["simulate", "--faults=destroy"], "--faults", "destroy", "--log postgres")
        for kind in ("db-restart", "db-failover", "db-pause", "db-cut", "standby-loss"):
            self.refuses(["simulate", f"--faults={kind}"], kind, "--log postgres", "journals")
            self.refuses(["simulate", "--dsn=host=h", f"--faults={kind}"], kind, "got --dsn")
        self.refuses(["simulate", "--standbys=1"], "--standbys", "journals")
        self.refuses(["simulate", "--log=postgres", "--standbys=17"], "--standbys", "0 to 16")
        self.refuses(["simulate", "--log=postgres", "--no-follow"], "--no-follow", "--standbys")
        for kind in ("restore", "slow-disk"):
            self.refuses(["simulate", "--log=postgres", f"--faults={kind}"], kind, "journals")
        self.refuses(["bench", "journal", "--batch=0"], "--batch")
        self.refuses(["queue", "ls", "--data-dir=x", "-o", "yaml"], "yaml")


class Bench(unittest.TestCase):
    def test_each_line_has_the_documented_fields(self):
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
    """Commands on the data directory of one small simulation, intact or damaged."""

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

    def test_a_missing_order_queue_or_directory_is_not_found(self):
        self.refuses(["order", "show", "o999", "--data-dir", self.data], 1, "not_found", "o999")
        self.refuses(["queue", "peek", "nope", "--data-dir", self.data], 1, "not_found", "nope")
        self.refuses(["queue", "ls", "--data-dir", self.data / "none"], 1, "not_found")

    def test_an_unwritable_directory_is_reported_before_the_run(self):
        self.refuses(["simulate", "--data-dir=/proc/nope/x"], 1, "--data-dir", "/proc/nope/x")
        self.refuses(["simulate", "--report=/proc/nope"], 1, "--report", "/proc/nope")

    def test_a_flipped_byte_in_the_log_is_reported_or_not_read(self):
        """Segments before the last checkpoint are not read: then the listing is unchanged."""
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

    def test_a_run_refuses_a_directory_that_is_not_empty(self):
        self.refuses(["simulate", "--data-dir", self.data], 2, "--data-dir", "holds something")

    def test_a_locked_directory_is_refused(self):
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
            if status == 0:  # recovered from the log alone: no message may be missing
                self.assertEqual({row["queue"]: row for row in json.loads(out)}, before)
            else:
                self.assertEqual(status, 1)
                self.assertIn("corrupt", err)
        finally:
            newest.write_bytes(content)
        self.assertEqual(self.listing(), before)


class Interruption(unittest.TestCase):
    def interrupt(self, number, *arguments):
        """Starts a long run and sends the signal after its first progress line.

        Returns exit code, stdout, stderr, and the files left in its folder for temporary files."""
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            run = subprocess.Popen(
                [PROGRAM, "simulate", "--orders=1000000", "--seed=5", *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "TMPDIR": folder})
            try:
                first = run.stderr.readline()  # progress: the node serves
                run.send_signal(number)
                out, err = run.communicate(timeout=TIMEOUT_S)
            finally:
                run.kill()
            return run.returncode, out, first + err, os.listdir(folder)

    def test_an_interrupted_run_reports_the_signal_and_leaves_no_files(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            got, out, err, left = self.interrupt(number)
            self.assertEqual(got, status, err)
            self.assertEqual(out, "", "there is no verdict")
            self.assertIn("interrupted by " + number.name, err)
            self.assertEqual(left, [])


class Configuration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "node.toml"
        self.file.write_text('[node]\nname = "a"\n')

    def test_a_valid_file_is_ok(self):
        status, out, err = millrace("config", "check", "-c", self.file)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, f"{self.file}: ok: node a, 1 node, 16 shards\n")

    def test_all_errors_are_listed_with_exit_code_78(self):
        self.file.write_text('[node]\nname = "a"\n[log]\nlevle = "info"\n[drain]\ntimeout = 3\n')
        for command in ("check", "print"):
            status, out, err = millrace("config", command, "-c", self.file)
            self.assertEqual((status, out), (78, ""))
            self.assertEqual(err.splitlines(), [
                f"{self.file}:4:1: error: log.levle: expected a known key, got an unknown one; "
                "did you mean log.level?",
                f'{self.file}:6:11: error: drain.timeout: expected a duration from "1s" to "1h", '
                "got 3, which has no unit",
            ])

    def test_a_path_that_is_not_a_config_file_is_named(self):
        for path, reason in ((self.folder, "Is a directory"),
                             (self.folder / "none", "No such file or directory")):
            status, _, err = millrace("config", "check", "-c", path)
            self.assertEqual(status, 78)
            self.assertEqual(err, f'{path}: error: file: expected a readable file, got "{path}": '
                                  f"{reason}\n")

    def test_the_number_of_listed_errors_is_bounded(self):
        self.file.write_text("".join(f"k{i} = 1\n" for i in range(1000)))
        status, _, err = millrace("config", "check", "-c", self.file)
        self.assertEqual(status, 78)
        self.assertEqual(len(err.splitlines()), 101)
        self.assertTrue(err.endswith("and 901 more\n"), err[-80:])

    def test_each_value_has_its_origin(self):
        status, out, err = millrace("config", "print", "-c", self.file, "--effective", "-o", "json",
                                    "--set", "log.level=warn", "--data-dir=/srv/a",
                                    MILLRACE__DRAIN__TIMEOUT="9s", MILLRACE__LOG__LEVEL="error")
        self.assertEqual(status, 0, err)
        rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(out)}
        self.assertEqual(rows["node.name"], ("a", f"{self.file}:2"))
        self.assertEqual(rows["node.data_dir"], ("/srv/a", "--data-dir"))
        self.assertEqual(rows["log.level"], ("warn", "--set log.level"))
        self.assertEqual(rows["drain.timeout"], ("9s", "MILLRACE__DRAIN__TIMEOUT"))
        self.assertEqual(rows["cluster.shards"], (16, "default"))

    def test_without_effective_only_set_keys_are_printed(self):
        status, out, err = millrace("config", "print", "-c", self.file, "--json")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), [{"key": "node.name", "value": "a"}])

    def test_the_printed_defaults_are_a_config_file(self):
        status, out, err = millrace("config", "print-defaults")
        self.assertEqual(status, 0, err)
        self.file.write_text(out)
        self.assertEqual(millrace("config", "check", "-c", self.file)[0], 0)


class Certificates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(folder.cleanup)
        self.certs = pathlib.Path(folder.name) / "certs"

    def make(self, *more):
        return millrace("cluster", "certs", "--out", self.certs, "--nodes=a,b", *more)

    def test_a_node_with_them_may_listen_beyond_loopback(self):
        status, out, err = self.make("--hosts=a=10.0.0.1,localhost", "--cluster=test", "--days=9")
        self.assertEqual(status, 0, err)
        names = ["ca.crt", "ca.key", "a.crt", "a.key", "b.crt", "b.key"]
        self.assertEqual(out.splitlines(), [str(self.certs / name) for name in names])
        for name in names:
            mode = (self.certs / name).stat().st_mode & 0o777
            self.assertEqual(mode, 0o600 if name.endswith(".key") else mode & 0o644, name)
        file = self.certs / "a.toml"
        file.write_text('node.name = "a"\nlisten.cluster = "0.0.0.0:7400"\n[tls]\n'
                        f'ca = "{self.certs}/ca.crt"\ncertificate = "{self.certs}/a.crt"\n'
                        f'key = "{self.certs}/a.key"\n')
        status, _, err = millrace("config", "check", "-c", file)
        self.assertEqual(status, 0, err)
        status, _, err = millrace("config", "check", "-c", file, "--set", "node.name=b")
        self.assertEqual(status, 78)
        self.assertIn('expected the certificate of node "b", got that of "a"', err)

    def test_existing_files_are_not_overwritten(self):
        self.assertEqual(self.make()[0], 0)
        before = {path: path.read_bytes() for path in self.certs.iterdir()}
        status, out, err = self.make()
        self.assertEqual((status, out), (2, ""))
        self.assertIn("none is overwritten", err)
        self.assertEqual({path: path.read_bytes() for path in self.certs.iterdir()}, before)

    def test_renewal_replaces_the_nodes_files_and_keeps_the_authority(self):
        self.assertEqual(self.make()[0], 0)
        before = {path.name: path.read_bytes() for path in self.certs.iterdir()}
        arguments = ["cluster", "certs", "--out", self.certs, "--nodes", "a", "--renew"]
        status, out, err = millrace(*arguments)
        self.assertEqual(status, 0, err)
        self.assertEqual({pathlib.Path(line).name for line in out.splitlines()}, {"a.crt", "a.key"})
        after = {path.name: path.read_bytes() for path in self.certs.iterdir()}
        self.assertEqual(set(after), set(before))
        self.assertEqual({name for name in after if after[name] != before[name]},
                         {"a.crt", "a.key"})
        self.assertEqual((self.certs / "a.key").stat().st_mode & 0o777, 0o600)
        (self.certs / "ca.key").unlink()
        status, out, err = millrace(*arguments)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("ca.key: expected", err)

    def test_the_authority_is_renewed_in_steps(self):
        self.assertEqual(self.make()[0], 0)
        old = (self.certs / "ca.crt").read_text()
        arguments = ["cluster", "certs", "--out", self.certs, "--nodes", "a"]
        status, out, err = millrace(*arguments, "--renew-ca")
        self.assertEqual(status, 0, err)
        self.assertEqual({pathlib.Path(line).name for line in out.splitlines()},
                         {"ca.crt", "ca.key"})
        self.assertIn(old, (self.certs / "ca.crt").read_text())
        self.assertEqual((self.certs / "ca.key").stat().st_mode & 0o777, 0o600)
        status, _, err = millrace(*arguments, "--drop-old-ca")
        self.assertEqual(status, 2)
        self.assertIn("a.crt: expected", err)
        self.assertEqual(millrace(*arguments, "--renew")[0], 0)
        status, _, err = millrace(*arguments, "--drop-old-ca")
        self.assertEqual(status, 0, err)
        self.assertNotIn(old, (self.certs / "ca.crt").read_text())

    def test_certificates_do_not_outlive_the_authority(self):
        self.assertEqual(self.make("--days=10")[0], 0)
        status, _, err = millrace("cluster", "certs", "--out", self.certs, "--nodes", "a", "--renew")
        self.assertEqual(status, 0, err)
        self.assertIn("Valid for 10 days, until the authority ends", err)

    def test_bad_names_create_no_files(self):
        for more, word in ((["--hosts=c=x"], '"c"'), (["--hosts=a b"], '"a b"'),
                           (["--days=0"], "--days"), (["--cluster="], "cluster")):
            status, _, err = self.make(*more)
            self.assertEqual(status, 2, err)
            self.assertIn(word, err)
        self.assertFalse(self.certs.exists())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
