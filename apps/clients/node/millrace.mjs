// A worker for external stages of Millrace: handlers in JavaScript, with the guarantees of a C++ stage.
//
//     import { Reject, Retry, Worker } from './millrace.mjs';
//
//     const worker = new Worker('http://localhost:8400');
//     worker.stage('thumbnails/resize', { batch: 32 }, async (images) =>
//       images.map((image) => ({ owner: image.payload.owner, width: 128 })));
//     await worker.run(); // until SIGTERM
//
// What a handler returns for a message becomes durable in one record with the message's end, or not at
// all. A handler may run again for the same message, after a crash or where its lease has ended: for calls
// to other systems, pass `message.callId` on, which is the same every time.
//
// A queue that no stage reads, and whose configuration has `leases = true`, is read in the same way:
// `worker.queue('thumbnails.made', {}, (thumbnail) => …)`.
//
// A worker reads the shards of all nodes of the cluster, whichever of them it is given.
//
// One file, no packages, Node 18 or later. Handlers may be async; of each stage `concurrency` run at once.
// Integers beyond 2^53 lose digits, as JSON.parse reads them so: let senders write them as strings.
import { randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { hostname } from 'node:os';

const MESSAGES_MAX = 1000; // of a request, and tokens of one
const BACKOFF_MAX_MS = 10_000;
const REDIRECTS_MAX = 5;
const LOOK_MS = 5_000; // between two looks at which nodes the cluster has
const AGAIN = new Set([408, 429, 500, 502, 503, 504]); // statuses after which the same request may do

/**
 * The message has failed: it is handled again, after `after` ("5s") or as its stage says. With `counts: false`
 * it has not failed, whatever number of times: what the handler needs said "later".
 */
export class Retry {
  constructor({ after, reason = '', counts = true } = {}) {
    this.after = after;
    this.reason = reason;
    this.counts = counts;
  }
}

/** No retry can help: the message becomes a dead letter. */
export class Reject {
  constructor(reason = '') {
    this.reason = reason;
  }
}

/** An output for one of several queues, or under a key of its own, where its queue takes none from it; or with
 * headers, its own or those of the message (`inheritHeaders`). */
export class Output {
  constructor(payload, { queue, key, headers, inheritHeaders } = {}) {
    this.payload = payload;
    if (queue !== undefined) this.queue = queue;
    if (key !== undefined) this.key = key;
    if (headers !== undefined) this.headers = headers;
    if (inheritHeaders !== undefined) this.inheritHeaders = inheritHeaders;
  }

  /** What the API takes. */
  said() {
    const { inheritHeaders, ...said } = this;
    return inheritHeaders ? { ...said, inherit_headers: true } : said;
  }
}

/** The node refused a request: `status` and `detail` are of its answer, `messages` what became of each. */
export class ServerError extends Error {
  constructor(status, detail, messages = []) {
    super(`${status}: ${detail}`);
    this.status = status;
    this.detail = detail;
    this.messages = messages;
  }
}

const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    if (signal?.aborted) done();
    signal?.addEventListener('abort', done);
  });

/** Waits longer each time, up to 10 s, with jitter. */
class Backoff {
  constructor(signal) {
    this.signal = signal;
    this.reset();
  }
  reset() {
    this.next = 100;
  }
  async wait() {
    await pause(this.next * (0.5 + Math.random() / 2), this.signal);
    this.next = Math.min(2 * this.next, BACKOFF_MAX_MS);
  }
}

function seconds(duration, least, most) {
  const match = /^(\d+)(us|ms|s|m|h|d)$/.exec(duration);
  const unit = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
  const value = match ? Number(match[1]) * unit[match[2]] : NaN;
  if (value >= least && value <= most) return value;
  throw new RangeError(
    `expected a duration such as "30s", from ${least} s to ${most} s, got ${JSON.stringify(duration)}`,
  );
}

/** Requests to one node, one after the other on one connection that is kept: leases may end with it. */
class Connection {
  #token;
  #agents;

  constructor(url, token) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    const kept = { keepAlive: true, maxSockets: 1 };
    this.#agents = { 'http:': new http.Agent(kept), 'https:': new https.Agent(kept) };
  }

  /** The answer's JSON; null for 204. Rejects with a ServerError, or as http.request() does. Follows to the node
   * that a 307 names, where the next request goes as well. */
  async ask(method, path, body, { timeoutMs, signal, type = 'application/json' }) {
    for (let i = 0; i < REDIRECTS_MAX; ++i) {
      const { status, location, text } = await this.#once(method, path, body, timeoutMs, signal, type);
      if (status === 204) return null;
      if (status >= 200 && status < 300) return JSON.parse(text);
      if (status !== 307) throw refusal(status, text);
      const place = new URL(location);
      this.url = place.origin;
      path = place.pathname + place.search;
    }
    throw new ServerError(307, 'too many redirects');
  }

  post(path, body, options) {
    return this.ask('POST', path, body, options);
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #once(method, path, body, timeoutMs, signal, type) {
    const place = new URL(this.url);
    const headers = {};
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (method === 'POST') {
      headers['Content-Type'] = type;
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const request = (place.protocol === 'https:' ? https : http).request(
        this.url + path,
        { method, headers, signal, agent: this.#agents[place.protocol] },
        (answer) => {
          const parts = [];
          answer.on('data', (part) => parts.push(part));
          answer.on('error', fail);
          answer.on('end', () => {
            clearTimeout(timer);
            const text = Buffer.concat(parts).toString();
            resolve({ status: answer.statusCode, location: answer.headers.location, text });
          });
        },
      );
      const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
      function fail(error) {
        clearTimeout(timer);
        reject(error);
      }
      request.on('error', fail);
      request.end(method === 'POST' ? body : undefined);
    });
  }
}

/** Lets so many run at a time, and others wait. */
class Turns {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async take(run) {
    if (this.#free > 0) --this.#free;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else ++this.#free;
    }
  }
}

function refusal(status, text) {
  try {
    const problem = JSON.parse(text);
    return new ServerError(status, String(problem.detail ?? ''), problem.messages ?? []);
  } catch {
    return new ServerError(status, text.slice(0, 200));
  }
}

function outcomeOf(result) {
  if (result instanceof Retry) {
    const retry = { reason: result.reason };
    if (result.after !== undefined) retry.after = result.after;
    if (!result.counts) retry.counts = false;
    return { outcome: { retry }, isDone: false };
  }
  if (result instanceof Reject) return { outcome: { reject: { reason: result.reason } }, isDone: false };
  const outputs = result === undefined || result === null ? [] : Array.isArray(result) ? result : [result];
  const said = outputs.map((output) => (output instanceof Output ? output.said() : { payload: output }));
  for (const { payload } of said) {
    if (JSON.stringify(payload) === undefined) throw new TypeError('the handler returned what is no JSON');
  }
  return { outcome: { outputs: said }, isDone: true };
}

const failure = (error) => ({
  outcome: { retry: { reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) } },
  isDone: false,
});

class Lease {
  constructor(one) {
    this.token = one.lease;
    this.key = one.key;
    this.state = one.state ?? null;
    this.messages = one.messages.map((message) =>
      Object.freeze({
        id: message.id,
        key: one.key,
        payload: message.payload,
        attempt: message.attempt,
        callId: message.call_id,
        bornAt: message.born_at,
        expiresAt: message.expires_at,
        priority: message.priority,
        headers: Object.freeze(message.headers ?? {}),
      }),
    );
    this.outcomes = [];
    this.isOver = false; // a message is retried: those behind it go back
    this.newState = undefined; // undefined: nothing to say
  }

  add({ outcome }) {
    this.outcomes.push(outcome);
    this.isOver = outcome.retry !== undefined;
  }

  said() {
    const rest = this.messages.slice(this.outcomes.length).map(() => ({ release: true }));
    const said = { lease: this.token, outcomes: [...this.outcomes, ...rest] };
    if (this.newState !== undefined) said.state = this.newState;
    return said;
  }

  /** In place of outcomes that the node cannot record. */
  fail(reason) {
    this.outcomes = [{ retry: { reason } }];
    this.newState = undefined;
  }
}

/**
 * Runs handlers for the messages of stages and queues. `url`: of a node's HTTP API, which is asked again, for
 * ever, while it is away. With `allNodes` the worker asks that node for the others, now and then, and all of them
 * for messages, at the addresses that they have as `http` in /api/v1/cluster/members; without, it gets messages of
 * the shards that the node of `url` serves. `token`: of the API, if it wants one. `session`: when this process
 * ends, or its connection to the node breaks, its messages are with others at once, and not only after `lease`.
 * `log`: gets a line for each thing that goes wrong.
 */
export class Worker {
  #url;
  #allNodes;
  #nodes = new Set(); // URLs that are asked
  #loops = new Set(); // promises, one for each loop of a stage at a node
  #token;
  #name;
  #session;
  #log;
  #stages = [];
  #stopping = new AbortController();
  #held = new Set(); // { node, token, seconds, at }
  #extending = undefined; // a timer, while anything is held
  #extenders = new Map(); // connections, by node

  constructor(
    url,
    { name, token, session = true, allNodes = true, log = (line) => console.error(line) } = {},
  ) {
    this.#url = url.replace(/\/+$/, '');
    this.#allNodes = allNodes;
    this.#token = token;
    this.#name = name ?? `${hostname()}-${randomBytes(4).toString('hex')}`;
    this.#session = session;
    this.#log = log;
  }

  /**
   * Registers the handler of the stage "PIPELINE/STAGE".
   *
   * Without `batch` it is called with one message; with `batch: N` with an array of 1 to N, no two of one
   * key, and returns an array with an outcome for each, in order. An outcome is an object (one output), an
   * Output, an array of them, null or undefined (done, no output), a Retry or a Reject. With `state: true` it is called
   * with a message and the state of its key (null: none), and returns [outcome, new state]; a new state of
   * null removes it. A handler that throws has failed for its messages. `lease` is extended while the handler
   * runs, so it only bounds how long others wait when this process dies.
   */
  stage(name, options, handler) {
    const [pipeline, stage, more] = name.split('/');
    if (!pipeline || !stage || more !== undefined) {
      throw new RangeError(`expected "PIPELINE/STAGE", got ${JSON.stringify(name)}`);
    }
    const path = `/api/v1/stages/${encodeURIComponent(pipeline)}/${encodeURIComponent(stage)}/leases`;
    return this.#register(name, path, options, handler);
  }

  /**
   * As stage(), for the queue of this name, which no stage reads and which has `leases = true` in the
   * configuration. Outputs go to its queue of `outputs`; where it has several, an output is an Output.
   */
  queue(name, options, handler) {
    return this.#register(name, `/api/v1/queues/${encodeURIComponent(name)}/leases`, options, handler);
  }

  #register(name, path, options, handler) {
    const { batch, lease = '30s', wait = '20s', state = false, concurrency = 1 } = options;
    if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1 && batch <= MESSAGES_MAX)) {
      throw new RangeError(`${name}: expected a batch of 1 to ${MESSAGES_MAX}, got ${batch}`);
    }
    if (batch !== undefined && state) {
      throw new RangeError(`${name}: a handler with state takes one message at a time`);
    }
    this.#stages.push({
      name,
      handler,
      batch,
      lease,
      wait,
      state,
      concurrency,
      turns: new Turns(concurrency),
      leaseS: seconds(lease, 1, 86400),
      waitS: seconds(wait, 0, 60),
      path,
    });
    return this;
  }

  /** Runs the handlers until SIGTERM, SIGINT or stop(). Then takes nothing more, ends what runs, and gives the
   * rest back. */
  async run() {
    const stop = () => this.stop();
    process.once('SIGTERM', stop).once('SIGINT', stop);
    const looking = new Connection(this.#url, this.#token);
    try {
      this.#begin(this.#url);
      while (!this.#stopping.signal.aborted) {
        if (this.#allNodes) await this.#look(looking);
        await pause(LOOK_MS, this.#stopping.signal);
      }
      await Promise.all(this.#loops);
    } finally {
      looking.close();
      for (const connection of this.#extenders.values()) connection.close();
      process.off('SIGTERM', stop).off('SIGINT', stop);
    }
  }

  /** Lets run() end. */
  stop() {
    this.#stopping.abort();
  }

  /** Begins to ask a node. */
  #begin(url) {
    this.#nodes.add(url);
    for (const stage of this.#stages) {
      for (let i = 0; i < stage.concurrency; ++i) {
        const loop = this.#serve(stage, url).finally(() => this.#loops.delete(loop));
        this.#loops.add(loop);
      }
    }
  }

  /** Begins to ask the nodes that have come, and asks those that have left no more. */
  async #look(connection) {
    let members;
    try {
      const options = { timeoutMs: 5000, signal: this.#stopping.signal };
      ({ members } = await connection.ask('GET', '/api/v1/cluster/members', undefined, options));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#log(`cannot ask for the nodes of the cluster: ${error.message}`);
      // Another one knows them as well.
      const nodes = [...this.#nodes];
      connection.url = nodes[Math.floor(Math.random() * nodes.length)];
      return;
    }
    const { protocol } = new URL(this.#url);
    const isFirst = connection.url === this.#url;
    const others = new Set(
      members
        .filter((member) => member.http && member.state !== 'removed' && !(isFirst && member.self))
        .map((member) => `${protocol}//${member.http}`),
    );
    if (isFirst) {
      for (const url of this.#nodes) if (url !== this.#url && !others.has(url)) this.#nodes.delete(url);
    }
    for (const url of others) if (!this.#nodes.has(url)) this.#begin(url);
  }

  async #serve(stage, url) {
    const asking = new Connection(url, this.#token);
    const telling = new Connection(url, this.#token);
    const backoff = new Backoff(this.#stopping.signal);
    const body = JSON.stringify({
      max: stage.batch ?? 32,
      wait: stage.wait,
      lease: stage.lease,
      session: this.#session,
      worker: this.#name,
    });
    while (!this.#stopping.signal.aborted && this.#nodes.has(url)) {
      let answer;
      try {
        asking.url = url; // from where the request before was redirected to
        answer = await asking.post(stage.path, body, {
          timeoutMs: (stage.waitS + 15) * 1000,
          signal: this.#stopping.signal,
        });
        backoff.reset();
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#log(`${stage.name}: cannot ask ${url} for messages: ${error.message}`);
        await backoff.wait();
        continue;
      }
      // A lease is good at the node that gave it, which is another one after a redirection.
      telling.url = asking.url;
      if (answer) await this.#handle(stage, answer, telling);
    }
    asking.close();
    telling.close();
  }

  async #handle(stage, answer, telling) {
    const leases = answer.leases.map((one) => new Lease(one));
    const at = Date.now();
    const held = leases.map(({ token }) => ({ node: telling.url, token, seconds: stage.leaseS, at }));
    for (const one of held) this.#held.add(one);
    this.#extending ??= setInterval(() => this.#extend(), 100);
    try {
      await stage.turns.take(async () => {
        if (stage.batch !== undefined) {
          await this.#callBatches(stage, leases);
        } else {
          for (const lease of leases) await this.#callEach(stage, lease);
        }
      });
      await this.#tell(stage, leases, telling);
    } catch (error) {
      // Nothing that goes wrong may end the loop; the leases end with their time.
      this.#log(`${stage.name}: outcomes are lost: ${error.stack ?? error}`);
    } finally {
      for (const one of held) this.#held.delete(one);
      if (this.#held.size === 0) {
        clearInterval(this.#extending);
        this.#extending = undefined;
      }
    }
  }

  async #callEach(stage, lease) {
    let state = lease.state;
    for (const message of lease.messages) {
      if (this.#stopping.signal.aborted || lease.isOver) return;
      let outcome;
      let after;
      try {
        if (stage.state) {
          // A copy: what a handler that fails has done to it must not count.
          const returned = await stage.handler(message, structuredClone(state));
          if (!Array.isArray(returned) || returned.length !== 2) {
            throw new TypeError('expected the handler to return [outcome, new state]');
          }
          const text = JSON.stringify(returned[1]);
          if (text === undefined) throw new TypeError('expected a new state that is JSON, or null');
          after = JSON.parse(text);
          outcome = outcomeOf(returned[0]);
        } else {
          outcome = outcomeOf(await stage.handler(message));
        }
      } catch (error) {
        this.#log(`${stage.name}: the handler failed for message ${message.id}: ${error.stack ?? error}`);
        outcome = failure(error);
      }
      lease.add(outcome);
      if (outcome.isDone && stage.state) lease.newState = state = after;
    }
  }

  // The messages of one key are in one lease: one of each lease in a call, so that no two of a key are.
  async #callBatches(stage, leases) {
    for (let place = 0; !this.#stopping.signal.aborted; ++place) {
      const members = leases.filter((lease) => !lease.isOver && lease.messages.length > place);
      if (members.length === 0) return;
      let outcomes;
      try {
        const results = (await stage.handler(members.map((lease) => lease.messages[place]))) ?? [];
        if (results.length !== members.length) {
          throw new RangeError(`the handler gave ${results.length} outcomes for ${members.length} messages`);
        }
        outcomes = results.map((result) => {
          try {
            return outcomeOf(result);
          } catch (error) {
            return failure(error);
          }
        });
      } catch (error) {
        this.#log(`${stage.name}: the handler failed: ${error.stack ?? error}`);
        outcomes = members.map(() => failure(error));
      }
      members.forEach((lease, i) => lease.add(outcomes[i]));
    }
  }

  async #tell(stage, leases, telling) {
    let left = new Map(leases.map((lease) => [lease.token, lease]));
    for (let round = 0; round < 2 && left.size > 0; ++round) {
      const body = JSON.stringify({ leases: [...left.values()].map((lease) => lease.said()) });
      const answer = await this.#postOutcomes(stage, body, telling);
      const refused = new Map();
      for (const one of answer?.leases ?? []) {
        if (one.result === 'invalid' || one.result === 'mismatch') {
          const detail = one.detail ?? 'the outcomes do not fit to the lease';
          this.#log(`${stage.name}: outcomes cannot be recorded: ${detail}`);
          const lease = left.get(one.lease);
          lease.fail(detail);
          refused.set(lease.token, lease);
        } else if (one.result === 'lease_expired') {
          this.#log(`${stage.name}: a lease has ended before its outcomes`);
        }
      }
      left = refused;
    }
  }

  // An answer that was lost is asked for again; the lease's time bounds what that is good for.
  async #postOutcomes(stage, body, telling) {
    const until = Date.now() + stage.leaseS * 1000;
    const backoff = new Backoff();
    for (;;) {
      try {
        return await telling.post('/api/v1/leases/complete', body, { timeoutMs: 15_000 });
      } catch (error) {
        const isFinal = error instanceof ServerError && !AGAIN.has(error.status);
        if (isFinal || Date.now() > until) {
          this.#log(`${stage.name}: the outcomes were not taken: ${error.message}`);
          return null;
        }
        this.#log(`${stage.name}: cannot tell outcomes: ${error.message}`);
        await backoff.wait();
      }
    }
  }

  #extend() {
    const now = Date.now();
    const due = new Map(); // node and seconds -> what is held
    for (const held of this.#held) {
      if (now - held.at <= (held.seconds * 1000) / 3) continue;
      held.at = now;
      const group = `${held.seconds} ${held.node}`;
      due.set(group, [...(due.get(group) ?? []), held]);
    }
    for (const held of due.values()) {
      for (let i = 0; i < held.length; i += MESSAGES_MAX) this.#extendSome(held.slice(i, i + MESSAGES_MAX));
    }
  }

  async #extendSome(held) {
    const [{ node, seconds: leaseS }] = held;
    const body = JSON.stringify({
      leases: held.map(({ token }) => token),
      by: `${Math.max(1, Math.round(leaseS))}s`,
    });
    if (!this.#extenders.has(node)) this.#extenders.set(node, new Connection(node, this.#token));
    try {
      await this.#extenders.get(node).post('/api/v1/leases/extend', body, { timeoutMs: 5000 });
    } catch (error) {
      this.#log(`cannot extend leases: ${error.message}`);
      for (const one of held) one.at -= (leaseS * 1000) / 6; // again soon
    }
  }
}

/**
 * Defines a queue on all nodes of a cluster while they run; resolves to what the node answers: `missing_nodes` get it later.
 * `type`: 'json' or 'bytes'; `key`: where a message has its key, as a JSON pointer; also `lease`, `attempts`, `retry_first` and
 * `retry_max`. The same definition again changes nothing. Rejects for another one of the name.
 */
export async function defineQueue(url, name, { token, ...options } = {}) {
  const connection = new Connection(url, token);
  try {
    return await connection.post('/api/v1/queues', JSON.stringify({ name, ...options }), { timeoutMs: 60_000 });
  } finally {
    connection.close();
  }
}

/**
 * Offers messages to a queue in their order, 256 at a time, and resolves to how many: all are durable then.
 * `key`: of a message, for queues that take none from it; `headers`: of a message, texts by name. What is not confirmed is offered again; with `once`
 * under an idempotency key, so that none is queued twice. Rejects for what can never be taken.
 */
export async function publish(url, queue, messages, { key, headers, once = true, token, log = () => {} } = {}) {
  const connection = new Connection(url, token);
  const path = `/api/v1/queues/${encodeURIComponent(queue)}/messages`;
  let count = 0;
  let lines = [];
  const flush = async () => {
    count += lines.length;
    await offer(connection, path, lines, log);
    lines = [];
  };
  try {
    for await (const message of messages) {
      const line = { payload: message };
      if (key) line.key = key(message);
      if (headers) line.headers = headers(message);
      if (once) line.idempotency_key = randomUUID();
      lines.push(JSON.stringify(line));
      if (lines.length === 256) await flush();
    }
    if (lines.length > 0) await flush();
  } finally {
    connection.close();
  }
  return count;
}

async function offer(connection, path, lines, log) {
  const backoff = new Backoff();
  while (lines.length > 0) {
    try {
      await connection.post(path, lines.join('\n'), { timeoutMs: 15_000, type: 'application/x-ndjson' });
      return;
    } catch (error) {
      if (error instanceof ServerError) {
        if (!AGAIN.has(error.status)) throw error;
        // Only what was refused: the rest is durable.
        if (error.messages.length === lines.length) lines = lines.filter((_, i) => 'code' in error.messages[i]);
      }
      log(`cannot offer: ${error.message}`);
      await backoff.wait();
    }
  }
}
