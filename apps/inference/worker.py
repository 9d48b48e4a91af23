"""The model of the inference service, for configs/inference.toml: answers as Infer in stages.cpp does.

Usage: worker.py [URL]

The client must be in PYTHONPATH: apps/clients/python. The model is simulated, as that of model.hpp: a batch
takes a fixed time, and a time for each prompt.
"""

import logging
import sys
import time
import zlib
from datetime import datetime, timedelta, timezone

from millrace import Retry, Worker

FIXED_S = 0.020
PER_PROMPT_S = 0.001
BATCH_MAX = 32
PROMPT_MAX = 2000  # bytes
OUT_OF_MEMORY_ONE_IN = 50  # prompts, at their first attempt


def checksum_of(prompt):
    return zlib.crc32(prompt.encode())


def completion_of(prompt):
    """The answer to `prompt`, equal to that of the model in C++."""
    begin = prompt.encode()[:20].decode(errors="ignore")
    return f'to "{begin}" the answer is {checksum_of(prompt) % 1000}'


def answer_to(request, verdict, text, **more):
    return {"tenant": request.payload["tenant"], "id": request.payload["id"], "verdict": verdict, "text": text,
            **more}


def time_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_expired(request, now):
    return request.expires_at is not None and time_of(request.expires_at) <= now


def infer(requests):
    """One outcome for each request: an answer, or a retry. The model is not asked for what has expired."""
    now = datetime.now(timezone.utc)
    size = sum(not is_expired(request, now) for request in requests)
    if size > 0:
        time.sleep(FIXED_S + PER_PROMPT_S * size)
    for request in requests:
        prompt = request.payload["prompt"]
        length = len(prompt.encode())
        if is_expired(request, now):
            yield answer_to(request, "EXPIRED", "the deadline passed in the queue")
        elif length > PROMPT_MAX:
            yield answer_to(request, "REJECTED",
                            f"the prompt has {length} characters; expected at most {PROMPT_MAX}")
        elif request.attempt == 1 and checksum_of(prompt) % OUT_OF_MEMORY_ONE_IN == 0:
            yield Retry(after="10ms", reason="the accelerator is out of memory")
        else:
            waited = now - time_of(request.born_at)
            yield answer_to(request, "ANSWERED", completion_of(prompt),
                            waited_us=waited // timedelta(microseconds=1), batch_size=size)


def give_up(request):
    """Of a dead request: only its deadline makes it one."""
    return answer_to(request, "EXPIRED", "the deadline passed in the queue")


def main(url):
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    worker = Worker(url)
    worker.stage("inference/model", batch=BATCH_MAX)(infer)
    worker.stage("inference-dead/give-up")(give_up)
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8400")
