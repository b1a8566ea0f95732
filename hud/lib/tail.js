// The newest events for a view: a page of the log, what is older on demand, and what comes live. While it is paused (by the reader, or
// since something further down is being read) what comes is held back and counted. Nothing is missed and nothing comes twice.
import { getJson } from './api.js';
import { hub } from './stream.js';

const PAGE = 200;
const KEPT_MOST = 20000; // events in the list; the oldest go
const HELD_MOST = 5000; // beyond, the list begins anew when it is resumed
const DRAW_MS = 100;

export class Tail {
  // filter: as GET /v1/events takes it. changed(): something is to be drawn.
  constructor(filter, changed) {
    Object.assign(this, { filter, changed, events: [], held: [], paused: false, more: false, gap: null, ended: false, at: 0 });
  }

  // Resolves when the first page is there.
  async start(signal) {
    const page = await getJson('v1/events', { query: { ...this.filter, limit: PAGE }, signal });
    if (this.ended) return this;
    this.events = page.events.reverse(); // newest first
    this.more = this.events.length === PAGE;
    this.at = Date.now();
    // Behind the newest of these; without any, behind what the log has now.
    const after = this.events[0]?.position ?? (await getJson('v1/events', { query: { limit: 1 }, signal })).next ?? 0;
    if (this.ended || signal?.aborted) return this;
    this.stop = hub.subscribe({ after, filter: this.filter, onEvents: (events) => this.#take(events), onGap: (gap) => this.#lost(gap) });
    return this;
  }

  end() {
    this.ended = true;
    this.stop?.();
    clearTimeout(this.timer);
  }

  pause() {
    this.paused = true;
    this.changed();
  }

  // What was held back comes in. False: there was too much, or something could not be given; begin anew.
  resume() {
    this.paused = false;
    if (this.gap || this.overflown) return false;
    this.#add(this.held.splice(0));
    this.changed();
    return true;
  }

  get heldCount() {
    return this.held.length + (this.overflown ?? 0);
  }

  async older() {
    const last = this.events.at(-1);
    if (!last || !this.more) return;
    const page = await getJson('v1/events', { query: { ...this.filter, before: last.position, limit: PAGE } });
    if (this.ended) return;
    this.more = page.events.length === PAGE && this.events.length < KEPT_MOST;
    this.events = [...this.events, ...page.events.reverse()];
    this.changed();
  }

  #take(events) {
    if (this.paused) {
      const room = HELD_MOST - this.held.length;
      this.held.push(...events.slice(0, room));
      if (events.length > room) this.overflown = (this.overflown ?? 0) + events.length - Math.max(0, room);
    } else this.#add(events);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.changed();
    }, DRAW_MS);
  }

  #add(events) {
    if (!events.length) return;
    this.at = Date.now();
    const newest = events.slice(-KEPT_MOST).reverse();
    const kept = this.events.slice(0, KEPT_MOST - newest.length);
    if (kept.length < this.events.length) this.more = true;
    this.events = [...newest, ...kept];
  }

  #lost(gap) {
    this.gap = gap;
    this.changed();
  }
}
