"""Measures an external stage with one client in Python: messages/s of the offers and of the stage, the time from
an offer until the stage has completed it on an empty system, and the processor time of a worker that waits.

Usage: external_bench.py MILLRACE CLIENTS [--messages 200000] [--keys 5000] [--batch 256] [--concurrency 1]

Prints JSON. The time until completed is seen in the counters of the queue, which are asked for without pause, so it
has the time of these questions in it.
"""

import argparse
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "serve"))
from node_process import Node  # noqa: E402

CONFIG = """
[node]
name = "a"
data_dir = "{data}"
[listen]
cluster = "127.0.0.1:0"
http = "127.0.0.1:0"
[cluster]
shards = 4
[[queue]]
name = "in"
type = "json"
key = "/k"
[[pipeline]]
name = "p"
from = "in"
stages = ["s"]
[pipeline.stage.s]
external = true
"""
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from millrace import Worker
worker = Worker(sys.argv[2])
worker.stage("p/s", batch=int(sys.argv[3]), concurrency=int(sys.argv[4]))(lambda messages: [None] * len(messages))
worker.run()
"""
BODY = 150  # characters of padding: about 180 B of JSON
LATENCIES = 500
IDLE_S = 10


class Counters:
    """Of the queue, over one connection."""

    def __init__(self, address):
        self.http = http.client.HTTPConnection(address, timeout=60)

    def acked(self):
        self.http.request("GET", "/api/v1/queues/in")
        return json.loads(self.http.getresponse().read())["acked"]

    def offer(self, number):
        self.http.request("POST", "/api/v1/queues/in/messages", json.dumps({"k": "z", "n": number}),
                          {"Content-Type": "application/json"})
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"the offer was refused: {text}")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(asked, node, worker_of):
    from millrace import publish
    address = node.wait_for("HTTP API at").split()[-1]
    node.wait_for("serves")
    counters = Counters(address)
    pad = "x" * BODY
    began = time.perf_counter()
    publish(f"http://{address}", "in", ({"k": f"k{i % asked.keys}", "n": i, "pad": pad} for i in range(asked.messages)),
            once=False)
    offered_s = time.perf_counter() - began
    worker = worker_of(address)
    while (first := counters.acked()) == 0:
        time.sleep(0.01)
    began = time.perf_counter()
    while counters.acked() < asked.messages:
        time.sleep(0.02)
    handled_s = time.perf_counter() - began
    latencies = []
    for number in range(LATENCIES):
        began = time.perf_counter()
        counters.offer(number)
        while counters.acked() < asked.messages + number + 1:
            pass
        latencies.append((time.perf_counter() - began) * 1000)
    latencies.sort()
    before = [processor_seconds(process.pid) for process in (worker, node.process)]
    time.sleep(IDLE_S)
    after = [processor_seconds(process.pid) for process in (worker, node.process)]
    return {"messages": asked.messages, "keys": asked.keys, "batch": asked.batch, "concurrency": asked.concurrency,
            "bytes": len(json.dumps({"k": "k1000", "n": 100000, "pad": pad}, separators=(",", ":"))),
            "offered_per_s": round(asked.messages / offered_s),
            "handled_per_s": round((asked.messages - first) / handled_s),
            "p50_ms": round(latencies[LATENCIES // 2], 1), "p99_ms": round(latencies[LATENCIES * 99 // 100], 1),
            "idle_worker_percent": round((after[0] - before[0]) / IDLE_S * 100, 2),
            "idle_node_percent": round((after[1] - before[1]) / IDLE_S * 100, 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("millrace")
    parser.add_argument("clients")
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--concurrency", type=int, default=1)
    asked = parser.parse_args()
    client = f"{asked.clients}/python"
    sys.path.insert(0, client)
    workers = []

    def worker_of(address):
        workers.append(subprocess.Popen([sys.executable, "-B", "-c", WORKER, client, f"http://{address}",
                                         str(asked.batch), str(asked.concurrency)]))
        return workers[0]

    with tempfile.TemporaryDirectory(prefix="millrace-test-") as name:
        folder = pathlib.Path(name)
        config = folder / "node.toml"
        config.write_text(CONFIG.format(data=folder / "data"), encoding="utf-8")
        try:
            with Node(asked.millrace, config) as node:
                print(json.dumps(measure(asked, node, worker_of), indent=1))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


if __name__ == "__main__":
    main()
