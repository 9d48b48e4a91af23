"""Kafka's own clients, unmodified, against real nodes that are killed, and whose shards move: what was confirmed is
there once and in order, and a group goes on where it has committed.

Usage: node_test.py MILLRACE CLIENTS
"""

import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "serve"))
from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402
from node_process import DEADLINE_S, Node  # noqa: E402

MILLRACE = ""
CLIENTS = ""
HERE = pathlib.Path(__file__).parent
SHARDS = 4

CONFIG = """
[node]
name = "{name}"
data_dir = "{data}"
[listen]
cluster = "{cluster}"
http = "127.0.0.1:{http}"
[cluster]
shards = 4
{members}
[kafka]
listen = "127.0.0.1:{kafka}"
auto_create = true
{more}
"""

STAGE = """
[[queue]]
name = "images"
type = "json"
key = "/owner"
[[pipeline]]
name = "thumbnails"
from = "images"
stages = ["resize"]
to = "resized"
[pipeline.stage.resize]
external = true
outputs = "json"
[[kafka.topic]]
name = "resized"
groups = ["shop"]
"""

WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from millrace import Worker
worker = Worker(sys.argv[2])
@worker.stage("thumbnails/resize", wait="1s")
def resize(image):
    return {"owner": image.key, "number": image.payload["number"] * 10}
worker.run()
"""


def audit(*configs):
    """A second reader checks the logs that killed nodes have left."""
    done = subprocess.run([MILLRACE, "audit", *(each for path in configs for each in ("-c", path))],
                          capture_output=True, text=True, timeout=DEADLINE_S)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)


def free_ports(count):
    """Ports of loopback that nobody listens on; nodes that start again need theirs again."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class NodeCase(unittest.TestCase):
    """A node for each test."""

    MORE = ""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.http, self.kafka = free_ports(2)
        self.address = f"127.0.0.1:{self.kafka}"
        self.node = None
        self.start()

    def tearDown(self):
        self.node.__exit__()
        audit(self.path / "node.toml")
        self.folder.cleanup()

    def start(self):
        config = self.path / "node.toml"
        config.write_text(CONFIG.format(name="a", data=self.path / "data", cluster="127.0.0.1:0",
                                        http=self.http, kafka=self.kafka, members="",
                                        more=self.MORE))
        self.node = Node(MILLRACE, config)
        self.node.wait_for("Kafka clients at")
        self.node.wait_for("serves")

    def kill_and_start(self):
        self.node.__exit__()
        self.start()

    def consumer(self, topic, group, **options):
        return KafkaConsumer(topic, bootstrap_servers=[self.address], group_id=group,
                             auto_offset_reset="earliest", enable_auto_commit=False,
                             fetch_max_wait_ms=100, heartbeat_interval_ms=200,
                             session_timeout_ms=2_000, **options)

    def read(self, consumer, count):
        """The next `count` records, and none beyond them."""
        records, deadline = [], time.monotonic() + DEADLINE_S
        while len(records) < count and time.monotonic() < deadline:
            for some in consumer.poll(timeout_ms=200, max_records=count - len(records)).values():
                records += some
        self.assertEqual(len(records), count)
        return records


class OneNode(NodeCase):
    def test_hello_runs_unchanged_and_finds_all_after_a_kill(self):
        done = subprocess.run([sys.executable, "-B", str(HERE / "hello.py"), self.address],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=True)
        self.assertEqual(done.stdout.count("received Hello, Kafka!"), 10)
        self.kill_and_start()
        other = self.consumer("my_topic", "other_group")
        self.assertEqual([each.offset for each in self.read(other, 10)], list(range(10)))
        other.close(autocommit=False)

    def test_an_idempotent_producer_leaves_no_gap_and_no_repeat_when_the_node_is_killed(self):
        count, keys = 30_000, 50
        producer = subprocess.Popen(
            ["kcat", "-E", "-b", self.address, "-P", "-t", "orders", "-K:", "-X", "enable.idempotence=true",
             "-X", "acks=all", "-X", "linger.ms=2", "-X", "retry.backoff.ms=20",
             "-X", "reconnect.backoff.max.ms=200", "-X", "message.timeout.ms=60000"],
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        fed, served = threading.Semaphore(0), threading.Semaphore(0)

        def feed():
            for number in range(count):
                producer.stdin.write(f"k{number % keys}:{number}\n")
                if number % 6_000 == 5_999 and number + 1 < count:
                    producer.stdin.flush()
                    fed.release()  # the node is killed while these are on their way
                    served.acquire(timeout=DEADLINE_S)
            producer.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        for _ in range(4):
            self.assertTrue(fed.acquire(timeout=DEADLINE_S))
            self.kill_and_start()
            served.release()
        feeder.join()
        self.assertEqual(producer.wait(timeout=DEADLINE_S), 0)
        seen = {}
        consumer = self.consumer("orders", "check")
        for record in self.read(consumer, count):
            seen.setdefault(record.key.decode(), []).append(int(record.value))
        self.assertEqual(sum(len(some) for some in consumer.poll(timeout_ms=300).values()), 0)
        consumer.close(autocommit=False)
        for key, numbers in seen.items():
            self.assertEqual(numbers, list(range(int(key[1:]), count, keys)), key)

    def test_a_consumer_that_dies_repeats_only_what_it_had_not_committed(self):
        producer = KafkaProducer(bootstrap_servers=[self.address])
        for number in range(100):
            producer.send("calls", key=b"k", value=str(number).encode())
        producer.flush()
        producer.close()
        first = self.consumer("calls", "billing")
        self.assertEqual([int(each.value) for each in self.read(first, 30)], list(range(30)))
        first.commit()
        self.read(first, 40)
        first._coordinator._heartbeat_thread.close()  # as a process that is killed
        for each in list(first._client._conns.values()):
            each.close()
        self.kill_and_start()
        second = self.consumer("calls", "billing")
        self.assertEqual([int(each.value) for each in self.read(second, 70)], list(range(30, 100)))
        second.close(autocommit=False)
        other = self.consumer("calls", "audit")
        self.assertEqual(len(self.read(other, 100)), 100, "groups do not disturb each other")
        other.close(autocommit=False)

    def test_offsets_are_found_by_time_and_from_both_ends(self):
        producer = KafkaProducer(bootstrap_servers=[self.address], compression_type="gzip",
                                 linger_ms=200)
        for number in range(10):
            producer.send("times", value=b"x", partition=1, timestamp_ms=1_000 + number * 100)
        producer.flush()
        producer.close()
        place = TopicPartition("times", 1)
        consumer = KafkaConsumer(bootstrap_servers=[self.address])
        self.assertEqual(consumer.beginning_offsets([place])[place], 0)
        self.assertEqual(consumer.end_offsets([place])[place], 10)
        self.assertEqual(consumer.offsets_for_times({place: 1_550})[place].offset, 6)
        self.assertIsNone(consumer.offsets_for_times({place: 9_999})[place])
        consumer.close()


class Stages(NodeCase):
    MORE = STAGE

    def offer(self, owner, number):
        body = json.dumps({"owner": owner, "number": number}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}/api/v1/queues/images/messages", data=body,
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            answer.read()

    def test_what_a_stage_writes_is_read_as_a_topic(self):
        worker = subprocess.Popen([sys.executable, "-B", "-c", WORKER, f"{CLIENTS}/python",
                                   f"http://127.0.0.1:{self.http}"])
        try:
            for number in range(20):
                self.offer(f"o{number % 3}", number)
            consumer = self.consumer("resized", "shop")
            records = self.read(consumer, 20)
            for owner in range(3):
                values = [json.loads(each.value)["number"] for each in records
                          if each.key == f"o{owner}".encode()]
                self.assertEqual(values, [10 * number for number in range(owner, 20, 3)])
            consumer.commit()
            consumer.close(autocommit=False)
            # Clients may write to it, too, and find it after a restart.
            producer = KafkaProducer(bootstrap_servers=[self.address])
            producer.send("resized", key=b"o9", value=b"{}").get(timeout=DEADLINE_S)
            producer.close()
            self.kill_and_start()
            consumer = self.consumer("resized", "shop")
            self.assertEqual([each.key for each in self.read(consumer, 1)], [b"o9"])
            consumer.close(autocommit=False)
        finally:
            worker.kill()
            worker.wait()


class Bench(NodeCase):
    """millrace bench publish and consume, while the node is killed."""

    MORE = STAGE
    FORM = '{"owner":"{key}","run":"{run}","number":{number},"sent_us":{sent_us},"fill":"{fill}"}'

    def setUp(self):
        super().setUp()
        self.over_http = ["--url", f"http://127.0.0.1:{self.http}"]
        self.over_kafka = ["--kafka", self.address]

    def bench(self, *arguments):
        running = subprocess.Popen([MILLRACE, "bench", *arguments, "--json"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running

    def figures(self, running, status=0):
        out, err = running.communicate(timeout=DEADLINE_S)
        self.assertEqual(running.returncode, status, out + err)
        return json.loads(out)

    def publish_while_killed(self, *arguments):
        """The node is killed in the middle of 4,000 messages; returns the figures."""
        running = self.bench("publish", *arguments, "-n", "4000", "--rate", "2000", "--clients", "2",
                             "--batch", "20", "--progress", "--patience", str(DEADLINE_S))
        for _ in range(DEADLINE_S):  # a line each second
            line = running.stderr.readline()
            self.assertTrue(line, "the load ended before the node was killed")
            if not line.startswith("0 "):
                break  # some messages are there, and others are not yet
        self.kill_and_start()
        figures = self.figures(running)
        self.assertEqual((figures["messages"], figures["refused"]), (4_000, 0))
        self.assertGreater(figures["retried"], 0)
        return figures

    def test_over_http_nothing_is_lost_or_repeated(self):
        self.publish_while_killed("images", *self.over_http, "--form", self.FORM, "--size", "150",
                                  "--keys", "50")
        consumed = self.figures(self.bench("consume", "thumbnails/resize", *self.over_http,
                                           "-n", "4000", "--clients", "2"))
        self.assertEqual([consumed[each] for each in ("messages", "lost", "repeated")],
                         [4_000, 0, 0])
        self.assertGreater(consumed["age_max_us"], 0)
        # What is not there is reported as lost.
        self.assertEqual(self.figures(self.bench("consume", "thumbnails/resize", *self.over_http,
                                                 "-n", "1", "--idle", "0.3"), 4)["lost"], 1)

    def test_over_kafka_nothing_is_lost_or_repeated(self):
        self.publish_while_killed("load", *self.over_kafka, "--keys", "50")
        group = ["consume", "load", *self.over_kafka, "--group", "bench"]
        some = self.figures(self.bench(*group, "-n", "1500", "--clients", "2"))
        rest = self.figures(self.bench(*group, "-n", "2500", "--clients", "3"))
        self.assertEqual([(each["lost"], each["repeated"]) for each in (some, rest)], [(0, 0)] * 2)
        self.assertEqual(self.figures(self.bench(*group, "-n", "1", "--idle", "0.3"), 4)["lost"], 1)
        self.assertEqual(self.figures(self.bench("consume", "load", *self.over_kafka,
                                                 "-n", "4000"))["repeated"], 0)

    def test_what_cannot_be_done_is_said(self):
        for arguments, status, words in (
                (["publish", "nowhere", *self.over_http], 1, "nowhere"),
                (["publish", "images", *self.over_http, "--form", "[1]"], 2, "images"),
                (["consume", "thumbnails/nothing", *self.over_http], 1, "nothing"),
                (["consume", "thumbnails", *self.over_http], 2, "PIPELINE/STAGE"),
                (["publish", "no/topic", *self.over_kafka], 1, "no/topic"),
                (["publish", "load", "--kafka", "nowhere"], 2, "host:port"),
                (["publish", "load", "--kafka", "127.0.0.1:1"], 3, "127.0.0.1:1")):
            running = self.bench(*arguments)
            out, err = running.communicate(timeout=DEADLINE_S)
            self.assertEqual((running.returncode, out), (status, ""), err)
            self.assertIn(words, err)


class TwoNodes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.ports = dict(zip("ab", [free_ports(3), free_ports(3)]))
        self.nodes = {}
        for name in "ab":
            self.start(name)
        for node in self.nodes.values():
            node.wait_for("serves")

    def tearDown(self):
        for node in self.nodes.values():
            node.__exit__()
        audit(self.path / "a.toml", self.path / "b.toml")
        self.folder.cleanup()

    def address(self, name):
        return f"127.0.0.1:{self.ports[name][2]}"

    def start(self, name):
        members = "".join(
            f'[[cluster.nodes]]\nname = "{each}"\naddress = "127.0.0.1:{ports[0]}"\n'
            for each, ports in self.ports.items())
        cluster, http, kafka = self.ports[name]
        config = self.path / f"{name}.toml"
        config.write_text(CONFIG.format(name=name, data=self.path / name,
                                        cluster=f"127.0.0.1:{cluster}", http=http, kafka=kafka,
                                        members=members, more=""))
        self.nodes[name] = Node(MILLRACE, config)

    def owners(self):
        done = subprocess.run([MILLRACE, "cluster", "shards", "--server",
                               f"127.0.0.1:{self.ports['a'][1]}", "--output", "json"],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=True)
        return {each["shard"]: each["owner"] for each in json.loads(done.stdout)}

    def wait_until(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_a_group_goes_on_over_both_nodes_over_a_move_and_a_kill(self):
        self.wait_until(lambda: set(self.owners().values()) == {"a", "b"}, "both own shards")
        owners = self.owners()
        producer = KafkaProducer(bootstrap_servers=[self.address("a")], retries=50,
                                 retry_backoff_ms=100, metadata_max_age_ms=1_000,
                                 max_in_flight_requests_per_connection=1)

        def produce(first, count):
            sent = [producer.send("moves", partition=number % SHARDS, value=str(number).encode())
                    for number in range(first, first + count)]
            for each in sent:
                each.get(timeout=DEADLINE_S)

        def consume(first, count):
            consumer = KafkaConsumer("moves", bootstrap_servers=[self.address("b")], group_id="g",
                                     auto_offset_reset="earliest", enable_auto_commit=False,
                                     metadata_max_age_ms=1_000, fetch_max_wait_ms=100,
                                     heartbeat_interval_ms=200, session_timeout_ms=2_000)
            numbers, deadline = [], time.monotonic() + DEADLINE_S
            while len(numbers) < count and time.monotonic() < deadline:
                for some in consumer.poll(timeout_ms=200).values():
                    numbers += [int(each.value) for each in some]
            self.assertEqual(sorted(numbers), list(range(first, first + count)))
            for shard in range(SHARDS):
                mine = [each for each in numbers if each % SHARDS == shard]
                self.assertEqual(mine, sorted(mine))
            consumer.commit()
            consumer.close(autocommit=False)

        produce(0, 200)
        consume(0, 200)
        shard = next(each for each, owner in owners.items() if owner == "a")
        produce(200, 100)
        subprocess.run([MILLRACE, "cluster", "move-shard", str(shard), "b", "--yes", "--server",
                        f"127.0.0.1:{self.ports['a'][1]}"],
                       capture_output=True, timeout=DEADLINE_S, check=True)
        produce(300, 100)
        consume(200, 200)
        self.nodes["b"].process.send_signal(signal.SIGKILL)
        self.nodes["b"].__exit__()
        self.start("b")
        self.nodes["b"].wait_for("serves")
        produce(400, 100)
        consume(400, 100)
        producer.close()


class Levers(TwoNodes):
    """What operators see of topics and groups, and do with them, whichever node they ask."""

    test_a_group_goes_on_over_both_nodes_over_a_move_and_a_kill = None

    def millrace(self, name, *arguments, status=0):
        done = subprocess.run([MILLRACE, *arguments, "--server",
                               f"127.0.0.1:{self.ports[name][1]}"],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr if status else json.loads(done.stdout) if done.stdout else None

    def reset(self, name, *arguments, status=0):
        return self.millrace(name, "group", "reset-offsets", "billing", *arguments, "--json",
                             status=status)

    def read_until(self, consumer, count):
        records, deadline = [], time.monotonic() + DEADLINE_S
        while len(records) < count and time.monotonic() < deadline:
            for some in consumer.poll(timeout_ms=200).values():
                records += some
        self.assertEqual(len(records), count)

    def test_groups_are_seen_moved_and_deleted(self):
        self.wait_until(lambda: set(self.owners().values()) == {"a", "b"}, "both own shards")
        producer = KafkaProducer(bootstrap_servers=[self.address("a")])
        for number in range(40):
            producer.send("levers", value=b"x", partition=number % SHARDS,
                          timestamp_ms=1_700_000_000_000 + 1_000 * number)
        producer.flush()
        producer.close()
        consumer = KafkaConsumer("levers", bootstrap_servers=[self.address("b")],
                                 group_id="billing", auto_offset_reset="earliest",
                                 enable_auto_commit=False, fetch_max_wait_ms=100,
                                 heartbeat_interval_ms=200, session_timeout_ms=2_000)
        self.read_until(consumer, 40)
        consumer.commit()
        topic, = self.millrace("a", "topic", "ls", "--json")
        self.assertEqual((topic["records"], topic["groups"]),
                         (40, [{"group": "billing", "lag": 0}]))
        self.assertEqual([(each["first_offset"], each["next_offset"], each["owner"])
                          for each in topic["partitions"]],
                         [(0, 10, self.owners()[shard]) for shard in range(SHARDS)])
        for name in "ab":
            group = self.millrace(name, "group", "show", "billing", "--json")
            self.assertEqual((group["state"], group["lag"], len(group["members"])),
                             ("Stable", 0, 1))
            self.assertEqual(group["members"][0]["assigned"], {"levers": list(range(SHARDS))})
            self.assertEqual({each["committed"] for each in group["partitions"]}, {10})
            self.assertIn("1 members", self.reset(name, "--to-earliest", "--yes", status=1))
            self.assertIn("members", self.millrace(name, "group", "delete", "billing", "--yes",
                                                   status=1))
        # Forced, while a member reads on: it begins again where it was told to.
        moved = self.reset("a", "--to-offset", "4", "--force", "--yes")
        self.assertEqual({(each["before"], each["after"]) for each in moved}, {(10, 4)})
        self.read_until(consumer, 6 * SHARDS)
        consumer.close(autocommit=False)
        # Without members.
        self.assertEqual(self.millrace("b", "group", "ls", "--json")[0]["state"], "Empty")
        tried = self.reset("b", "--to-datetime", "2023-11-14T22:13:42Z", "--dry-run")
        self.assertEqual({each["partition"]: each["after"] for each in tried},
                         {part: -(-(22 - part) // SHARDS) for part in range(SHARDS)})
        self.assertIn("--yes", self.reset("b", "--to-latest", status=2))
        self.assertIn("one of", self.reset("b", "--yes", status=2))
        self.assertEqual({each["before"] for each in self.reset("b", "--to-latest", "--dry-run")},
                         {4}, "nothing was reset")
        moved = self.reset("b", "--to-offset", "99", "--topic", "levers", "--partition", "2",
                           "--yes")
        self.assertEqual([(each["partition"], each["after"]) for each in moved], [(2, 10)])
        self.assertEqual(self.millrace("a", "topic", "show", "levers", "--json")["groups"],
                         [{"group": "billing", "lag": 18}])
        self.assertIn("--yes", self.millrace("a", "group", "delete", "billing", status=2))
        self.millrace("a", "group", "delete", "billing", "--yes")
        self.assertIn("billing", self.millrace("b", "group", "show", "billing", "--json",
                                               status=1))
        self.assertIn("billing", self.millrace("b", "group", "delete", "billing", "--yes",
                                               status=1))
        self.assertEqual(self.millrace("b", "topic", "show", "levers", "--json")["groups"], [])


if __name__ == "__main__":
    MILLRACE, CLIENTS = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
