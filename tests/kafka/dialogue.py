"""Dialogue: the requests of Kafka, written and read by the protocol's documentation, version by version. Shares
nothing with the server's code.
"""

import socket
import struct

# What clients may rely on; see docs of the room. Key: (name, first version, last version, first flexible).
TABLE = {
    0: ("Produce", 0, 7, 9), 1: ("Fetch", 0, 11, 12), 2: ("ListOffsets", 0, 5, 6),
    3: ("Metadata", 0, 9, 9), 8: ("OffsetCommit", 1, 7, 8), 9: ("OffsetFetch", 1, 7, 6),
    10: ("FindCoordinator", 0, 2, 3), 11: ("JoinGroup", 0, 5, 6), 12: ("Heartbeat", 0, 3, 4),
    13: ("LeaveGroup", 0, 1, 4), 14: ("SyncGroup", 0, 3, 4), 15: ("DescribeGroups", 0, 4, 5),
    16: ("ListGroups", 0, 2, 3), 17: ("SaslHandshake", 0, 1, 99), 18: ("ApiVersions", 0, 3, 3),
    19: ("CreateTopics", 0, 4, 5), 20: ("DeleteTopics", 0, 3, 4), 22: ("InitProducerId", 0, 4, 2),
    32: ("DescribeConfigs", 0, 2, 4), 36: ("SaslAuthenticate", 0, 1, 2),
    42: ("DeleteGroups", 0, 1, 2), 47: ("OffsetDelete", 0, 0, 99),
}
KEYS = {name: key for key, (name, *_) in TABLE.items()}


class Encoder:
    def __init__(self, flexible):
        self.flexible, self.out = flexible, b""

    def put(self, form, value):
        self.out += struct.pack(">" + form, value)
        return self

    i8 = lambda self, value: self.put("b", value)
    i16 = lambda self, value: self.put("h", value)
    i32 = lambda self, value: self.put("i", value)
    i64 = lambda self, value: self.put("q", value)

    def uvarint(self, value):
        while value >= 0x80:
            self.out += bytes([value & 0x7F | 0x80])
            value >>= 7
        self.out += bytes([value])
        return self

    def sized(self, value, form):
        length = -1 if value is None else len(value)
        if self.flexible:
            self.uvarint(length + 1)
        else:
            self.put(form, length)
        self.out += value or b""
        return self

    def text(self, value):
        return self.sized(None if value is None else value.encode(), "h")

    def bytes(self, value):
        return self.sized(value, "i")

    def array(self, values, put):
        count = -1 if values is None else len(values)
        if self.flexible:
            self.uvarint(count + 1)
        else:
            self.i32(count)
        for value in values or []:
            put(value)
        return self

    def tags(self):
        return self.uvarint(0) if self.flexible else self


class Decoder:
    def __init__(self, data, flexible):
        self.data, self.flexible, self.at = data, flexible, 0

    def take(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    i8 = lambda self: self.take("b")
    i16 = lambda self: self.take("h")
    i32 = lambda self: self.take("i")
    i64 = lambda self: self.take("q")

    def uvarint(self):
        value, shift = 0, 0
        while True:
            byte = self.take("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sized(self, form):
        length = self.uvarint() - 1 if self.flexible else self.take(form)
        if length < 0:
            return None
        assert self.at + length <= len(self.data), "a length beyond the answer"
        self.at += length
        return self.data[self.at - length:self.at]

    def text(self):
        value = self.sized("h")
        return None if value is None else value.decode()

    def bytes(self):
        return self.sized("i")

    def array(self, take):
        count = self.uvarint() - 1 if self.flexible else self.i32()
        return None if count < 0 else [take() for _ in range(count)]

    def tags(self):
        if self.flexible:
            assert self.uvarint() == 0, "no tagged fields are expected"

    def end(self):
        assert self.at == len(self.data), f"{len(self.data) - self.at} bytes are left"


class Dialogue:
    """One connection, on which requests are written and answers read by their version."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.correlation = 0

    def exchange(self, key, version, body):
        """Returns the answer behind its header."""
        flexible = version >= TABLE[key][3]
        self.correlation += 1
        head = Encoder(False).i16(key).i16(version).i32(self.correlation).text("dialogue").out
        frame = head + (b"\0" if flexible else b"") + body
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)
        size, = struct.unpack(">i", self.receive(4))
        answer = self.receive(size)
        assert struct.unpack(">i", answer[:4])[0] == self.correlation
        if flexible and key != 18:
            assert answer[4] == 0
            return answer[5:]
        return answer[4:]

    def receive(self, size):
        data = b""
        while len(data) < size:
            got = self.socket.recv(size - len(data))
            if not got:
                raise EOFError("the connection was closed")
            data += got
        return data

    def ask(self, name, version):
        """An encoder for the request, and what sends it and returns a decoder for the answer."""
        key = KEYS[name]
        flexible = version >= TABLE[key][3]
        request = Encoder(flexible)
        return request, lambda: Decoder(self.exchange(key, version, request.out), flexible)

    # One function for each request: sends it, and returns what the answer holds.

    def api_versions(self, v):
        e, send = self.ask("ApiVersions", v)
        if v >= 3:
            e.text("dialogue").text("1.0").tags()
        d = send()
        code = d.i16()
        table = {}

        def row():
            key, first, last = d.i16(), d.i16(), d.i16()
            d.tags()
            table[key] = (first, last)
        d.array(row)
        if v >= 1:
            d.i32()
        d.tags()
        d.end()
        return code, table

    def metadata(self, v, topics):
        e, send = self.ask("Metadata", v)
        e.array(topics, lambda topic: e.text(topic).tags())
        if v >= 4:
            e.i8(1)
        if v >= 8:
            e.i8(0).i8(0)
        e.tags()
        d = send()
        if v >= 3:
            d.i32()

        def broker():
            found = d.i32(), d.text(), d.i32()
            if v >= 1:
                assert d.text() is None
            d.tags()
            return found
        brokers = d.array(broker)
        if v >= 2:
            assert d.text() == "test"
        if v >= 1:
            assert d.i32() == brokers[0][0]

        def partition():
            found = d.i16(), d.i32(), d.i32()
            if v >= 7:
                d.i32()
            assert d.array(d.i32) == d.array(d.i32) == [found[2]]
            if v >= 5:
                assert d.array(d.i32) == []
            d.tags()
            return found

        def topic():
            code, name = d.i16(), d.text()
            if v >= 1:
                assert d.i8() == 0
            partitions = d.array(partition)
            if v >= 8:
                d.i32()
            d.tags()
            return code, name, partitions
        found = d.array(topic)
        if v >= 8:
            d.i32()
        d.tags()
        d.end()
        return brokers, found

    def produce(self, v, batch):
        e, send = self.ask("Produce", v)
        if v >= 3:
            e.text(None)
        e.i16(-1).i32(1000)
        e.array(["t"], lambda topic: e.text(topic).array(
            [0], lambda index: e.i32(index).bytes(batch)))
        d = send()

        def partition():
            index, code, offset = d.i32(), d.i16(), d.i64()
            if v >= 2:
                d.i64()
            if v >= 5:
                d.i64()
            return index, code, offset
        found = d.array(lambda: (d.text(), d.array(partition)))
        if v >= 1:
            d.i32()
        d.end()
        return found[0][1][0]

    def fetch(self, v, offset):
        e, send = self.ask("Fetch", v)
        e.i32(-1).i32(0).i32(1)
        if v >= 3:
            e.i32(1 << 20)
        if v >= 4:
            e.i8(0)
        if v >= 7:
            e.i32(0).i32(-1)

        def partition(index):
            e.i32(index)
            if v >= 9:
                e.i32(-1)
            e.i64(offset)
            if v >= 5:
                e.i64(-1)
            e.i32(1 << 20)
        e.array(["t"], lambda topic: e.text(topic).array([0], partition))
        if v >= 7:
            e.array(["old"], lambda topic: e.text(topic).array([1, 2], e.i32))
        if v >= 11:
            e.text("rack")
        d = send()
        if v >= 1:
            d.i32()
        if v >= 7:
            assert d.i16() == 0 and d.i32() == 0

        def answer():
            index, code, high = d.i32(), d.i16(), d.i64()
            if v >= 4:
                d.i64()
            if v >= 5:
                d.i64()
            if v >= 4:
                d.array(lambda: (d.i64(), d.i64()))
            if v >= 11:
                assert d.i32() == -1
            return index, code, high, d.bytes()
        found = d.array(lambda: (d.text(), d.array(answer)))
        d.end()
        return found[0][1][0]

    def list_offsets(self, v, timestamp):
        e, send = self.ask("ListOffsets", v)
        e.i32(-1)
        if v >= 2:
            e.i8(0)

        def partition(index):
            e.i32(index)
            if v >= 4:
                e.i32(-1)
            e.i64(timestamp)
            if v == 0:
                e.i32(1)
        e.array(["t"], lambda topic: e.text(topic).array([0], partition))
        d = send()
        if v >= 2:
            d.i32()

        def answer():
            index, code = d.i32(), d.i16()
            if v == 0:
                return index, code, d.array(d.i64)[0]
            d.i64()
            offset = d.i64()
            if v >= 4:
                d.i32()
            return index, code, offset
        found = d.array(lambda: (d.text(), d.array(answer)))
        d.end()
        return found[0][1][0]

    def find_coordinator(self, v):
        e, send = self.ask("FindCoordinator", v)
        e.text("g")
        if v >= 1:
            e.i8(0)
        d = send()
        if v >= 1:
            d.i32()
        code = d.i16()
        if v >= 1:
            assert d.text() is None
        found = code, d.i32(), d.text(), d.i32()
        d.end()
        return found

    def join_group(self, v, group, member=""):
        e, send = self.ask("JoinGroup", v)
        e.text(group).i32(10_000)
        if v >= 1:
            e.i32(10_000)
        e.text(member)
        if v >= 5:
            e.text(None)
        subscription = Encoder(False)
        subscription.i16(0).array(["t"], subscription.text).bytes(b"").tags()
        e.text("consumer").array(
            ["range"], lambda name: e.text(name).bytes(subscription.out))
        d = send()
        if v >= 2:
            d.i32()
        code, generation, protocol, leader, member = d.i16(), d.i32(), d.text(), d.text(), d.text()

        def each():
            name = d.text()
            if v >= 5:
                assert d.text() is None
            return name, d.bytes()
        members = d.array(each)
        d.end()
        if code == 79 and v >= 4:
            return self.join_group(v, group, member)
        assert (code, protocol, leader) == (0, "range", member), code
        assert members == [(member, subscription.out)]
        return generation, member

    def sync_group(self, v, group, generation, member):
        e, send = self.ask("SyncGroup", v)
        e.text(group).i32(generation).text(member)
        if v >= 3:
            e.text(None)
        e.array([member], lambda name: e.text(name).bytes(b"mine"))
        d = send()
        if v >= 1:
            d.i32()
        found = d.i16(), d.bytes()
        d.end()
        return found

    def heartbeat(self, v, group, generation, member):
        e, send = self.ask("Heartbeat", v)
        e.text(group).i32(generation).text(member)
        if v >= 3:
            e.text(None)
        d = send()
        if v >= 1:
            d.i32()
        code = d.i16()
        d.end()
        return code

    def leave_group(self, v, group, member):
        e, send = self.ask("LeaveGroup", v)
        e.text(group).text(member)
        d = send()
        if v >= 1:
            d.i32()
        code = d.i16()
        d.end()
        return code

    def offset_commit(self, v, group, generation, member, offset):
        e, send = self.ask("OffsetCommit", v)
        e.text(group).i32(generation).text(member)
        if v >= 7:
            e.text(None)
        if 2 <= v <= 4:
            e.i64(-1)

        def partition(index):
            e.i32(index).i64(offset)
            if v >= 6:
                e.i32(-1)
            if v == 1:
                e.i64(-1)
            e.text("note")
        e.array(["t"], lambda topic: e.text(topic).array([0], partition))
        d = send()
        if v >= 3:
            d.i32()
        found = d.array(lambda: (d.text(), d.array(lambda: (d.i32(), d.i16()))))
        d.end()
        return found

    def offset_fetch(self, v, group, everything=False):
        e, send = self.ask("OffsetFetch", v)
        e.text(group)
        e.array(None if everything else ["t"],
                lambda topic: e.text(topic).array([0], e.i32).tags())
        if v >= 7:
            e.i8(1)
        e.tags()
        d = send()
        if v >= 3:
            d.i32()

        def partition():
            index, offset = d.i32(), d.i64()
            if v >= 5:
                d.i32()
            found = index, offset, d.text(), d.i16()
            d.tags()
            return found

        def topic():
            found = d.text(), d.array(partition)
            d.tags()
            return found
        found = d.array(topic)
        if v >= 2:
            assert d.i16() == 0
        d.tags()
        d.end()
        return found

    def describe_groups(self, v, groups):
        e, send = self.ask("DescribeGroups", v)
        e.array(groups, e.text)
        if v >= 3:
            e.i8(0)
        d = send()
        if v >= 1:
            d.i32()

        def member():
            name = d.text()
            if v >= 4:
                assert d.text() is None
            return name, d.text(), d.text(), d.bytes(), d.bytes()

        def group():
            found = d.i16(), d.text(), d.text(), d.text(), d.text(), d.array(member)
            if v >= 3:
                d.i32()
            return found
        found = d.array(group)
        d.end()
        return found

    def list_groups(self, v):
        _, send = self.ask("ListGroups", v)
        d = send()
        if v >= 1:
            d.i32()
        assert d.i16() == 0
        found = d.array(lambda: (d.text(), d.text()))
        d.end()
        return found

    def create_topics(self, v, name):
        e, send = self.ask("CreateTopics", v)

        def topic(each):
            e.text(each).i32(2).i16(1).array([], None)
            e.array([("retention.ms", "1000")], lambda config: e.text(config[0]).text(config[1]))
        e.array([name, "in valid"], topic).i32(1000)
        if v >= 1:
            e.i8(0)
        d = send()
        if v >= 2:
            d.i32()
        found = d.array(lambda: (d.text(), d.i16(), d.text() if v >= 1 else None))
        d.end()
        return found

    def delete_topics(self, v, names):
        e, send = self.ask("DeleteTopics", v)
        e.array(names, e.text).i32(1000)
        d = send()
        if v >= 1:
            d.i32()
        found = d.array(lambda: (d.text(), d.i16()))
        d.end()
        return found

    def delete_groups(self, v, names):
        e, send = self.ask("DeleteGroups", v)
        e.array(names, e.text)
        d = send()
        d.i32()
        found = d.array(lambda: (d.text(), d.i16()))
        d.end()
        return found

    def offset_delete(self, v, group, topic, partitions):
        e, send = self.ask("OffsetDelete", v)
        e.text(group).array([topic], lambda name: e.text(name).array(partitions, e.i32))
        d = send()
        code = d.i16()
        d.i32()
        found = d.array(lambda: (d.text(), d.array(lambda: (d.i32(), d.i16()))))
        d.end()
        return code, found

    def init_producer_id(self, v):
        e, send = self.ask("InitProducerId", v)
        e.text(None).i32(1000)
        if v >= 3:
            e.i64(-1).i16(-1)
        e.tags()
        d = send()
        d.i32()
        found = d.i16(), d.i64(), d.i16()
        d.tags()
        d.end()
        return found

    def describe_configs(self, v, topic):
        e, send = self.ask("DescribeConfigs", v)
        e.array([2, 4], lambda kind: e.i8(kind).text(topic if kind == 2 else "1").array(None, None))
        if v >= 1:
            e.i8(1)
        d = send()
        d.i32()

        def config():
            found = d.text(), d.text(), d.i8()
            d.i8()
            d.i8()
            if v >= 1:
                assert d.array(lambda: (d.text(), d.text(), d.i8())) == []
            return found
        found = d.array(lambda: (d.i16(), d.text(), d.i8(), d.text(), d.array(config)))
        d.end()
        return found
