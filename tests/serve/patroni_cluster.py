"""PatroniCluster: an etcd and several members of Patroni on loopback, for a test: Debian's packages
etcd-server and patroni."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

DEADLINE_S = 120
TTL_S = 20  # Patroni takes no less

MEMBER = """
scope: millrace
name: {name}
restapi:
  listen: 127.0.0.1:{api}
  connect_address: 127.0.0.1:{api}
etcd3:
  host: 127.0.0.1:{etcd}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 2
    retry_timeout: 3
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 100
        wal_keep_size: 256MB
  initdb:
    - encoding: UTF8
    - data-checksums
  pg_hba:
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/data
  bin_dir: {programs}
  pgpass: {folder}/pgpass
  authentication:
    superuser:
      username: postgres
    replication:
      username: replicator
    rewind:
      username: rewinder
  parameters:
    unix_socket_directories: {folder}
"""


def is_installed():
    return shutil.which("patroni") is not None and shutil.which("etcd") is not None


def free_ports(count):
    """Ports that nobody uses now. They are chosen together, so that they differ."""
    with contextlib.ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def server_programs():
    """The programs of the newest PostgreSQL."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                   key=lambda path: int(path.parent.name))
    return found[-1]


def await_true(found, what, deadline_s=DEADLINE_S, interval_s=0.05):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            if result := found():
                return result
        time.sleep(interval_s)
    raise AssertionError(f"not in {deadline_s} s: {what}")


class Member:
    """A host of the database: Patroni, and the server that it starts; in a session of their own."""

    def __init__(self, name, folder, port, api, etcd, user):
        self.name, self.port, self.api, self.user = name, port, api, user
        self.folder = folder / name
        self.folder.mkdir(mode=0o700)
        self.config = self.folder / "patroni.yml"
        self.config.write_text(MEMBER.format(name=name, api=api, etcd=etcd, port=port, ttl=TTL_S,
                                             folder=self.folder, programs=server_programs()))
        for path in (self.folder, self.config):
            if user:
                shutil.chown(path, user.pw_uid, user.pw_gid)
        self.process = None

    def start(self):
        # As Debian's own program of that name looks for another configuration first.
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["patroni", str(self.config)], stdout=log, stderr=log, start_new_session=True,
                cwd="/", **({"user": self.user.pw_uid, "group": self.user.pw_gid,
                             "extra_groups": []} if self.user else {}))

    def pids(self):
        """Patroni, the server and all its processes: the server leads a session of its own."""
        found = [self.process.pid]
        with contextlib.suppress(OSError, ValueError, IndexError):
            found.append(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        children = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = entry.read_text().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
        for pid in found:  # grows
            found.extend(each for each in children.get(pid, []) if each not in found)
        return found

    def burn(self):
        """The host dies: all its processes are killed at once."""
        pids = self.pids() if self.process else []
        for signal_number in (signal.SIGSTOP, signal.SIGKILL):  # none of them may start another one
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal_number)
        if self.process:
            self.process.wait()


class PatroniCluster:
    """A context: on entry there is a primary with a synchronous standby. All ends with it."""

    def __init__(self, count):
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = tempfile.TemporaryDirectory(prefix="millrace-patroni-", dir=memory)
        self.folder = pathlib.Path(self.directory.name)
        self.folder.chmod(0o755)
        self.client, self.peer, *ports = free_ports(2 + 2 * count)
        self.members = [Member(f"db{i}", self.folder, ports[2 * i], ports[2 * i + 1], self.client,
                               self.user) for i in range(count)]
        self.etcd = None

    def dsn(self):
        hosts = ",".join("127.0.0.1" for _ in self.members)
        ports = ",".join(str(member.port) for member in self.members)
        return f"host={hosts} port={ports} user=postgres dbname=postgres"

    def ask(self, statement):
        """The fields of the answer of the primary, of one row. Fails while there is none."""
        done = subprocess.run(
            [server_programs() / "psql", "-XAt", "-F,", "-c", statement,
             self.dsn() + " target_session_attrs=read-write connect_timeout=2"],
            capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.strip().split(",")

    def primary(self):
        """The member whose server takes writes; None: there is none."""
        with contextlib.suppress(subprocess.SubprocessError):
            port = int(self.ask("show port")[0])
            return next(each for each in self.members if each.port == port)
        return None

    def has_standbys(self, count):
        """Whether, as Patroni sees it, `count` standbys follow the primary and one is synchronous."""
        primary = self.primary()
        if primary is None:
            return False
        with urllib.request.urlopen(f"http://127.0.0.1:{primary.api}/cluster",
                                    timeout=3) as answer:
            members = json.load(answer)["members"]
        roles = [member["role"] for member in members
                 if member["state"] in ("running", "streaming") and member["role"] != "leader"]
        return len(roles) >= count and "sync_standby" in roles

    def __enter__(self):
        try:
            url, peer = f"http://127.0.0.1:{self.client}", f"http://127.0.0.1:{self.peer}"
            with open(self.folder / "etcd.log", "ab") as log:
                self.etcd = subprocess.Popen(
                    ["etcd", "--name=one", f"--data-dir={self.folder / 'etcd'}",
                     f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
                     f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                     f"--initial-cluster=one={peer}"], stdout=log, stderr=log)
            await_true(lambda: urllib.request.urlopen(url + "/health", timeout=2), "etcd answers")
            self.members[0].start()
            await_true(self.primary, "the first member is the primary")
            for member in self.members[1:]:
                member.start()
            await_true(lambda: self.has_standbys(len(self.members) - 1), "all standbys follow")
        except BaseException as error:
            said = self.logs()
            self.__exit__()
            raise AssertionError(f"{error}\n{said}") from error
        return self

    def logs(self):
        return "".join((member.folder / "log").read_text("utf-8", "replace")[-3000:]
                       for member in self.members if (member.folder / "log").exists())

    def __exit__(self, *_):
        for member in self.members:
            member.burn()
        if self.etcd:
            self.etcd.kill()
            self.etcd.wait()
        self.directory.cleanup()
