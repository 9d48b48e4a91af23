"""A worker for kills.py. Usage: kills_worker.py CLIENT_FOLDER URL"""

import logging
import sys

sys.path.insert(0, sys.argv[1])
from millrace import Worker  # noqa: E402

worker = Worker(sys.argv[2])


@worker.stage("jobs/parse", batch=100, lease="5s", wait="2s")
def parse(jobs):
    for job in jobs:
        yield {"owner": job.payload["owner"], "number": job.payload["number"]}


@worker.stage("jobs/count", lease="5s", wait="2s", state=True)
def count(job, state):
    seen = (state or {"seen": 0})["seen"] + 1
    return {**job.payload, "seen": seen}, {"seen": seen}


logging.basicConfig(level=logging.ERROR)
worker.run()
