// Elements from data. Text never becomes markup.

/** An element; a child is an element, a text or a number; null is left out. Handlers are functions under `onclick` and the like. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replaces `old` below `parent` only where something differs, so that focus, selection and scroll stay. */
export function morph(parent, children) {
  const next = children.flat().filter((child) => child !== null && child !== undefined);
  next.forEach((node, i) => {
    const old = parent.childNodes[i];
    const fresh = typeof node === 'object' ? node : document.createTextNode(String(node));
    if (!old) parent.append(fresh);
    else if (!old.isEqualNode(fresh)) adapt(old, fresh);
    else renew(old, fresh);
  });
  while (parent.childNodes.length > next.length) parent.lastChild.remove();
}

function adapt(old, fresh) {
  const isSame = old.nodeType === 1 && fresh.nodeType === 1 && old.tagName === fresh.tagName;
  // Handlers belong to an element: one with some is taken as it is.
  if (!isSame || fresh.tagName === 'BUTTON' || fresh.tagName === 'FORM') {
    const hadFocus = old === document.activeElement;
    old.replaceWith(fresh);
    if (hadFocus) fresh.focus?.();
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morph(old, [...fresh.childNodes]);
}

// What looks the same may act on other data now.
function renew(old, fresh) {
  if (fresh.nodeType !== 1) return;
  if (fresh.tagName === 'BUTTON' && old !== document.activeElement) old.replaceWith(fresh);
  else [...fresh.childNodes].forEach((child, i) => renew(old.childNodes[i], child));
}

/** Columns: {name, title, number, text, of(row), sort(row)}. The header sorts. */
export function table(caption, columns, rows, order, sortBy) {
  const sorted = [...rows];
  const column = columns.find((one) => one.name === order?.name);
  if (column) {
    const value = column.sort ?? ((row) => row[column.name]);
    sorted.sort((a, b) => {
      const [x, y] = [value(a) ?? -Infinity, value(b) ?? -Infinity];
      return (x < y ? -1 : x > y ? 1 : 0) * (order.down ? -1 : 1);
    });
  }
  const head = columns.map((one) => make('th', {
    scope: 'col', class: one.number ? 'number' : null,
    'aria-sort': one === column ? (order.down ? 'descending' : 'ascending') : null,
  }, sortBy && one.title ? make('button', { type: 'button', onclick: () => sortBy(one.name) }, one.title) : one.title ?? ''));
  const body = sorted.map((row) => make('tr', {}, columns.map((one) => make('td', {
    class: one.number ? 'number' : one.text ? 'text' : null,
  }, one.of ? one.of(row) : row[one.name] ?? ''))));
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    make('table', {}, make('caption', {}, caption), make('thead', {}, make('tr', {}, head)), make('tbody', {}, body)));
}

export function cards(pairs) {
  return make('dl', { class: 'cards' }, pairs.map(([name, value, kind]) =>
    make('div', {}, make('dt', {}, name), make('dd', { class: kind ?? null }, value))));
}

const SVG = 'http://www.w3.org/2000/svg';

/** A line through `points`, [time, value] each. */
export function line(label, points) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'line');
  svg.setAttribute('viewBox', '0 0 100 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  const most = Math.max(0, ...points.map(([, value]) => value));
  svg.setAttribute('aria-label', `${label}: at most ${rate(most)}, now ${rate(points.at(-1)?.[1] ?? 0)}`);
  if (points.length > 1) {
    const [from, to] = [points[0][0], points.at(-1)[0]];
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', points.map(([time, value], i) =>
      `${i ? 'L' : 'M'}${(100 * (time - from) / (to - from || 1)).toFixed(2)} ${(97 - 94 * value / (most || 1)).toFixed(2)}`).join(''));
    svg.append(path);
  }
  return make('figure', {}, make('figcaption', { class: 'dim' }, `${label}, at most ${rate(most)}`), svg);
}

export function count(value) {
  return Number(value ?? 0).toLocaleString('en');
}

export function rate(value) {
  if (value === null || value === undefined) return '–';
  return value >= 100 ? count(Math.round(value)) : value.toFixed(value >= 10 || value === 0 ? 0 : 1);
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const s = Math.floor(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${String(Math.floor(s / 60) % 60).padStart(2, '0')}m`;
  return `${Math.floor(s / 86400)}d${Math.floor(s / 3600) % 24}h`;
}
