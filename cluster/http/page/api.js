// Calls of the HTTP API of the node that served this page.

let token = sessionStorage.getItem('millrace.token') ?? '';

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `status ${status}`);
    this.status = status;
    this.code = body?.code ?? '';
    this.body = body;
  }
}

/** The token for all later calls; kept as long as the tab. */
export function setToken(text) {
  token = text;
  sessionStorage.setItem('millrace.token', text);
}

async function call(method, path, body) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(`/api/v1/${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store',
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    // A page of something in between.
  }
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
export const remove = (path) => call('DELETE', path);
export const segment = encodeURIComponent;
