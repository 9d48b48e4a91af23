"""External stages with workers in Python and JavaScript: workers and the node are killed; each message has
its effect once, and those of a key in order.

Usage: workers_test.py MILLRACE CLIENTS
"""

import json
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "serve"))
from node_process import DEADLINE_S, Node  # noqa: E402

MILLRACE = ""
CLIENTS = ""
NODE = shutil.which("node")
WORKER = pathlib.Path(__file__).parent / "external_worker.py"

CONFIG = """
[node]
name = "a"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:{port}"
[cluster]
shards = 4
[[queue]]
name = "images"
type = "json"
key = "/owner"
[[queue]]
name = "archive"
type = "json"
[[queue]]
name = "counted"
type = "json"
{counted}
[[pipeline]]
name = "thumbnails"
from = "images"
stages = ["resize", "count"]
to = "counted"
[pipeline.stage.resize]
external = true
outputs = "json"
[pipeline.stage.count]
external = true
outputs = "json"
"""
LEASED = 'leases = true\noutputs = ["archive"]'
# The same queue, read by a stage.
STAGE = """
[[pipeline]]
name = "prints"
from = "counted"
stages = ["print"]
to = "archive"
[pipeline.stage.print]
external = true
outputs = "json"
"""


class Workers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.path = pathlib.Path(self.folder.name)
        self.workers = []
        self.port = 0
        self.seed = random.SystemRandom().randrange(1 << 31)

    def tearDown(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.folder.cleanup()

    def start_node(self, counted=LEASED, more=""):
        config = self.path / "node.toml"
        text = CONFIG.format(data=self.path / "data", port=self.port, counted=counted)
        config.write_text(text + more, encoding="utf-8")
        node = Node(MILLRACE, config)
        address = node.wait_for("HTTP API at").split()[-1]
        self.port = int(address.rsplit(":", 1)[1])
        node.wait_for("serves")
        return node

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start_worker(self, one_in):
        """In Python and in JavaScript by turns, where there is a program for that."""
        self.seed += 1
        command = [sys.executable, "-B", str(WORKER), f"{CLIENTS}/python", self.url, str(self.seed)]
        if self.seed % 2 == 0 and NODE:
            command = [NODE, str(WORKER.with_suffix(".mjs")), f"{CLIENTS}/node", self.url]
        self.workers.append(subprocess.Popen([*command, str(one_in)]))

    def post(self, path, body, status=(200, 202), headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data,
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                self.assertIn(answer.status, status)
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            self.assertIn(error.code, status, text)
            return json.loads(text)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:
            return json.loads(answer.read())

    def offer(self, owner, number, **more):
        self.post("/api/v1/queues/images/messages", {"owner": owner, "number": number, **more})

    def queued(self, queue):
        return self.get(f"/api/v1/queues/{queue}")["queued"]

    def await_queued(self, queue, count):
        """A dead letter is durable with the outcome, and counted a moment later."""
        until = time.monotonic() + DEADLINE_S
        while self.queued(queue) != count and time.monotonic() < until:
            time.sleep(0.01)
        self.assertEqual(self.queued(queue), count)

    def test_each_message_has_its_effect_once(self):
        owners, each = 20, 40
        with self.start_node() as node:
            for number in range(each // 2):
                for owner in range(owners):
                    self.offer(f"o{owner}", number, slow=number % 7 == 3)
            for _ in range(2):
                self.start_worker(200)
            chance = random.Random(self.seed)
            print("seed", self.seed, file=sys.stderr)
            for number in range(each // 2, each):
                for owner in range(owners):
                    self.offer(f"o{owner}", number)
                if number == each * 3 // 4:
                    node.end(signal.SIGKILL)
                    node.__exit__()
                    node = self.start_node()
                self.replace_dead(chance)
            deadline = time.monotonic() + 120
            while self.queued("counted") < owners * each:
                self.assertLess(time.monotonic(), deadline, self.get("/api/v1/queues"))
                self.replace_dead(chance)
                time.sleep(0.1)
            for owner in range(owners):
                self.check(f"o{owner}", each)
            for worker in self.workers:
                if worker.poll() is None:
                    worker.send_signal(signal.SIGTERM)
                    self.assertEqual(worker.wait(timeout=DEADLINE_S), 0)
            self.assertEqual(node.end(signal.SIGTERM), 0)
            node.__exit__()

    def replace_dead(self, chance):
        alive = [worker for worker in self.workers if worker.poll() is None]
        if alive and chance.randrange(10) == 0:
            victim = chance.choice(alive)
            victim.kill()
            victim.wait()
        for worker in self.workers:
            if worker.poll() is not None:
                self.start_worker(200)
        self.workers = [worker for worker in self.workers if worker.poll() is None]

    def check(self, owner, each):
        shown = self.get(f"/api/v1/queues/counted/messages?key={owner}&max=1000")["messages"]
        self.assertEqual([one["payload"]["seen"] for one in shown], list(range(1, each + 1)), owner)
        self.assertEqual([one["payload"]["number"] for one in shown], list(range(each)), owner)

    def lease(self, stage, **asked):
        return self.post(f"/api/v1/stages/thumbnails/{stage}/leases", asked, status=(200, 204))

    def test_what_the_api_promises(self):
        with self.start_node() as node:
            self.assertIsNone(self.lease("resize", wait="100ms"))
            self.offer("a", 1)
            [lease] = self.lease("resize", max=10, wait="5s")["leases"]
            self.assertEqual(lease["key"], "a")
            self.assertIsNone(lease["state"])
            [message] = lease["messages"]
            self.assertEqual(message["payload"], {"owner": "a", "number": 1})
            self.assertEqual(message["attempt"], 1)
            self.assertNotIn("headers", message)
            # Nobody else gets it, and what was released is ready at once, and has not failed.
            self.assertIsNone(self.lease("resize", wait="100ms"))
            token = lease["lease"]
            said = self.post("/api/v1/leases/release", {"leases": [token]})
            self.assertEqual(said["leases"], [{"lease": token, "result": "done"}])
            [lease] = self.lease("resize", wait="5s")["leases"]
            self.assertEqual(lease["messages"][0]["attempt"], 1)
            self.assertEqual(lease["messages"][0]["id"], message["id"])
            # The old token is worth nothing any more.
            outcomes = [{"outputs": [{"payload": {"owner": "a", "number": 1}}]}]
            said = self.post("/api/v1/leases/complete",
                             {"leases": [{"lease": token, "outcomes": outcomes}]})
            self.assertEqual(said["leases"][0]["result"], "lease_expired")
            token = lease["lease"]
            said = self.post("/api/v1/leases/extend", {"leases": [token], "by": "60s"})
            self.assertEqual(said["leases"][0]["result"], "done")
            # Not one outcome for each message.
            said = self.post("/api/v1/leases/complete", {"leases": [{"lease": token, "outcomes": []}]})
            self.assertEqual(said["leases"][0]["result"], "mismatch")
            for result in ("done", "already_done"):
                said = self.post("/api/v1/leases/complete", {"leases": [
                    {"lease": token, "outcomes": outcomes, "state": {"n": 1}}]})
                self.assertEqual(said["leases"][0]["result"], result)
            # A failure counts; the state is there.
            [lease] = self.lease("count", wait="5s")["leases"]
            self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": [{"retry": {"after": "10ms", "reason": "no"}}]}]})
            [lease] = self.lease("count", wait="5s")["leases"]
            self.assertEqual(lease["messages"][0]["attempt"], 2)
            # Unless it says that it does not.
            self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"],
                 "outcomes": [{"retry": {"after": "10ms", "reason": "429", "counts": False}}]}]})
            [lease] = self.lease("count", wait="5s")["leases"]
            self.assertEqual(lease["messages"][0]["attempt"], 2)
            self.offer("a", 2)
            [lease] = self.lease("resize", wait="5s")["leases"]
            self.assertEqual(lease["state"], {"n": 1})
            # A lease that ends goes to the next who asks.
            self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": [{"reject": {"reason": "not this one"}}]}]})
            self.await_queued("images.dead", 1)
            self.offer("b", 1)
            [lease] = self.lease("resize", wait="5s", lease="1s")["leases"]
            [again] = self.lease("resize", wait="10s")["leases"]
            self.assertEqual(again["messages"][0]["id"], lease["messages"][0]["id"])
            # What is wrong with one lease is said of that lease, and it goes on.
            for outcomes, result, text in (
                    ([{"outputs": [{"queue": "other", "payload": 1}]}], "invalid", "thumbnails.resize"),
                    ([{"outputs": [{"payload": 1, "more": 2}]}], "invalid", "more"),
                    ([{"retry": {"after": "5 min"}}], "invalid", "after"),
                    ([{"retry": {}, "reject": {}}], "invalid", "one of"),
                    ([{"retry": {}}, {"outputs": []}], "mismatch", "")):
                said = self.post("/api/v1/leases/complete", {"leases": [
                    {"lease": again["lease"], "outcomes": outcomes}]})
                self.assertEqual(said["leases"][0]["result"], result, said)
                self.assertIn(text, json.dumps(said))
            # Numbers are passed on as they came.
            number = 123456789012345678901234567890
            said = self.post("/api/v1/leases/complete", {"leases": [
                {"lease": again["lease"], "outcomes": [{"outputs": [{"payload": number}]}]}]})
            self.assertEqual(said["leases"][0]["result"], "done", said)
            [lease] = self.lease("count", wait="5s", max=10)["leases"][-1:]
            self.assertEqual(lease["messages"][0]["payload"], number)
            # A timer is a message of the stage later, under the same key.
            self.offer("t", 1)
            [lease] = self.lease("resize", wait="5s")["leases"]
            soon, late = ({"name": name, "after": after, "payload": {"owner": "x", "number": 7}}
                          for name, after in (("soon", "1ms"), ("late", "1h")))
            said = self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": [{"timers": [soon, late]}]}]})
            self.assertEqual(said["leases"][0]["result"], "done", said)
            [lease] = self.lease("resize", wait="5s")["leases"]
            self.assertEqual(lease["key"], "t")
            self.assertEqual(lease["messages"][0]["payload"], {"owner": "x", "number": 7})
            self.assertEqual(self.get("/api/v1/queues/images")["timers"], 1)
            said = self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": [{"clear_timers": ["late"]}]}]})
            self.assertEqual(said["leases"][0]["result"], "done", said)
            self.assertEqual(self.get("/api/v1/queues/images")["timers"], 0)
            for path, body, text in (
                    ("/api/v1/stages/thumbnails/none/leases", {}, "no pipeline"),
                    ("/api/v1/stages/thumbnails/resize/leases", {"max": 0}, "max"),
                    ("/api/v1/stages/thumbnails/resize/leases", {"wait": "2d"}, "wait"),
                    ("/api/v1/stages/thumbnails/resize/leases", {"maximum": 1}, "maximum"),
                    ("/api/v1/leases/complete", [], "object"),
                    ("/api/v1/leases/complete", {"leases": [{"outcomes": []}]}, "token"),
                    ("/api/v1/leases/extend", {"leases": []}, "by")):
                self.assertIn(text, json.dumps(self.post(path, body, status=(400, 404))))
            # A node that stops does not wait for a worker that is gone.
            self.offer("c", 1)
            [lease] = self.lease("resize", wait="5s", lease="1h")["leases"]
            began = time.monotonic()
            self.assertEqual(node.end(signal.SIGTERM), 0)
            self.assertLess(time.monotonic() - began, 20)

    def lease_of(self, queue, status=(200, 204), **asked):
        return self.post(f"/api/v1/queues/{queue}/leases", asked, status)

    def said(self, token, *outcomes, **more):
        answer = self.post("/api/v1/leases/complete",
                           {"leases": [{"lease": token, "outcomes": outcomes, **more}]})
        return answer["leases"][0]

    def test_headers_go_with_messages_and_outputs(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        program = (
            "import sys\nsys.path.insert(0, sys.argv[1])\nfrom millrace import Output, Worker, publish\n"
            "publish(sys.argv[2], 'images', [{'owner': 'a', 'number': 1}], headers=lambda m: "
            f"{{'source': 'till-7', 'traceparent': '{trace}'}})\n"
            "worker = Worker(sys.argv[2])\n"
            "@worker.stage('thumbnails/resize')\n"
            "def resize(image):\n"
            "    print(image.headers['source'], flush=True)\n"
            "    return Output(image.payload, headers={'own': image.headers['source']})\n"
            "worker.run()\n")
        with self.start_node():
            worker = subprocess.Popen([sys.executable, "-B", "-c", program, f"{CLIENTS}/python", self.url],
                                      stdout=subprocess.PIPE, text=True)
            self.workers.append(worker)
            with worker.stdout:
                self.assertEqual(worker.stdout.readline().strip(), "till-7")
                [lease] = self.lease("count", wait="10s")["leases"]
            self.assertEqual(lease["messages"][0]["headers"], {"own": "till-7", "traceparent": trace})
            self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": [{"reject": {"reason": "no"}}]}]})
            dead = [each["queue"] for each in self.get("/api/v1/dlq")["queues"]]
            until = time.monotonic() + DEADLINE_S
            found = []
            while not found and time.monotonic() < until:
                for queue in dead:
                    found += self.get(f"/api/v1/dlq/{queue}/messages")["messages"]
            self.assertEqual(found[0]["headers"], {"own": "till-7", "traceparent": trace})
            bad = json.dumps({"payload": {"owner": "a"}, "headers": {"a b": "x"}}).encode()
            answer = self.post("/api/v1/queues/images/messages", bad, status=(400,),
                               headers={"Content-Type": "application/x-ndjson"})
            self.assertIn("headers: expected names", json.dumps(answer))

    def test_a_queue_that_no_stage_reads_gives_leases(self):
        offers = "/api/v1/queues/counted/messages?key=a"
        with self.start_node() as node:
            self.assertIsNone(self.lease_of("counted", wait="100ms"))
            for number in range(4):
                self.post(offers, {"number": number})
            [lease] = self.lease_of("counted", max=1, wait="5s")["leases"]
            self.assertEqual((lease["key"], lease["state"]), ("a", None))
            self.assertEqual(lease["messages"][0]["payload"], {"number": 0})
            self.assertIsNone(self.lease_of("counted", wait="100ms"), "the key is taken")
            done = {"outputs": [{"payload": {"done": 0}}]}
            wrong = self.said(lease["lease"], {"outputs": [{"payload": 1, "queue": "images"}]})
            self.assertIn("one of archive", wrong["detail"])
            for result in ("done", "already_done"):
                self.assertEqual(self.said(lease["lease"], done, state={"n": 1})["result"], result)
            self.assertEqual(self.queued("archive"), 1)
            # What is given back, and what has failed; each token once.
            [lease] = self.lease_of("counted", max=1, wait="5s")["leases"]
            self.assertEqual(lease["state"], {"n": 1})
            for result in ("done", "lease_expired"):
                answer = self.post("/api/v1/leases/release", {"leases": [lease["lease"]]})
                self.assertEqual(answer["leases"][0]["result"], result)
            [lease] = self.lease_of("counted", max=1, wait="5s")["leases"]
            self.assertEqual(lease["messages"][0]["attempt"], 1)
            self.said(lease["lease"], {"retry": {"after": "10ms"}})
            [lease] = self.lease_of("counted", max=1, wait="5s", lease="1s")["leases"]
            self.assertEqual(lease["messages"][0]["attempt"], 2)
            # A lease that ends goes to the next who asks; what its worker says then counts for nothing.
            [again] = self.lease_of("counted", max=1, wait="10s")["leases"]
            self.assertEqual(again["messages"][0]["id"], lease["messages"][0]["id"])
            self.assertEqual(self.said(lease["lease"], done)["result"], "lease_expired")
            self.assertEqual(self.said(again["lease"], {"reject": {"reason": "no"}})["result"], "done")
            self.await_queued("counted.dead", 1)
            # The leases of a session end with its connection.
            body = b'{"wait": "5s", "lease": "1h", "session": true}'
            with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as client:
                client.sendall(b"POST /api/v1/queues/counted/leases HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                               + body)
                self.assertIn(b" 200 ", client.recv(1 << 16).split(b"\r\n")[0])
            [held] = self.lease_of("counted", max=1, wait="5s", lease="1h")["leases"]
            self.assertEqual(held["messages"][0]["payload"], {"number": 2})
            for queue, status, text in (
                    ("images", 400, "/api/v1/stages/thumbnails/resize/leases"),
                    ("archive", 400, "leases = true"), ("counted.dead", 400, "leases = true"),
                    ("none", 404, "no pipeline has a queue none")):
                self.assertIn(text, self.lease_of(queue, status=(status,))["detail"])
            node.end(signal.SIGKILL)
            node.__exit__()
        # A stage reads the queue now: it gets what was left.
        with self.start_node("", STAGE) as node:
            self.assertEqual(self.said(held["lease"], done)["result"], "lease_expired")
            self.assertIn("/api/v1/stages/prints/print/leases",
                          self.lease_of("counted", status=(400,))["detail"])
            [lease] = self.post("/api/v1/stages/prints/print/leases", {"max": 9, "wait": "5s"})["leases"]
            self.assertEqual([one["payload"]["number"] for one in lease["messages"]], [2, 3])
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_the_numbers_of_a_producer_outlive_the_node(self):
        def offer(first, *numbers, epoch=1, status=(202,)):
            lines = "\n".join(json.dumps({"payload": {"number": number}}) for number in numbers)
            return self.post("/api/v1/queues/archive/messages", lines.encode(), status, {
                "Content-Type": "application/x-ndjson", "Millrace-Producer": "till-7",
                "Millrace-Epoch": str(epoch), "Millrace-Sequence": str(first)})

        def known(answer):
            return [one.get("duplicate", False) for one in answer["messages"]]

        with self.start_node() as node:
            self.assertEqual(known(offer(1, 1, 2, 3)), [False] * 3)
            node.end(signal.SIGKILL)
            node.__exit__()
        with self.start_node() as node:
            # As after an answer that was lost, with another body: the first one stands.
            self.assertEqual(known(offer(2, 20, 30, 4)), [True, True, False])
            self.assertEqual(offer(9, 9, status=(409,))["last"], 4)
            self.assertEqual(known(offer(5, 5, epoch=2)), [False])
            self.assertEqual(offer(6, 6, status=(409,))["code"], "fenced")
            shown = self.get("/api/v1/queues/archive/messages?max=100")["messages"]
            self.assertEqual([one["payload"]["number"] for one in shown], [1, 2, 3, 4, 5])
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def test_an_answer_that_nobody_takes_leases_nothing(self):
        with self.start_node() as node:
            body = json.dumps({"wait": "20s", "max": 10, "lease": "1h"}).encode()
            for number in range(20):
                with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as client:
                    client.sendall(b"POST /api/v1/stages/thumbnails/resize/leases HTTP/1.1\r\n"
                                   b"Host: localhost\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n" % len(body) + body)
                    if number % 2 == 0:
                        time.sleep(0.02)
                    # Closed with a reset, of which the node may not know yet when it has a message.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.offer("a", number)
                answer = self.lease("resize", wait="5s")
                self.assertIsNotNone(answer, number)
                [lease] = answer["leases"]
                self.assertEqual(lease["messages"][0]["payload"]["number"], number)
                self.assertEqual(lease["messages"][0]["attempt"], 1)
                self.post("/api/v1/leases/complete", {"leases": [
                    {"lease": lease["lease"], "outcomes": [{"outputs": []}]}]})
            self.assertEqual(node.end(signal.SIGTERM), 0)

    def ask_on(self, client, connection):
        body = json.dumps({"wait": "5s", "lease": "1h", "session": True}).encode()
        client.sendall(b"POST /api/v1/stages/thumbnails/resize/leases HTTP/1.1\r\n"
                       b"Host: localhost\r\nContent-Type: application/json\r\n"
                       b"Connection: %s\r\nContent-Length: %d\r\n\r\n%s"
                       % (connection, len(body), body))
        answer = b""
        while not answer.endswith(b"]}\n"):
            more = client.recv(65536)
            self.assertTrue(more, answer)
            answer += more
        return json.loads(answer[answer.index(b"\r\n\r\n"):])["leases"]

    def test_a_session_ends_with_its_connection(self):
        with self.start_node() as node:
            for number in range(3):
                client = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
                self.offer("a", number)
                [lease] = self.ask_on(client, b"keep-alive")
                self.assertIsNone(self.lease("resize", wait="200ms"))
                if number == 1:  # with a reset
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                [again] = self.lease("resize", wait="5s")["leases"]
                self.assertEqual(again["messages"][0]["id"], lease["messages"][0]["id"])
                self.assertEqual(again["messages"][0]["attempt"], 1)
                outcomes = [{"outputs": []}]
                said = self.post("/api/v1/leases/complete", {"leases": [
                    {"lease": one["lease"], "outcomes": outcomes} for one in (lease, again)]})
                self.assertEqual([one["result"] for one in said["leases"]], ["lease_expired", "done"])
            # What is said before the connection ends counts, and a connection that is not kept has no session.
            with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as client:
                self.offer("b", 1)
                [lease] = self.ask_on(client, b"keep-alive")
                said = self.post("/api/v1/leases/complete", {"leases": [
                    {"lease": lease["lease"], "outcomes": outcomes}]})
                self.assertEqual(said["leases"][0]["result"], "done")
            with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as client:
                self.offer("c", 1)
                [lease] = self.ask_on(client, b"close")
            self.assertIsNone(self.lease("resize", wait="500ms"))
            said = self.post("/api/v1/leases/complete", {"leases": [
                {"lease": lease["lease"], "outcomes": outcomes}]})
            self.assertEqual(said["leases"][0]["result"], "done")
            self.assertEqual(node.end(signal.SIGTERM), 0)


if __name__ == "__main__":
    MILLRACE, CLIENTS = sys.argv[1], sys.argv[2]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
