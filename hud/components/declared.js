// A panel as spec/panels declares it, drawn as it says: table, bars, lines, heat or timeline; so a new declaration appears by itself. Its
// parameters stand in a form, and in the URL as <panel>.<parameter>; `last` and `until` follow the page's time range, `repo` its
// repository.
import { curlPanel, panel } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { cell, figure, text } from '../lib/format.js';
import { linkOf } from '../lib/links.js';
import { Load } from '../lib/load.js';
import { repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { rangeAsParams, utc } from '../lib/time.js';
import { frame } from './frame.js';
import './bars.js';
import './chart.js';
import './heat.js';
import './table.js';
import './timeline.js';

const LEAST_EVERY_MS = 15e3;
const OF_PAGE = { last: 'duration', until: 'time', repo: 'text' };
const KINDS = {
  duration: { pattern: '[0-9]+[mhdw]|[0-9]{4}-.+', title: 'a number and m, h, d or w; or a time' },
    integer: { inputmode: 'numeric', pattern: '-?[0-9]+' },
};

const column = (answer, name) => answer.columns.findIndex((one) => one.name === name);

// Where a row's value of a column leads: within the row's repository, where there are several.
function leads(answer) {
  const repo = repos.several ? column(answer, 'repo') : -1;
  return (row, i) => linkOf(answer.columns[i]?.name, row[i], row[repo]);
}

function drawTable(answer, declaration) {
  const titles = new Map((declaration.columns ?? []).map((one) => [one.name, one.title]));
  const to = leads(answer);
  const columns = answer.columns.map((one, i) => ({ ...one, title: titles.get(one.name) ?? one.name, render: (value, row) => {
    const href = to(row, i);
    return href ? html`<a href=${href}>${cell(value, one.type)}</a>` : cell(value, one.type, one.name);
  } }));
  return html`<egdb-table .columns=${columns} .rows=${answer.rows} .label=${declaration.title}></egdb-table>`;
}

function drawBars(answer, { draw, title }) {
  const [x, y, series] = [column(answer, draw.x), column(answer, draw.y), column(answer, draw.series)];
  const to = leads(answer);
  const label = (row) => `${text(row[x]) || '∅'}${series >= 0 ? ` · ${text(row[series])}` : ''}`;
  return html`<egdb-bars .rows=${answer.rows.map((row) => ({ label: label(row), value: row[y], shown: figure(row[y], draw.y),
    href: to(row, x) }))}
    .label=${title}></egdb-bars>`;
}

// Rows become one value a series at each x; where a series has none there, it has a gap.
export function pivot(answer, { x, y, series }) {
  const [xi, yi, si] = [column(answer, x), column(answer, y), column(answer, series)];
  const isTime = answer.columns[xi].type === 'time';
  const place = (value) => (isTime ? Date.parse(value) : Number(value));
  const xs = [...new Set(answer.rows.map((row) => place(row[xi])))].sort((a, b) => a - b);
  const index = new Map(xs.map((value, i) => [value, i]));
  const byName = new Map();
  for (const row of answer.rows) {
    const name = si >= 0 ? text(row[si]) : y;
    if (!byName.has(name)) byName.set(name, new Array(xs.length).fill(null));
    byName.get(name)[index.get(place(row[xi]))] = row[yi];
  }
  return { time: isTime, data: { x: xs, series: [...byName].map(([name, values]) => ({ name, values })) } };
}

function drawLines(answer, { draw, title }) {
  const { time, data } = pivot(answer, draw);
  return html`<egdb-chart .data=${data} .time=${time} .label=${title}></egdb-chart>`;
}

function drawHeat(answer, { draw, title }) {
  const [x, y, value] = [column(answer, draw.x), column(answer, draw.y), column(answer, draw.value)];
  const isTime = answer.columns[x].type === 'time';
  const xs = [...new Set(answer.rows.map((row) => row[x]))].sort();
  const ys = [...new Set(answer.rows.map((row) => text(row[y])))].sort();
  const values = new Float64Array(xs.length * ys.length).fill(NaN);
  for (const row of answer.rows) values[ys.indexOf(text(row[y])) * xs.length + xs.indexOf(row[x])] = row[value] ?? NaN;
  const named = isTime ? xs.map((one) => utc(one).replace(/ 00:00:00$/, '')) : xs.map(text);
  return html`<egdb-heat .columns=${named} .rows=${ys} .values=${values} .label=${title}></egdb-heat>`;
}

function drawTimeline(answer, { draw, title }) {
  const [x, end, y] = [column(answer, draw.x), column(answer, draw.end), column(answer, draw.y)];
  const to = leads(answer);
  const rows = answer.rows.filter((row) => row[x]).map((row) => ({
    lane: text(row[y]) || '∅', from: Date.parse(row[x]), to: end >= 0 && row[end] ? Date.parse(row[end]) : null,
    title: answer.columns.map((one, i) => `${one.name}: ${text(row[i])}`).join('\n'),
    href: answer.columns.map((_, i) => to(row, i)).find(Boolean),
  }));
  return html`<egdb-timeline .rows=${rows} .label=${title}></egdb-timeline>`;
}

const DRAWN = { table: drawTable, bars: drawBars, lines: drawLines, heat: drawHeat, timeline: drawTimeline };

class Declared extends Element {
  // given: parameters that are not the reader's to choose. alone: the page shows this panel only.
  static properties = { declaration: { attribute: false }, given: { attribute: false }, alone: { type: Boolean },
    asTable: { state: true }, open: { state: true } };

  constructor() {
    super();
    this.given = {};
    this.route = new Route(this, () => this.#ask());
    this.load = new Load(this, (signal) => panel(this.declaration.name, this.params, { signal }));
  }

  willUpdate(changed) {
    if (!changed.has('declaration') && !changed.has('given')) return;
    this.load.everyMs = Math.max(LEAST_EVERY_MS, 1000 * (this.declaration.cache_s || 15));
    this.#ask();
  }

  get params() {
    const { name, parameters } = this.declaration;
    const { query } = router.current;
    const ofPage = { repo: repos.chosen, ...((query.last || query.from) && !query[`${name}.last`] && rangeAsParams()) };
    const params = {};
    for (const { name: one, type } of parameters) {
      const value = this.given[one] ?? query[`${name}.${one}`] ?? (type === OF_PAGE[one] ? ofPage[one] : null);
      if (value) params[one] = value;
    }
    return params;
  }

  get missing() {
    const params = this.params;
    return this.declaration.parameters.filter((parameter) => parameter.required && !(parameter.name in params));
  }

  #ask() {
    if (!this.declaration) return;
    const key = JSON.stringify([this.declaration.name, this.params]);
    if (key === this.asked) return;
    const fresh = this.asked !== undefined;
    this.asked = key;
    if (!this.missing.length) this.load.go({ fresh });
  }

  #set(event, parameter) {
    const field = event.target;
    if (!field.checkValidity()) return field.reportValidity();
    // After this event: Enter also submits the form, which may be gone then.
    return setTimeout(() => router.set({ [`${this.declaration.name}.${parameter.name}`]: field.value }));
  }

  get #empty() {
    return this.declaration.parameters.some(({ name }) => name === 'last') ? 'No rows in this range.' : 'No rows.';
  }

  #field(parameter) {
    const { name } = this.declaration;
    const usual = this.params[parameter.name] ?? parameter.default; // the page's, where it is of the page
    const value = router.current.query[`${name}.${parameter.name}`] ?? '';
    const id = `${name}-${parameter.name}`;
    const kind = KINDS[parameter.type] ?? {};
    const field = parameter.values
      ? html`<select id=${id} @change=${(event) => this.#set(event, parameter)}><option value="">${parameter.default ?? 'any'}</option>${
          parameter.values.map((one) => html`<option .value=${one} ?selected=${one === value}>${one}</option>`)}</select>`
      : html`<input id=${id} .value=${value} placeholder=${usual ?? ''} ?required=${parameter.required} spellcheck="false"
          inputmode=${kind.inputmode ?? nothing} pattern=${kind.pattern ?? nothing} @change=${(event) => this.#set(event, parameter)}>`;
    return html`<label for=${id} title=${parameter.title ?? ''}>${parameter.name}</label>${field}`;
  }

  #form() {
    const own = this.declaration.parameters.filter((parameter) => !(parameter.name in this.given));
    if (!own.length || !(this.open || this.alone || this.missing.length)) return nothing;
    return html`<form class="fields" @submit=${(event) => event.preventDefault()}>${own.map((parameter) => this.#field(parameter))}</form>`;
  }

  #body(answer) {
    const { kind } = this.declaration.draw;
    const drawn = this.asTable ? drawTable : (DRAWN[kind] ?? drawTable);
    return html`${drawn(answer, this.declaration)}
      ${answer.truncated ? html`<p class="note">There is more: the answer was cut at ${answer.row_count} rows.</p>` : nothing}`;
  }

  render() {
    const { name, title, description, draw, parameters } = this.declaration;
    const actions = html`
      ${draw.kind === 'table' ? nothing : html`<button type="button" class="quiet" title="as a table" aria-label="as a table"
        aria-pressed=${this.asTable ? 'true' : 'false'}
        @click=${() => (this.asTable = !this.asTable)}>table</button>`}
      ${parameters.length && !this.alone ? html`<button type="button" class="quiet" title="parameters" aria-label="parameters"
        aria-expanded=${this.open ? 'true' : 'false'}
        @click=${() => (this.open = !this.open)}>⚙</button>` : nothing}`;
    const isMixed = repos.chosen && !parameters.some((one) => one.name === 'repo');
    const note = isMixed ? html`${description} <em>Not only of ${repos.chosen}: it does not ask for a repository.</em>` : description;
    const options = { title, note, actions, curl: () => curlPanel(name, this.params), href: this.alone ? undefined
      : router.href('panel', { name }) };
    if (this.missing.length) {
      return html`<section class="panel size-s" data-state="empty" aria-label=${title}><header><h2>${title}</h2></header>
        <p class="note">${description}</p>${this.#form()}
        <p class="empty">It asks for ${this.missing.map((parameter) => parameter.title ?? parameter.name).join(', ')}.</p></section>`;
    }
    return html`${this.alone || this.open ? this.#form() : nothing}
      ${frame(this.load, { ...options, size: draw.kind === 'timeline' ? 's' : 'm', empty: this.#empty, body: (answer) => this.#body(answer) })}`;
  }
}
customElements.define('egdb-declared', Declared);
