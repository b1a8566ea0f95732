// Overview: what is on fire, what changed, what the gates said, and how events come in. Everything leads to where more of it is.
import { curl, curlEgql, curlPanel, egql, objects, panel, request } from '../lib/api.js';
import { counted, first } from '../lib/cut.js';
import { Element, html, nothing } from '../lib/element.js';
import { compact, number } from '../lib/format.js';
import { Load } from '../lib/load.js';
import { MOST, OVERVIEW, STATES as OF } from '../lib/queries.js';
import { rate } from '../lib/rate.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { bucketWidth, duration, durationMs, iso, range, rangeAsEgql, rangeAsParams } from '../lib/time.js';
import { cutAt, whole } from '../components/cut.js';
import { frame } from '../components/frame.js';
import '../components/chart.js';
import '../components/group.js';
import '../components/table.js';

const EVERY_MS = 30e3;
const TIME = ['last', 'from', 'to'];
const SPAN_MS = 10 * 60e3; // the least that the chart of the rate shows
const OWN = ['dead-letters', 'dead-letters-by-code', 'repositories']; // the tile and its view say it, and the choice above

const sum = (rows, name, of = () => true) => rows.filter(of).reduce((total, row) => total + row[name], 0);
const inRange = (name) => OVERVIEW[name](repos.chosen, rangeAsEgql());
const open = () => OF.findingsBy('severity', repos.chosen, true); // as its view counts them
const ofRepo = (more) => given(repos.chosen, more);
const figure = (rows, name) => Object.fromEntries(rows.map((row) => [row[name], row.n]));

// ask(signal): what the tile is made of; show(answer): {n, state: good, warn or bad, text}. `of`: what of the URL it is about.
const TILES = [
  {
    name: 'server', title: 'Server', href: () => router.href('panels', { group: 'Operations' }), curl: () => curl({ path: 'readyz' }),
    ask: async (signal) => (await request('readyz', { signal, ask: false })).json(),
    show: (ready) => ({ n: ready.status, state: ready.status === 'ready' ? 'good' : 'bad', text: ready.store }),
  },
  {
    name: 'gates', title: 'Gates', of: [...TIME, 'repo'], href: () => router.href('spec'),
    curl: () => curlEgql(inRange('gates'), ofRepo()),
    ask: (signal) => egql(inRange('gates'), { params: ofRepo(), signal }),
    show: (answer) => {
      const by = figure(objects(answer), 'action');
      const [block, softer] = [by.block ?? 0, (by.review ?? 0) + (by.warn ?? 0)];
      return { n: block, state: block ? 'bad' : softer ? 'warn' : 'good',
        text: `blocked; ${number(softer)} warned, ${number(by.pass ?? 0)} passed` };
    },
  },
  {
    name: 'findings', title: 'Security backlog', of: ['repo'], href: () => router.href('security'),
    curl: () => curlEgql(open(), ofRepo()),
    ask: (signal) => egql(open(), { params: ofRepo(), signal }),
    show: (answer) => {
      const rows = objects(answer);
      const urgent = sum(rows, 'n', (row) => ['CRITICAL', 'HIGH'].includes(row.severity));
      return { n: urgent, state: urgent ? 'bad' : rows.length ? 'warn' : 'good',
        text: `critical or high, of ${number(sum(rows, 'n'))} open` };
    },
  },
  {
    name: 'runs', title: 'Runs', of: [...TIME, 'repo'], href: () => router.href('runs'),
    curl: () => curlEgql(inRange('runs'), ofRepo()),
    ask: (signal) => egql(inRange('runs'), { params: ofRepo(), signal }),
    show: (answer) => {
      const rows = objects(answer);
      const failed = sum(rows, 'n', (row) => !['ok', 'running', 'success', null].includes(row.status));
      return { n: failed, state: failed ? 'bad' : 'good', text: `not ok, of ${number(sum(rows, 'n'))}` };
    },
  },
  {
    name: 'drift', title: 'Drift', of: ['repo'], href: () => router.href('spec'), curl: () => curlPanel('spec-drift', ofRepo()),
    ask: (signal) => panel('spec-drift', ofRepo(), { signal }),
    show: (answer) => ({ n: answer.rows.length, state: answer.rows.length ? 'warn' : 'good', text: 'metrics frozen' }),
  },
  {
    name: 'letters', title: 'Dead letters', of: TIME, href: () => router.href('letters'),
      curl: () => curlPanel('dead-letters-by-code', rangeAsParams()),
    ask: (signal) => panel('dead-letters-by-code', rangeAsParams(), { signal }),
    show: (answer) => {
      const waiting = sum(objects(answer), 'cnt');
      return { n: waiting, state: waiting ? 'warn' : 'good', text: 'refused and not sent again' };
    },
  },
];

const STATES = { good: '✓', warn: '▲', bad: '✕' };

class Tile extends Element {
  static properties = { tile: { attribute: false } };

  constructor() {
    super();
    this.load = new Load(this, (signal) => this.tile.ask(signal), { everyMs: EVERY_MS });
    this.route = new Route(this, (now, before) => this.#ask(now.query, before.query));
  }

  connectedCallback() {
    super.connectedCallback();
    this.load.go();
  }

  #ask(now, before) {
    if (!this.tile.of?.some((name) => now[name] !== before[name])) return;
    this.kept = this.load.data ?? this.kept;
    this.load.go({ fresh: true });
  }

  render() {
    const { load, tile } = this;
    const isOld = load.lags && this.kept !== undefined; // of the time range before
    const data = isOld ? this.kept : load.data;
    const shown = data === undefined ? null : tile.show(data);
    const state = isOld ? (load.error ? 'stale' : 'asking') : load.error ? load.state : shown?.state ?? 'loading';
    const why = load.error ? `${load.error.message} ${load.error.hint ?? ''}` : '';
    return html`<div class="tile" data-state=${state} aria-busy=${load.busy ? 'true' : 'false'}><a href=${tile.href()}><span
      class="title">${tile.title}</span>
      <span class="figure">${shown ? html`<i aria-hidden="true">${STATES[shown.state]}</i> ${typeof shown.n === 'number' ? number(shown.n)
        : shown.n}` : '\u00a0'}</span>
      <span class="text">${!shown ? why || '\u00a0' : html`${shown.text}${state === 'asking' ? ' · before, loading' : state === 'stale'
        ? html` · <em>old: ${why}</em>` : nothing}`}</span></a>
      <egdb-copy label="curl" name=${`copy as curl: ${tile.title}`} .text=${tile.curl}></egdb-copy></div>`;
  }
}
customElements.define('egdb-tile', Tile);

const COLUMNS = [
  { name: 'created_utc', title: 'time, UTC', type: 'time' },
  { name: 'kind', title: 'gate', type: 'text', width: 52, grow: 0 },
  { name: 'action', title: 'action', type: 'text', width: 78, grow: 0,
    render: (action) => html`<span class=${action === 'block' ? 'bad' : 'warn'}>${action}</span>` },
  { name: 'commit_sha', title: 'commit', type: 'text', width: 104, grow: 0,
    render: (sha) => html`<a href=${router.href('deltas', { sha })}><code>${sha.slice(0, 10)}</code></a>` },
  { name: 'score', title: 'score', type: 'number', width: 76 },
  { name: 'threshold', title: 'limit', type: 'number', width: 76 },
  { name: 'module', title: 'module', type: 'text', width: 120 },
];

const SERIES_MOST = 6;
const BUCKETS_EVERY_MS = 60e3;

// Counts by bucket and topic as series: the topics with most, and all others together. A bucket without a row has no events: 0 is
// counted. The last value holds until the end of its bucket, or of the range: a point of its own.
function seriesOf(list, width, to) {
  const step = durationMs(width);
  const rows = list.map(([at, topic, n]) => ({ at: Date.parse(at), topic, n }));
  const first = Math.min(...rows.map((row) => row.at));
  const x = Array.from({ length: Math.round((Math.max(...rows.map((row) => row.at)) - first) / step) + 1 }, (_, i) => first + i * step);
  const totals = new Map();
  for (const row of rows) totals.set(row.topic, (totals.get(row.topic) ?? 0) + row.n);
  const order = [...totals.keys()].sort((a, b) => totals.get(b) - totals.get(a) || (a < b ? -1 : 1));
  const named = order.length > SERIES_MOST ? [...order.slice(0, SERIES_MOST - 1), 'others'] : order;
  const series = named.map((name) => ({ name, kind: 'steps', values: new Array(x.length).fill(0) }));
  for (const row of rows) {
    const place = named.indexOf(row.topic);
    series[place < 0 ? series.length - 1 : place].values[Math.round((row.at - first) / step)] += row.n;
  }
  x.push(Math.max(x.at(-1) + 1, Math.min(x.at(-1) + step, to)));
  for (const { values } of series) values.push(values.at(-1));
  return { x, series };
}

export default class Overview extends Element {
  constructor() {
    super();
    this.counts = new Load(this, async (signal) => {
      const now = range();
      const width = bucketWidth(now);
      const answer = await egql(this.#countsQuery, { signal });
      const rows = answer.rows.slice(0, MOST.buckets);
      return { width, span: { from: +now.from, to: +now.to }, data: rows.length ? seriesOf(rows, width, +now.to) : null,
        more: rows.length < answer.rows.length };
    }, { everyMs: BUCKETS_EVERY_MS });
    this.violations = new Load(this, async (signal) => {
      const [options, count] = [{ params: ofRepo(), signal }, inRange('violationCount')];
      const { rows, more } = first(await egql(inRange('violations'), options), MOST.overview);
      return { rows, all: more ? await counted(count, options, rows.length) : null };
    }, { everyMs: EVERY_MS });
    this.route = new Route(this, () => {
      for (const load of [this.violations, this.counts]) load.go({ fresh: true });
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.rate = rate();
    const again = () => this.requestUpdate();
    this.rate.addEventListener('rate', again);
    this.until(() => this.rate.removeEventListener('rate', again));
    this.violations.go();
    this.counts.go();
  }

  get #countsQuery() {
    return OVERVIEW.events(bucketWidth(), rangeAsEgql());
  }

  #counts() {
    const show = ({ from, to }) => router.set({ last: '', from: iso(new Date(from)), to: iso(new Date(to)) });
    return html`<div class="wide">${frame(this.counts, {
      title: 'Events over time', size: 'l', curl: () => curlEgql(this.#countsQuery), isEmpty: ({ data }) => !data,
        empty: 'No event has its time in this range.',
      note: html`By their own time, every ${this.counts.data?.width ?? ''}${repos.chosen ? ', of all repositories' : ''}.
        Drag to look closer; click to read the events.`,
      body: ({ data, span, width, more }) => html`<egdb-chart .data=${data} .span=${span} time label="Events over time"
        @zoom=${(event) => show(event.detail)}
        @pick=${({ detail }) => this.#read(data.x[Math.min(detail, data.x.length - 2)], durationMs(width))}></egdb-chart>${more
          ? html`<p class="note cut">The first ${number(MOST.buckets)} counts: a shorter range has the others.</p>` : nothing}`,
    })}</div>`;
  }

  #read(from, ms) {
    router.go('events', { from: iso(new Date(from)), to: iso(new Date(from + ms)) });
  }

  #ingest() {
    const { now, x, stored, rejected } = this.rate;
    const last = stored.at(-1);
    const fact = (name, value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`<section class="panel" aria-label="Ingest" data-state=${now ? 'ready' : 'loading'}><header><h2>Ingest</h2><div
      class="actions">
        <egdb-copy label="curl" name="copy as curl: Ingest" .text=${() => curl({ path: 'metrics' })}></egdb-copy></div></header>
      <p class="note">This server's rate since the page was opened, every 10 s.</p>
      <dl class="facts small">${fact('now', last === undefined || last === null ? '∅' : `${number(Math.round(10 * last) / 10)} events/s`)}
        ${fact('a commit', now?.commit_ms ? duration(now.commit_ms) : '∅')} ${fact('in the queue', now ? number(now.queue)
          : '∅')} ${fact('streams', now ? number(now.streams) : '∅')}
        ${fact('stored', now ? compact(now.stored) : '∅')} ${fact('refused', now ? compact(now.rejected) : '∅')}</dl>
      <div class="body"><egdb-chart
        .data=${{ x, series: [{ name: 'stored a second', values: stored }, { name: 'refused a second', values: rejected }] }} time
        .height=${150} .span=${{ from: (x.at(-1) ?? Date.now()) - SPAN_MS, to: x.at(-1) ?? Date.now() }}
          label="Events a second"></egdb-chart></div></section>`;
  }

  render() {
    const { last } = range();
    return html`<h1>Overview</h1><h2 class="off-screen">What is on fire</h2>
      <div class="tiles">${TILES.map((tile) => html`<egdb-tile .tile=${tile}></egdb-tile>`)}</div>
      <div class="grid overview-two">${frame(this.violations, {
        title: 'Gates that did not pass', size: 't', note: last ? `In the last ${last}.` : 'In the range above.', href: router.href('spec'),
          curl: () => curlEgql(inRange('violations'), ofRepo()),
        empty: html`Every gate passed, or none was asked: <code>egdb-index gates</code> asks them.`,
        body: ({ rows, all }) => html`<egdb-table .columns=${COLUMNS} .rows=${rows} label="Gates that did not pass" pickable
          @pick=${(event) => router.go('deltas', { sha: event.detail.commit_sha })}></egdb-table>
          ${all ? cutAt(rows.length, all, { href: whole(inRange('violations'), ofRepo()) }) : nothing}`,
      })}${this.#ingest()}${this.#counts()}</div>
      <egdb-group .groups=${['Overview', 'Operations']} .except=${OWN}></egdb-group>`;
  }
}
