"""millrace node: start, reload, drain, and the error when it cannot start.

Usage: node_command_test.py MILLRACE
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from node_process import DEADLINE_S, Node

MILLRACE = ""


class NodeCommand(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.config = self.path / "a.toml"
        self.write()

    def tearDown(self):
        self.folder.cleanup()

    def write(self, level="info", port=0):
        self.config.write_text(
            f'[node]\nname = "a"\ndata_dir = "{self.path / "data"}"\n'
            f'[listen]\ncluster = "127.0.0.1:{port}"\nhttp = "127.0.0.1:0"\n'
            f'[log]\nlevel = "{level}"\n', encoding="utf-8")

    def test_drains_and_exits_with_status_0(self):
        for each in (signal.SIGTERM, signal.SIGINT):
            with Node(MILLRACE, self.config) as node:
                node.wait_for("serves")
                self.assertEqual(node.end(each), 0)
                node.wait_for("drained")

    def test_closed_standard_streams_are_opened_on_dev_null(self):
        with subprocess.Popen(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', MILLRACE, "node", "-c",
                               str(self.config)]) as process:
            try:
                deadline = time.monotonic() + DEADLINE_S
                segments = self.path / "data" / "segments"
                while not any(segments.glob("*")):
                    self.assertIsNone(process.poll())
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                streams = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]
                self.assertEqual(streams, ["/dev/null"] * 3)
            finally:
                process.kill()

    def test_drains_under_load_and_keeps_confirmed_orders(self):
        confirmed = []
        with Node(MILLRACE, self.config) as node:
            url = "http://" + node.wait_for("HTTP API at").split()[-1]
            node.wait_for("serves")
            is_over = threading.Event()
            clients = [threading.Thread(target=self.offer, args=(url, i, confirmed, is_over))
                       for i in range(8)]
            for client in clients:
                client.start()
            try:
                while len(confirmed) < 500:
                    self.assertIsNone(node.process.poll())
                    time.sleep(0.01)
                self.assertEqual(node.end(signal.SIGTERM), 0)
            finally:
                is_over.set()
                for client in clients:
                    client.join()
        held = json.loads(subprocess.run(
            [MILLRACE, "queue", "ls", "--data-dir", str(self.path / "data"), "--json"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S).stdout)
        offered = {each["queue"]: each["offered"] for each in held}
        # The last order of each client can be durable although its answer was lost.
        self.assertGreaterEqual(offered["orders.placed"], len(confirmed))
        self.assertLessEqual(offered["orders.placed"], len(confirmed) + len(clients))
        self.assertEqual(sum(each["dead"] for each in held), 0)
        for each in held:
            if each["queued"] == 0:
                continue
            left = json.loads(subprocess.run(
                [MILLRACE, "queue", "peek", each["queue"], "--data-dir", str(self.path / "data"),
                 "--json"], stdout=subprocess.PIPE, text=True, check=True,
                timeout=DEADLINE_S).stdout)
            self.assertEqual({message["failed"] for message in left}, {0}, each)

    def offer(self, url, client, confirmed, is_over):
        """Places orders until `is_over`; appends the ids of the confirmed ones to `confirmed`."""
        for number in range(1_000_000):
            if is_over.is_set():
                return
            order = {"order_id": f"o{client}x{number}", "customer_id": f"c{client}",
                     "currency": "EUR", "total_minor": 100,
                     "lines": [{"sku": "s1", "quantity": 1, "unit_price_minor": 100}]}
            request = urllib.request.Request(
                url + "/api/v1/queues/orders.placed/messages", data=json.dumps(order).encode(),
                headers={"Content-Type": "application/json",
                         "Idempotency-Key": order["order_id"]})
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE_S):
                    confirmed.append(order["order_id"])
            except (urllib.error.URLError, ConnectionError, TimeoutError, http.client.HTTPException):
                is_over.wait(0.01)

    def test_drains_although_nobody_reads_its_log(self):
        reader, writer = os.pipe()
        try:
            with subprocess.Popen([MILLRACE, "node", "-c", str(self.config)],
                                  stdout=subprocess.DEVNULL, stderr=writer) as process:
                try:
                    seen = b""
                    while b"serves" not in seen:
                        part = os.read(reader, 4096)
                        self.assertTrue(part, seen)
                        seen += part
                    os.set_blocking(writer, False)  # of the pipe, hence for the node as well
                    try:
                        while True:
                            os.write(writer, b"x" * 4096)
                    except BlockingIOError:
                        pass
                    os.set_blocking(writer, True)
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(process.wait(timeout=DEADLINE_S), 0)
                finally:
                    process.kill()
        finally:
            os.close(reader)
            os.close(writer)

    def test_restarts_with_a_higher_incarnation(self):
        numbers = []
        for _ in range(2):
            with Node(MILLRACE, self.config) as node:
                numbers.append(int(node.wait_for("serves").split("incarnation ")[1]))
                node.end(signal.SIGKILL)
        self.assertLess(numbers[0], numbers[1])

    def test_reloads_the_log_level_unless_the_file_is_invalid(self):
        with Node(MILLRACE, self.config) as node:
            node.wait_for("serves")
            self.config.write_text("nonsense", encoding="utf-8")
            node.process.send_signal(signal.SIGHUP)
            self.assertIn("a.toml:1", node.wait_for("not reloaded"))
            self.write(level="error")
            node.process.send_signal(signal.SIGHUP)
            # At level error nothing more is logged; the node still drains.
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def write_tls(self):
        """Writes the config of node a in a cluster of two nodes, and their certificates."""
        self.certs("--nodes", "a,b")
        self.write()
        files = {"ca": "ca.crt", "certificate": "a.crt", "key": "a.key"}
        self.config.write_text(
            self.config.read_text(encoding="utf-8") + "[tls]\n" + "".join(
                f'{key} = "{self.path / "certs" / file}"\n' for key, file in files.items()) +
            '[[cluster.nodes]]\nname = "a"\naddress = "127.0.0.1:1"\n'
            '[[cluster.nodes]]\nname = "b"\naddress = "127.0.0.1:2"\n', encoding="utf-8")

    def certs(self, *arguments):
        subprocess.run([MILLRACE, "cluster", "certs", "--out", str(self.path / "certs"),
                        *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=DEADLINE_S)

    def fingerprint(self, *source):
        """Returns the fingerprint of the certificate in a file, or of the node at (host, port)."""
        if len(source) == 1:
            certificate = source[0].read_text(encoding="utf-8")
        else:
            certs = self.path / "certs"
            certificate = subprocess.run(
                ["openssl", "s_client", "-connect", ":".join(source), "-CAfile", certs / "ca.crt",
                 "-cert", certs / "b.crt", "-key", certs / "b.key", "-verify_return_error"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, errors="replace",  # the node's hello is binary
                check=False, timeout=DEADLINE_S).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-fingerprint"], input=certificate,
                              stdout=subprocess.PIPE, text=True, check=True,
                              timeout=DEADLINE_S).stdout

    @unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
    def test_new_links_use_reloaded_tls_files_unless_they_are_invalid(self):
        self.write_tls()
        file = self.path / "certs" / "a.crt"
        with Node(MILLRACE, self.config) as node:
            address = node.wait_for("listens on").split()[-1].split(":")
            node.wait_for("serves")
            first = self.fingerprint(*address)
            self.assertEqual(first, self.fingerprint(file))
            self.certs("--nodes", "a", "--renew")
            self.assertEqual(self.fingerprint(*address), first)
            node.process.send_signal(signal.SIGHUP)
            node.wait_for("reloaded the configuration")
            renewed = self.fingerprint(file)
            self.assertNotEqual(renewed, first)
            self.assertEqual(self.fingerprint(*address), renewed)
            for garbage in "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n":
                file.write_text(garbage, encoding="utf-8")
                node.process.send_signal(signal.SIGHUP)
                line = node.wait_for("not reloaded")
                self.assertIn("tls.certificate: expected a certificate", line)
                self.assertIn(str(file), line)
                self.assertEqual(self.fingerprint(*address), renewed)
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_logs_json_if_configured(self):
        with Node(MILLRACE, self.config, "--set", "log.format=json") as node:
            line = json.loads(node.wait_for("serves"))
            self.assertEqual(line["node"], "a")
            self.assertEqual(line["level"], "info")

    def test_notifies_the_service_manager(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            address = str(self.path / "notify")
            manager.bind(address)
            manager.settimeout(DEADLINE_S)
            told = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "800000"}
            with Node(MILLRACE, self.config, environment=told) as node:
                self.assertIn("READY=1", manager.recv(4096).decode())
                self.assertEqual(manager.recv(4096).decode(), "WATCHDOG=1")
                node.process.send_signal(signal.SIGTERM)
                while "STOPPING=1" not in (said := manager.recv(4096).decode()):
                    self.assertEqual(said, "WATCHDOG=1")
                self.assertEqual(node.process.wait(timeout=DEADLINE_S), 0)

    def test_reports_why_it_cannot_start(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.write(port=port)
            with Node(MILLRACE, self.config) as node:
                self.assertIn(str(port), node.wait_for("critical"))
                self.assertEqual(node.process.wait(timeout=DEADLINE_S), 1)
        self.write()
        with Node(MILLRACE, self.config) as first:
            first.wait_for("serves")
            with Node(MILLRACE, self.config) as second:
                self.assertIn("storage_locked", second.wait_for("critical"))
                self.assertEqual(second.process.wait(timeout=DEADLINE_S), 1)

    def test_does_not_start_with_an_invalid_configuration(self):
        self.config.write_text("[node]\nnmae = 1\n", encoding="utf-8")
        with Node(MILLRACE, self.config) as node:
            self.assertIn("a.toml:2:1", node.wait_for("nmae"))
            self.assertEqual(node.process.wait(timeout=DEADLINE_S), 78)
        self.assertFalse((self.path / "data").exists())


if __name__ == "__main__":
    MILLRACE = sys.argv.pop(1)
    unittest.main()
