"""A worker for external stages of Millrace: handlers in Python, with the guarantees of a C++ stage.

    from millrace import Reject, Retry, Worker

    worker = Worker("http://localhost:8400", name="resize-1")

    @worker.stage("thumbnails/resize", batch=32, lease="30s")
    def resize(images):
        for image in images:
            yield {"owner": image.payload["owner"], "width": 128}

    worker.run()  # until SIGTERM

What a handler returns for a message becomes durable in one record with the message's end, or not at
all. A handler may run again for the same message, after a crash or where its lease has ended: for calls
to other systems, pass `Message.call_id` on, which is the same every time.

A queue that no stage reads, and whose configuration has `leases = true`, is read in the same way:
`@worker.queue("thumbnails.made")`.

A worker reads the shards of all nodes of the cluster, whichever of them it is given.

One file, the standard library only, Python 3.9 or later. Threads: each stage has its own for each node; a
handler is called by one thread at a time unless its stage has `concurrency`.
"""
from __future__ import annotations

import copy
import http.client
import json
import logging
import random
import signal
import socket
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Optional

__all__ = ["Message", "Output", "Reject", "Retry", "Worker", "publish"]

log = logging.getLogger("millrace")

_REDIRECTS_MAX = 5
_BACKOFF_MAX_S = 10.0
_MESSAGES_MAX = 1000  # of a request, and tokens of one
_LOOK_S = 5.0  # between two looks at which nodes the cluster has
_AGAIN = (408, 429, 500, 502, 503, 504)  # statuses after which the same request may do


@dataclass(frozen=True)
class Message:
    """One message of a stage's queue."""

    id: str  # the same in every delivery
    key: str  # empty: none. Messages of a key are handled in order, one at a time
    payload: Any
    attempt: int  # from 1; failures before this delivery, plus 1
    call_id: str  # an idempotency key for a call to another system; the same in every delivery
    born_at: Optional[str] = None
    expires_at: Optional[str] = None
    priority: int = 4
    headers: dict = field(default_factory=dict)  # texts by name


@dataclass(frozen=True)
class Retry:
    """Handle the message again, after `after` ("5s") or as its stage says. A failure, unless `counts` is False."""

    after: Optional[str] = None
    reason: str = ""
    counts: bool = True

    def _outcome(self) -> dict:
        retry: dict = {"reason": self.reason}
        if not self.counts:
            retry["counts"] = False
        if self.after is not None:
            retry["after"] = self.after
        return {"retry": retry}


@dataclass(frozen=True)
class Reject:
    """No retry can help: the message becomes a dead letter."""

    reason: str = ""

    def _outcome(self) -> dict:
        return {"reject": {"reason": self.reason}}


@dataclass(frozen=True)
class Output:
    """An output for one of several queues; or under a key of its own, where its queue takes none from it; or
    with headers, its own (texts by name) or those of the message (`inherit_headers`)."""

    payload: Any
    queue: Optional[str] = None
    key: Optional[str] = None
    headers: Optional[dict] = None
    inherit_headers: bool = False

    def _json(self) -> dict:
        said: dict = {"payload": self.payload}
        if self.queue is not None:
            said["queue"] = self.queue
        if self.key is not None:
            said["key"] = self.key
        if self.headers:
            said["headers"] = self.headers
        if self.inherit_headers:
            said["inherit_headers"] = True
        return said


class ServerError(Exception):
    """The node refused a request: `status` and `detail` are of its answer."""

    def __init__(self, status: int, detail: str, messages: Iterable = ()):
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.messages = list(messages)  # what became of each, where there were several


class _Stopped(Exception):
    pass


class _Connection:
    """One connection, for one thread; close() may come from another."""

    def __init__(self, url: str, token: Optional[str]):
        self._token = token
        self._url = url
        self._lock = threading.Lock()
        self._http: Optional[http.client.HTTPConnection] = None
        self._is_closed = False
        self._is_asking = False

    @property
    def url(self) -> str:
        """Of the node that was asked last, or is asked next."""
        return self._url

    def move(self, url: str) -> None:
        """The next request goes there."""
        if url != self._url:
            self._drop()
            self._url = url

    def post(self, path: str, body: Any, timeout_s: float, **more: str) -> Any:
        """The answer's JSON; None for 204. Raises ServerError, OSError or http.client.HTTPException.
        `more`: further headers, with "_" for "-"."""
        data = body if isinstance(body, bytes) else _json(body).encode()
        headers = {"Content-Type": "application/json"}
        headers.update((name.replace("_", "-"), value) for name, value in more.items())
        return self._ask("POST", path, data, timeout_s, headers)

    def get(self, path: str, timeout_s: float) -> Any:
        """As post()."""
        return self._ask("GET", path, None, timeout_s, {})

    def _ask(self, method: str, path: str, data: Optional[bytes], timeout_s: float, headers: dict) -> Any:
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        for _ in range(_REDIRECTS_MAX):
            connection = self._open(timeout_s)
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                text = answer.read()
            except BaseException:
                self._drop()
                raise
            finally:
                self._is_asking = False
            if answer.status == 307:
                place = urllib.parse.urlsplit(answer.headers["Location"])
                self._drop()
                self._url = f"{place.scheme}://{place.netloc}"
                path = place.path + ("?" + place.query if place.query else "")
                continue
            if answer.status == 204:
                return None
            if 200 <= answer.status < 300:
                return json.loads(text)
            raise _refusal(answer.status, text)
        raise ServerError(307, "too many redirects")

    def _open(self, timeout_s: float) -> http.client.HTTPConnection:
        with self._lock:
            if self._is_closed:
                raise _Stopped
            if self._http is None:
                place = urllib.parse.urlsplit(self._url)
                kind = (
                    http.client.HTTPSConnection
                    if place.scheme == "https"
                    else http.client.HTTPConnection
                )
                self._http = kind(place.hostname or "localhost", place.port or 8400)
            connection = self._http
        connection.timeout = timeout_s
        if connection.sock is None:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(timeout_s)
        with self._lock:
            if self._is_closed:
                raise _Stopped
            self._is_asking = True
        return connection

    def _drop(self) -> None:
        with self._lock:
            if self._http is not None:
                self._http.close()
            self._http = None

    def close(self) -> None:
        """Ends all later requests with an exception, and the one that runs soon: its answer is read, as it
        may have leases. A connection on which none runs stays open, as leases may end with it."""
        with self._lock:
            self._is_closed = True
            sock = self._http.sock if self._http is not None and self._is_asking else None
            if sock is not None:
                try:
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _refusal(status: int, text: bytes) -> ServerError:
    try:
        problem = json.loads(text)
        return ServerError(status, str(problem.get("detail", "")), problem.get("messages", ()))
    except (ValueError, AttributeError):
        return ServerError(status, text[:200].decode(errors="replace"))


def _seconds(duration: str, least: float = 0, most: float = float("inf")) -> float:
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    for unit in ("us", "ms", "s", "m", "h", "d"):
        number = duration[: -len(unit)]
        if duration.endswith(unit) and number.isdigit():
            seconds = int(number) * units[unit]
            if least <= seconds <= most:
                return seconds
            raise ValueError(f"expected a duration from {least} s to {most} s, got {duration!r}")
    raise ValueError(f'expected a duration such as "30s", got {duration!r}')


@dataclass
class _Lease:
    token: str
    key: str
    state: Any
    messages: list
    outcomes: list = field(default_factory=list)  # of messages, in order, as JSON
    is_over: bool = False  # a message is retried: those behind it go back
    new_state: Optional[str] = None  # as JSON; None: nothing to say

    def complete(self) -> str:
        rest = ['{"release":true}'] * (len(self.messages) - len(self.outcomes))
        state = "" if self.new_state is None else ',"state":' + self.new_state
        return f'{{"lease":{_json(self.token)},"outcomes":[{",".join(self.outcomes + rest)}]{state}}}'

    def fail(self, reason: str) -> None:
        """In place of outcomes that the node cannot record."""
        self.outcomes = [_json(Retry(reason=reason)._outcome())]
        self.new_state = None


class _Stage:
    def __init__(self, name, path, handler, batch, lease, wait, has_state, concurrency):
        if batch is not None and not 1 <= batch <= _MESSAGES_MAX:
            raise ValueError(f"{name}: expected a batch of 1 to {_MESSAGES_MAX}, got {batch}")
        if concurrency < 1:
            raise ValueError(f"{name}: expected a concurrency of at least 1, got {concurrency}")
        if batch is not None and has_state:
            raise ValueError(f"{name}: a handler with state takes one message at a time")
        self.path = path
        self.name = name
        self.handler = handler
        self.batch = batch
        self.lease = lease
        self.lease_s = _seconds(lease, 1, 86400)
        self.wait = wait
        self.wait_s = _seconds(wait, 0, 60)
        self.has_state = has_state
        self.concurrency = concurrency
        self.turn = threading.Semaphore(concurrency)  # held while the handler is called


class Worker:
    """Runs handlers for the messages of stages and queues.

    `url`: of a node's HTTP API. With `all_nodes` the worker asks that node for the others, now and then, and
    all of them for messages, at the addresses that they have as `http` in /api/v1/cluster/members; without, it
    gets messages of the shards that the node of `url` serves. `name`: for people, in the node's log. `token`:
    of the API, if it wants one. A node that is away is asked again, for ever. `session`: when this process ends, or its connection
    to the node breaks, its messages are with others at once, and not only after `lease`; what it still says
    of them counts for nothing then.
    """

    def __init__(self, url: str, *, name: Optional[str] = None, token: Optional[str] = None,
                 session: bool = True, all_nodes: bool = True):
        self._url = url.rstrip("/")
        self._all_nodes = all_nodes
        self._nodes: set = set()  # URLs that are asked
        self._name = name or f"{socket.gethostname()}-{random.randrange(1 << 32):08x}"
        self._token = token
        self._session = session
        self._stages: list = []
        self._stopping = threading.Event()
        self._connections: set = set()
        self._held: dict = {}  # (URL, token) -> (lease in seconds, when it was last extended)
        self._lock = threading.Lock()
        self._has_held = threading.Condition(self._lock)

    def stage(
        self,
        name: str,
        *,
        batch: Optional[int] = None,
        lease: str = "30s",
        wait: str = "20s",
        state: bool = False,
        concurrency: int = 1,
    ) -> Callable:
        """Registers the decorated function as the handler of the stage "PIPELINE/STAGE".

        Without `batch` it is called with one Message; with `batch=N` with a list of 1 to N, no two of one
        key, and yields or returns an outcome for each, in order. An outcome is a dict (one output), an
        Output, a list of them, None (done, no output), Retry or Reject. With `state=True` it is called with a Message and
        the state of its key (None: none), and returns (outcome, new state); a new state of None removes it.

        A handler that raises has failed for all messages that it has no outcome for. `lease` is extended
        while the handler runs, so it only bounds how long others wait when this process dies.
        `concurrency`: threads that call the handler.
        """

        pipeline, _, stage = name.partition("/")
        if not pipeline or not stage:
            raise ValueError(f'expected "PIPELINE/STAGE", got {name!r}')
        path = f"/api/v1/stages/{_segment(pipeline)}/{_segment(stage)}/leases"
        return self._register(name, path, batch, lease, wait, state, concurrency)

    def queue(
        self,
        name: str,
        *,
        batch: Optional[int] = None,
        lease: str = "30s",
        wait: str = "20s",
        state: bool = False,
        concurrency: int = 1,
    ) -> Callable:
        """As stage(), for the queue of this name, which no stage reads and which has `leases = true` in the
        configuration. Outputs go to its queue of `outputs`; where it has several, an output is an Output."""
        path = f"/api/v1/queues/{_segment(name)}/leases"
        return self._register(name, path, batch, lease, wait, state, concurrency)

    def _register(self, name, path, batch, lease, wait, state, concurrency) -> Callable:
        def register(handler: Callable) -> Callable:
            self._stages.append(
                _Stage(name, path, handler, batch, lease, wait, state, concurrency)
            )
            return handler

        return register

    def run(self) -> None:
        """Runs the handlers until SIGTERM, SIGINT or stop(). Then takes nothing more, ends what runs, and
        gives the rest back. Signals are handled where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, lambda *_: self.stop())
        threading.Thread(target=self._extend, name="extend", daemon=True).start()
        threads = self._begin(self._url)
        looking = _Connection(self._url, self._token)
        self._connections.add(looking)
        while not self._stopping.is_set():
            for url in self._look(looking) if self._all_nodes else ():
                if url not in self._nodes:
                    threads += self._begin(url)
            threads = [thread for thread in threads if thread.is_alive()]
            self._stopping.wait(_LOOK_S)
        for thread in threads:
            thread.join()

    def _begin(self, url: str) -> list:
        """Begins to ask a node. Returns the threads that do."""
        self._nodes.add(url)
        threads = [
            threading.Thread(target=self._serve, args=(stage, url), name=stage.name)
            for stage in self._stages
            for _ in range(stage.concurrency)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _look(self, connection: _Connection) -> list:
        """URLs of the other nodes, as the node that is connected knows them. Nodes that have left are asked no
        more."""
        try:
            members = connection.get("/api/v1/cluster/members", 5)["members"]
        except (OSError, http.client.HTTPException, ServerError, ValueError, KeyError, _Stopped) as error:
            if not self._stopping.is_set():
                log.warning("cannot ask for the nodes of the cluster: %s", error)
                # Another one knows them as well.
                connection.move(random.choice(sorted(self._nodes)))
            return []
        scheme = urllib.parse.urlsplit(self._url).scheme
        is_first = connection.url == self._url
        others = {
            f"{scheme}://{member['http']}"
            for member in members
            if member.get("http") and member["state"] != "removed"
            and not (is_first and member.get("self"))
        }
        if is_first:
            self._nodes &= others | {self._url}
        return sorted(others)

    def stop(self) -> None:
        """Lets run() end. Any thread, or a signal handler."""
        self._stopping.set()
        for connection in list(self._connections):
            connection.close()

    # ---- One stage ----

    def _serve(self, stage: _Stage, url: str) -> None:
        asking = _Connection(url, self._token)
        telling = _Connection(url, self._token)
        self._connections.add(asking)
        pause = _Pause(self._stopping)
        asked = {"max": stage.batch or 32, "wait": stage.wait, "lease": stage.lease,
                 "session": self._session, "worker": self._name}
        while not self._stopping.is_set() and url in self._nodes:
            try:
                asking.move(url)  # from where the request before was redirected to
                answer = asking.post(stage.path, asked, stage.wait_s + 15)
                pause.reset()
            except _Stopped:
                break
            except (OSError, http.client.HTTPException, ServerError, ValueError) as error:
                if self._stopping.is_set():
                    break
                log.warning("%s: cannot ask %s for messages: %s", stage.name, url, error)
                pause.wait()
                continue
            if answer is not None:
                # A lease is good at the node that gave it, which is another one after a redirection.
                telling.move(asking.url)
                self._handle(stage, answer, telling)
        self._connections.discard(asking)

    def _handle(self, stage: _Stage, answer: dict, telling: _Connection) -> None:
        leases = [
            _Lease(
                one["lease"],
                one["key"],
                one.get("state"),
                [_message(message, one["key"]) for message in one["messages"]],
            )
            for one in answer["leases"]
        ]
        now = time.monotonic()
        node = telling.url
        with self._lock:
            self._held.update(((node, lease.token), (stage.lease_s, now)) for lease in leases)
            self._has_held.notify()
        try:
            with stage.turn:
                if stage.batch is not None:
                    self._call_batches(stage, leases)
                else:
                    for lease in leases:
                        self._call_each(stage, lease)
            self._tell(stage, leases, telling)
        except Exception:
            # Nothing that goes wrong may end the thread; the leases end with their time.
            log.exception("%s: outcomes are lost", stage.name)
        finally:
            with self._lock:
                for lease in leases:
                    self._held.pop((node, lease.token), None)

    def _call_each(self, stage: _Stage, lease: _Lease) -> None:
        state = lease.state
        for message in lease.messages:
            if self._stopping.is_set() or lease.is_over:
                return
            new_state = None
            try:
                if stage.has_state:
                    # A copy: what a handler that fails has done to it must not count.
                    result, after = stage.handler(message, copy.deepcopy(state))
                    new_state = _json(after)
                else:
                    result = stage.handler(message)
                outcome, is_done = _outcome(result)
            except Exception as error:  # whatever a handler raises is a failure of its message
                log.exception("%s: the handler failed for message %s", stage.name, message.id)
                outcome, is_done = _failure(error)
            lease.outcomes.append(outcome)
            lease.is_over = outcome.startswith('{"retry"')
            if is_done and new_state is not None:
                lease.new_state = new_state
                state = json.loads(new_state)

    # The messages of one key are in one lease: one of each lease in a call, so that no two of a key are.
    def _call_batches(self, stage: _Stage, leases: list) -> None:
        place = 0
        while not self._stopping.is_set():
            members = [
                lease for lease in leases if not lease.is_over and len(lease.messages) > place
            ]
            if not members:
                return
            outcomes: list = []
            missing = _failure("the handler gave no outcome for the message")
            try:
                for result in stage.handler([lease.messages[place] for lease in members]) or ():
                    try:
                        outcomes.append(_outcome(result))
                    except (TypeError, ValueError) as error:  # it is no JSON
                        log.error("%s: %s", stage.name, error)
                        outcomes.append(_failure(error))
            except Exception as error:
                log.exception("%s: the handler failed", stage.name)
                missing = _failure(error)
            if len(outcomes) > len(members):
                missing = _failure(
                    f"the handler gave {len(outcomes)} outcomes for {len(members)} messages"
                )
                outcomes = []
            for i, lease in enumerate(members):
                outcome, _ = outcomes[i] if i < len(outcomes) else missing
                lease.outcomes.append(outcome)
                lease.is_over = outcome.startswith('{"retry"')
            place += 1

    def _tell(self, stage: _Stage, leases: list, telling: _Connection) -> None:
        by_token = {lease.token: lease for lease in leases}
        for _ in range(2):
            body = '{"leases":[' + ",".join(lease.complete() for lease in by_token.values()) + "]}"
            answer = self._post_outcomes(stage, body.encode(), telling)
            refused = {}
            for one in answer["leases"] if answer else ():
                if one["result"] in ("invalid", "mismatch"):
                    detail = one.get("detail", "the outcomes do not fit to the lease")
                    log.error("%s: outcomes cannot be recorded: %s", stage.name, detail)
                    lease = by_token[one["lease"]]
                    lease.fail(detail)
                    refused[lease.token] = lease
                elif one["result"] == "lease_expired":
                    log.warning("%s: a lease has ended before its outcomes", stage.name)
            if not refused:
                return
            by_token = refused

    # An answer that was lost is asked for again; the lease's time bounds what that is good for.
    def _post_outcomes(self, stage: _Stage, body: bytes, telling: _Connection) -> Optional[dict]:
        until = time.monotonic() + stage.lease_s
        pause = _Pause(threading.Event())
        while True:
            try:
                return telling.post("/api/v1/leases/complete", body, 15)
            except (OSError, http.client.HTTPException, ServerError) as error:
                is_final = isinstance(error, ServerError) and error.status not in _AGAIN
                if is_final or time.monotonic() > until:
                    log.error("%s: the outcomes were not taken: %s", stage.name, error)
                    return None
                log.warning("%s: cannot tell outcomes: %s", stage.name, error)
                pause.wait()

    # ---- Leases ----

    def _extend(self) -> None:
        connections: dict = {}  # by URL
        while True:
            with self._lock:
                self._has_held.wait_for(lambda: self._held)
            time.sleep(0.1)
            now = time.monotonic()
            due: dict = {}
            with self._lock:
                for (node, token), (seconds, at) in self._held.items():
                    if now - at > seconds / 3:
                        due.setdefault((node, seconds), []).append(token)
            for (node, seconds), tokens in due.items():
                connection = connections.setdefault(node, _Connection(node, self._token))
                for i in range(0, len(tokens), _MESSAGES_MAX):
                    self._extend_some(connection, tokens[i : i + _MESSAGES_MAX], seconds, now)

    def _extend_some(self, connection: _Connection, tokens: list, seconds: float, now: float) -> None:
        body = {"leases": tokens, "by": f"{max(1, round(seconds))}s"}
        try:
            connection.post("/api/v1/leases/extend", body, 5)
        except (OSError, http.client.HTTPException, ServerError, ValueError) as error:
            log.warning("cannot extend leases: %s", error)
            return
        with self._lock:
            for token in tokens:
                if (connection.url, token) in self._held:
                    self._held[connection.url, token] = (seconds, now)


class _Pause:
    """Waits longer each time, up to 10 s, with jitter."""

    def __init__(self, stopping: threading.Event):
        self._stopping = stopping
        self._next_s = 0.1

    def reset(self) -> None:
        self._next_s = 0.1

    def wait(self) -> None:
        self._stopping.wait(self._next_s * random.uniform(0.5, 1.0))
        self._next_s = min(2 * self._next_s, _BACKOFF_MAX_S)


def _message(one: dict, key: str) -> Message:
    return Message(
        id=one["id"],
        key=key,
        payload=one["payload"],
        attempt=one["attempt"],
        call_id=one["call_id"],
        born_at=one.get("born_at"),
        expires_at=one.get("expires_at"),
        priority=one.get("priority", 4),
        headers=one.get("headers", {}),
    )


def _outcome(result: Any) -> tuple:
    """The outcome of a message as JSON, and whether it is done. Raises TypeError or ValueError for what is
    no JSON."""
    if isinstance(result, (Retry, Reject)):
        return _json(result._outcome()), False
    outputs = [] if result is None else result if isinstance(result, list) else [result]
    said = [
        one._json() if isinstance(one, Output) else {"payload": one} for one in outputs
    ]
    return _json({"outputs": said}), True


def _segment(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def _failure(error: Any) -> tuple:
    reason = error if isinstance(error, str) else repr(error)
    return _json(Retry(reason=reason)._outcome()), False


def define_queue(
    url: str,
    name: str,
    *,
    type: str = "json",
    key: str = "",
    token: Optional[str] = None,
    **options: Any,
) -> dict:
    """Defines a queue on all nodes of a cluster while they run, and returns what the node answers: `missing_nodes` get it later.

    `type`: "json" or "bytes"; `key`: where a message has its key, as a JSON pointer; `options`: `lease`, `attempts`,
    `retry_first`, `retry_max`. The same definition again changes nothing. Raises ServerError for another one of the name.
    """
    connection = _Connection(url, token)
    try:
        return connection.post("/api/v1/queues", {"name": name, "type": type, "key": key, **options}, 60)
    finally:
        connection.close()


def publish(
    url: str,
    queue: str,
    messages: Iterable,
    *,
    key: Optional[Callable[[Any], str]] = None,
    headers: Optional[Callable[[Any], dict]] = None,
    once: bool = True,
    token: Optional[str] = None,
) -> int:
    """Offers messages to a queue in their order, 256 at a time, and returns how many: all are durable then.

    `key`: of a message, for queues that take none from it; `headers`: of a message, texts by name. Messages that are not confirmed are offered again,
    for as long as it takes; with `once` under an idempotency key, so that none is queued twice. Raises
    ServerError for what can never be taken.
    """
    connection = _Connection(url, token)
    path = f"/api/v1/queues/{_segment(queue)}/messages"
    count = 0
    lines: list = []
    for message in messages:
        line = {"payload": message}
        if key is not None:
            line["key"] = key(message)
        if headers is not None:
            line["headers"] = headers(message)
        if once:
            line["idempotency_key"] = uuid.uuid4().hex
        lines.append(_json(line))
        if len(lines) == 256:
            _offer(connection, path, lines)
            count += len(lines)
            lines = []
    if lines:
        _offer(connection, path, lines)
    return count + len(lines)


def _offer(connection: _Connection, path: str, lines: list) -> None:
    pause = _Pause(threading.Event())
    while lines:
        try:
            connection.post(path, "\n".join(lines).encode(), 15, Content_Type="application/x-ndjson")
            return
        except ServerError as error:
            if error.status not in _AGAIN:
                raise
            # Only what was refused: the rest is durable.
            if len(error.messages) == len(lines):
                lines = [line for line, one in zip(lines, error.messages) if "code" in one]
            log.warning("cannot offer: %s", error)
        except (OSError, http.client.HTTPException) as error:
            log.warning("cannot offer: %s", error)
        pause.wait()
