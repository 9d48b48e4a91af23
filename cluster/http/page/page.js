// The page: which screen is shown, and when it is looked at again. Quiet while its tab is hidden.
import { get, Problem, segment } from './api.js';
import { morph } from './dom.js';
import * as levers from './levers.js';
import { model, refresh } from './model.js';
import * as screens from './screens.js';

const INTERVAL_MS = 1000;
const main = document.getElementById('main');
const trouble = document.getElementById('trouble');

let screen = { show: screens.overview };
let said = '';
let isAsking = false;

/** From the fragment: "#/queues/orders.placed". */
function screenOf(fragment) {
  const [, first = '', rest] = fragment.split('/');
  const name = rest === undefined ? undefined : decodeURIComponent(rest);
  if (first === 'queues' && name) return { tab: '#/queues', name, show: screens.queue };
  if (first === 'dead' && name) return { tab: '#/dead', name, show: screens.deadQueue, look: lookAtLetters };
  if (first === 'why' && name) return { tab: '', name, show: screens.why, look: lookWhy };
  const plain = { pipelines: screens.pipelines, queues: screens.queues, dead: screens.dead, cluster: screens.cluster };
  return { tab: plain[first] ? `#/${first}` : '#/', show: plain[first] ?? screens.overview };
}

async function lookAtLetters(of) {
  const answer = await get(`dlq/${segment(of.name)}/messages?max=1000`);
  of.messages = answer.messages;
}

async function lookWhy(of) {
  const field = /^[0-9a-f]{32}$/.test(of.name) ? 'id' : 'key';
  const asked = model.queues.filter((queue) => queue.queued);
  const answers = await Promise.allSettled(asked.map((queue) => get(`queues/${segment(queue.queue)}/explain?${field}=${segment(of.name)}`)));
  of.found = answers.filter((one) => one.status === 'fulfilled').flatMap((one) => one.value.messages);
}

/** Calls a lever, and says what came of it. */
function lever(run) {
  return async (...what) => {
    try {
      said = (await run(...what)) ?? '';
    } catch (error) {
      said = error instanceof SyntaxError ? `The message is no JSON: ${error.message}` : `Refused: ${error.message}`;
    }
    await look();
  };
}

const actions = {
  pause: lever(levers.pause),
  resume: lever(levers.resume),
  publish: lever(levers.publish),
  redrive: lever(levers.redrive),
  drop: lever(levers.drop),
  peek: lever(async (queue) => {
    screen.messages = (await get(`queues/${segment(queue)}/messages?max=50`)).messages;
    return null;
  }),
  sortBy(name) {
    screen.order = { name, down: screen.order?.name === name ? !screen.order.down : true };
    draw();
  },
};

function draw() {
  document.title = `${screen.name ?? main.querySelector('h1')?.textContent ?? 'Overview'} – Millrace`;
  document.getElementById('cluster').textContent = model.status ? `${model.status.cluster}, by ${model.status.node}` : '';
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === screen.tab) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  morph(main, screen.show(screen, actions));
}

function tell(text) {
  trouble.hidden = !text;
  if (trouble.textContent !== text) trouble.textContent = text;
}

async function look() {
  if (isAsking) return;
  isAsking = true;
  const of = screen;
  try {
    await refresh();
    if (of.look) await of.look(of);
    tell(said);
  } catch (error) {
    if (error instanceof Problem && error.status === 401 && (await levers.askToken())) said = '';
    else tell(`The node does not answer: ${error.message}. What is shown is of ${model.at ? new Date(model.at).toLocaleTimeString() : 'never'}.`);
  } finally {
    isAsking = false;
  }
  if (model.at && of === screen) draw();
}

async function open() {
  screen = screenOf(location.hash);
  said = '';
  if (model.at) draw();
  main.focus({ preventScroll: true });
  await look();
}

document.getElementById('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = document.getElementById('wanted').value.trim();
  if (wanted) location.hash = `#/why/${encodeURIComponent(wanted)}`;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  event.preventDefault();
  document.getElementById('wanted').focus();
});
window.addEventListener('hashchange', open);
setInterval(() => {
  if (!document.hidden && !document.getElementById('dialog').open) look();
}, INTERVAL_MS);
open();
