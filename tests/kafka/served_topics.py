"""ServedTopics: the program served_topics, for tests with real clients."""

import subprocess


class ServedTopics:
    """A context around the program; ends it at the end. `address` is where clients reach it."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "served_topics did not start"

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def counts(self):
        """Records, batches and duplicates that were produced."""
        self.process.stdin.write("counts\n")
        self.process.stdin.flush()
        return [int(each) for each in self.process.stdout.readline().split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
