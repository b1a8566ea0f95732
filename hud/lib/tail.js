// The newest events for a view: a page of the log, what is older on demand, and what comes live. While it is paused (by the reader, or
// since something further down is being read) what comes is held back and counted. Nothing is missed and nothing comes twice.
import { getJson } from './api.js';
import { hub } from './stream.js';

const PAGE = 200;
const ASKED_MOST = 10; // pages in a row: each looks at a bounded part of the log, and a filter may leave out all of it
const KEPT_MOST = 20000; // events in the list; the oldest go
const HELD_MOST = 5000; // beyond, the list begins anew when it is resumed
const DRAW_MS = 100;

export class Tail {
  // filter: as GET /v1/events takes it. changed(): something is to be drawn.
  constructor(filter, changed) {
    Object.assign(this, { filter, changed, events: [], held: [], paused: false, more: false, gap: null, ended: false, at: 0 });
  }

  // Resolves when the first events are there.
  async start(signal) {
    // What comes live is behind what the log has now, however far back the newest that fits stands.
    const { next: end } = await getJson('v1/events', { query: { limit: 1 }, signal });
    this.events = await this.#back(undefined, signal);
    if (this.ended || signal?.aborted) return this;
    this.at = Date.now();
    const after = Math.max(end, this.events[0]?.position ?? 0);
    this.stop = hub.subscribe({ after, filter: this.filter, onEvents: (events) => this.#take(events), onGap: (gap) => this.#lost(gap) });
    return this;
  }

  // A page of events before this position, newest first; `from` is where the next goes on.
  async #back(before, signal) {
    const found = [];
    for (let asked = 0; asked < ASKED_MOST && found.length < PAGE; asked++) {
      const page = await getJson('v1/events', { query: { ...this.filter, before, limit: PAGE - found.length }, signal });
      found.push(...page.events.reverse());
      ({ more: this.more, prev: before } = page);
      if (!this.more) break;
    }
    this.from = before;
    return found;
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
    if (!this.more) return;
    const events = await this.#back(this.from);
    if (this.ended) return;
    this.more &&= this.events.length < KEPT_MOST;
    this.events = [...this.events, ...events];
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
    const cut = kept.length < this.events.length;
    this.events = [...newest, ...kept];
    if (cut) Object.assign(this, { more: true, from: this.events.at(-1).position });
  }

  #lost(gap) {
    this.gap = gap;
    this.changed();
  }
}
