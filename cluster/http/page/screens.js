// What each screen shows: functions from the model, and from what the screen has asked for, to elements.
import { age, cards, count, line, make, rate, table } from './dom.js';
import { alarms, deadQueues, model, stagesByName, workQueues } from './model.js';

const queueLink = (name) => make('a', { href: `#/queues/${encodeURIComponent(name)}` }, name);
const sum = (rows, name) => rows.reduce((all, row) => all + (row[name] ?? 0), 0);

function button(text, onclick, kind) {
  return make('button', { type: 'button', class: kind ?? null, onclick }, text);
}

function queueState(queue) {
  if (queue.paused_shards) return make('span', { class: 'warn' }, 'paused');
  if (queue.above_high_water) return make('span', { class: 'warn' }, 'above high water');
  if (queue.blocked) return make('span', { class: 'warn' }, 'waits for the next queue');
  if (queue.unanswered) return make('span', { class: 'warn' }, `${queue.unanswered} shards missing`);
  return make('span', { class: 'dim' }, 'ok');
}

export function overview() {
  const work = workQueues();
  const dead = sum(deadQueues(), 'queued');
  const oldest = Math.max(-1, ...work.map((queue) => queue.oldest_age_s ?? -1));
  const found = alarms();
  const points = (field) => model.history.map(([time, values]) => [time, values[field]]);
  const now = model.history.at(-1)?.[1];
  return [
    make('h1', {}, 'Overview'),
    cards([
      ['accepted', count(sum(work, 'offered'))],
      ['done', count(sum(work, 'acked'))],
      ['waiting', count(sum(work, 'queued'))],
      ['being handled', count(sum(work, 'in_flight'))],
      ['dead letters', count(dead), dead ? 'warn' : null],
      ['accepted a second', rate(model.rates.size ? now?.offered : null)],
      ['done a second', rate(model.rates.size ? now?.acked : null)],
      ['oldest waiting', age(oldest < 0 ? null : oldest)],
    ]),
    make('h2', {}, 'Alarms'),
    found.length
      ? make('ul', { class: 'alarms' }, found.map(([kind, text, link]) => make('li', { class: kind }, make('a', { href: link, class: kind }, text))))
      : make('p', { class: 'good' }, 'None.'),
    make('h2', {}, 'The last 15 minutes, as long as this page is open'),
    line('accepted a second', points('offered')),
    line('done a second', points('acked')),
    line('waiting', points('queued')),
  ];
}

export function pipelines(_, actions) {
  const stages = stagesByName();
  const depth = new Map(model.queues.map((queue) => [queue.queue, queue]));
  const all = [];
  for (const pipeline of model.pipelines) {
    // The slowest is the one before which most waits.
    const waiting = pipeline.stages.map((stage) => depth.get(stage.source)?.queued ?? 0);
    const most = Math.max(...waiting);
    all.push(make('h2', {}, pipeline.pipeline), make('ol', { class: 'stages' }, pipeline.stages.map((stage, i) => {
      const name = `${pipeline.pipeline}/${stage.stage}`;
      const counts = stages.get(name);
      const rates = model.stageRates.get(name);
      const isOpen = Boolean(counts?.open.length);
      const isSlow = most > 0 && waiting[i] === most;
      const isPaused = Boolean(depth.get(stage.source)?.paused_shards);
      return make('li', { class: isOpen ? 'open' : isSlow || isPaused ? 'slow' : null },
        make('strong', {}, stage.stage),
        make('span', {}, queueLink(stage.source), ` ${count(waiting[i])} wait`),
        make('span', {}, `${rate(rates?.acked)}/s done`),
        make('span', { class: rates?.failed ? 'bad' : null }, `${rate(rates?.failed)}/s not`),
        stage.targets.length ? make('span', {}, '→ ', stage.targets.flatMap((target, n) => [n ? ', ' : null, queueLink(target)])) : null,
        isOpen ? make('span', { class: 'bad' }, `breaker open on ${counts.open.join(', ')}`) : null,
        isPaused ? make('span', { class: 'warn' }, 'paused') : null,
        isSlow && !isPaused ? make('span', { class: 'warn' }, 'most waits here') : null,
        isPaused ? button(`Resume ${stage.stage}`, () => actions.resume({ stage: name }))
          : button(`Pause ${stage.stage}`, () => actions.pause({ stage: name })));
    })));
  }
  return [make('h1', {}, 'Pipelines'), all.length ? all : make('p', {}, 'This node runs no pipeline.')];
}

const queueColumns = [
  { name: 'queue', title: 'queue', of: (row) => queueLink(row.queue) },
  { name: 'queued', title: 'waiting', number: true, of: (row) => count(row.queued) },
  { name: 'in_flight', title: 'being handled', number: true, of: (row) => count(row.in_flight) },
  { name: 'in', title: 'in/s', number: true, of: (row) => rate(model.rates.get(row.queue)?.offered), sort: (row) => model.rates.get(row.queue)?.offered },
  { name: 'out', title: 'done/s', number: true, of: (row) => rate(model.rates.get(row.queue)?.acked), sort: (row) => model.rates.get(row.queue)?.acked },
  { name: 'oldest_age_s', title: 'oldest', number: true, of: (row) => age(row.oldest_age_s) },
  { name: 'dead', title: 'dead', number: true, of: (row) => count(row.dead) },
  { name: 'state', title: 'state', of: queueState, sort: (row) => (row.paused_shards || row.above_high_water || row.blocked ? 1 : 0) },
];

export function queues(screen, actions) {
  return [
    make('h1', {}, 'Queues'),
    table('Work queues of all nodes', queueColumns, workQueues(), screen.order ?? { name: 'queue' }, actions.sortBy),
  ];
}

export function queue(screen, actions) {
  const row = model.queues.find((one) => one.queue === screen.name);
  if (!row) return [make('h1', {}, screen.name), make('p', {}, 'No node has a queue of this name.')];
  const isPaused = Boolean(row.paused_shards);
  const pauses = model.pauses.filter((pause) => pause.queue === row.queue);
  return [
    make('h1', {}, row.queue),
    make('p', { class: 'dim' }, `${row.type || 'several types'}, ${row.shards} shards on ${row.nodes.map((node) => node.node).join(', ')}`),
    cards([
      ['accepted', count(row.offered)], ['done', count(row.acked)], ['waiting', count(row.queued), row.queued ? null : 'dim'],
      ['being handled', count(row.in_flight)], ['dead', count(row.dead)], ['timers', count(row.timers)],
      ['in a second', rate(model.rates.get(row.queue)?.offered)], ['oldest', age(row.oldest_age_s)],
    ]),
    make('div', { class: 'actions' },
      isPaused ? button('Resume', () => actions.resume({ queue: row.queue })) : button('Pause', () => actions.pause({ queue: row.queue })),
      row.dead_letters ? null : button('Publish a message', () => actions.publish(row.queue)),
      button('Show the first messages', () => actions.peek(row.queue))),
    pauses.length ? table('Paused', [
      { name: 'shard', title: 'shard', number: true }, { name: 'key', title: 'key' }, { name: 'since', title: 'since' },
      { name: 'until', title: 'until' }, { name: 'by', title: 'by' }, { name: 'reason', title: 'reason', text: true },
    ], pauses) : null,
    line('waiting', model.depth.get(row.queue) ?? []),
    screen.messages ? [make('h2', {}, 'The first messages'), screen.messages.length ? table('They stay in the queue', [
      { name: 'key', title: 'key' }, { name: 'sequence', title: 'number', number: true }, { name: 'failed', title: 'failed', number: true },
      { name: 'born_at', title: 'since' }, { name: 'payload', title: 'message', text: true, of: (one) => make('pre', {}, JSON.stringify(one.payload)) },
      { name: 'why', title: '', of: (one) => make('a', { href: `#/why/${encodeURIComponent(one.id)}` }, 'why does it wait?') },
    ], screen.messages) : make('p', {}, 'It is empty.')] : null,
  ];
}

export function dead(screen, actions) {
  const rows = deadQueues().filter((one) => one.queued);
  const empty = deadQueues().length - rows.length;
  return [
    make('h1', {}, 'Dead letters'),
    rows.length ? table('Queues with dead letters', [
      { name: 'queue', title: 'queue', of: (row) => make('a', { href: `#/dead/${encodeURIComponent(row.queue)}` }, row.queue) },
      { name: 'queued', title: 'dead letters', number: true, of: (row) => count(row.queued) },
      { name: 'oldest_age_s', title: 'oldest', number: true, of: (row) => age(row.oldest_age_s) },
    ], rows, screen.order ?? { name: 'queued', down: true }, actions.sortBy) : make('p', { class: 'good' }, 'None.'),
    make('p', { class: 'dim' }, `${empty} other queues for dead letters are empty.`),
  ];
}

export function deadQueue(screen, actions) {
  const row = model.queues.find((one) => one.queue === screen.name);
  const groups = new Map();
  for (const one of screen.messages ?? []) {
    const letter = one.dead_letter ?? one;
    const reason = String(letter.reason ?? '').split('\n')[0];
    const id = JSON.stringify([letter.origin_queue, letter.code, reason]);
    const group = groups.get(id) ?? { origin: letter.origin_queue, code: letter.code, reason, letters: 0, sample: one };
    group.letters += 1;
    groups.set(id, group);
  }
  const shown = (screen.messages ?? []).length;
  return [
    make('h1', {}, screen.name),
    cards([['dead letters', count(row?.queued)], ['oldest', age(row?.oldest_age_s)]]),
    screen.messages && row && shown < row.queued ? make('p', { class: 'dim' }, `Grouped by the first ${count(shown)}.`) : null,
    screen.messages ? table('By queue, code and reason', [
      { name: 'letters', title: 'letters', number: true, of: (group) => count(group.letters) },
      { name: 'origin', title: 'from', of: (group) => queueLink(group.origin) },
      { name: 'code', title: 'code' },
      { name: 'reason', title: 'reason', text: true },
      { name: 'sample', title: 'one of them', text: true, of: (group) => make('pre', {}, JSON.stringify(group.sample.payload)) },
      { name: 'do', title: '', of: (group) => make('span', { class: 'actions' },
        button(`Redrive all ${group.code}`, () => actions.redrive(screen.name, group)),
        button(`Drop all ${group.code}`, () => actions.drop(screen.name, group), 'danger')) },
    ], [...groups.values()], { name: 'letters', down: true }) : make('p', {}, 'Looking…'),
  ];
}

export function cluster() {
  return [
    make('h1', {}, `Cluster ${model.status?.cluster ?? ''}`),
    table('Nodes, as this node sees them', [
      { name: 'node', title: 'node' },
      { name: 'state', title: 'state', of: (row) => make('span', { class: row.unreachable ? 'bad' : row.state === 'up' ? 'good' : 'warn' }, row.unreachable ? 'unreachable' : row.state) },
      { name: 'served', title: 'shards', number: true, of: (row) => row.served_shards.length },
      { name: 'address', title: 'address' },
      { name: 'http', title: 'HTTP', of: (row) => (row.http ? make('a', { href: `${location.protocol}//${row.http}/ui/#/cluster` }, row.http) : '') },
      { name: 'other_layout', title: 'layout', of: (row) => (row.other_layout ? make('span', { class: 'bad' }, 'differs') : 'same') },
    ], model.members),
    make('h2', {}, 'Outboxes for other nodes'),
    table('Messages that another node has not confirmed', [
      { name: 'queue', title: 'outbox', of: (row) => row.queue },
      { name: 'queued', title: 'waiting', number: true, of: (row) => count(row.queued) },
      { name: 'oldest_age_s', title: 'oldest', number: true, of: (row) => age(row.oldest_age_s) },
    ], model.queues.filter((one) => one.outbox && one.queued)),
    make('p', { class: 'dim' }, `Millrace ${model.status?.version ?? ''}; this node is ${model.status?.node ?? ''}, up since ${model.status?.started_at ?? ''}.`),
  ];
}

export function why(screen) {
  const found = screen.found ?? [];
  return [
    make('h1', {}, `Why does ${screen.name} wait?`),
    screen.found === undefined ? make('p', {}, 'Looking…')
      : found.length === 0 ? make('p', {}, 'No message of this key or id waits. It is done, dead, or was never accepted.')
        : table('Messages of this key or id, with what holds them back', [
          { name: 'queue', title: 'queue', of: (one) => queueLink(one.queue) },
          { name: 'shard', title: 'shard', number: true }, { name: 'node', title: 'node' }, { name: 'key', title: 'key' },
          { name: 'failed', title: 'failed', number: true }, { name: 'born_at', title: 'since' },
          { name: 'waits_for', title: 'waits for', text: true, of: (one) => make('ol', {}, one.waits_for.map((cause) =>
            make('li', {}, make('strong', {}, cause.cause.replaceAll('_', ' ')), ' ',
              Object.entries(cause).filter(([name]) => name !== 'cause').map(([name, value]) => `${name} ${value}`).join(', ')))) },
        ], found),
  ];
}
