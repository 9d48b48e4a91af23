"""Every version of every request that the Kafka server names in its table gets an answer of just the form that the
protocol gives it, with the right content.

usage: dialogue_test.py SERVED_TOPICS
"""

import struct
import sys
import unittest

from kafka.record.default_records import DefaultRecordBatchBuilder

from dialogue import KEYS, TABLE, Decoder, Dialogue, Encoder
from served_topics import ServedTopics

PROGRAM = ""


def make_batch():
    """By kafka-python: one record, key "k", value "v", at 1700000000000 ms."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 10_000)
    builder.append(0, 1_700_000_000_000, b"k", b"v", [])
    return bytes(builder.build())


BATCH = make_batch()


class Dialogues(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = ServedTopics(PROGRAM)
        cls.dialogue = Dialogue(cls.served.port)
        cls.dialogue.metadata(4, ["t"])  # makes the topic

    @classmethod
    def tearDownClass(cls):
        cls.dialogue.socket.close()
        cls.served.__exit__()

    def versions(self, name, first=None):
        _, low, high, _ = TABLE[KEYS[name]]
        return range(low if first is None else first, high + 1)

    def test_the_table_is_the_one_that_clients_know(self):
        for version in self.versions("ApiVersions"):
            code, table = self.dialogue.api_versions(version)
            self.assertEqual(code, 0)
            self.assertEqual(table, {key: row[1:3] for key, row in TABLE.items()})

    def test_a_later_version_of_the_table_is_refused_by_the_table(self):
        answer = self.dialogue.exchange(18, 2, b"")
        self.assertEqual(answer[:2], b"\0\0")
        self.dialogue.socket.sendall(struct.pack(">ihhih", 10, 18, 4, 77, -1))
        size, = struct.unpack(">i", self.dialogue.receive(4))
        d = Decoder(self.dialogue.receive(size), False)
        self.assertEqual((d.i32(), d.i16()), (77, 35))
        self.assertEqual(len(d.array(lambda: (d.i16(), d.i16(), d.i16()))), len(TABLE))
        d.end()

    def test_metadata(self):
        broker = (1, "127.0.0.1", self.served.port)
        partitions = [(0, index, 1) for index in range(4)]
        for version in self.versions("Metadata"):
            brokers, topics = self.dialogue.metadata(version, ["t"])
            self.assertEqual((brokers, topics), ([broker], [(0, "t", partitions)]))
            _, topics = self.dialogue.metadata(version, [] if version == 0 else None)
            self.assertIn((0, "t", partitions), topics)
            _, topics = self.dialogue.metadata(version, ["no/topic"])
            self.assertEqual(topics, [(17, "no/topic", [])])

    def test_produce_and_fetch(self):
        for version in self.versions("Produce", 3):
            index, code, offset = self.dialogue.produce(version, BATCH)
            self.assertEqual((index, code), (0, 0))
            for fetch in self.versions("Fetch", 4):
                index, code, high, records = self.dialogue.fetch(fetch, offset)
                self.assertEqual((index, code, high), (0, 0, offset + 1))
                self.assertEqual(records[61:], BATCH[61:])
        for version in range(3):
            self.assertEqual(self.dialogue.produce(version, BATCH)[1], 43)
        for version in range(4):
            self.assertEqual(self.dialogue.fetch(version, 0)[1], 35)

    def test_list_offsets(self):
        self.dialogue.produce(3, BATCH)
        for version in self.versions("ListOffsets"):
            self.assertEqual(self.dialogue.list_offsets(version, -2), (0, 0, 0))
            self.assertGreater(self.dialogue.list_offsets(version, -1)[2], 0)
            self.assertEqual(self.dialogue.list_offsets(version, 1_700_000_000_000), (0, 0, 0))

    def test_groups(self):
        d = self.dialogue
        d.produce(3, BATCH)
        for version in self.versions("FindCoordinator"):
            self.assertEqual(d.find_coordinator(version), (0, 1, "127.0.0.1", self.served.port))
        for version in self.versions("JoinGroup"):
            group = f"group-{version}"
            generation, member = d.join_group(version, group)
            self.assertTrue(member.startswith("dialogue-"))
            for sync in self.versions("SyncGroup"):
                self.assertEqual(d.sync_group(sync, group, generation, member), (0, b"mine"))
            for beat in self.versions("Heartbeat"):
                self.assertEqual(d.heartbeat(beat, group, generation, member), 0)
                self.assertEqual(d.heartbeat(beat, group, generation + 1, member), 22)
            for commit in self.versions("OffsetCommit"):
                self.assertEqual(d.offset_commit(commit, group, generation, member, 1),
                                 [("t", [(0, 0)])])
                self.assertEqual(d.offset_commit(commit, group, 99, member, 1), [("t", [(0, 22)])])
            for fetch in self.versions("OffsetFetch"):
                self.assertEqual(d.offset_fetch(fetch, group), [("t", [(0, 1, "note", 0)])])
                self.assertEqual(d.offset_fetch(fetch, "other"), [("t", [(0, -1, "", 0)])])
                if fetch >= 2:
                    self.assertEqual(d.offset_fetch(fetch, group, True),
                                     [("t", [(0, 1, "note", 0)])])
            for describe in self.versions("DescribeGroups"):
                known, unknown = d.describe_groups(describe, [group, "nobody"])
                self.assertEqual(known[:5], (0, group, "Stable", "consumer", "range"))
                self.assertEqual(known[5][0][:3], (member, "dialogue", "127.0.0.1"))
                self.assertEqual(known[5][0][4], b"mine")
                self.assertEqual(unknown, (0, "nobody", "Dead", "", "", []))
            for each in self.versions("ListGroups"):
                self.assertIn((group, "consumer"), d.list_groups(each))
            for leave in self.versions("LeaveGroup"):
                self.assertEqual(d.leave_group(leave, group, member), 25 if leave else 0)
            self.assertEqual(d.describe_groups(0, [group])[0][2], "Empty")

    def test_groups_are_forgotten(self):
        d = self.dialogue
        d.produce(3, BATCH)
        for version in self.versions("DeleteGroups"):
            group = f"forgotten-{version}"
            generation, member = d.join_group(5, group)
            d.sync_group(0, group, generation, member)
            d.offset_commit(7, group, generation, member, 1)
            for each in self.versions("OffsetDelete"):
                self.assertEqual(d.offset_delete(each, group, "t", [0]), (0, [("t", [(0, 86)])]))
            self.assertEqual(d.delete_groups(version, [group, "nobody"]),
                             [(group, 68), ("nobody", 69)])
            d.leave_group(1, group, member)
            self.assertEqual(d.offset_fetch(7, group), [("t", [(0, 1, "note", 0)])])
            for each in self.versions("OffsetDelete"):
                self.assertEqual(d.offset_delete(each, group, "t", [0, 3]),
                                 (0, [("t", [(0, 0), (3, 0)])]))
            self.assertEqual(d.offset_fetch(7, group), [("t", [(0, -1, "", 0)])])
            d.offset_commit(7, group, -1, "", 1)
            self.assertEqual(d.delete_groups(version, [group]), [(group, 0)])
            self.assertEqual(d.delete_groups(version, [group, ""]), [("", 24), (group, 69)])
            self.assertEqual(d.offset_fetch(7, group), [("t", [(0, -1, "", 0)])])

    def test_topics(self):
        for version in self.versions("CreateTopics"):
            name = f"made-{version}"
            made, refused = self.dialogue.create_topics(version, name)
            self.assertEqual(made[:2], (name, 0))
            self.assertEqual(refused[:2], ("in valid", 17))
            self.assertEqual(self.dialogue.create_topics(version, name)[0][1], 36)
            for describe in self.versions("DescribeConfigs"):
                topic, broker = self.dialogue.describe_configs(describe, name)
                self.assertEqual(topic[4], [("retention.ms", "1000", 1)])
                self.assertEqual((broker[0], broker[2]), (0, 4))
        for version in self.versions("DeleteTopics"):
            name = f"made-{version}"
            self.assertEqual(self.dialogue.delete_topics(version, [name, "none"]),
                             [(name, 0), ("none", 3)])

    def test_producer_ids(self):
        seen = set()
        for version in self.versions("InitProducerId"):
            code, producer, epoch = self.dialogue.init_producer_id(version)
            self.assertEqual((code, epoch), (0, 0))
            self.assertNotIn(producer, seen)
            seen.add(producer)

    def test_sasl_where_nobody_has_to_prove_anything(self):
        for version in self.versions("SaslHandshake"):
            d = Decoder(self.dialogue.exchange(17, version, Encoder(False).text("PLAIN").out), False)
            self.assertEqual((d.i16(), d.array(d.text)), (34, ["PLAIN"]))
            d.end()


def main():
    global PROGRAM
    PROGRAM = sys.argv.pop()
    unittest.main()


if __name__ == "__main__":
    main()
