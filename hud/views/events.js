// Events: the log, newest first, filtered and live. Who reads further down, or looks at an event, is not disturbed: what comes is held
// back and counted ("Paused, 214 new"). An event (?id=) shows its causes, effects, rows and JSON.
import { curl } from '../lib/api.js';
import { debounce } from '../lib/dom.js';
import { Element, html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { eventsOf, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { findSha, shaHint, shaOf } from '../lib/shas.js';
import { hub } from '../lib/stream.js';
import { Tail } from '../lib/tail.js';
import { iso, range, rangeAsEgql, when } from '../lib/time.js';
import { allTopics } from '../components/event.js';
import { frame } from '../components/frame.js';
import '../components/table.js';

const FILTERS = [
  ['topic', 'topic, with *'], ['correlation_id', 'correlation id'], ['sha', 'commit'], ['branch', 'branch'],
];
const TYPING_MS = 400;
const SCROLLS_FROM = 50; // events; fewer need not fill the list's height
const LOST = 'The live log is not heard; it is tried again.';
const PREVIEW = 300; // characters of a payload in its row

const COLUMNS = [
  { name: 'position', title: '#', type: 'integer', width: 82, render: (value) => String(value) },
  { name: 'ts_utc', title: 'time, UTC', type: 'time', width: 166 },
  { name: 'topic', title: 'topic', type: 'text', width: 190, grow: 0,
    render: (topic, event) => html`<a href=${router.href('events', { ...router.current.query, id: event.id })}>${topic}</a>` },
  { name: 'source', title: 'source', type: 'text', width: 110, grow: 0 },
  { name: 'repo_sha', title: 'commit', type: 'text', width: 90, grow: 0,
    render: (sha) => (sha ? html`<code title=${sha}>${sha.slice(0, 8)}</code>` : nothing) },
  { name: 'payload', title: 'payload', type: 'text', width: 280,
    render: (value) => html`<code>${JSON.stringify(value).slice(0, PREVIEW)}</code>` },
];

export default class Events extends Element {
  static properties = { topics: { state: true } };

  constructor() {
    super();
    this.topics = [];
    this.route = new Route(this, () => this.#follow());
    this.load = new Load(this, async (signal) => {
      this.tail?.end();
      await findSha(router.current.query.sha, 'events', 'repo_sha', signal);
      this.tail = new Tail(this.filter, () => this.#drawn());
      this.tail.paused = this.holds;
      return this.tail.start(signal);
    }, { live: true });
    this.load.done = () => this.#heard();
    this.type = debounce(TYPING_MS, (name, value) => router.set({ [name]: value, id: '' }, { replace: true }));
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('p', 'Pause or go on', () => this.#toggle(), 'Events'));
    this.until(addKey('/', 'To the filter', () => this.querySelector('#filter-topic').focus(), 'Events'));
    this.until(addKey('Escape', 'Close the event', () => router.current.query.id ? router.set({ id: '', tab: '' }) : false, 'Events'));
    const heard = () => this.#heard();
    hub.addEventListener('state', heard);
    this.until(() => hub.removeEventListener('state', heard));
    this.until(() => this.tail?.end());
    allTopics().then((list) => (this.topics = list.map((topic) => topic.topic)), () => {});
    this.#follow();
  }

  // The time range counts when the reader chose one; otherwise the log is shown from its end.
  get filter() {
    const { query } = router.current;
    const filter = Object.fromEntries(FILTERS.map(([name]) => [name, query[name]]).filter(([, value]) => value));
    if (filter.sha) filter.sha = shaOf(filter.sha);
    if (!query.last && !query.from) return filter;
    const now = range();
    return { ...filter, since: iso(now.from), ...(now.last ? {} : { until: iso(now.to) }) };
  }

  #follow() {
    const { query } = router.current;
    this.holds = Boolean(query.id); // of a log that is still asked for
    const key = JSON.stringify([...FILTERS.map(([name]) => query[name]), query.last, query.from, query.to]);
    if (key !== this.asked) {
      const fresh = this.asked !== undefined;
      this.asked = key;
      this.load.go({ fresh });
    }
    if (query.id) this.tail?.pause();
  }

  // While the log is followed what is shown has no age; from when it is lost, it is old.
  #heard() {
    const { load } = this;
    if (load.data && hub.state === 'live') Object.assign(load, { error: null, at: 0 });
    if (load.data && hub.state === 'waiting') Object.assign(load, { error: hub.error ?? new Error(LOST), at: load.at || Date.now() });
    this.requestUpdate();
  }

  #drawn() {
    const scroller = this.querySelector('.log .scroll');
    if (scroller && scroller.scrollTop > 0 && !this.tail.paused) this.tail.paused = true;
    this.requestUpdate();
  }

  #toggle() {
    if (!this.tail) return;
    if (!this.tail.paused) return this.tail.pause();
    this.querySelector('.log .scroll').scrollTop = 0;
    if (!this.tail.resume()) this.#anew();
  }

  #anew() {
    this.holds = false;
    this.load.go({ fresh: true });
  }

  #scrolled(event) {
    const { scrollTop, scrollHeight, clientHeight } = event.target;
    if (scrollTop > 0 && this.tail && !this.tail.paused) this.tail.pause();
    if (scrollTop + 2 * clientHeight > scrollHeight) this.#older();
  }

  #older() {
    if (!this.tail?.more || this.asking) return;
    this.asking = this.tail.older().catch((error) => console.warn(error.message)).finally(() => (this.asking = null));
  }

  #state(tail) {
    if (tail.gap) {
      return html`<span class="warn">Events are missing between ${tail.gap.asked} and ${tail.gap.continues_behind}.</span>
        <button type="button" @click=${this.#anew}>Begin anew</button>`;
    }
    const count = tail.heldCount;
    if (tail.paused) {
      return html`<button type="button" class=${count ? 'main' : ''} @click=${this.#toggle}><span
        role="status">Paused, ${number(count)} new</span> <kbd>p</kbd></button>`;
    }
    return html`<button type="button" @click=${this.#toggle}>Pause <kbd>p</kbd></button>`;
  }

  #filters() {
    const { query } = router.current;
    return html`<form class="fields events-filters" @submit=${(event) => event.preventDefault()}>
      ${FILTERS.map(([name, title]) => html`<label class="off-screen" for=${`filter-${name}`}>${title}</label>
        <input id=${`filter-${name}`} type="search" placeholder=${title} list=${name === 'topic' ? 'events-topics' : nothing}
          spellcheck="false" autocomplete="off"
          .value=${query[name] ?? ''} @input=${(event) => this.type(name, event.target.value.trim())}>`)}
      <datalist id="events-topics">${this.topics.map((topic) => html`<option value=${topic}></option>`)}</datalist>
      ${query.last || query.from
        ? html`<span class="note">times in the range above <button type="button" class="quiet"
          @click=${() => router.set({ last: '', from: '', to: '' })}>all times</button></span>`
        : html`<span class="note">all times</span>`}
      ${repos.chosen ? html`<span class="note">of all repositories, as events name none:
        <a href=${router.href('console', eventsOf(repos.chosen, query.last || query.from ? rangeAsEgql() : ''))}>those that tell of ${
          repos.chosen}</a></span>` : nothing}</form>`;
  }

  #log() {
    return frame(this.load, {
      title: 'Log', size: 'l', curl: () => curl({ path: 'v1/events', query: { ...this.filter, limit: 100 } }),
      actions: this.load.data ? this.#state(this.load.data) : nothing,
      isEmpty: (tail) => !tail.events.length && !tail.more,
      empty: html`No event fits.${shaHint(router.current.query.sha)} ${hub.state === 'live' ? 'The next that does appears here by itself.' : ''}`,
      body: (tail) => html`<egdb-table class="tall" .columns=${COLUMNS} .rows=${tail.events} label="Events" pickable
          .rowClass=${(event) => (event.id === router.current.query.id ? 'chosen' : '')}
          @pick=${(event) => router.set({ id: event.detail.id })} @scroll=${{ handleEvent: (event) => this.#scrolled(event),
            capture: true }}></egdb-table>
        <p class="note">${number(tail.events.length)} events${tail.more ? ', older ones come when you scroll down'
          : ', which is all'}${tail.events[0] ? html`; the newest is of ${when(tail.events[0].ts_utc)}` : ''}
          ${tail.more && tail.events.length < SCROLLS_FROM ? html`<button type="button" class="quiet"
            @click=${this.#older}>Look further back</button>` : nothing}</p>`,
    });
  }

  render() {
    const { id, tab } = router.current.query;
    return html`<h1>Events</h1>${this.#filters()}
      <div class="events ${id ? 'with-event' : ''}"><div class="log">${this.#log()}</div>
        ${id ? html`<egdb-event .event=${id} .tab=${tab ?? 'json'}></egdb-event>` : nothing}</div>`;
  }
}
