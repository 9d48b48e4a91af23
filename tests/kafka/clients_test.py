"""Kafka's own clients, unmodified, against the Kafka server over topics in memory: kafka-python and, by kcat,
librdkafka. What they produce is there once and in order, and is read as it was written.

usage: clients_test.py SERVED_TOPICS
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import CommitFailedError, NoBrokersAvailable, TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

from served_topics import ServedTopics

PROGRAM = ""
HERE = pathlib.Path(__file__).parent
WAIT_S = 30


def kcat(address, *arguments, text="", fails=False):
    """Runs kcat; returns what it printed."""
    done = subprocess.run(["kcat", "-b", address, *arguments], input=text, capture_output=True,
                          text=True, timeout=60)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"kcat {arguments}: {done.returncode}\n{done.stderr}")
    return done.stderr if fails else done.stdout


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.02)


class Member:
    """A consumer of a group on a thread of its own, with all that it got."""

    def __init__(self, address, topic, group, **options):
        self.records, self.assigned, self.failure = [], set(), None
        self.is_stopping, self.leaves = False, True
        self.consumer = KafkaConsumer(
            topic, bootstrap_servers=[address], group_id=group, auto_offset_reset="earliest",
            heartbeat_interval_ms=200, session_timeout_ms=2_000, metadata_max_age_ms=1_000,
            fetch_max_wait_ms=100, enable_auto_commit=False, **options)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.is_stopping:
                for records in self.consumer.poll(timeout_ms=100).values():
                    self.records += [(record.partition, record.offset, record.value)
                                     for record in records]
                    try:
                        self.consumer.commit()
                    except CommitFailedError:
                        pass  # others have the partition now, and get its records again
                self.assigned = {each.partition for each in self.consumer.assignment()}
            if self.leaves:
                self.consumer.close(autocommit=False)
        except Exception as error:  # shown by stop()
            self.failure = error

    def stop(self, leaves=True):
        self.leaves, self.is_stopping = leaves, True
        self.thread.join(WAIT_S)
        if not leaves:  # as a process that is killed
            self.consumer._coordinator._heartbeat_thread.close()
            for each in list(self.consumer._client._conns.values()):
                each.close()
        if self.failure:
            raise self.failure


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = ServedTopics(PROGRAM, "--gap", "3")
        cls.address = cls.served.address

    @classmethod
    def tearDownClass(cls):
        cls.served.__exit__()

    def consume(self, topic, **options):
        """All records of a topic, by kafka-python."""
        consumer = KafkaConsumer(topic, bootstrap_servers=[self.address],
                                 auto_offset_reset="earliest", consumer_timeout_ms=500,
                                 fetch_max_wait_ms=100, **options)
        records = list(consumer)
        consumer.close()
        return records

    def kcat_all(self, topic, form, *arguments):
        """All records of a topic, by librdkafka; each as `form` has it."""
        return kcat(self.address, "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-f", form,
                    "-X", "fetch.wait.max.ms=50", *arguments)

    def test_the_first_program_that_everybody_tries(self):
        done = subprocess.run([sys.executable, HERE / "hello.py", self.address],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        sent = [line.split()[-3:] for line in lines if line.startswith("sent")]
        received = re.findall(r"received Hello, Kafka! (\d) with key b'my_key' at (\d)/(\d+)",
                              done.stdout)
        self.assertEqual(len(sent), 10)
        self.assertEqual([number for number, *_ in received], [str(i) for i in range(10)])
        # An offset means the same to who sends and who receives.
        self.assertEqual([(part, offset) for part, _, offset in sent],
                         [(part, offset) for _, part, offset in received])

    def test_records_of_kafka_python_come_as_they_were_sent(self):
        for codec in (None, "gzip", "snappy", "lz4"):
            topic = f"python-{codec}"
            producer = KafkaProducer(bootstrap_servers=[self.address], compression_type=codec,
                                     linger_ms=5)
            sent = [(b"key", b"value " * 100, [("trace", b"abc"), ("empty", b"")], 1_700_000_000_000)]
            sent += [(None, b"%d" % i, [], 1_700_000_000_001 + i) for i in range(500)]
            sent += [(b"", b"", [], 1_700_000_001_000), (b"k", None, [], 1_700_000_001_001)]
            for key, value, headers, timestamp in sent:
                producer.send(topic, key=key, value=value, headers=headers, timestamp_ms=timestamp,
                              partition=1)
            producer.close()
            got = [(record.key, record.value, record.headers, record.timestamp)
                   for record in self.consume(topic)]
            self.assertEqual(got, sent, codec)
        text = self.kcat_all(topic, "%k|%S|%h\n", "-p", "1")
        self.assertEqual(len(text.splitlines()), len(sent))

    def test_records_of_librdkafka_come_as_they_were_sent(self):
        lines = [f"key-{i % 50}|value {i} {'x' * (i % 300)}" for i in range(5_000)]
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            topic = f"rdkafka-{codec}"
            kcat(self.address, "-P", "-t", topic, "-K", "|", "-z", codec, "-H", "trace=abc",
                 text="\n".join(lines) + "\n")
            if codec == "none":
                records = self.consume(topic)
                self.assertEqual(sorted(f"{record.key.decode()}|{record.value.decode()}"
                                        for record in records), sorted(lines))
                self.assertTrue(all(record.headers == [("trace", b"abc")] for record in records))
            text = self.kcat_all(topic, "%p %k|%s\n")
            got = [line.split(" ", 1) for line in text.splitlines()]
            self.assertEqual(sorted(line for _, line in got), sorted(lines))
            # The order of a key is kept, as each key is of one partition.
            for key in {line.split("|")[0] for line in lines}:
                self.assertEqual([line for _, line in got if line.startswith(key + "|")],
                                 [line for line in lines if line.startswith(key + "|")])

    def test_an_idempotent_producer_is_taken(self):
        kcat(self.address, "-P", "-t", "once", "-X", "enable.idempotence=true",
             text="".join(f"{i}\n" for i in range(2_000)))
        self.assertEqual(len(self.consume("once")), 2_000)

    def test_transactions_are_refused(self):
        error = kcat(self.address, "-P", "-t", "never", "-X", "transactional.id=x", text="1\n",
                     fails=True)
        self.assertIn("authorization failed", error.lower())

    def test_a_large_record_passes(self):
        value = b"x" * 900_000
        producer = KafkaProducer(bootstrap_servers=[self.address])
        for _ in range(3):
            producer.send("large", value=value).get(timeout=WAIT_S)
        producer.close()
        records = self.consume("large", max_partition_fetch_bytes=1_000, fetch_max_bytes=1_000)
        self.assertEqual([record.value for record in records], [value] * 3)

    def test_offsets_are_found(self):
        producer = KafkaProducer(bootstrap_servers=[self.address])
        offsets = [producer.send("times", value=b"v", partition=0, timestamp_ms=1_000 * i)
                   .get(timeout=WAIT_S).offset for i in range(1, 6)]
        producer.close()
        consumer = KafkaConsumer(bootstrap_servers=[self.address])
        there = TopicPartition("times", 0)
        self.assertEqual(consumer.beginning_offsets([there]), {there: offsets[0]})
        self.assertGreater(consumer.end_offsets([there])[there], offsets[-1])
        self.assertEqual(consumer.offsets_for_times({there: 2_500})[there].offset, offsets[2])
        self.assertEqual(consumer.offsets_for_times({there: 9_000})[there], None)
        consumer.close()
        self.assertEqual(kcat(self.address, "-Q", "-t", "times:0:3000").strip(),
                         f"times [0] offset {offsets[2]}")

    def test_a_group_goes_on_where_it_was(self):
        producer = KafkaProducer(bootstrap_servers=[self.address])
        for i in range(20):
            producer.send("resumed", value=b"%d" % i, partition=0)
        producer.flush()
        options = dict(bootstrap_servers=[self.address], group_id="resuming",
                       auto_offset_reset="earliest", enable_auto_commit=False)
        consumer = KafkaConsumer("resumed", **options)
        taken = [next(consumer) for _ in range(7)]
        there = TopicPartition("resumed", 0)
        consumer.commit({there: OffsetAndMetadata(taken[-1].offset + 1, "seven")})
        self.assertEqual(consumer.committed(there, metadata=True).metadata, "seven")
        consumer.close()
        consumer = KafkaConsumer("resumed", consumer_timeout_ms=1_000, **options)
        rest = list(consumer)
        consumer.close()
        self.assertEqual([record.value for record in taken + rest], [b"%d" % i for i in range(20)])
        # Another group is not disturbed, and librdkafka goes on where kafka-python was.
        self.assertEqual(len(self.consume("resumed", group_id="other")), 20)
        producer.send("resumed", value=b"last", partition=0)
        producer.close()
        consumer = subprocess.run(
            ["timeout", "20", "kcat", "-b", self.address, "-G", "resuming", "-c", "14", "-q",
             "-X", "auto.offset.reset=earliest", "resumed"], capture_output=True, text=True)
        self.assertEqual(consumer.stdout.split(), [str(i) for i in range(7, 20)] + ["last"])

    def test_members_share_the_partitions(self):
        producer = KafkaProducer(bootstrap_servers=[self.address])
        number = 0

        def produce(count):
            nonlocal number
            for _ in range(count):
                producer.send("shared", value=b"%d" % number, partition=number % 4)
                number += 1
            producer.flush()

        produce(100)
        members = [Member(self.address, "shared", "sharing")]
        try:
            wait_until(lambda: len(members[0].records) == 100, "the first member has all")
            self.assertEqual(members[0].assigned, {0, 1, 2, 3})
            members.append(Member(self.address, "shared", "sharing"))
            wait_until(lambda: len(members[0].assigned) == len(members[1].assigned) == 2,
                       "each of two has two partitions")
            self.assertEqual(members[0].assigned | members[1].assigned, {0, 1, 2, 3})
            produce(100)
            wait_until(lambda: sum(len(each.records) for each in members) >= 200, "both have all")
            self.assertGreater(len(members[1].records), 0)
            # One dies without a word: the other one gets its partitions after the session timeout.
            members[1].stop(leaves=False)
            produce(100)
            wait_until(lambda: members[0].assigned == {0, 1, 2, 3}, "the other one has all again")
            wait_until(lambda: sum(len(each.records) for each in members) >= 300, "nothing is lost")
        finally:
            for each in members:
                each.stop()
            producer.close()
        got = [value for each in members for *_, value in each.records]
        self.assertEqual(sorted(set(got), key=int), [b"%d" % i for i in range(number)])
        for each in members:  # in order, in each partition
            for partition in range(4):
                offsets = [offset for part, offset, _ in each.records if part == partition]
                offsets = list(dict.fromkeys(offsets))  # but for what came again
                self.assertEqual(offsets, sorted(offsets))

    def test_topics_and_groups_are_managed(self):
        admin = KafkaAdminClient(bootstrap_servers=[self.address])
        admin.create_topics([NewTopic("managed", num_partitions=3, replication_factor=1,
                                      topic_configs={"retention.ms": "1000"})])
        with self.assertRaises(TopicAlreadyExistsError):
            admin.create_topics([NewTopic("managed", num_partitions=3, replication_factor=1)])
        self.assertIn("managed", admin.list_topics())
        answer, = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "managed")])
        self.assertIn("retention.ms", str(answer.resources))
        self.assertEqual(len(KafkaConsumer(bootstrap_servers=[self.address])
                             .partitions_for_topic("managed")), 3)
        producer = KafkaProducer(bootstrap_servers=[self.address])
        producer.send("managed", value=b"v").get(timeout=WAIT_S)
        producer.close()
        member = Member(self.address, "managed", "managing")
        wait_until(lambda: member.records, "the member has the record")
        self.assertIn(("managing", "consumer"), admin.list_consumer_groups())
        group, = admin.describe_consumer_groups(["managing"])
        self.assertEqual((group.state, group.protocol_type), ("Stable", "consumer"))
        self.assertEqual(len(group.members), 1)
        member.stop()
        group, = admin.describe_consumer_groups(["managing"])
        self.assertEqual((group.state, group.members), ("Empty", []))
        offsets = admin.list_consumer_group_offsets("managing")
        self.assertEqual({each.topic for each in offsets}, {"managed"})
        admin.delete_topics(["managed"])
        self.assertNotIn("managed", admin.list_topics())
        admin.close()
        listing = kcat(self.address, "-L")
        self.assertIn(f"broker 1 at {self.address}", listing)
        self.assertNotIn("managed", listing)


class Guarded(unittest.TestCase):
    def test_clients_prove_who_they_are_over_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            certificates = pathlib.Path(folder) / "certificates"
            with ServedTopics(PROGRAM, "--password", "secret", "--tls", certificates) as served:
                options = dict(bootstrap_servers=[served.address], security_protocol="SASL_SSL",
                               ssl_cafile=str(certificates / "ca.crt"), ssl_check_hostname=False,
                               sasl_mechanism="PLAIN", sasl_plain_username="user")
                producer = KafkaProducer(sasl_plain_password="secret", **options)
                for i in range(2_000):
                    producer.send("guarded", value=b"%d" % i, partition=0)
                producer.close()
                consumer = KafkaConsumer("guarded", auto_offset_reset="earliest",
                                         consumer_timeout_ms=1_000, sasl_plain_password="secret",
                                         **options)
                self.assertEqual([record.value for record in consumer],
                                 [b"%d" % i for i in range(2_000)])
                consumer.close()
                secure = ["-X", "security.protocol=SASL_SSL", "-X", "sasl.mechanisms=PLAIN",
                          "-X", "sasl.username=user", "-X", f"ssl.ca.location={certificates}/ca.crt"]
                text = kcat(served.address, *secure, "-X", "sasl.password=secret", "-C", "-e", "-q",
                            "-t", "guarded")
                self.assertEqual(len(text.splitlines()), 2_000)
                with self.assertRaises(NoBrokersAvailable):
                    KafkaProducer(sasl_plain_password="other", api_version_auto_timeout_ms=1_000,
                                  **options)
                error = kcat(served.address, *secure, "-X", "sasl.password=other", "-L", "-m", "3",
                             fails=True)
                self.assertIn("uthentication", error)
                error = kcat(served.address, "-L", "-m", "2", fails=True)  # without TLS
                self.assertIn("Failed to acquire metadata", error)
                self.assertEqual(served.counts()[0], 2_000)


def main():
    global PROGRAM
    PROGRAM = sys.argv.pop()
    unittest.main()


if __name__ == "__main__":
    main()
