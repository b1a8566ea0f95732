// One event: its envelope, what caused it and what followed from it, the rows that it made, and the JSON as stored. It is asked by `event`,
// an id. Links lead to the events around it.
import { apiUrl, curl, egql, getJson, objects } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { Load } from '../lib/load.js';
import { EVENT, MOST } from '../lib/queries.js';
import { router } from '../lib/router.js';
import { session } from '../lib/session.js';
import { when } from '../lib/time.js';
import { whole } from './cut.js';
import { frame } from './frame.js';
import './json.js';
import './table.js';

const TABS = [['json', 'JSON'], ['kin', 'Causes and effects'], ['rows', 'Rows']];

let sources = null;
const allSources = () => (sources ??= getJson('v1/sources').then((list) => list.sources, (error) => { sources = null; throw error; }));

// The rows of the tables that the event's topic writes: [{title, query, params, answer}].
async function rowsOf(event, signal) {
  const [topic, list] = await Promise.all([topicOf(event.topic), allSources()]);
  const wanted = topic.tables.map((table) => list.find((source) => source.table === table
    && source.columns.some((one) => one.name === 'event_id')));
  return Promise.all(wanted.filter(Boolean).map(async (source) => {
    const { query, params } = EVENT.rows(source, event);
    return { title: source.title, query, params, answer: await egql(query, { params, signal }) };
  }));
}

let topics = null;
export const allTopics = () => (topics ??= getJson('v1/topics').then((list) => list.topics, (error) => { topics = null; throw error; }));
const topicOf = async (name) => (await allTopics()).find((topic) => topic.topic === name) ?? { tables: [] };

class EventPanel extends Element {
  static properties = { event: {}, tab: {} };

  constructor() {
    super();
    this.tab = 'json';
    this.one = new Load(this, (signal) => getJson(`v1/events/${encodeURIComponent(this.event)}`, { signal }));
    this.kin = new Load(this, async (signal) => {
      const [causes, effects] = await Promise.all(['causes', 'effects'].map((way) => egql(EVENT.kin(way),
        { params: { id: this.event }, signal })));
      const others = (answer) => ({ list: objects(answer).slice(0, MOST.kin).filter((one) => one.id !== this.event),
        more: answer.rows.length > MOST.kin });
      return { causes: others(causes), effects: others(effects) };
    });
    this.rows = new Load(this, (signal) => rowsOf(this.one.data, signal));
  }

  async willUpdate(changed) {
    if (!changed.has('event') && !changed.has('tab')) return;
    if (changed.has('event')) {
      this.loaded = new Set();
      await this.one.go({ fresh: changed.get('event') !== undefined });
    }
    if (this.tab === 'json' || this.loaded.has(this.tab) || !this.one.data) return;
    this.loaded.add(this.tab);
    this[this.tab].go({ fresh: true });
  }

  #kinList(way, { list, more }, title, none) {
    return html`<h3>${title}</h3>${list.length
      ? html`<ol class="kin">${list.map((one) => html`<li>${when(one.ts_utc)} <a
        href=${router.href('events', { ...router.current.query, id: one.id })}>${one.topic}</a>
          <span class="hint">${one.source} · ${one.position}</span></li>`)}</ol>${more ? this.#cut(EVENT.kin(way), { id: this.event }) : nothing}`
      : html`<p class="empty">${none}</p>`}`;
  }

  #cut(query, params) {
    return html`<p class="note cut">The first ${MOST.kin}. <a href=${whole(query, params)}>All of them</a> in the console.</p>`;
  }

  #kin() {
    return frame(this.kin, {
      title: 'Causes and effects', size: 's',
        curl: () => curl({ path: 'v1/query', method: 'POST', json: { query: EVENT.kin('effects'), params: { id: this.event } } }),
      body: ({ causes, effects }) => html`${this.#kinList('causes', causes, 'What led to it', 'It names no cause, or none that is stored.')}
        ${this.#kinList('effects', effects, 'What followed from it', 'No event names it as its cause.')}`,
    });
  }

  #rows() {
    return frame(this.rows, {
      title: 'Rows', size: 's',
        curl: () => curl({ path: 'v1/query', method: 'POST', json: { query: this.rows.data?.[0]?.query ?? '',
          params: this.rows.data?.[0]?.params } }),
      isEmpty: (parts) => !parts.some((part) => part.answer.rows.length),
        empty: 'It made no rows of its own, or a later event has changed them since.',
      body: (parts) => parts.filter((part) => part.answer.rows.length).map((part) => html`<h3>${part.title}</h3>
        <egdb-table .columns=${part.answer.columns} .rows=${part.answer.rows.slice(0, MOST.kin)} label=${part.title}></egdb-table>
        ${part.answer.rows.length > MOST.kin ? this.#cut(part.query, part.params) : nothing}`),
    });
  }

  #facts(event) {
    const link = (name, value, query) => (value ? html`<div><dt>${name}</dt><dd><a href=${router.href('events', query)}
      title="events with this">${value}</a></dd></div>` : nothing);
    const fact = (name, value) => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing);
    return html`<dl class="facts">
      ${fact('topic', html`<a href=${router.href('events', { topic: event.topic })}>${event.topic}</a>`)}
      ${fact('time', when(event.ts_utc, { fine: true }))} ${fact('received', when(event.received_utc, { fine: true }))}
      ${fact('position', event.position)} ${fact('source', event.source)} ${fact('trust', event.trust)}
      ${link('correlation', event.correlation_id, { correlation_id: event.correlation_id })}
      ${event.causation_id ? fact('caused by',
        html`<a href=${router.href('events', { ...router.current.query, id: event.causation_id })}>${event.causation_id}</a>`) : nothing}
      ${event.repo_sha ? fact('commit', html`<a href=${router.href('deltas', { sha: event.repo_sha })}
        title="in the Delta Inspector"><code>${event.repo_sha.slice(0, 12)}</code></a>`) : nothing}
      ${link('branch', event.repo_branch, { branch: event.repo_branch })}
      ${event.env?.redriven_from ? fact('redriven from',
        html`<a href=${router.href('letters', { id: event.env.redriven_from })}>${event.env.redriven_from}</a>`) : nothing}</dl>`;
  }

  #body(event) {
    return html`${this.#facts(event)}
      <div class="tabs" role="tablist"
        aria-label="of the event">${TABS.map(([name, title]) => html`<button type="button" role="tab" id=${`event-tab-${name}`}
        aria-selected=${this.tab === name ? 'true' : 'false'} aria-controls="event-tab"
          @click=${() => router.set({ tab: name === 'json' ? '' : name }, { replace: true })}>${title}</button>`)}</div>
      <div role="tabpanel" id="event-tab" aria-labelledby=${`event-tab-${this.tab}`}>
        ${this.tab === 'kin' ? this.#kin() : this.tab === 'rows' ? this.#rows()
          : html`<egdb-json .value=${event}></egdb-json>`}</div>`;
  }

  render() {
    if (!this.event) return nothing;
    const path = `v1/events/${encodeURIComponent(this.event)}`;
    return frame(this.one, {
      title: `Event ${this.event}`, size: 'l', curl: () => curl({ path }), body: (event) => this.#body(event),
      actions: html`${session.token ? nothing // which a link does not give
        : html`<a class="button" href=${apiUrl(path).href} target="_blank" rel="noopener" title="as the server answers it">raw</a>`}
        <button type="button" class="quiet" title="Close (Escape)" @click=${() => router.set({ id: '', tab: '' })}>✕<span
          class="off-screen"> close</span></button>`,
    });
  }
}
customElements.define('egdb-event', EventPanel);
