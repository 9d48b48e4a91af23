// What the page knows of the cluster: the newest answers, and the history of this tab.
import { get } from './api.js';

const HISTORY_MS = 15 * 60_000;

export const model = {
  status: null, members: [], queues: [], stages: [], pipelines: [], pauses: [],
  missing: [],           // nodes that did not answer
  at: 0,                 // time of the newest answers
  rates: new Map(),      // by queue: {offered, acked} a second
  stageRates: new Map(), // by "pipeline/stage": {acked, failed} a second
  history: [],           // [time, {offered, acked, queued}] of all work queues
  depth: new Map(),      // by queue: [time, queued]
};

let before = null;

const total = (rows, name) => rows.reduce((sum, row) => sum + (row[name] ?? 0), 0);

/** Queues that work goes through: neither outboxes nor dead letters. */
export function workQueues() {
  return model.queues.filter((queue) => !queue.outbox && !queue.dead_letters);
}

export function deadQueues() {
  return model.queues.filter((queue) => queue.dead_letters);
}

function perSecond(now, old, seconds) {
  // A counter that falls began anew with its node.
  return old === undefined || now < old || seconds <= 0 ? null : (now - old) / seconds;
}

/** The rows of all nodes of one stage as one. */
export function stagesByName() {
  const stages = new Map();
  for (const row of model.stages) {
    const name = `${row.pipeline}/${row.stage}`;
    const sum = stages.get(name) ?? { name, acked: 0, retried: 0, rejected: 0, failed: 0, postponed: 0, overran: 0, open: [], trips: 0 };
    for (const field of ['acked', 'retried', 'rejected', 'failed', 'postponed', 'overran']) sum[field] += row[field];
    sum.trips += row.breaker.trips;
    if (row.breaker.state !== 'closed') sum.open.push(row.node);
    stages.set(name, sum);
  }
  return stages;
}

export async function refresh() {
  const [status, members, queues, stages, pauses, pipelines] = await Promise.all(
    ['status', 'cluster/members', 'queues', 'stages', 'pauses', 'pipelines'].map((path) => get(path)));
  const now = Date.now();
  Object.assign(model, {
    status, members: members.members, queues: queues.queues, stages: stages.stages, pauses: pauses.pauses,
    pipelines: pipelines.pipelines, missing: queues.missing_nodes ?? [], at: now,
  });
  const byQueue = new Map(model.queues.map((queue) => [queue.queue, queue]));
  const byStage = stagesByName();
  if (before) {
    const seconds = (now - before.at) / 1000;
    for (const [name, queue] of byQueue) {
      const old = before.byQueue.get(name);
      model.rates.set(name, {
        offered: perSecond(queue.offered, old?.offered, seconds), acked: perSecond(queue.acked, old?.acked, seconds),
      });
    }
    for (const [name, stage] of byStage) {
      const old = before.byStage.get(name);
      const bad = (one) => (one ? one.failed + one.retried + one.rejected + one.postponed : undefined);
      model.stageRates.set(name, {
        acked: perSecond(stage.acked, old?.acked, seconds), failed: perSecond(bad(stage), bad(old), seconds),
      });
    }
  }
  before = { at: now, byQueue, byStage };
  for (const [name, queue] of byQueue) {
    const points = model.depth.get(name) ?? [];
    points.push([now, queue.queued]);
    while (points[0][0] < now - HISTORY_MS) points.shift();
    model.depth.set(name, points);
  }
  const work = workQueues();
  const sum = (field) => work.reduce((all, queue) => all + (model.rates.get(queue.queue)?.[field] ?? 0), 0);
  model.history.push([now, { offered: sum('offered'), acked: sum('acked'), queued: total(work, 'queued') }]);
  while (model.history[0][0] < now - HISTORY_MS) model.history.shift();
}

/** What somebody should look at: [kind, text, link]. */
export function alarms() {
  const found = [];
  const { status } = model;
  if (status?.storage_full) found.push(['bad', `The disk of ${status.node} is short of room: new messages are refused`, '#/cluster']);
  if (status?.certificates_end_soon) found.push(['warn', `Certificates of ${status.node} end at ${status.certificates_end}`, '#/cluster']);
  for (const node of model.missing) found.push(['bad', `Node ${node.node} does not answer: ${node.reason}`, '#/cluster']);
  for (const member of model.members) {
    if (member.unreachable) found.push(['bad', `Node ${member.node} is unreachable`, '#/cluster']);
  }
  for (const [name, stage] of stagesByName()) {
    if (stage.open.length) found.push(['bad', `Stage ${name} fails: its breaker is open on ${stage.open.join(', ')}`, '#/pipelines']);
  }
  for (const queue of model.queues) {
    const link = `#/queues/${encodeURIComponent(queue.queue)}`;
    if (queue.above_high_water) found.push(['warn', `Queue ${queue.queue} is above its high water: those before it wait`, link]);
    if (queue.unanswered) found.push(['warn', `${queue.unanswered} shards of ${queue.queue} have not answered`, link]);
    if (queue.paused_shards) found.push(['warn', `Queue ${queue.queue} is paused`, link]);
    else if (queue.paused_keys) found.push(['warn', `${queue.paused_keys} keys of ${queue.queue} are paused`, link]);
    if (queue.dead_letters && queue.queued) {
      found.push(['warn', `${queue.queued.toLocaleString('en')} dead letters in ${queue.queue}`, `#/dead/${encodeURIComponent(queue.queue)}`]);
    }
  }
  return found;
}
