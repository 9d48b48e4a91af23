"""Two stages in Python, for configs/external-stages.toml.

Usage: thumbnails.py [URL]
"""
import logging
import sys

from millrace import Reject, Retry, Worker

worker = Worker(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8400")


@worker.stage("thumbnails/resize", batch=32, lease="30s")
def resize(images):
    """Gets a list of messages, yields one outcome for each."""
    for image in images:
        if image.payload["bytes"] == 0:
            yield Reject("an empty image")
        elif image.attempt == 1 and image.payload.get("slow"):
            yield Retry(after="5s", reason="the disk is slow today")
        else:
            yield {"owner": image.payload["owner"], "width": 128, "of": image.id}


@worker.stage("thumbnails/count", state=True)
def count(image, state):
    """One message at a time, with the state of its key: what is returned is written with the outcome, or not
    at all."""
    made = (state or {"made": 0})["made"] + 1
    print(f"{image.key}: {made} thumbnails", flush=True)
    return {**image.payload, "number": made}, {"made": made}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    worker.run()
