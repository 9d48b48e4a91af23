"""Callers of the inference service of configs/inference.toml: ask, and wait for all answers.

Usage: ask.py [URL] [--requests N] [--expires-in 1m]

The client must be in PYTHONPATH: apps/clients/python. Prints what the callers heard. Exit status 1: an
answer is missing, is not that of its prompt, or came twice.
"""

import argparse
import json
import logging
import random
import threading
import time
import urllib.request
from collections import Counter

from millrace import Worker
from worker import PROMPT_MAX, completion_of

LINES_MAX = 500  # of one offer
TENANTS = (("search", 8), ("chat", 5), ("documents", 2))  # with their priorities


def requests_of(count, seed):
    chance = random.Random(seed)
    for number in range(1, count + 1):
        tenant, priority = chance.choice(TENANTS)
        prompt = f"question {chance.getrandbits(64)}"
        if chance.randrange(200) == 0:
            prompt = prompt.ljust(PROMPT_MAX + 1, "?")
        yield priority, {"tenant": tenant, "id": number, "prompt": prompt}


class Callers:
    """Who waits for an answer. Thread-safe."""

    def __init__(self, prompts):
        self.prompts = prompts  # by id, of those that wait
        self.lock = threading.Lock()
        self.verdicts = Counter()
        self.batches = 0.0
        self.wrong = 0
        self.has_ended = threading.Event()
        self.seen = set()  # ids of answer messages

    def hear(self, message):
        answer = message.payload
        with self.lock:
            if message.id in self.seen:
                return  # delivered again: its lease had ended, or this process was slow
            self.seen.add(message.id)
            prompt = self.prompts.pop(answer["id"], None)
            self.verdicts[answer["verdict"]] += 1
            if answer["verdict"] == "ANSWERED":
                self.batches += 1 / answer["batch_size"]
            if prompt is None or (answer["verdict"] == "ANSWERED" and answer["text"] != completion_of(prompt)):
                self.wrong += 1
            if not self.prompts:
                self.has_ended.set()


def offer(url, requests, expires_in):
    lines = [json.dumps({"payload": request, "priority": priority, "expires_in": expires_in})
             for priority, request in requests]
    for begin in range(0, len(lines), LINES_MAX):
        body = "\n".join(lines[begin:begin + LINES_MAX]).encode()
        call = urllib.request.Request(url + "/api/v1/queues/inference.requests/messages", data=body,
                                      headers={"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(call, timeout=60):
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url", nargs="?", default="http://localhost:8400")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--expires-in", default="1m")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--timeout", type=float, default=120, help="for all answers, in seconds")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")

    requests = list(requests_of(asked.requests, asked.seed))
    callers = Callers({request["id"]: request["prompt"] for _, request in requests})
    worker = Worker(asked.url)
    for pipeline in "answers", "late-answers":
        worker.stage(f"{pipeline}/deliver", batch=100, wait="1s")(
            lambda answers: [callers.hear(answer) for answer in answers])
    listening = threading.Thread(target=worker.run)
    listening.start()
    began = time.monotonic()
    offer(asked.url, requests, asked.expires_in)
    callers.has_ended.wait(asked.timeout)
    seconds = time.monotonic() - began
    worker.stop()
    listening.join()
    answered = callers.verdicts["ANSWERED"]
    print(json.dumps({"asked": asked.requests, **dict(sorted(callers.verdicts.items())),
                      "unanswered": len(callers.prompts), "wrong": callers.wrong,
                      "per_second": round(sum(callers.verdicts.values()) / seconds),
                      "mean_batch": round(answered / callers.batches, 1) if answered else None}))
    return 1 if callers.prompts or callers.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
