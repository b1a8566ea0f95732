// Dead letters: what was refused, with its errors at their place; edited, tried without storing anything, sent again, or deleted.
import { curl, getJson, request, sendJson } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { offsetOf, patchOf, placeOf, places } from '../lib/json.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { Route, router } from '../lib/router.js';
import { iso, range, when } from '../lib/time.js';
import { frame, problem } from '../components/frame.js';
import '../components/editor.js';
import '../components/table.js';

const PAGE = 1000;
const SHOWN_MOST = 5000;
const ASKED_MOST = 20; // pages: each looks at a bounded number of letters, and a filter may leave out all of them
const IDS_MOST = 1000;
const FILTERS = [['code', 'error code'], ['topic', 'topic']];

const COLUMNS = [
  { name: 'received_utc', title: 'received, UTC', type: 'time' },
  { name: 'code', title: 'why', type: 'text', width: 130, grow: 0,
    render: (code, letter) => html`<a href=${router.href('letters', { ...router.current.query, id: letter.id })}>${code}</a>` },
  { name: 'topic', title: 'topic', type: 'text', width: 190, grow: 0 },
  { name: 'source', title: 'source', type: 'text', width: 100, grow: 0 },
  { name: 'seen', title: 'seen', type: 'integer', width: 64 },
  { name: 'redriven_utc', title: 'sent again', type: 'time', width: 166 },
  { name: 'errors', title: 'errors', type: 'text', width: 260,
    render: (errors) => errors.map((one) => `${one.pointer} ${one.message}`.trim()).join('; ') },
];

// The errors of a letter as places in its text.
function diagnose(text, errors) {
  const found = places(text);
  return errors.map((error) => {
    const spot = /^Line (\d+), column (\d+)/.exec(error.message);
    const place = spot && !error.pointer ? { from: offsetOf(text, Number(spot[1]), Number(spot[2])), to: text.length }
      : placeOf(found, error.pointer ?? '', text);
    // A whole value that lacks something is marked at its beginning, not all through.
    return { from: place.from, to: text.slice(place.from, place.to).includes('\n') ? place.from + 1 : place.to, message: error.message };
  });
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

function pretty(text) {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

class Letter extends Element {
  static properties = { letter: {}, text: { state: true }, errors: { state: true }, said: { state: true }, failed: { state: true },
    working: { state: true } };

  constructor() {
    super();
    this.errors = [];
    this.one = new Load(this, (signal) => getJson(`v1/dlq/${encodeURIComponent(this.letter)}`, { signal }));
    this.one.done = (letter) => this.#begin(letter);
  }

  willUpdate(changed) {
    if (changed.has('letter') && this.letter) this.one.go({ fresh: changed.get('letter') !== undefined });
  }

  #begin(letter) {
    this.first = pretty(letter.original ?? '');
    Object.assign(this, { text: this.first, errors: letter.errors, said: null, failed: null });
  }

  // What the reader changed, as the smallest edit: nothing, a patch of what is JSON, or the whole event where it was none.
  get #edit() {
    if (this.text === this.first) return {};
    const [before, after] = [parsed(this.one.data.original ?? ''), JSON.parse(this.text)];
    return { edit: before === undefined ? { replace: after } : { patch: patchOf(before, after) } };
  }

  get #order() {
    return { ids: [this.letter], ...this.#edit };
  }

  async #send(dry) {
    if (this.working) return;
    Object.assign(this, { working: true, failed: null, said: null });
    try {
      let order;
      try {
        order = this.#order;
      } catch (error) {
        this.failed = Object.assign(new Error(`What is written is not JSON: ${error.message}`), { title: 'not sent' });
        return;
      }
      const [item] = (await sendJson('POST', 'v1/dlq/redrive', { ...order, dry_run: dry })).items;
      if (item.error) {
        this.errors = item.error.errors ?? [{ pointer: item.error.pointer ?? '', message: item.error.detail }];
        this.failed = { title: 'It is refused again', message: item.error.detail, code: item.error.code, status: item.error.status,
          errors: item.error.errors };
      } else {
        this.errors = [];
        this.said = item;
        if (!dry) this.dispatchEvent(new CustomEvent('redriven', { bubbles: true }));
      }
    } catch (error) {
      this.failed = error;
    } finally {
      this.working = false;
    }
  }

  async #delete() {
    this.querySelector('dialog').close();
    try {
      await request(`v1/dlq/${encodeURIComponent(this.letter)}`, { method: 'DELETE' });
      router.set({ id: '' }, { replace: true });
      this.dispatchEvent(new CustomEvent('redriven', { bubbles: true }));
    } catch (error) {
      this.failed = error;
    }
  }

  #outcome() {
    if (this.failed) return problem(this.failed);
    const item = this.said;
    if (!item) return nothing;
    if (item.status === 'valid') {
      return html`<div class="fine" role="status"><strong>It would be stored</strong> as ${item.topic}${item.rows?.length
        ? html`, and make ${item.rows.map((row, i) => html`${i ? ', ' : ''}a row of <code>${row.table}</code> (${row.action})`)}`
          : ''}. Nothing was stored.</div>`;
    }
    return html`<div class="fine" role="status"><strong>${item.status === 'already' ? 'It was sent again before' : item.duplicate
      ? 'It was stored already' : 'It is stored'}</strong>
      ${item.event_id ? html`: <a href=${router.href('events', { id: item.event_id })}>event ${item.event_id}</a>` : nothing}</div>`;
  }

  #body(letter) {
    const binary = letter.original === undefined || letter.original === null;
    return html`<dl class="facts"><div><dt>why</dt><dd><a href="../docs/errors#${letter.code}" target="_blank"
      rel="noopener"><code>${letter.code}</code></a></dd></div>
        <div><dt>received</dt><dd>${when(letter.received_utc)}</dd></div>
          <div><dt>seen</dt><dd>${number(letter.seen)}×, last ${when(letter.last_seen_utc)}</dd></div>
        <div><dt>source</dt><dd>${letter.source ?? '∅'}</dd></div><div><dt>size</dt><dd>${number(letter.size_b)} bytes</dd></div>
        ${letter.redriven_id ? html`<div><dt>sent again</dt><dd>${when(letter.redriven_utc)} <a
          href=${router.href('events', { id: letter.redriven_id })}>${letter.redriven_id}</a></dd></div>` : nothing}</dl>
      <ol class="letter-errors">${letter.errors.map((error) =>
        html`<li><code>${error.pointer || '(the whole)'}</code> ${error.message}</li>`)}</ol>
      ${binary ? html`<p class="note">Its bytes are no text; a whole event may be written in their place.</p>` : nothing}
      <egdb-editor .value=${this.text ?? ''} .diagnostics=${diagnose(this.text ?? '', this.errors)}
        label="The event as it was sent" hint="a whole event"
        @change=${(event) => (this.text = event.detail)} @submit=${() => this.#send(true)}></egdb-editor>
      <p class="letter-acts">
        <button type="button" ?disabled=${this.working} title="Ctrl-Enter in the text" @click=${() => this.#send(true)}>Dry run</button>
        <button type="button" class="main" ?disabled=${this.working} @click=${() => this.#send(false)}>Redrive${this.text === this.first
          ? '' : ' as edited'}</button>
        <button type="button" class="quiet" ?disabled=${this.text === this.first} @click=${() => this.#begin(letter)}>Undo edits</button>
        <button type="button" class="bad" @click=${() => this.querySelector('dialog').showModal()}>Delete</button></p>
      ${this.#outcome()}
      <dialog aria-label="Delete"><h2>Delete this dead letter?</h2><p>Its bytes are gone then.
        That it was deleted, by whom and why it had been refused stays in the log.</p>
        <button type="button" class="bad" @click=${this.#delete}>Delete it</button> <button type="button"
          @click=${(event) => event.target.closest('dialog').close()}>Keep it</button></dialog>`;
  }

  render() {
    return frame(this.one, {
      title: `Dead letter ${this.letter}`, size: 'l', body: (letter) => this.#body(letter),
      curl: () => curl({ path: 'v1/dlq/redrive', method: 'POST', json: { ...this.#order, dry_run: true } }),
      actions: html`<button type="button" class="quiet" title="Close (Escape)" @click=${() => router.set({ id: '' })}>✕<span
        class="off-screen"> close</span></button>`,
    });
  }
}
customElements.define('egdb-letter', Letter);

export default class Letters extends Element {
  static properties = { bulk: { state: true }, working: { state: true } };

  constructor() {
    super();
    this.route = new Route(this, () => this.#ask());
    this.list = new Load(this, async (signal) => {
      const letters = [];
      let [more, before] = [true, ''];
      for (let asked = 0; more && asked < ASKED_MOST && letters.length < SHOWN_MOST; asked++) {
        const answer = await getJson('v1/dlq', { query: { ...this.#filter, order: 'desc', before, limit: PAGE }, signal });
        letters.push(...answer.dead_letters);
        ({ more, prev: before } = answer);
      }
      return { letters, more };
    }, { everyMs: 30e3 });
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Escape', 'Close the dead letter', () => (router.current.query.id ? router.set({ id: '' }) : false), 'Dead letters'));
    this.until(addKey('/', 'To the filter', () => this.querySelector('#letters-code').focus(), 'Dead letters'));
    this.#ask();
  }

  get #filter() {
    const { query } = router.current;
    const filter = { redriven: { all: '', yes: 'true' }[query.redriven] ?? 'false' };
    for (const [name] of FILTERS) filter[name] = query[name];
    if (query.last || query.from) Object.assign(filter, { since: iso(range().from), until: range().last ? '' : iso(range().to) });
    return filter;
  }

  #ask() {
    const { id, ...rest } = router.current.query;
    const key = JSON.stringify(rest);
    if (key === this.asked) return;
    const fresh = this.asked !== undefined;
    this.asked = key;
    this.bulk = null;
    this.list.go({ fresh });
  }

  get #open() {
    return (this.list.data?.letters ?? []).filter((letter) => !letter.redriven_utc).map((letter) => letter.id);
  }

  // In as many orders as it takes. One that fails ends it: what was done until then is said too. What a dry run found valid is what may be
  // sent after it.
  async #all(ids, dry) {
    if (this.working) return;
    const bulk = { dry, all: ids.length, tried: 0, redriven: 0, already: 0, failed: 0, valid: [], working: true };
    Object.assign(this, { bulk, working: true });
    try {
      while (bulk.tried < ids.length && this.bulk === bulk && this.isConnected) {
        const some = ids.slice(bulk.tried, bulk.tried + IDS_MOST);
        const done = await sendJson('POST', 'v1/dlq/redrive', { ids: some, dry_run: dry });
        for (const name of ['redriven', 'already', 'failed']) bulk[name] += done[name];
        bulk.valid.push(...done.items.filter((item) => item.status === 'valid').map((item) => item.dlq_id));
        bulk.tried += some.length;
        this.requestUpdate();
      }
    } catch (error) {
      bulk.error = error;
    }
    bulk.working = this.working = false;
    if (!dry) this.list.go();
  }

  #bulk() {
    const { bulk } = this;
    if (!bulk) return nothing;
    const tried = `${number(bulk.tried)} of ${number(bulk.all)}`;
    if (bulk.working) return html`<p role="status">Working: ${tried}</p>`;
    const what = bulk.dry ? 'would be stored' : 'stored';
    return html`${bulk.error ? problem(bulk.error) : nothing}<p class="fine" role="status">${bulk.tried < bulk.all ? `Of ${tried} tried: ` : ''}${
      number(bulk.redriven)} ${what}, ${number(bulk.already)} were sent again before, ${number(bulk.failed)} refused again.
      ${bulk.dry && bulk.valid.length ? html`<button type="button" class="main"
        @click=${() => this.#all(bulk.valid, false)}>Redrive ${number(bulk.valid.length)}</button>` : nothing}</p>`;
  }

  // Nothing waits, or nothing of what is looked for.
  get #none() {
    const { query } = router.current;
    const by = FILTERS.filter(([name]) => query[name]).map(([name, title]) => html` ${title} <code>${query[name]}</code>`);
    const inTime = query.last || query.from ? ' received in the time range' : '';
    if (!by.length && !inTime) return query.redriven ? 'No dead letter fits.' : 'No event that was refused waits here.';
    return html`No dead letter fits the filter:${by}${inTime}. Others may:
      <button type="button" class="quiet" @click=${() => router.set({ code: '', topic: '', last: '', from: '', to: '' })}>look at all</button>`;
  }

  get #columns() {
    return router.current.query.redriven ? COLUMNS : COLUMNS.filter((column) => column.name !== 'redriven_utc');
  }

  #filters() {
    const { query } = router.current;
    return html`<form class="fields" @submit=${(event) => event.preventDefault()}>
      ${FILTERS.map(([name, title]) => html`<label class="off-screen" for=${`letters-${name}`}>${title}</label><input
        id=${`letters-${name}`} type="search" placeholder=${title}
        spellcheck="false" .value=${query[name] ?? ''} @change=${(event) => router.set({ [name]: event.target.value.trim(), id: '' })}>`)}
      <label for="letters-redriven">sent again</label><select id="letters-redriven"
        @change=${(event) => router.set({ redriven: event.target.value, id: '' })}>
        ${['no', 'yes', 'all'].map((one) => html`<option value=${one === 'no' ? '' : one}
          ?selected=${(query.redriven ?? 'no') === one}>${one}</option>`)}</select></form>`;
  }

  render() {
    const { id } = router.current.query;
    return html`<h1>Dead letters</h1>${this.#filters()}
      <div class="events letters ${id ? 'with-event' : ''}" @redriven=${() => this.list.go()}>
        <div>${frame(this.list, {
          title: 'Refused events', size: 'l', curl: () => curl({ path: 'v1/dlq', query: { ...this.#filter, order: 'desc', limit: 100 } }),
          isEmpty: ({ letters, more }) => !letters.length && !more, empty: this.#none,
          actions: html`<button type="button" class="quiet ${this.#open.length ? '' : 'hidden'}"
            ?disabled=${this.working} @click=${() => this.#all(this.#open, true)}>dry run of all shown</button>`,
          body: ({ letters, more }) => html`${this.#bulk()}<egdb-table class="tall" .columns=${this.#columns} .rows=${letters}
            label="Dead letters" pickable
              .rowClass=${(letter) => (letter.id === id ? 'chosen' : '')}
                @pick=${(event) => router.set({ id: event.detail.id })}></egdb-table>
            <p class="note">${number(letters.length)}${more ? ' of more: filter them' : ''}, newest first</p>`,
        })}</div>
        ${id ? html`<egdb-letter .letter=${id}></egdb-letter>` : nothing}</div>`;
  }
}
