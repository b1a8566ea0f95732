// Runs: the list, the steps of one as a timeline beside what is usual, two runs side by side, and how long each step takes over time.
// ?run= is shown, ?with= compared with it, ?step= drawn over time; status= and sha= choose.
import { curlPanel, objects, panel } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { NULL, number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { isSha, shaHint, shaOf } from '../lib/shas.js';
import { duration, durationMs, iso, range, rangeAsParams, when } from '../lib/time.js';
import { frame } from '../components/frame.js';
import '../components/chart.js';
import '../components/group.js';
import '../components/table.js';
import '../components/timeline.js';

const LIST_MS = 15e3;
const STATES = ['ok', 'error', 'partial'];
const LIST_MOST = 1000;
// Slower: so many times the usual median, and more than a few milliseconds; much slower: beyond the usual 95th percentile too.
const SLOWER = 1.25;
const LEAST_MS = 5;
const USUAL_LEAST = 3; // earlier times without which nothing is usual
const BEFORE = 24; // intervals whose median is what is usual
const INTERVALS_S = [60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 604800, 2592000];
const INTERVALS = 60; // about so many in the range

const ms = (value) => (value === null || value === undefined ? NULL : html`${number(Math.round(value * 10) / 10)} ms`);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const ratio = (value, usual) => (value === null || !usual ? NULL : `× ${number(Math.round((100 * value) / usual) / 100)}`);

const isSlower = (value, usual) => value > SLOWER * usual && value - usual > LEAST_MS;

function markOf(step) {
  if (step.n < USUAL_LEAST || !isSlower(step.dt_ms, step.p50_ms)) return '';
  return step.dt_ms >= step.p95_ms ? 'bad' : 'warn';
}
const MARKS = { bad: html`<strong class="bad" title="slower than usual, beyond the 95th percentile">▲ slower</strong>`,
  warn: html`<span class="warn" title="slower than usual">△ slower</span>`, '': nothing };

// Where each step stood in its run: by the times of its events, if these are in order; else one after another.
function placed(steps) {
  const ends = steps.map((step) => Date.parse(step.ended));
  const known = ends.every((end, i) => end && (i === 0 || end > ends[i - 1]));
  let at = 0;
  const spans = steps.map((step, i) => (known ? { from: ends[i] - step.dt_ms, to: ends[i] } : { from: at, to: (at += step.dt_ms) }));
  return { known, spans };
}

// The first interval of each series of intervals that are slower than those before them.
function regressions(values) {
  const found = [];
  const before = [];
  let slow = false;
  values.forEach((value, i) => {
    if (value === null) return;
    const now = before.length >= USUAL_LEAST && isSlower(value, median(before.slice(-BEFORE)));
    if (now && !slow) found.push(i);
    slow = now;
    before.push(value);
  });
  return found;
}

export default class Runs extends Element {
  constructor() {
    super();
    this.route = new Route(this, () => this.#arrived());
    // What can be no commit's sha has no runs, and is not asked for.
    this.list = new Load(this, async (signal) => (this.route.query.sha && !isSha(this.route.query.sha) ? { columns: [], rows: [] }
      : panel('runs', this.listParams, { signal })), { everyMs: LIST_MS });
    this.trend = new Load(this, (signal) => panel('step-trend', this.trendParams, { signal }), { everyMs: 60e3 });
    this.one = new Load(this, (signal) => panel('run-profile', { run: this.route.query.run }, { signal }), { everyMs: LIST_MS });
    this.other = new Load(this, (signal) => panel('run-profile', { run: this.route.query.with }, { signal }));
    this.asked = new Map();
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [key, title, by] of [['n', 'The next run', 1], ['p', 'The run before', -1]]) this.until(addKey(key, title,
      () => this.#step(by), 'Runs'));
    this.until(addKey('c', 'Compare with the run before it', () => this.#compare(), 'Runs'));
    this.#arrived();
  }

  get listParams() {
    const { sha, status } = this.route.query;
    return given(repos.chosen, { ...rangeAsParams(), sha: shaOf(sha), status, limit: LIST_MOST });
  }

  get trendParams() {
    const now = range();
    const wide = (now.last ? durationMs(now.last) : now.to - now.from) / 1000;
    const interval = INTERVALS_S.find((one) => wide / one <= INTERVALS) ?? INTERVALS_S.at(-1);
    return given(repos.chosen, { ...rangeAsParams(now), interval_s: interval });
  }

  // Asks what the URL now asks for, and what it asked for before is not asked again.
  #arrived() {
    const { run, with: other } = this.route.query;
    for (const [load, key] of [[this.list, JSON.stringify(this.listParams)], [this.trend, JSON.stringify(this.trendParams)],
      [this.one, run ?? ''], [this.other, run && other ? other : '']]) {
      if (this.asked.get(load) === key) continue;
      this.asked.set(load, key);
      if (key) load.go({ fresh: true });
      else load.stop();
    }
  }

  get runs() {
    return this.list.data ? objects(this.list.data) : [];
  }

  #step(by) {
    const all = this.runs;
    const to = all[all.findIndex((run) => run.id === this.route.query.run) + by];
    if (to) router.set({ run: to.id }, { replace: true });
  }

  #compare() {
    const all = this.runs;
    const before = all[all.findIndex((run) => run.id === this.route.query.run) + 1];
    if (this.route.query.run && before) router.set({ with: before.id });
  }

  #list() {
    const { query } = this.route;
    const column = (name, title, type, more) => ({ name, title, type, ...more });
    const columns = [
      column('id', 'run', 'text', { width: 140, grow: 3, render: (id) => html`<a href=${router.href('runs', { ...query, run: id })}>${id}</a>` }),
      column('status', 'status', 'text', { width: 100, grow: 0, get: (run) => (run.finished ? run.status : 'no end yet'),
        render: (state) => html`<span class=${{ ok: 'good', error: 'bad' }[state] ?? 'warn'}>${{ ok: '✓', error: '✗' }[state]
          ?? '…'} ${state}</span>` }),
      column('started', 'started', 'time', { width: 164 }),
      column('took', 'took', 'number', { width: 80, get: (run) => (run.finished ? Date.parse(run.finished) - Date.parse(run.started) : null),
        render: (value) => (value === null ? NULL : duration(value)) }),
      column('steps', 'steps', 'integer', { width: 60 }),
      column('steps_ms', 'in steps', 'integer', { width: 84, render: (value, run) => (run.steps ? ms(value) : NULL) }),
      column('slowest', 'slowest step', 'text', { width: 116 }),
      column('branch', 'branch', 'text', { width: 80 }),
      column('sha', 'commit', 'text',
        { width: 100, grow: 0, render: (sha) => html`<a href=${router.href('deltas', { sha })}><code>${sha.slice(0, 10)}</code></a>` }),
    ];
    if (query.run) {
      columns.splice(1, 0, column('with', 'compare', 'text', { width: 84, grow: 0, get: (run) => run.id,
        render: (id) => (id === query.run ? 'shown'
        : html`<a href=${router.href('runs', { ...query, with: id === query.with ? '' : id })}
          aria-label=${`compare with ${id}`}>${id === query.with ? '● with' : '○ with'}</a>`) }));
    }
    const choose = html`<label for="runs-status">status</label><select id="runs-status"
      @change=${(event) => router.set({ status: event.target.value })}>
        <option value="">any</option>${STATES.map((state) => html`<option ?selected=${state === query.status}>${state}</option>`)}</select>
      <label for="runs-sha">commit</label><input id="runs-sha" .value=${query.sha ?? ''} placeholder="any" spellcheck="false"
        @change=${(event) => router.set({ sha: event.target.value.trim() })}>`;
    return frame(this.list, {
      title: 'Runs', size: 't', note: html`<span class="fields">${choose}</span>`, curl: () => curlPanel('runs', this.listParams),
        empty: html`No run${this.#chosen} began in this range.${shaHint(query.sha)} A run is what <code>run.started@v1</code>,
          <code>core.step.finished@v1</code> and <code>run.finished@v1</code> tell of it: post them.`, body: (answer) => html`<egdb-table .columns=${columns} .rows=${this.runs}
          label="Runs" pickable
          .selected=${this.runs.find((run) => run.id === query.run)} @pick=${(event) => router.set({ run: event.detail.id })}></egdb-table>
        ${answer.rows.length === LIST_MOST ? html`<p class="note">The newest ${number(LIST_MOST)} of this range.</p>` : nothing}`,
    });
  }

  get #chosen() {
    const { sha, status } = this.route.query;
    return `${status ? ` that is ${status}` : ''}${sha ? ` of commit ${sha.slice(0, 8)}` : ''}`;
  }

  #steps(answer) {
    const steps = objects(answer);
    const { known, spans } = placed(steps);
    const rows = steps.map((step, i) => ({ lane: step.name, ...spans[i], mark: markOf(step),
      title: `${step.idx} ${step.name}: ${number(step.dt_ms)} ms, usually ${step.p50_ms === null ? 'unknown'
        : `${number(step.p50_ms)} ms`}`, step }));
    const columns = [
      { name: 'idx', title: '#', type: 'integer', width: 40 }, { name: 'name', title: 'step', type: 'text', width: 96,
        render: (name) => this.#stepLink(name) },
      { name: 'dt_ms', title: 'took', type: 'integer', width: 84, render: ms },
        { name: 'p50_ms', title: 'usual', type: 'number', render: ms },
      { name: 'p95_ms', title: 'usual p95', type: 'number', render: ms },
      { name: 'ratio', title: 'of usual', type: 'number', get: (step) => (step.p50_ms ? step.dt_ms / step.p50_ms : null),
        render: (_, step) => ratio(step.dt_ms, step.p50_ms) },
      { name: 'mark', title: 'slower', type: 'text', width: 96, get: markOf, render: (mark) => MARKS[mark] },
      { name: 'event_id', title: 'event', type: 'text',
        render: (id) => (id ? html`<a href=${router.href('events', { id })}>${id}</a>` : NULL) },
    ];
    return html`<egdb-timeline .rows=${rows} relative label="Steps of the run"
      @pick=${(event) => router.set({ step: event.detail.lane })}></egdb-timeline>
      ${known ? nothing : html`<p class="note">The events' times are not in the steps' order: the steps are drawn one after another.</p>`}
      <egdb-table .columns=${columns} .rows=${steps} label="Steps" .rowClass=${(step) => markOf(step)
        && `runs-${markOf(step)}`}></egdb-table>`;
  }

  #stepLink(name) {
    return html`<a href=${router.href('runs', { ...this.route.query, step: name })}>${name}</a>`;
  }

  #one() {
    const { run } = this.route.query;
    if (!run) return html`<section class="panel size-s"><h2>Steps of a run</h2><p
      class="empty">Choose a run: its steps stand here, beside what is usual.</p></section>`;
    return frame(this.one, {
      title: `Steps of ${run}`, size: 'l', curl: () => curlPanel('run-profile', { run }), empty: 'No step of this run is known.',
        body: (answer) => this.#steps(answer),
      note: `▲ slower: over ${SLOWER} times the median of the 50 runs before it, and beyond their 95th percentile; △: not beyond it.`,
      actions: html`<a href=${router.href('events', { correlation_id: run })}>events</a>
        <button type="button" class="quiet" @click=${() => this.#compare()}>compare <kbd>c</kbd></button>
        <button type="button" class="quiet" @click=${() => router.set({ run: '', with: '' })}>close</button>`,
    });
  }

  // Steps of one name meet in their order; what the other lacks is a gap.
  #pairs() {
    const pairs = new Map();
    for (const [side, load] of [['a', this.one], ['b', this.other]]) {
      const seen = new Map();
      for (const step of objects(load.data)) {
        const nth = (seen.get(step.name) ?? 0) + 1;
        seen.set(step.name, nth);
        const key = nth > 1 ? `${step.name} (${nth})` : step.name;
        if (!pairs.has(key)) pairs.set(key, { step: key, name: step.name, a: null, b: null });
        pairs.get(key)[side] = step.dt_ms;
      }
    }
    return [...pairs.values()].map((pair) => ({ ...pair, more: pair.a === null || pair.b === null ? null : pair.a - pair.b }));
  }

  #compared() {
    const { run, with: other } = this.route.query;
    if (!run || !other) return nothing;
    const signed = (value) => (value === null ? NULL : html`<span class=${value > LEAST_MS ? 'bad' : value < -LEAST_MS ? 'good'
      : ''}>${value > 0 ? '+' : ''}${ms(value)}</span>`);
    const columns = [
      { name: 'step', type: 'text', width: 96, render: (_, pair) => (pair.step === pair.name ? this.#stepLink(pair.name) : pair.step) },
      { name: 'a', title: run, type: 'integer', width: 108, render: ms }, { name: 'b', title: other, type: 'integer',
        width: 108, render: ms },
      { name: 'more', title: 'difference', type: 'integer', width: 110, render: signed },
      { name: 'ratio', title: 'times', type: 'number', get: (pair) => (pair.b ? pair.a / pair.b : null),
        render: (_, pair) => ratio(pair.a, pair.b) },
    ];
    return frame(this.other, {
      title: `${run} and ${other}`, curl: () => curlPanel('run-profile', { run: other }),
      body: () => (this.one.data ? html`<egdb-table .columns=${columns} .rows=${this.#pairs()} label="Two runs"></egdb-table>` : nothing),
      actions: html`<button type="button" class="quiet" @click=${() => router.set({ run: other, with: run })}>swap</button>
        <button type="button" class="quiet" @click=${() => router.set({ with: '' })}>close</button>`,
    });
  }

  // By step: its intervals, and where it became slower. Made once of an answer.
  #byStep(answer) {
    if (answer.seen) return answer.seen;
    const rows = objects(answer);
    const x = [...new Set(rows.map((row) => Date.parse(row.at)))].sort((a, b) => a - b);
    const steps = Map.groupBy(rows, (row) => row.name);
    return (answer.seen = [...steps].map(([name, own]) => {
      const at = new Map(own.map((row) => [Date.parse(row.at), row]));
      const series = (key) => x.map((time) => at.get(time)?.[key] ?? null);
      const [p50, p95] = [series('p50_ms'), series('p95_ms')];
      const slow = regressions(p95);
      const before = own.slice(0, -1).map((row) => row.p95_ms);
      return { name, n: own.reduce((sum, row) => sum + row.n, 0), now: own.at(-1).p95_ms, median: own.at(-1).p50_ms, usual: before.length
        ? median(before) : null,
        slow: slow.length, slowAt: slow.length ? x[slow.at(-1)] : null, marks: slow.map((i) => ({ at: x[i], title: 'slower' })),
        data: { x, series: [{ name: 'median', values: p50 }, { name: '95th percentile', values: p95 }] } };
    }));
  }

  #trends(answer) {
    const steps = this.#byStep(answer);
    const chosen = steps.find((step) => step.name === this.route.query.step)
      ?? steps.toSorted((a, b) => b.slow - a.slow || b.now - a.now)[0];
    const columns = [
      { name: 'name', title: 'step', type: 'text', width: 84, render: (name) => this.#stepLink(name) },
      { name: 'now', title: 'p95 now', type: 'number', width: 84, render: ms }, { name: 'usual', title: 'before', type: 'number',
        width: 86, render: ms },
      { name: 'ratio', title: 'times', type: 'number', width: 68, get: (step) => (step.usual ? step.now / step.usual : null),
        render: (_, step) => ratio(step.now, step.usual) },
      { name: 'slowAt', title: 'became slower', type: 'time', width: 178,
        render: (at) => (at ? html`<span class="bad">▲ ${when(new Date(at))}</span>` : nothing) },
      { name: 'median', title: 'p50 now', type: 'number', width: 84, render: ms }, { name: 'n', title: 'ran', type: 'integer', width: 50 },
    ];
    return html`<div class="runs-trend"><egdb-table .columns=${columns} .rows=${steps} label="Steps over time" pickable .selected=${chosen}
        .rowClass=${(step) => (step.slow ? 'runs-bad' : '')} @pick=${(event) => router.set({ step: event.detail.name })}></egdb-table>
      <div><h3>${chosen.name}</h3><egdb-chart .data=${chosen.data} .marks=${chosen.marks} unit=" ms" label=${`${chosen.name} over time`}
        @zoom=${(event) => router.set({ last: '', from: iso(new Date(event.detail.from)),
          to: iso(new Date(event.detail.to)) })}></egdb-chart></div></div>`;
  }

  render() {
    return html`<h1>Runs</h1><div class="grid one">${this.#list()}${this.#one()}${this.#compared()}
      ${frame(this.trend, { title: 'How long steps take', size: 'l', curl: () => curlPanel('step-trend', this.trendParams),
        empty: 'No step ran in this range.', body: (answer) => this.#trends(answer),
        note: `▲ and a dashed line: the 95th percentile passed ${SLOWER} times the median of the up to ${BEFORE} intervals before it. ` +
          `Drag in the chart to look closer.` })}
      </div><egdb-group .groups=${['Runs']} .except=${['runs', 'run-steps', 'run-profile', 'step-trend', 'step-times']}></egdb-group>`;
  }
}
