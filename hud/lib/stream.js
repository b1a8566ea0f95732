// The live log. All tabs with one token share one stream: the one that holds the lock reads it and tells the others; when it goes, another
// takes over. Nothing is missed: each batch says which positions it covers, and a subscriber who lacks something before it asks for that.
import { ApiError, getJson, request } from './api.js';
import { session } from './session.js';

const SILENT_MOST_MS = 60e3; // then the connection counts as dead, whatever the socket says; until the server has told of its signs of life
const LATE_MS = 2e3; // after two of their times
const FILL_MOST = 10000; // positions; who lacks more begins anew
const PAGE = 1000;

const sleep = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
});

// Cuts text/event-stream into messages: {id, event, data}; comments are told apart.
export function sseParser(take, comment = () => {}) {
  let rest = '';
  let message = { data: [] };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (message.id !== undefined || message.data.length) take({ ...message, data: message.data.join('\n') });
        message = { data: [] };
      } else if (line.startsWith(':')) {
        comment(line.slice(1).trim());
      } else {
        const colon = line.indexOf(':');
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (name === 'data') message.data.push(value);
        else if (name === 'id' || name === 'event') message[name] = value;
      }
    }
  };
}

const pattern = (topic) => new RegExp(`^${topic.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);

// Whether an event is among those that GET /v1/events would give for these filters.
function matcher({ topic, sha, branch, correlation_id, since, until } = {}) {
  const topics = topic ? pattern(topic) : null;
  const [from, to] = [Date.parse(since), Date.parse(until)]; // NaN compares as false
  return (event) => (!topics || topics.test(event.topic)) && (!sha || event.repo_sha === sha) &&
    (!branch || event.repo_branch === branch) && (!correlation_id || event.correlation_id === correlation_id) &&
    !(Date.parse(event.ts_utc) < from) && !(Date.parse(event.ts_utc) >= to);
}

// A name for those who have the same token; not the token.
async function audience() {
  if (!session.token) return 'open';
  if (!crypto.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(session.token));
  return [...new Uint8Array(digest.slice(0, 8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

class Subscriber {
  constructor(hub, { after = null, filter = {}, onEvents, onGap }) {
    Object.assign(this, { hub, position: after, filter, onEvents, onGap, matches: matcher(filter),
      queue: Promise.resolve(), ended: false });
  }

  // Batches are taken one after another, so that what fills a gap comes before what is behind it.
  take(batch) {
    this.queue = this.queue.then(() => this.#one(batch)).catch((error) => console.error(error));
  }

  async #one(batch) {
    if (this.ended) return;
    this.position ??= batch.behind;
    if (batch.gap) {
      this.position = batch.upto;
      this.onGap?.(batch.gap);
      return;
    }
    if (this.position < batch.behind && !(await this.#fill(batch.behind))) return;
    const events = batch.events.filter((event) => event.position > this.position && this.matches(event));
    this.position = Math.max(this.position, batch.upto);
    if (events.length && !this.ended) this.onEvents(events);
  }

  async #fill(upto) {
    if (upto - this.position > FILL_MOST) {
      const gap = { asked: this.position, continues_behind: upto };
      this.position = upto;
      this.onGap?.(gap);
      return true;
    }
    while (this.position < upto && !this.ended) {
      let page;
      try {
        page = await getJson('v1/events', { query: { ...this.filter, after: this.position, limit: PAGE } });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return false; // the next batch finds the same gap
      }
      const events = page.events.filter((event) => event.position <= upto);
      this.position = page.more ? Math.min(page.next, upto) : upto; // a page may be empty and have more behind it
      if (events.length && !this.ended) this.onEvents(events);
    }
    return true;
  }
}

class Hub extends EventTarget {
  state = 'off'; // off, connecting, live, waiting
  error = null;
  upto = null; // the newest position that the stream has passed
  leads = false;
  #subscribers = new Set();
  #channel = null;
  #abort = null;

  constructor() {
    super();
    session.addEventListener('token', () => this.#restart());
  }

  // onEvents(events): those behind `after` that the filter lets pass, in order, each once. onGap(info): some can not be given; begin anew.
  subscribe(options) {
    const subscriber = new Subscriber(this, options);
    this.#subscribers.add(subscriber);
    if (!this.#abort) this.#start();
    else if (this.upto !== null) subscriber.take({ behind: this.upto, upto: this.upto, events: [] });
    return () => {
      subscriber.ended = true;
      this.#subscribers.delete(subscriber);
      if (!this.#subscribers.size) this.#stop();
    };
  }

  #restart() {
    if (!this.#abort) return;
    this.#stop();
    if (this.#subscribers.size) this.#start();
  }

  #stop() {
    this.#abort?.abort();
    this.#abort = null;
    this.#channel?.close();
    this.#channel = null;
    this.upto = null;
    this.leads = false;
    this.#tell('off');
  }

  async #start() {
    const abort = (this.#abort = new AbortController());
    this.#tell('connecting');
    const name = await audience();
    if (abort.signal.aborted) return;
    if (!name || !navigator.locks || !('BroadcastChannel' in globalThis)) {
      this.#lead(abort.signal);
      return;
    }
    this.#channel = new BroadcastChannel(`egdb-stream ${location.host} ${name}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#channel.postMessage({ kind: 'hello' });
    navigator.locks.request(`egdb-stream ${location.host} ${name}`, { signal: abort.signal }, () => this.#lead(abort.signal))
      .catch((error) => {
        if (error.name !== 'AbortError') throw error;
      });
  }

  #hear(message) {
    if (message.kind === 'hello') {
      if (this.leads) this.#channel.postMessage({ kind: 'state', state: this.state, upto: this.upto });
    } else if (message.kind === 'state') {
      if (message.upto !== null) this.#pass({ behind: message.upto, upto: message.upto, events: [] });
      this.#tell(message.state);
    } else if (message.kind === 'batch') {
      this.#pass(message.batch);
    }
  }

  #pass(batch) {
    this.upto = batch.upto;
    for (const subscriber of this.#subscribers) subscriber.take(batch);
  }

  #publish(batch) {
    this.#pass(batch);
    this.#channel?.postMessage({ kind: 'batch', batch });
  }

  #tell(state, error = null) {
    this.state = state;
    this.error = error;
    if (this.leads) this.#channel?.postMessage({ kind: 'state', state, upto: this.upto });
    this.dispatchEvent(new Event('state'));
  }

  async #lead(signal) {
    this.leads = true;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#follow(signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof ApiError) && error.name !== 'TypeError' && error.name !== 'AbortError') console.error(error);
        this.#tell('waiting', error);
      }
      if (!signal.aborted) await sleep(Math.min(15e3, 500 * 2 ** failures++) * (0.75 + Math.random() / 2), signal);
    }
  }

  async #follow(signal, alive) {
    const inner = new AbortController();
    const end = () => inner.abort();
    signal.addEventListener('abort', end);
    let silentMs = SILENT_MOST_MS;
    let timer = setTimeout(end, silentMs);
    try {
      const headers = { Accept: 'text/event-stream', ...(this.upto !== null && { 'Last-Event-ID': String(this.upto) }) };
      const response = await request('v1/events/stream', { headers, signal: inner.signal });
      alive();
      this.#tell('live');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let events = [];
      let upto = this.upto;
      const parse = sseParser((message) => {
        if (message.event === 'resync') {
          const gap = JSON.parse(message.data);
          this.#publish({ behind: gap.continues_behind, upto: gap.continues_behind, events: [], gap });
          upto = gap.continues_behind;
          events = [];
          return;
        }
        upto = Number(message.id);
        if (message.data) events.push(JSON.parse(message.data));
      }, (comment) => {
        const everyMs = Number(comment.match(/^alive every (\d+) ms$/)?.[1]);
        if (everyMs) silentMs = 2 * everyMs + LATE_MS;
      });
      for (;;) {
        const { value, done } = await reader.read();
        clearTimeout(timer);
        if (done) break;
        parse(value);
        timer = setTimeout(end, silentMs);
        const behind = this.upto ?? events[0]?.position - 1;
        if (upto !== null && upto !== this.upto) this.#publish({ behind: Number.isNaN(behind) ? upto : behind, upto, events });
        events = [];
      }
      this.#tell('waiting');
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      inner.abort();
    }
  }
}

export const hub = new Hub();
