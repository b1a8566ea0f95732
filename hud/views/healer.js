// Healer: how often healing succeeds, by kind and with how many; the candidates; of one (?id=) what was proposed, verified, and what came
// of it.
import { curlEgql, curlPanel, egql, objects, panel } from '../lib/api.js';
import { counted } from '../lib/cut.js';
import { Element, html, nothing } from '../lib/element.js';
import { NULL, number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { FIXES_OF, HEALS } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { rangeAsEgql, rangeAsParams } from '../lib/time.js';
import { cutAt, whole } from '../components/cut.js';
import { frame } from '../components/frame.js';
import { chain, commit, facts, verdict } from '../components/story.js';
import '../components/bars.js';
import '../components/json.js';
import '../components/table.js';

const EVERY_MS = 60e3;
const MOST = 1000; // candidates that the panel answers at once
const FEW = 10; // below, a share says little
const TONES = { applied: 'good', rejected: 'bad', rolled_back: 'warn' };
const CHECKS = [['sandbox_ok', 'sandbox'], ['ci_ok', 'CI'], ['canary_ok', 'canary']];

const COLUMNS = [
  { name: 'created_utc', title: 'proposed, UTC', type: 'time', width: 172 }, { name: 'kind', title: 'kind', type: 'text', width: 110 },
  { name: 'confidence', title: 'confidence', type: 'number', width: 108 }, { name: 'sha', title: 'commit', type: 'text', width: 96,
    grow: 0, render: commit },
  { name: 'checks', title: 'verified', type: 'text', width: 190, get: (row) => CHECKS.filter(([name]) => row[name]).length,
    render: (_, row) => CHECKS.map(([name, title]) => html`${verdict(title, row[name])} `) },
  { name: 'mutation_score', title: 'mutants', type: 'number', width: 84 },
  { name: 'result', title: 'outcome', type: 'text', width: 100, grow: 0,
    render: (value) => (value ? html`<span class=${TONES[value]}>${value.replace('_', ' ')}</span>` : NULL) },
  { name: 'reason', title: 'why', type: 'text', width: 120 },
];

export default class Healer extends Element {
  constructor() {
    super();
    this.route = new Route(this, () => this.#ask());
    this.success = new Load(this, (signal) => panel('heal-success', this.about, { signal }), { everyMs: EVERY_MS });
    this.list = new Load(this, async (signal) => {
      const rows = objects(await panel('heal-candidates', this.params, { signal }));
      return { rows, all: rows.length < MOST ? null : await counted(this.text(HEALS.count), { params: this.values, signal }, MOST) };
    }, { everyMs: EVERY_MS });
    this.one = new Load(this, async (signal) => {
      const options = { params: { id: router.current.query.id }, signal };
      const [[heal], after] = await Promise.all([egql(FIXES_OF.heal, options), egql(FIXES_OF.healed, options)].map(async (answer) => objects(await answer)));
      return { heal, after };
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Escape', 'Close the candidate', () => (router.current.query.id ? router.set({ id: '' }) : false), 'Healer'));
    this.#ask();
  }

  get about() {
    return given(repos.chosen, rangeAsParams());
  }

  get params() {
    return { ...this.about, ...this.kind, limit: MOST };
  }

  get kind() {
    const { kind } = router.current.query;
    return kind ? { kind } : {};
  }

  // The same candidates as a query.
  text(query) {
    return query(repos.chosen, rangeAsEgql(), Boolean(router.current.query.kind));
  }

  get values() {
    return given(repos.chosen, this.kind);
  }

  #ask() {
    const { id, last, from, to, kind, repo } = router.current.query;
    const key = [last, from, to, kind, repo].join();
    if (key !== this.asked) {
      const fresh = this.asked !== undefined;
      this.asked = key;
      for (const load of [this.success, this.list]) load.go({ fresh });
    }
    if (id && id !== this.shown) this.one.go({ fresh: true });
    this.shown = id;
  }

  #success(rows) {
    const { kind } = router.current.query;
    return html`<egdb-bars .rows=${rows.map((row) => ({
      label: row.kind, value: row.success_rate, shown: `${Math.round(100 * row.success_rate)} % of n = ${row.n}`,
        mark: `${row.n < FEW ? 'warn' : ''} ${kind === row.kind ? 'chosen' : ''}`,
      title: row.n < FEW ? 'too few to say much' : row.kind,
        href: router.href('healer', { ...router.current.query, id: '', kind: kind === row.kind ? '' : row.kind }) }))} .top=${1}
          label="Share applied"></egdb-bars>
      ${rows.some((row) => row.n < FEW) ? html`<p class="note">Of fewer than ${FEW} outcomes (in another colour) a share says little.</p>`
        : nothing}`;
  }

  #step({ id, topic, ts_utc, payload }) {
    if (topic === 'heal.outcome@v1') {
      return { at: ts_utc, title: payload.result.replace('_', ' '), tone: TONES[payload.result], event: id,
        body: html`${payload.reason ?? ''} ${/^https?:/.test(payload.pr_url ?? '') ? html`<a href=${payload.pr_url} target="_blank"
          rel="noopener">${payload.pr_url}</a>` : payload.pr_url ?? ''}` };
    }
    const bad = CHECKS.some(([name]) => payload[name] === false);
    return { at: ts_utc, title: 'verified', tone: bad ? 'bad' : 'good', event: id,
      body: html`${CHECKS.map(([name, title]) =>
        html`${verdict(title, payload[name])} `)} mutants killed ${payload.mutation_score === undefined ? NULL
          : number(payload.mutation_score)}
        ${payload.notes ? html`<p>${payload.notes}</p>` : nothing}` };
  }

  #one({ heal, after }) {
    const parts = [['why', heal.rationale], ['where', heal.scope], ['Δ', heal.deltas]].filter(([, value]) => value !== null);
    const steps = after.map((event) => this.#step(event));
    if (!steps.length) steps.push({ title: 'not verified yet', tone: 'warn' });
    return html`${facts([['kind', heal.kind], ['confidence', heal.confidence === null ? NULL : number(heal.confidence)],
      ['commit', commit(heal.sha)], ['branch', heal.branch], ['repository', heal.repo]])}
      ${chain([{ at: heal.created_utc, title: 'proposed', event: heal.event_id,
        body: parts.map(([name, value]) => html`<h3>${name}</h3><egdb-json .value=${value}></egdb-json>`) }, ...steps])}`;
  }

  render() {
    const { id } = router.current.query;
    return html`<h1>Healer</h1><div class="grid one">${frame(this.success, {
      title: 'How often it succeeds', size: 's',
        note: 'Of the outcomes of candidates proposed in the time range: the share that was applied.',
          curl: () => curlPanel('heal-success', this.about),
      empty: 'No candidate of the time range has an outcome.', body: (answer) => this.#success(objects(answer)) })}</div>
      <div class="beside ${id ? 'with-one' : ''}">${frame(this.list, {
        title: 'Candidates', curl: () => curlPanel('heal-candidates', this.params), empty: html`Nothing was proposed in the time range: a candidate is a <code>heal.proposed@v1</code>.`,
        body: ({ rows, all }) => html`<egdb-table .columns=${COLUMNS} .rows=${rows} label="Candidates" pickable
          .selected=${rows.find((row) => row.id === id)}
          .rowClass=${(row) => (row.id === id ? 'chosen' : '')} @pick=${(event) => router.set({ id: event.detail.id })}></egdb-table>
          ${all && all.n > rows.length ? cutAt(rows.length, all, { href: whole(this.text(HEALS.list), this.values) }) : nothing}` })}
      ${id ? frame(this.one, { title: `Candidate ${id}`, curl: () => curlEgql(FIXES_OF.healed, { id }), isEmpty: (data) => !data.heal,
        empty: 'No such candidate is stored.',
        actions: html`<button type="button" class="quiet" @click=${() => router.set({ id: '' })}>close <kbd>Esc</kbd></button>`,
          body: (data) => this.#one(data) }) : nothing}</div>`;
  }
}
