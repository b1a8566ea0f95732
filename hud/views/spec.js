// Spec Monitor: what holds (α, β, ζ as steps), what was measured (points), when nothing was learned (bands) and where drift began (marks).
// A result opens its evidence (?violation=): the tokens that made it. Freezing and unfreezing are events with a reason.
import { curlEgql, egql, getJson, objects } from '../lib/api.js';
import { counts, first } from '../lib/cut.js';
import { Element, html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { MOST, SPEC, STATES } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { isSha } from '../lib/shas.js';
import { color } from '../lib/theme.js';
import { iso, range, rangeAsEgql, when } from '../lib/time.js';
import { cutAt, whole } from '../components/cut.js';
import { frame } from '../components/frame.js';
import { commit, facts } from '../components/story.js';
import '../components/bars.js';
import '../components/chart.js';
import '../components/decide.js';
import '../components/table.js';

const EVERY_MS = 30e3;
const COMMITS = 20; // of a freeze, as egdb-index has it
const GATES = [['I1', 'I1 energy ΔZ'], ['I2', 'I2 contracts'], ['I3', 'I3 distance'], ['I4', 'I4 tests']];
const METRICS = { I1: 'delta_z', I3: 'mosaic_e', I4: 'coverage' }; // as egdb-index names them
const ACTIONS = [['pass', 'good'], ['review', 'warn'], ['warn', 'warn'], ['block', 'bad']];

const covers = (unit, module) => unit === '*' || unit === module || module.startsWith(`${unit}.`);
const ms = (time) => Date.parse(time);

export default class Spec extends Element {
  constructor() {
    super();
    this.route = new Route(this, () => this.#ask());
    const ask = (text, params) => async (signal) => first(await egql(text(), { params: given(repos.one, params?.()), signal }), MOST.groups);
    this.modules = new Load(this, ask(() => STATES.modules(repos.one)));
    this.limits = new Load(this, ask(() => SPEC.limits(repos.one), () => ({ module: this.module })), { everyMs: EVERY_MS });
    this.results = new Load(this, (signal) => this.#judged(signal), { everyMs: EVERY_MS });
    this.drift = new Load(this, ask(() => STATES.drift(repos.one)), { everyMs: EVERY_MS });
    this.evidence = new Load(this, async (signal) => {
      const id = router.current.query.violation;
      const { ts_utc: at } = await getJson(`v1/events/${encodeURIComponent(id)}`, { signal }).catch((error) => {
        if (error.status !== 404) throw error;
        return {}; // the log is kept for a time, what it made longer: it is found more slowly then
      });
      const rows = objects(await egql(SPEC.evidence(Boolean(at)), { params: { id, ...(at && { at }) }, signal }));
      for (const row of rows) row.tokens = row.details?.tokens?.length ? row.details.tokens : await this.#tokens(row, signal);
      return rows;
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Escape', 'Close the evidence', () => (router.current.query.violation ? router.set({ violation: '' }) : false),
      'Spec Monitor'));
    this.#ask();
  }

  get module() {
    return router.current.query.module || '*';
  }

  get gate() {
    return router.current.query.gate || 'I1';
  }

  text(name) {
    return SPEC[name](repos.one, rangeAsEgql(), this.gate === 'I1' && this.module !== '*' ? ', details.modules' : '');
  }

  get params() {
    return given(repos.one, { gate: this.gate });
  }

  // {rows, cut}; cut: of more results than are drawn, the newest of those that did not pass, and how many there are of each action.
  async #judged(signal) {
    const options = { params: this.params, signal };
    const { rows, more } = first(await egql(this.text('results'), options), MOST.results);
    if (!more) return { rows, cut: null };
    const [violations, by] = await Promise.all([egql(this.text('violations'), options),
      counts(this.text('counts'), { ...options, name: 'action' })]);
    const sum = (list) => list.reduce((n, [, one]) => n + one, 0);
    const total = (list, known) => (by ? { n: sum(list), least: false } : { n: known + 1, least: true });
    const bad = first(violations, MOST.violations);
    return { rows, cut: { all: total(Object.entries(by ?? {}), rows.length), violations: bad.rows, more: bad.more,
      bad: total(Object.entries(by ?? {}).filter(([action]) => action !== 'pass'), bad.rows.length) } };
  }

  #ask() {
    const { last, from, to, violation } = router.current.query;
    const once = (name, key, ...loads) => {
      if (this[name] === key) return;
      const fresh = this[name] !== undefined;
      this[name] = key;
      for (const load of loads) load.go({ fresh });
    };
    const repo = repos.one ?? '*';
    once('askedRepo', repo, this.modules, this.drift);
    once('askedLimits', [repo, this.module].join(' '), this.limits);
    once('askedResults', [repo, last, from, to, this.gate, this.module].join(' '), this.results);
    if (violation) once('askedEvidence', violation, this.evidence);
  }

  // The tokens of the result's commit and module, where its details have none; the share of each is its part of the weight.
  async #tokens(row, signal) {
    if (!isSha(row.sha)) return [];
    const tokens = objects(await egql(SPEC.tokens(row.sha, row.module), { params: row.module ? { module: row.module } : undefined, signal }));
    const all = tokens.reduce((sum, token) => sum + token.weight, 0);
    return tokens.filter((token) => token.weight > 0).slice(0, 20).map((token) => ({ ...token, share: token.weight / all }));
  }

  // The score of the module that is looked at; a result names its worst module, and the others in its details.
  scores(rows = this.results.data?.rows ?? []) {
    const { module, gate } = this;
    return rows.flatMap((row) => {
      if (module === '*' || gate !== 'I1' || row.module === module) return module === '*' || row.module === module
        || !row.module ? [row] : [];
      const own = row['details.modules']?.find((one) => one.module === module);
      return own ? [{ ...row, module, score: own.delta_z, action: own.action, threshold: own.alpha }] : [];
    }).sort((a, b) => ms(a.created_utc) - ms(b.created_utc));
  }

  get chart() {
    const { from, to } = range();
    const scores = this.scores();
    const key = [this.limits.data, this.results.data, this.module];
    if (this.kept?.key.every((one, i) => one === key[i])) return this.kept;
    const limits = this.gate === 'I1' ? [...(this.limits.data?.rows ?? [])].reverse() : [];
    const inside = limits.map((row) => ms(row.created_utc)).filter((at) => at > from && at < to);
    const x = [...new Set([Number(from), ...inside, ...scores.map((row) => ms(row.created_utc)), Number(to)])].sort((a, b) => a - b);
    const index = new Map(x.map((at, i) => [at, i]));
    const series = [];
    const steps = (name, values, tone) => values.some((value) => value !== null)
      && series.push({ name, values, kind: 'steps', color: color(tone), dash: [] });
    if (this.gate === 'I1') {
      const held = x.map((at) => limits.findLast((row) => ms(row.created_utc) <= at) ?? null);
      for (const [name, field, tone] of [['α', 'alpha', 'good'], ['β', 'beta', 'warn'], ['ζ', 'zeta', 'bad']]) steps(name,
        held.map((row) => row?.[field] ?? null), tone);
    } else {
      const at = new Map(scores.map((row) => [ms(row.created_utc), row.threshold]));
      let now = null;
      steps('threshold', x.map((one) => (now = at.get(one) ?? now)), 'warn');
    }
    for (const [action, tone] of ACTIONS) {
      const values = x.map(() => null);
      for (const row of scores) if (row.action === action) values[index.get(ms(row.created_utc))] = row.score;
      if (values.some((value) => value !== null)) series.push({ name: action, values, kind: 'points', color: color(tone) });
    }
    return (this.kept = { key, data: { x, series } });
  }

  get freezes() {
    return (this.drift.data?.rows ?? []).filter((row) => this.module === '*' || covers(row.module, this.module));
  }

  get drawnFreezes() {
    return this.freezes.filter(({ metric }) => metric === '*' || metric === METRICS[this.gate]);
  }

  #pickAt(index) {
    const at = this.kept.data.x[index];
    const near = this.scores().filter((row) => ms(row.created_utc) === at).at(-1);
    if (near) router.set({ violation: near.event_id });
  }

  #fields() {
    const names = [...new Set(['*', this.module, ...(this.modules.data?.rows ?? []).map((row) => row.module)])];
    const select = (name, title, now, values) => html`<label for=${`spec-${name}`}>${title}</label><select id=${`spec-${name}`}
      @change=${(event) => router.set({ [name]: event.target.value })}>${values.map(([value, shown]) => html`<option value=${value}
        ?selected=${value === now}>${shown}</option>`)}</select>`;
    return html`<div class="fields">${select('gate', 'gate', this.gate, GATES)}${select('module', 'module', this.module,
      names.map((name) => [name, name === '*' ? 'the repository (*)' : name]))}${this.modules.data?.more
        ? html`<span class="note">the first ${number(MOST.groups)} modules</span>` : nothing}</div>`;
  }

  #chart() {
    const bands = this.drawnFreezes.map((row) => ({ from: ms(row.created_utc), to: row.freeze ? Date.now()
      : ms(row.unfrozen_utc), title: row.reason }));
    const marks = this.drawnFreezes.filter((row) => row.detector !== 'manual')
      .map((row) => ({ at: ms(row.created_utc), title: row.detector }));
    const { rows: [now] = [], more } = this.limits.data ?? {};
    return html`<egdb-chart .data=${this.chart.data} .bands=${bands} .marks=${marks} height="280" label=${`${this.gate} of ${this.module}`}
      @pick=${(event) => this.#pickAt(event.detail)}
        @zoom=${({ detail }) => router.set({ last: '', from: iso(new Date(detail.from)), to: iso(new Date(detail.to)) })}></egdb-chart>
      <p class="note">${this.gate === 'I1' && now
        ? html`In force since ${when(now.created_utc)}: α ${number(now.alpha)}, β ${number(now.beta)}, ζ ${number(now.zeta)}
          (${now.basis}, learned at ${commit(now.sha)}). ` : nothing}
        ${this.gate === 'I1' && more ? `The newest ${number(MOST.groups)} thresholds are drawn. ` : ''}Shaded: frozen. Dashed: drift began. A click on a point explains it, or arrows and Enter.</p>
      ${this.#cut((cut) => [this.results.data.rows.length, cut.all, 'results'])}`;
  }

  // What is said of results that are not all there. of(cut): how many are shown, of how many, of which query.
  #cut(of) {
    const { cut } = this.results.data;
    if (!cut) return nothing;
    const [shown, all, name] = of(cut);
    return cutAt(shown, all, { href: whole(this.text(name), this.params), of: this.module === '*' ? '' : ' of all modules',
      more: 'a shorter range, or a drag over the chart, has the others' });
  }

  #table() {
    const { rows: drawn, cut } = this.results.data;
    const columns = [
      { name: 'created_utc', title: 'time, UTC', type: 'time', width: 172 },
      { name: 'action', title: 'decision', type: 'text', width: 84, grow: 0,
        render: (action) => html`<span class="action ${action}">${action}</span>` },
      { name: 'score', title: 'score', type: 'number', width: 76 }, { name: 'threshold', title: 'bound', type: 'number', width: 76 },
      { name: 'module', title: 'module', type: 'text', width: 130 }, { name: 'sha', title: 'commit', type: 'text', width: 100,
        grow: 0, render: commit },
      { name: 'details.why', title: 'why', type: 'text', width: 200, grow: 3 },
    ];
    const rows = this.scores(cut?.violations ?? drawn).filter((row) => row.action !== 'pass').reverse();
    return rows.length ? html`<egdb-table .columns=${columns} .rows=${rows} label="Violations" pickable
      .rowClass=${(row) => (row.event_id === router.current.query.violation ? 'chosen' : '')}
      @pick=${(event) => router.set({ violation: event.detail.event_id })}></egdb-table>` : html`<p class="empty">${cut?.more
        ? `None of the newest is of ${this.module}.` : 'Everything passed.'}</p>`;
  }

  #violations() {
    const { cut } = this.results.data;
    return html`${this.#table()}${cut?.more ? this.#cut(() => [cut.violations.length, cut.bad, 'violations']) : nothing}`;
  }

  #explain(row) {
    const tokens = row.tokens ?? [];
    const isEnergy = row.gate === 'I1'; // the other gates' scores are no sums of weights
    const part = tokens.reduce((sum, token) => sum + token.share, 0);
    return html`<p><span class="action ${row.action}">${row.action}</span>
      <strong>${row.gate}</strong> ${number(row.score)} against ${number(row.threshold)}</p>
      ${row.details?.why ? html`<p>${row.details.why}</p>` : nothing}
      ${facts([['commit', commit(row.sha)], ['module', row.module], ['time', when(row.created_utc)], ['frozen', row.details?.frozen],
        ['event', html`<a href=${router.href('events', { id: row.event_id })}>as stored</a>`]])}
      ${tokens.length ? html`<h3>${isEnergy ? 'What the tokens add to the score' : 'The tokens, by weight'}</h3><egdb-bars most="20"
        label="Tokens" .rows=${tokens.map((token) => ({
          label: `${token.token} ${token.symbol || token.file}`, title: `${token.file}${token.line ? `:${token.line}` : ''}`,
            value: token.share,
          shown: `${isEnergy ? `${(token.share * row.score).toFixed(4)}, ` : ''}${(100 * token.share).toFixed(1)} %`,
          href: router.href('deltas', { sha: row.sha, file: token.file, line: token.line ?? '' }) }))}></egdb-bars>
        <p class="note">${isEnergy ? `Together ${(part * row.score).toFixed(4)} of ${row.score.toFixed(4)}`
          : `Together ${(100 * part).toFixed(1)} % of the weight`}${part < 0.9995 ? `, the ${tokens.length} heaviest` : ''}.</p>`
        : html`<p class="empty">No tokens are stored for it.</p>`}
      ${row.details?.changes?.length
        ? html`<h3>Changes</h3><ul>${row.details.changes.slice(0,
          50).map((one) => html`<li>${one.file}${one.line ? `:${one.line}` : ''} ${one.symbol ?? ''}: ${one.why ?? one.says
            ?? ''}</li>`)}</ul>` : nothing}`;
  }

  #freezes(rows) {
    const sha = (this.results.data?.rows[0] ?? this.limits.data?.rows[0])?.sha;
    const named = (repo) => (repo ? { repo } : {});
    const again = () => this.drift.go();
    const reason = { name: 'reason', title: 'why', required: true };
    return html`${rows.length
      ? html`${rows.length > MOST.freezes ? cutAt(MOST.freezes, { n: rows.length, least: this.drift.data?.more },
        { href: whole(STATES.drift(repos.one), given(repos.one)) }) : nothing}
        <ul class="spec-freezes">${rows.slice(0, MOST.freezes).map((row) => html`<li><span class="tag">${row.freeze ? 'frozen' : 'over'}</span> <strong>${row.module}</strong> ${row.metric}
        <span class="hint">${row.detector} ${when(row.created_utc)}${row.unfrozen_utc ? html` to ${when(row.unfrozen_utc)}`
          : html`, for ${row.commits} commits`}</span>
        <p>${row.reason}${row.unfrozen_reason ? html` · ${row.unfrozen_reason}` : nothing}</p>
        ${row.freeze ? html`<egdb-decide .fields=${[reason]} topic="spec.drift.unfrozen@v1" .sha=${row.details?.sha ?? sha ?? 'none'}
          verb="Unfreeze" @done=${again}
          .make=${(values) => ({ module: row.module, metric: row.metric, reason: values.reason, ...named(row.repo) })}></egdb-decide>`
            : nothing}</li>`)}</ul>` : html`<p class="empty">Nothing is frozen, and nothing was.</p>`}
      <h3>Freeze</h3><egdb-decide .fields=${[{ name: 'module', title: 'module', value: this.module, required: true },
        { name: 'metric', title: 'metric', value: METRICS[this.gate] ?? '*', required: true },
          { name: 'commits', title: 'for commits', type: 'number', value: String(COMMITS), required: true }, reason]}
            topic="spec.drift.frozen@v1" .sha=${sha ?? 'none'} verb="Freeze" @done=${again}
        .make=${(values) => ({ ...values, commits: Number(values.commits),
          detector: 'manual', // without a commit in details: it counts from now
          ...named(repos.one ?? (this.results.data?.rows[0] ?? this.limits.data?.rows[0])?.repo) })}></egdb-decide>`;
  }

  #curlEvidence(id) {
    const at = this.evidence.data?.[0]?.created_utc;
    return curlEgql(SPEC.evidence(Boolean(at)), { id, ...(at && { at }) });
  }

  render() {
    const { violation } = router.current.query;
    return html`<h1>Spec Monitor</h1>${this.#fields()}
      <div class="grid one">${frame(this.results, { title: `${this.gate} of ${this.module === '*' ? 'the repository' : this.module}`,
        size: 'l', curl: () => curlEgql(this.text('results'), this.params),
        isEmpty: () => !this.chart.data.series.length, empty: this.results.data?.cut && this.module !== '*'
          ? html`Of ${this.module} no threshold is set, and none of the newest ${number(MOST.results)} results is: a shorter range may have some.`
          : html`No threshold is set, and nothing was measured in the time range.
          <code>egdb-index thresholds update</code> learns thresholds, <code>egdb-index gates</code> judges commits by them.`,
          body: () => this.#chart() })}</div>
      <div class="beside ${violation ? 'with-one' : ''}"><div class="stack">
        ${frame(this.results, { slot: 'violations', title: 'Violations', curl: () => curlEgql(this.text('violations'), this.params),
          empty: 'This gate has judged nothing in the time range.', body: () => this.#violations() })}
        ${frame(this.drift, { title: 'Freezes and drift', size: 's', curl: () => curlEgql(STATES.drift(repos.one), given(repos.one)),
          body: () => this.#freezes(this.freezes) })}</div>
      ${violation ? frame(this.evidence, { title: 'Explain', curl: () => this.#curlEvidence(violation),
        empty: 'No such result is stored.',
        actions: html`<button type="button" class="quiet" @click=${() => router.set({ violation: '' })}>close <kbd>Esc</kbd></button>`,
          body: (rows) => rows.map((row) => this.#explain(row)) }) : nothing}</div>`;
  }
}
