"""Which requests, in which versions, each client sends: compared with what was recorded of it under dialogues/, so that
a new version of a client shows what is new.

usage: recorded_test.py SERVED_TOPICS [--record]
--record writes the files anew.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from recorder import Recorder
from served_topics import ServedTopics

PROGRAM = ""
RECORDS = False
HERE = pathlib.Path(__file__).parent
DIALOGUES = HERE / "dialogues"
KAFKAJS = "2.2.4"


def run(*command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Recorded(unittest.TestCase):
    def setUp(self):
        self.recorder = Recorder()
        self.addCleanup(self.recorder.end)
        self.served = ServedTopics(PROGRAM, "--advertise", str(self.recorder.port))
        self.addCleanup(self.served.__exit__)
        self.recorder.start(self.served.port)
        self.address = f"127.0.0.1:{self.recorder.port}"

    def compare(self, client, version, perhaps=()):
        """With the record of this version; without one, says what is new since another version. `perhaps`: depends on
        the time."""
        seen = self.recorder.lines()
        file = DIALOGUES / f"{client}-{version}.txt"
        if RECORDS:
            file.write_text("\n".join(seen) + "\n", encoding="utf-8")
        others = sorted(DIALOGUES.glob(f"{client}-*.txt"))
        if not file.exists():
            news = "nothing"
            if others:
                known = others[-1].read_text(encoding="utf-8").splitlines()
                news = ", ".join(sorted(set(seen) - set(known))) or "nothing"
                news += f" that {others[-1].stem} does not"
            self.skipTest(f"no record of {client} {version}: it works, and sends {news}; "
                          f"write {file.name} by --record")
        known = file.read_text(encoding="utf-8").splitlines()
        self.assertEqual(sorted(set(seen) - set(known)), [], f"{client} {version} sends also")
        self.assertEqual(sorted(set(known) - set(seen) - set(perhaps)), [], f"{client} {version} sends no more")

    def test_kafka_python(self):
        admin = KafkaAdminClient(bootstrap_servers=[self.address])
        admin.create_topics([NewTopic("t", num_partitions=4, replication_factor=1)])
        producer = KafkaProducer(bootstrap_servers=[self.address])
        producer.send("t", key=b"k", value=b"v", partition=0).get(timeout=20)
        producer.close()
        consumer = KafkaConsumer("t", bootstrap_servers=[self.address], group_id="g",
                                 auto_offset_reset="earliest", enable_auto_commit=False,
                                 heartbeat_interval_ms=50, fetch_max_wait_ms=50)
        self.assertEqual(next(consumer).value, b"v")
        while not any(line.startswith("Heartbeat") for line in self.recorder.lines()):
            consumer.poll(timeout_ms=50)
        consumer.commit()
        there = TopicPartition("t", 0)
        self.assertEqual(consumer.committed(there), 1)
        self.assertEqual(consumer.end_offsets([there]), {there: 1})
        consumer.close(autocommit=False)
        admin.list_consumer_groups()
        admin.describe_consumer_groups(["g"])
        admin.list_consumer_group_offsets("g")
        admin.delete_consumer_groups(["g"])
        admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "t")])
        admin.delete_topics(["t"])
        admin.close()
        self.compare("kafka-python", kafka.__version__)

    def test_librdkafka(self):
        version = re.search(r"librdkafka ([\w.]+)", run("kcat", "-V"))[1]
        run("kcat", "-b", self.address, "-P", "-t", "t", "-X", "enable.idempotence=true",
            text="a\nb\n")
        run("kcat", "-b", self.address, "-L")
        run("kcat", "-b", self.address, "-Q", "-t", "t:0:1000")
        read = run("kcat", "-b", self.address, "-G", "g", "-c", "2", "-q", "-X",
                   "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=50", "t")
        self.assertEqual(sorted(read.split()), ["a", "b"])
        self.compare("librdkafka", version, perhaps=["Heartbeat 3"])

    def test_kafkajs(self):
        if not shutil.which("npm"):
            self.skipTest("kafkajs: there is no npm")
        with tempfile.TemporaryDirectory(prefix="millrace-test-") as folder:
            installed = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save",
                 "--fetch-retries=0", "--fetch-timeout=20000", f"kafkajs@{KAFKAJS}"],
                cwd=folder, capture_output=True, text=True, timeout=120)
            if installed.returncode != 0:
                self.skipTest("kafkajs: npm cannot get it; is there a network? "
                              + installed.stderr[-300:])
            shutil.copy(HERE / "kafkajs_client.cjs", folder)
            read = run("node", f"{folder}/kafkajs_client.cjs", self.address)
        self.assertEqual(sorted(map(int, read.split())), list(range(100)))
        self.compare("kafkajs", KAFKAJS)


if __name__ == "__main__":
    if sys.argv[-1] == "--record":
        RECORDS = True
        sys.argv.pop()
    PROGRAM = sys.argv.pop()
    unittest.main(verbosity=2)
