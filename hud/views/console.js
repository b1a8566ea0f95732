// The EGQL console: a query, its parameters, its rows as a table or a chart, its plan. What was run is in the URL; the text that is being
// written stays in the tab, and what was run before in the browser.
import { ApiError, curl, egql, getJson, request, sendJson } from '../lib/api.js';
import { debounce, save } from '../lib/dom.js';
import { complete, diagnose, fromBytes, placed } from '../lib/egql.js';
import { Element, html, nothing } from '../lib/element.js';
import { cell, csv, isSha, number, text } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { linkOf } from '../lib/links.js';
import { Load } from '../lib/load.js';
import { Route, router } from '../lib/router.js';
import { ago, duration, rangeAsEgql, utc } from '../lib/time.js';
import { pivot } from '../components/declared.js';
import '../components/editor.js';
import { frame, problem } from '../components/frame.js';
import { forget, past, remember } from './console_history.js';
import { examples } from './console_examples.js';

const DRAFT = 'egdb-console-draft';
const LIMITS = [1000, 10000, 100000];
const SERIES_MOST = 28; // colours and dashes that can be told apart
const CANCELLED = () => new ApiError(-1, { title: 'Cancelled', detail: 'The query was stopped before it answered.' });

// As wide as what stands first in it, within bounds.
function widthOf(rows, column, c) {
  if (column.type === 'time') return undefined;
  const longest = rows.slice(0, 100).reduce((most, row) => Math.max(most, isSha(row[c]) ? 10 : text(row[c]).length),
    column.name.length + 3);
  return Math.min(340, 24 + 8 * longest);
}

const isNumber = (column) => column.type === 'integer' || column.type === 'number';

// The names of $parameters outside of texts, as egql/GRAMMAR.md has names: letters of any script, digits, _ and -.
const LETTERS = '_A-Za-z\\xAA\\xB5\\xBA\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u167F\\u1681-\\u1FFF\\u2070-\\u2FFF\\u3005-\\uFEFE\\uFF00-\\uFFFC'
  + '\\uFFFE-\\u{10FFFF}';
const PARAM = new RegExp(`\\$([${LETTERS}0-9-]+)`, 'gu');
const paramsOf = (text) => [...new Set([...text.replace(/"[^"]*"|'[^']*'/g, '').matchAll(PARAM)].map((found) => found[1]))];

// A value as it was typed: numbers, true, false, null and "texts" are what they look like, all else is text.
function typed(raw) {
  if (/^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?|".*")$/s.test(raw)) {
    try {
      return JSON.parse(raw);
    } catch {
      // such as 007
    }
  }
  return raw;
}

export default class Console extends Element {
  static properties = { side: { state: true }, wanted: { state: true }, text: { state: true }, faults: { state: true },
    saving: { state: true } };

  constructor() {
    super();
    Object.assign(this, { wanted: '', saving: '', faults: [] });
    this.check = debounce(400, () => this.#check());
    this.route = new Route(this, () => this.#arrived());
    this.load = new Load(this, (signal) => this.#run(signal), { again: false });
    this.plan = new Load(this, (signal) => sendJson('POST', 'v1/query/explain', this.#question, { signal }), { again: false });
    this.sources = new Load(this, () => getJson('v1/sources').then((answer) => answer.sources));
    const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? '{}');
    this.text = draft.q === (router.current.query.q ?? '') ? draft.text : (router.current.query.q ?? '');
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [key, title, run] of [
      ['Ctrl-Enter', 'Run the query (with Shift: explain it)', (event) => this.run(event.shiftKey ? 'plan' : undefined)],
      ['e', 'Into the editor', () => this.editor.focus()], ['Escape', 'Cancel the query', () => this.#cancel()],
    ]) this.until(addKey(key, title, run, 'EGQL console'));
    this.#arrived();
  }

  firstUpdated() {
    this.editor = this.querySelector('egdb-editor');
    if (!this.q) this.editor.focus();
  }

  // What is wrong so far, said while it is written.
  async #check() {
    const { text } = this;
    try {
      const faults = await diagnose(text);
      if (text === this.text) this.faults = faults;
    } catch {
      // the run will say it
    }
  }

  #edited(text) {
    if (text !== this.text) this.check();
    this.text = text;
    sessionStorage.setItem(DRAFT, JSON.stringify({ q: router.current.query.q ?? '', text }));
  }

  get #question() {
    const { q, limit } = this.route.query;
    const params = Object.fromEntries(paramsOf(q).map((name) => [name, this.route.query[`p.${name}`]]).filter(([,
      raw]) => raw !== undefined)
      .map(([name, raw]) => [name, typed(raw)]));
    return { query: q, ...(Object.keys(params).length && { params }), ...(limit && { limit: Number(limit) }) };
  }

  // The URL changed: another question is asked anew, another look at the same answer is not.
  #arrived() {
    const { q = '', as } = this.route.query;
    const key = q && JSON.stringify([as === 'plan', this.#question]);
    if (key === this.asked) return;
    const before = this.q;
    Object.assign(this, { asked: key, q, given: undefined });
    if (before !== undefined && before !== q) this.#edited(q);
    if (q) (as === 'plan' ? this.plan : this.load).go({ fresh: true });
  }

  async #run(signal) {
    const { query, params, limit } = this.#question;
    const entry = { q: query, params: Object.fromEntries(Object.entries(this.route.query).filter(([name]) => name.startsWith('p.'))) };
    try {
      const answer = await egql(query, { params, limit, signal });
      remember({ ...entry, rows: answer.row_count, ms: answer.elapsed_ms });
      return answer;
    } catch (error) {
      if (error instanceof ApiError && error.status) remember({ ...entry, error: error.title });
      if (error.problem?.diagnostic && this.text === query) this.faults = [placed(query, error.problem.diagnostic)];
      throw error;
    }
  }

  // Runs what is written now. What was run already is run anew.
  run(as = this.route.query.as === 'plan' ? '' : this.route.query.as) {
    const q = this.text.trim();
    if (!q) return;
    const params = Object.fromEntries([...this.querySelectorAll('.params input')].map((field) => [`p.${field.name}`, field.value]));
    const gone = Object.fromEntries(Object.keys(this.route.query).filter((name) => name.startsWith('p.')).map((name) => [name, '']));
    const other = q === this.q ? {} : { x: '', y: '', by: '', kind: '' };
    const before = this.asked;
    router.set({ ...gone, ...other, ...params, q, as, row: '' });
    if (before === this.asked) (as === 'plan' ? this.plan : this.load).go();
    this.#edited(q);
  }

  #cancel() {
    this.load.stop(CANCELLED());
    this.plan.stop(CANCELLED());
  }

  async #download(form, type, accept) {
    this.saving = form;
    try {
      const response = await request('v1/query', {
        method: 'POST', body: JSON.stringify(this.#question), headers: { 'Content-Type': 'application/json', Accept: accept },
      });
      save(`egql-${utc(new Date()).replace(/\D/g, '')}.${form}`, type, await response.blob());
      this.saving = '';
    } catch (error) {
      this.saving = error.message;
    }
  }

  #cell(value, column) {
    const href = linkOf(column.name, value);
    return href ? html`<a href=${href}
      title=${value}>${isSha(value) ? html`<code>${value.slice(0, 10)}</code>` : value}</a>`
      : cell(value, column.type);
  }

  #table(answer) {
    const columns = answer.columns.map((column, c) => ({ ...column, width: widthOf(answer.rows, column, c),
      render: (value) => this.#cell(value, column) }));
    const i = this.route.query.row;
    const row = answer.rows[i];
    return html`<egdb-table .columns=${columns} .rows=${answer.rows} .selected=${row} label="Rows" pickable
        @pick=${(event) => router.set({ row: String(answer.rows.indexOf(event.detail)) }, { replace: true })}></egdb-table>
      ${row ? html`<section class="console-row" aria-label="Row"><h3>Row ${number(Number(i) + 1)}
          <button type="button" class="quiet" @click=${() => router.set({ row: '' }, { replace: true })}>close</button></h3>
        <dl>${columns.map((column, c) => html`<dt>${column.name}</dt><dd>${row[c] !== null && column.type === 'json'
          ? html`<pre tabindex="0">${JSON.stringify(row[c], null, 2)}</pre>` : this.#cell(row[c], column)}</dd>`)}</dl></section>`
            : nothing}`;
  }

  #choice(name, label, names, value) {
    return html`<label for=${`chart-${name}`}>${label}</label><select id=${`chart-${name}`}
      @change=${(event) => router.set({ [name]: event.target.value }, { replace: true })}>
      ${names.map((one) => html`<option value=${one} ?selected=${one === value}>${one}</option>`)}</select>`;
  }

  #chart(answer) {
    const { columns } = answer;
    const numbers = columns.filter(isNumber).map((column) => column.name);
    if (!numbers.length) return html`<p class="empty">A chart needs a column of numbers: group, with count() or avg(…).</p>`;
    const has = (name) => columns.some((column) => column.name === name);
    const asked = this.route.query;
    const others = columns.map((column) => column.name);
    const x = has(asked.x) ? asked.x : (columns.find((column) => column.type === 'time')
      ?? columns.find((column) => !isNumber(column)) ?? columns[0]).name;
    const y = numbers.includes(asked.y) ? asked.y : (numbers.find((name) => name !== x) ?? numbers[0]);
    const by = has(asked.by) ? asked.by : '';
    const column = columns.find((one) => one.name === x);
    const lines = column.type === 'time' || isNumber(column);
    const kind = asked.kind || 'lines';
    return html`<div class="fields">${this.#choice('x', 'across', others, x)}${this.#choice('y', 'up', numbers, y)}
        ${this.#choice('by', 'a series for each', ['', ...others], by)}${lines ? this.#choice('kind', 'as',
          ['lines', 'steps', 'points', 'bars'], kind) : nothing}</div>
      ${lines ? this.#lines(answer, { x, y, series: by }, kind) : this.#bars(answer, others.indexOf(x), others.indexOf(y),
        others.indexOf(by))}`;
  }

  #lines(answer, draw, kind) {
    const key = JSON.stringify([draw, kind]);
    if (this.drawn?.answer !== answer || this.drawn.key !== key) { // a new object is drawn anew
      const { time, data } = pivot(answer, draw);
      const all = data.series.length;
      data.series = data.series.slice(0, SERIES_MOST).map((series) => ({ ...series, kind }));
      this.drawn = { answer, key, time, data, all };
    }
    const { time, data, all } = this.drawn;
    return html`<egdb-chart .data=${data} .time=${time} .height=${320} label="Rows as a chart"></egdb-chart>
      ${all > SERIES_MOST ? html`<p class="note">The first ${SERIES_MOST} of ${number(all)} series.</p>` : nothing}`;
  }

  #bars(answer, x, y, by) {
    const name = (value) => text(value) || '∅';
    return html`<egdb-bars .rows=${answer.rows.map((row) =>
      ({ label: name(row[x]) + (by < 0 ? '' : ` · ${name(row[by])}`), value: row[y] }))}
      .most=${40} label="Rows as bars"></egdb-bars>`;
  }

  #plan(answer) {
    const line = (part) => (typeof part === 'string' ? part : JSON.stringify(part, null, 2));
    return html`<h3>SQL</h3><pre class="console-sql" tabindex="0">${answer.sql}</pre>
      ${answer.params.length ? html`<h3>Bound values</h3><ol
        class="mono">${answer.params.map((value) => html`<li>${JSON.stringify(value)}</li>`)}</ol>` : nothing}
      <h3>Plan</h3><p>${answer.estimate === null ? 'The store does not say how many rows it expects.'
        : html`About ${number(answer.estimate)} rows.`}
        ${answer.indexes?.length ? html`Indexes: ${answer.indexes.map((name) => html`<span class="tag">${name}</span> `)}`
          : 'No index.'}</p>
      <pre class="console-sql" tabindex="0">${answer.plan.map(line).join('\n')}</pre>`;
  }

  #results() {
    const { q, as = 'rows', limit } = this.route.query;
    if (!q) return html`<section class="panel"><h2>Examples</h2><p
      class="note">One click writes it; Ctrl-Enter runs it.</p>${this.#examples()}</section>`;
    const tab = (name, title) => html`<button type="button" class="quiet" aria-pressed=${as === name ? 'true' : 'false'}
      @click=${() => router.set({ as: name === 'rows' ? '' : name })}>${title}</button>`;
    const tabs = html`${tab('rows', 'table')}${tab('chart', 'chart')}${tab('plan', 'plan')}`;
    if (as === 'plan') {
      return frame(this.plan, { title: 'Plan', actions: tabs, size: 'l', body: (answer) => this.#plan(answer),
        curl: () => curl({ path: 'v1/query/explain', method: 'POST', json: this.#question }) });
    }
    const { data } = this.load;
    const rows = data ? `${number(data.row_count)} row${data.row_count === 1 ? '' : 's'}` : 'Rows';
    const actions = html`${tabs}<button type="button" class="quiet"
      @click=${() => this.#download('csv', 'text/csv', 'text/csv')}>CSV</button>
      <button type="button" class="quiet" @click=${() => this.#download('ndjson', 'application/x-ndjson',
        'application/x-ndjson')}>NDJSON</button>
      ${data ? html`<egdb-copy label="copy CSV" .text=${() => csv(data.columns, data.rows)}></egdb-copy>` : nothing}`;
    const note = data && html`in ${duration(data.elapsed_ms)}${data.truncated
      ? html`; <strong class="warn">there are more: the answer was cut</strong>` : nothing}
      · at most <select aria-label="Rows at most" @change=${(event) => router.set({ limit: event.target.value })}>
      ${LIMITS.map((most) => html`<option value=${most === LIMITS[0] ? '' : most}
        ?selected=${String(most) === limit}>${number(most)}</option>`)}</select>
      ${this.saving ? html`<span role="status">${/^(csv|ndjson)$/.test(this.saving) ? `making the ${this.saving}…` : this.saving}</span>`
        : nothing}`;
    return frame(this.load, { title: rows, actions, note, size: 'l', empty: `The query has no rows${data?.note ? `: ${data.note}` : ''}.`,
      body: (answer) => (as === 'chart' ? this.#chart(answer) : this.#table(answer)),
        curl: () => curl({ path: 'v1/query', method: 'POST', json: this.#question }) });
  }

  #suggestion() {
    const { error } = this.route.query.as === 'plan' ? this.plan : this.load;
    const { suggestion } = error?.problem?.diagnostic ?? {};
    return suggestion && this.text === this.q ? html`<p class="console-hint">Did you mean
      <button type="button" @click=${() => this.#correct(error.problem.diagnostic)}><code>${suggestion}</code></button>?</p>` : nothing;
  }

  #correct({ offset, length, suggestion }) {
    this.text = this.text.slice(0, fromBytes(this.text, offset)) + suggestion + this.text.slice(fromBytes(this.text, offset + length));
    this.run();
  }

  async #insert(text) {
    await this.editor.ready;
    this.editor.editor.insert(text);
    this.editor.focus();
  }

  #write(q, params = {}) {
    this.given = params;
    this.#edited(q);
    this.editor.focus();
  }

  #examples() {
    return html`<ul class="console-list">${examples.map(([title, q]) => html`<li><button type="button" class="quiet"
      @click=${() => this.#write(q)}>
      <span>${title}</span><code>${q}</code></button></li>`)}</ul>`;
  }

  #history() {
    const all = past().filter((one) => one.q.toLowerCase().includes(this.wanted));
    if (!all.length) return html`<p class="empty">Nothing was run yet.</p>`;
    return html`<ul class="console-list">${all.map((one) => html`<li><button type="button" class="quiet"
      @click=${() => this.#write(one.q, one.params)}>
        <code>${one.q}</code><span class="hint">${ago(new Date(one.at))} · ${one.error ? html`<span class="bad">${one.error}</span>`
          : `${number(one.rows)} rows, ${duration(one.ms)}`}</span></button></li>`)}</ul>
      <button type="button" class="quiet" @click=${() => { forget(); this.requestUpdate(); }}>Forget all</button>`;
  }

  #sources() {
    if (this.sources.state === 'error') return problem(this.sources.error, () => this.sources.go());
    const insert = (text) => () => this.#insert(text);
    const all = (this.sources.data ?? []).filter((one) => `${one.name} ${one.title}`.toLowerCase().includes(this.wanted));
    return html`<ul class="console-list">${all.map((one) => html`<li><details><summary><code>${one.name}</code> <span
      class="hint">${one.title}</span></summary>
      <button type="button" class="quiet" @click=${insert(`SELECT ${one.name} FROM all`)}>+ SELECT ${one.name} FROM all</button>
      <ul>${one.columns.map((column) => html`<li><button type="button" class="quiet" title=${column.title ?? ''}
        @click=${insert(column.name)}><code>${column.name}</code>
        <span class="hint">${column.type}</span></button></li>`)}</ul></details></li>`)}</ul>`;
  }

  #aside() {
    const side = this.route.query.side ?? 'history';
    if (side === 'sources' && !this.sources.data && !this.sources.busy && !this.sources.error) this.sources.go();
    const tab = (name, title) => html`<button type="button" class="quiet" aria-pressed=${side === name ? 'true' : 'false'}
      @click=${() => router.set({ side: name === 'history' ? '' : name }, { replace: true })}>${title}</button>`;
    return html`<aside class="panel" aria-label="To write from"><header>${tab('history', 'History')}${tab('sources',
      'Sources')}${tab('examples', 'Examples')}</header>
      ${side === 'examples' ? this.#examples() : html`<input type="search" aria-label="Find" placeholder="find"
        @input=${(event) => (this.wanted = event.target.value.toLowerCase())}>
        ${side === 'sources' ? this.#sources() : this.#history()}`}</aside>`;
  }

  #params() {
    const names = paramsOf(this.text);
    if (!names.length) return nothing;
    const value = (name) => this.given?.[`p.${name}`] ?? this.route.query[`p.${name}`] ?? '';
    return html`<form class="fields params" @submit=${(event) => { event.preventDefault(); this.run(); }}>
      ${names.map((name) => html`<label for=${`param-${name}`}>$${name}</label><input id=${`param-${name}`} name=${name}
        .value=${value(name)} spellcheck="false"
        title="Numbers, true, false and null are what they look like; a text that looks so stands in double quotes.">`)}<button
          class="off-screen" tabindex="-1">Run</button></form>`;
  }

  render() {
    const busy = this.load.busy || this.plan.busy;
    const edited = this.q !== undefined && this.text.trim() !== this.q;
    return html`<h1>EGQL console</h1><div class="console">
      <div class="console-main"><section class="panel" aria-label="Query">
        <egdb-editor .value=${this.text} .diagnostics=${this.faults} .complete=${complete} label="Query"
          hint="SELECT … FROM … WHERE …   Ctrl-Space completes, Ctrl-Enter runs" @change=${(event) => this.#edited(event.detail)}
            @submit=${() => this.run()}></egdb-editor>
        ${this.#params()}
        <div class="fields console-tools"><button type="button" class="main" @click=${() => this.run()}>Run <kbd>Ctrl-Enter</kbd></button>
          <button type="button" @click=${() => this.run('plan')}>Explain</button>
          <button type="button" ?disabled=${!busy} @click=${() => this.#cancel()}>Cancel</button>
          <button type="button" class="quiet" title="Writes the page's time range where the caret is"
            @click=${() => this.#insert(rangeAsEgql().trim())}>+ time range</button>
          <span class="note" role="status">${busy ? 'running' : edited && this.q ? 'edited since it was run' : ''}</span></div>
        ${this.#suggestion()}</section>
      ${this.#results()}</div>${this.#aside()}</div>`;
  }
}
