// What the page changes, each after a question. A lever resolves to what was done, as a sentence; null: nothing was.
import { get, post, remove, segment, setToken } from './api.js';
import { count, make } from './dom.js';

const dialog = document.getElementById('dialog');

/** Asks in a dialog. `fields`: [name, label, element]. Resolves to the values, or null. */
function ask(title, text, fields, yes, kind) {
  return new Promise((resolve) => {
    const inputs = fields.map(([name, label, element]) => {
      element.id = `field-${name}`;
      element.name = name;
      return make('p', { class: 'field' }, make('label', { for: element.id }, label), element);
    });
    const form = make('form', { method: 'dialog' },
      make('h2', { id: 'dialog-title' }, title), text ? make('p', {}, text) : null, inputs,
      make('p', { class: 'actions' }, make('button', { value: 'yes', class: kind ?? null }, yes), make('button', { value: 'no', formnovalidate: true }, 'Cancel')));
    dialog.replaceChildren(form);
    dialog.setAttribute('aria-labelledby', 'dialog-title');
    dialog.returnValue = 'no';
    dialog.onclose = () => resolve(dialog.returnValue === 'yes' ? Object.fromEntries(new FormData(form)) : null);
    dialog.showModal();
  });
}

const nameOf = (what) => what.queue ?? what.stage;

export async function pause(what) {
  const said = await ask(`Pause ${nameOf(what)}`, 'It goes on to accept messages, and none is handled until it is resumed.', [
    ['reason', 'Why', make('input', { required: true, maxlength: 200 })],
    ['for', 'For how long, such as 30m; empty: until it is resumed', make('input', { pattern: '[0-9]+(ms|s|m|h|d)' })],
  ], 'Pause');
  if (!said) return null;
  await post('pause', { ...what, reason: said.reason, ...(said.for ? { for: said.for } : {}) });
  return `${nameOf(what)} is paused.`;
}

export async function resume(what) {
  await post('resume', what);
  return `${nameOf(what)} goes on.`;
}

export async function publish(queue) {
  const said = await ask(`Publish to ${queue}`, null, [
    ['message', 'The message, as JSON', make('textarea', { required: true, spellcheck: 'false' }, '{}')],
  ], 'Publish');
  if (!said) return null;
  const answer = await post(`queues/${segment(queue)}/messages`, JSON.parse(said.message));
  return `It is durable in shard ${answer.shard} of ${queue}${answer.key ? `, under the key ${answer.key}` : ''}.`;
}

function filterOf(group) {
  return `code=${segment(group.code)}&origin_queue=${segment(group.origin)}`;
}

/** How many letters have the group's code and origin: of all reasons, which the filter cannot tell apart. */
async function countOf(queue, group) {
  const found = await get(`dlq/${segment(queue)}/messages?max=1000&${filterOf(group)}`);
  return found.messages.length === 1000 ? 'at least 1,000' : count(found.messages.length);
}

export async function redrive(queue, group) {
  const letters = await countOf(queue, group);
  const said = await ask('Redrive dead letters', `${letters} dead letters with the code ${group.code} go back to ${group.origin}, whatever their reason.`, [], 'Redrive');
  if (!said) return null;
  const done = await post(`dlq/${segment(queue)}/redrive?${filterOf(group)}`, {});
  return `${count(done.redriven)} dead letters are back in ${group.origin}.`;
}

export async function drop(queue, group) {
  const letters = await countOf(queue, group);
  const said = await ask('Drop dead letters', `${letters} dead letters with the code ${group.code} from ${group.origin} are removed for good.`, [], 'Drop', 'danger');
  if (!said) return null;
  const done = await remove(`dlq/${segment(queue)}/messages?${filterOf(group)}`);
  return `${count(done.dropped)} dead letters are gone.`;
}

export async function askToken() {
  const said = await ask('This node asks for a token', 'It is kept until this tab is closed.', [
    ['token', 'Token', make('input', { type: 'password', required: true, autocomplete: 'off' })],
  ], 'Use it');
  if (said) setToken(said.token);
  return Boolean(said);
}
