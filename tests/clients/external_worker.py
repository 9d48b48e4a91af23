"""A worker for workers_test.py, which ends itself without notice now and then.

Usage: external_worker.py CLIENT_FOLDER URL SEED ONE_IN
"""

import logging
import os
import random
import sys

sys.path.insert(0, sys.argv[1])
from millrace import Reject, Retry, Worker  # noqa: E402

URL, SEED, ONE_IN = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(SEED)
worker = Worker(URL)


def perhaps_die():
    if ONE_IN > 0 and chance.randrange(ONE_IN) == 0:
        os._exit(9)


@worker.stage("thumbnails/resize", batch=32, lease="2s", wait="1s")
def resize(images):
    for image in images:
        perhaps_die()
        if image.payload.get("bytes") == 0:
            yield Reject("an empty image")
        elif image.payload.get("slow") and image.attempt == 1:
            yield Retry(after="50ms", reason="slow today")
        else:
            yield {"owner": image.payload["owner"], "number": image.payload["number"]}


@worker.stage("thumbnails/count", lease="2s", wait="1s", state=True)
def count(image, state):
    perhaps_die()
    seen = (state or {"seen": 0})["seen"] + 1
    return {"owner": image.key, "number": image.payload["number"], "seen": seen}, {"seen": seen}


logging.basicConfig(level=logging.ERROR)
worker.run()
