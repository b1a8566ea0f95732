// The only way from the page to the server: its public API. A refusal becomes an ApiError that has what problem+json says.
import { parsed, textOf } from './answers.js';
import { session } from './session.js';
import { turn } from './slices.js';

// The page is served at <root>/hud/, its modules beside it.
export const HUD = new URL('.', import.meta.url);
export const ROOT = new URL('..', HUD);

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = 'ApiError';
    this.status = status; // 0: the server was not reached
    this.code = problem.code ?? '';
    this.title = problem.title ?? '';
    this.hint = problem.hint ?? '';
    this.errors = problem.errors ?? []; // [{pointer, detail, …}]
    this.place = problem.place ?? '';
    this.requestId = problem.request_id ?? '';
    this.retryAfterS = problem.retryAfterS ?? 0;
    this.problem = problem;
  }
}

export function apiUrl(path, query) {
  const url = new URL(path.replace(/^\//, ''), ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
  }
  return url;
}

async function refusal(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // not one of ours: a proxy's, perhaps
  }
  problem.retryAfterS = Number(response.headers.get('Retry-After')) || 0;
  return new ApiError(response.status, problem);
}

// Answers the Response when it is a success or 304. `ask` false: a 401 is an error at once, without a dialog.
export async function request(path, { method = 'GET', query, body, headers = {}, signal, ask = true } = {}) {
  for (;;) {
    const token = session.token;
    const all = { Accept: 'application/json', ...headers };
    if (token) all.Authorization = `Bearer ${token}`;
    let response;
    try {
      response = await fetch(apiUrl(path, query), { method, headers: all, body, signal, cache: 'no-store', credentials: 'same-origin' });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, { title: 'no answer', detail: 'The server does not answer.', hint: 'The page tries again by itself.' });
    }
    if (response.ok || response.status === 304) return response;
    const error = await refusal(response);
    if (response.status !== 401 || !ask || !(token !== session.token ? session.token : await session.ask(token ? error.message : ''))) {
      throw error;
    }
    signal?.throwIfAborted();
  }
}

// What is read of an answer; one that breaks off on its way is none.
async function read(reading) {
  try {
    return await reading;
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { title: 'no answer', detail: 'The server’s answer broke off.', hint: 'The page tries again by itself.' });
  }
}

export async function getJson(path, options) {
  return read((await request(path, options)).json());
}

const send = (method, path, value, options) => request(path, {
  ...options, method, body: JSON.stringify(value), headers: { 'Content-Type': 'application/json', ...options.headers },
});

export async function sendJson(method, path, value, options = {}) {
  const response = await send(method, path, value, options);
  return response.status === 204 ? null : read(response.json());
}

// An answer whose rows failed after its head had left is a failure too.
function whole(answer) {
  if (answer.error) throw new ApiError(200, answer.error);
  return answer;
}

const LARGE = 5000; // rows

// EGQL: {columns: [{name, type}], rows: [[…]], row_count, truncated, elapsed_ms}. Values go into params ($name), never into the text.
export async function egql(query, { params, limit, timeout_ms, signal } = {}) {
  const response = await send('POST', 'v1/query', { query, ...(params && { params }), ...(limit && { limit }),
    ...(timeout_ms && { timeout_ms }) }, { signal });
  const answer = whole(await read(parsed(textOf(response))));
  if (answer.rows.length > LARGE) await turn(); // what was parsed took long enough: what is made of it is a task of its own
  signal?.throwIfAborted();
  return answer;
}

// A panel's answer, as egql()'s with generated_at. What was answered before is asked for by its ETag, and the answer that still holds is
// given again as the same object, so that nothing is drawn anew.
const answers = new Map();
const ANSWERS_MOST = 64;

export async function panel(name, params = {}, { signal } = {}) {
  const path = `v1/panels/${encodeURIComponent(name)}`;
  const key = apiUrl(path, params).href;
  const known = answers.get(key);
  const response = await request(path, { query: params, signal, headers: known ? { 'If-None-Match': known.etag } : {} });
  if (response.status === 304 && known) return known.answer;
  const answer = whole(await read(response.json()));
  const etag = response.headers.get('ETag');
  answers.delete(key);
  if (etag) answers.set(key, { etag, answer });
  if (answers.size > ANSWERS_MOST) answers.delete(answers.keys().next().value);
  return answer;
}

// What spec/panels declares, asked once: [{name, group, title, description, draw, parameters, columns}].
let declared = null;

export function panels() {
  declared ??= getJson('v1/panels').then((list) => list.panels, (error) => {
    declared = null;
    throw error;
  });
  return declared;
}

// The rows of an answer as objects, the same ones each time; member by member, so that all have one shape, which the engine likes.
const made = new WeakMap();

export function objects(answer) {
  if (made.has(answer)) return made.get(answer);
  const names = answer.columns.map((column) => column.name);
  const list = answer.rows.map((row) => {
    const one = {};
    for (let i = 0; i < names.length; i++) one[names[i]] = row[i];
    return one;
  });
  made.set(answer, list);
  return list;
}

const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

// The command that asks what the page asked. The token is named, never written out.
export function curl({ path, query, method = 'GET', json, text }) {
  const words = ['curl', '-s'];
  if (session.token) words.push('-H', '"Authorization: Bearer $EGDB_TOKEN"');
  if (method !== 'GET' && !(method === 'POST' && (json || text))) words.push('-X', method);
  if (json !== undefined) words.push('-H', quoted('Content-Type: application/json'), '-d', quoted(JSON.stringify(json)));
  if (text !== undefined) words.push('-H', quoted('Content-Type: text/plain'), '--data-binary', quoted(text));
  words.push(quoted(apiUrl(path, query).href));
  return words.join(' ');
}

export const curlEgql = (query, params) => curl({ path: 'v1/query', method: 'POST', json: { query, ...(params && { params }) } });
export const curlPanel = (name, params) => curl({ path: `v1/panels/${encodeURIComponent(name)}`, query: params });
