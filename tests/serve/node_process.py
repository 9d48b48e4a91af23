"""Node: a node process for a test."""

import os
import queue
import subprocess
import threading
import time

DEADLINE_S = 60


class Node:
    """A context around a node process; kills the process at the end. Reads its log line by line."""

    def __init__(self, program, config, *arguments, environment=None, prefix=()):
        """`prefix`: a program that runs the node, with its arguments."""
        self.process = subprocess.Popen(
            [*prefix, program, "node", "-c", str(config), *arguments], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, text):
        """Waits at most DEADLINE_S for the next log line that contains `text`; returns it."""
        deadline = time.monotonic() + DEADLINE_S
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in {''.join(self.seen)}")

    def end(self, *signals):
        for each in signals:
            self.process.send_signal(each)
        return self.process.wait(timeout=DEADLINE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
