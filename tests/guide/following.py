"""Reader: does what a page of the guide says, in a shell and a folder of its own."""

import os
import pathlib
import queue
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time


def free_port():
    """A port of the system's choice. Nobody holds it until the node listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def is_as_shown(shown, printed):
    """Whether a line was printed as the page shows it: blanks count as one, and `…` stands for anything."""
    parts = [re.escape(part) for part in " ".join(shown.split()).split("…")]
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None


def commands_of(text):
    """The commands of a console block, each with the lines that it prints."""
    commands = []
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    return commands


class Reader:
    """A context; at its end all processes that it began are gone. `programs`: name to path, of what pages
    call; `replaced`: text of the pages to what stands for it here; `deadline_s`: of each command."""

    def __init__(self, folder, programs, replaced=(), deadline_s=60, environment=None):
        self.deadline_s = deadline_s
        self.folder = pathlib.Path(folder)
        binaries = self.folder / "bin"
        binaries.mkdir()
        for name, path in {"python3": sys.executable, **programs}.items():
            (binaries / name).symlink_to(path)
        self.port = free_port()
        self.replaced = (("localhost:8400", f"localhost:{self.port}"), *replaced)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.errors = (self.folder / "errors").open("w+b")
        self.shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=self.work, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True, start_new_session=True,
            env={**os.environ, **(environment or {}), "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(self.folder),
                 "PYTHONDONTWRITEBYTECODE": "1", "MILLRACE__LISTEN__CLUSTER": "127.0.0.1:0",
                 "MILLRACE__LISTEN__HTTP": f"127.0.0.1:{self.port}"})
        self.lines = queue.Queue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.shell.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def follow(self, blocks):
        """Writes the files of the blocks and types their commands, in order. Raises AssertionError for the
        first that fails or prints something else."""
        for block in blocks:
            if block.language in ("toml", "python") and not block.is_quoted:
                (self.work / block.name).write_text(self._here(block.text), encoding="utf-8")
            elif block.language == "console":
                for command, shown in commands_of(block.text):
                    self._do(block, command, shown)

    def _here(self, text):
        for old, new in self.replaced:
            text = text.replace(old, new)
        return text

    def _do(self, block, command, shown):
        status, printed = self.run(self._here(command))
        is_right = len(shown) == len(printed) and all(map(is_as_shown, map(self._here, shown), printed))
        if status == 0 and (is_right or command.rstrip().endswith("&")):
            return
        self.errors.seek(0)
        errors = self.errors.read()[-2000:].decode(errors="replace")
        logs = "".join(path.read_text(encoding="utf-8", errors="replace")[-3000:]
                       for path in self.work.glob("*.log"))
        raise AssertionError(
            f"{block.place}: {command}\nstatus {status}\nshown\n  " + "\n  ".join(shown) + "\nprinted\n  "
            + "\n  ".join(printed) + f"\nerrors\n{errors}\nlogs\n{logs}")

    def run(self, command, deadline_s=None):
        """Status and output of a command. Raises AssertionError if it does not end."""
        end = f"end-{secrets.token_hex(8)}"
        self.shell.stdin.write(f"{command}\nprintf '\\n%s %d\\n' {end} $?\n")
        self.shell.stdin.flush()
        deadline_s = deadline_s or self.deadline_s
        deadline, printed = time.monotonic() + deadline_s, []
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise AssertionError(f"{command}: the shell has ended, after {printed}")
            if line.startswith(end):
                # The line feed before the mark is an empty line where the output ended with one.
                printed = "".join(printed)[:-1].split("\n")
                return int(line.split()[1]), printed[:-1] if printed[-1] == "" else printed
            printed.append(line)
        raise AssertionError(f"{command}: has not ended after {deadline_s} s, and printed {printed}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # All processes of the shell's session: it makes no groups of its own.
        try:
            os.killpg(self.shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.shell.wait()
        self.listener.join()
        self.shell.stdin.close()
        self.shell.stdout.close()
        self.errors.close()
