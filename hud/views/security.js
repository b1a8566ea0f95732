// Security: the findings by severity, queue, rule and module; of one (?nf=) where it is, what happened to it, its fixes and their
// verifications. Who dismisses one says why and until when: that is an event, and holds over rescans.
import { curlEgql, egql, objects } from '../lib/api.js';
import { first } from '../lib/cut.js';
import { Element, html, nothing } from '../lib/element.js';
import { NULL, number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { FIXES_OF, MOST, STATES as OF } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { iso, when } from '../lib/time.js';
import { cutAt, whole } from '../components/cut.js';
import { frame } from '../components/frame.js';
import { chain, commit, facts, verdict } from '../components/story.js';
import '../components/bars.js';
import '../components/decide.js';
import '../components/json.js';
import '../components/table.js';

const EVERY_MS = 30e3;
const DAY_MS = 86400e3;
const SUPPRESSED = 'sast.finding.suppressed@v1';
const TOPICS = { [SUPPRESSED]: 'dismissed', 'sast.fix.requested@v1': 'fix asked for', 'sast.fix.decided@v1': 'fix decided',
  'sast.fix.validated@v1': 'fix verified' };
const FACETS = [['severity', 'Severity', ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']],
  ['queue', 'Queue', ['block', 'review', 'fixable', 'triage']], ['rule_id', 'Rule'], ['file', 'Module']];
const STATES = [['open', 'open'], ['dismissed', 'dismissed'], ['all', 'all']];
const UNTIL = [['7', 'a week'], ['30', '30 days'], ['90', '90 days'], ['', 'for ever']];
const TONES = { CRITICAL: 'bad', HIGH: 'bad', MEDIUM: 'warn', LOW: '' };

// A file's module, as docs/reference names it: its path without the extension, a point for each slash.
const moduleOf = (file) => (file ?? '').replace(/(\/__init__)?\.\w+$/, '').replaceAll('/', '.');

const COLUMNS = [
  { name: 'severity', title: 'severity', type: 'text', width: 92, grow: 0, get: (row) => FACETS[0][2].indexOf(row.severity),
    render: (_, row) => html`<span class=${TONES[row.severity]}>${row.severity}</span>` },
  { name: 'risk', title: 'risk', type: 'number', width: 64 }, { name: 'queue', title: 'queue', type: 'text', width: 76, grow: 0 },
  { name: 'rule_id', title: 'rule', type: 'text', width: 90 }, { name: 'place', title: 'place', type: 'text', width: 150,
    get: (row) => `${row.file ?? ''}${row.line ? `:${row.line}` : ''}` },
  { name: 'message', title: 'what the scanner says', type: 'text', width: 190, grow: 2 }, { name: 'last_seen_utc', title: 'last seen, UTC',
    type: 'time', width: 172 },
];

export default class Security extends Element {
  constructor() {
    super();
    this.route = new Route(this, () => this.#ask());
    this.facets = new Load(this,
      (signal) => Promise.all(FACETS.map(async ([name]) => first(await egql(this.facetText(name),
        { params: this.params(name), signal }), MOST.groups))), { everyMs: EVERY_MS });
    this.list = new Load(this, async (signal) => {
      const options = { params: this.params(), signal };
      return first(await egql(this.listText, options), MOST.findings);
    }, { everyMs: EVERY_MS });
    this.one = new Load(this, async (signal) => {
      const options = { params: { nf: router.current.query.nf }, signal };
      const [[finding], story, fixes] = await Promise.all([FIXES_OF.finding, FIXES_OF.story(Object.keys(TOPICS)),
        FIXES_OF.fixes].map(async (text) => objects(await egql(text, options))));
      return { finding, story, fixes };
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Escape', 'Close the finding', () => (router.current.query.nf ? router.set({ nf: '' }) : false), 'Security'));
    this.#ask();
  }

  get state() {
    return STATES.some(([name]) => name === router.current.query.state) ? router.current.query.state : 'open';
  }

  // What the chosen facets leave, all but one's own.
  filters(except) {
    return FACETS.map(([name]) => name).filter((name) => name !== except && router.current.query[name]);
  }

  params(except) {
    return given(repos.chosen, Object.fromEntries(this.filters(except).map((name) => [name, router.current.query[name]])));
  }

  words(except) {
    return [...this.filters(except).map((name) => `${name} = $${name}`),
      this.state === 'dismissed' && 'suppression.state IN (local, policy)'];
  }

  facetText(name) {
    return OF.findingsBy(name, repos.chosen, this.state === 'open', this.words(name));
  }

  get listText() {
    return OF.findings(repos.chosen, this.state === 'open', this.words());
  }

  // How many findings the list is of: what is counted by severity, and chosen.
  get all() {
    const rows = this.facets.data?.[0].rows;
    const { severity } = router.current.query;
    return rows ? { n: rows.reduce((sum, row) => sum + (!severity || row.severity === severity ? row.n : 0), 0), least: false }
      : { n: MOST.findings + 1, least: true };
  }

  #ask() {
    const { nf } = router.current.query;
    const key = this.listText + JSON.stringify(this.params());
    if (key !== this.asked) {
      const fresh = this.asked !== undefined;
      this.asked = key;
      for (const load of [this.facets, this.list]) load.go({ fresh });
    }
    if (nf && nf !== this.shown) this.one.go({ fresh: true });
    this.shown = nf;
  }

  #facet([name, title, order], { rows, more }) {
    const { query } = router.current;
    const sorted = order ? order.map((value) => rows.find((row) => row[name] === value) ?? { [name]: value, n: 0 }) : rows;
    return html`<div><h3>${title}</h3><egdb-bars most="6" .label=${title} .rows=${sorted.map((row) => ({
      label: (name === 'file' ? moduleOf(row.file) : row[name]) || '∅', title: row[name] ?? 'no value', value: row.n,
        mark: query[name] === row[name] ? 'chosen' : '',
      href: row[name] ? router.href('security', { ...query, [name]: query[name] === row[name] ? '' : row[name] })
        : undefined }))}></egdb-bars>${more ? html`<p class="note">The ${number(rows.length)} with most.</p>` : nothing}</div>`;
  }

  #suppression(value) {
    if (!value || value.state === 'none') return null;
    const over = value.until && Date.parse(value.until) <= Date.now();
    return { over, text: html`${value.reason}${value.until ? html`, ${over ? 'ended' : 'until'} ${when(value.until)}` : ', for ever'}` };
  }

  #step({ id, topic, ts_utc, source, payload }) {
    const step = { at: ts_utc, title: TOPICS[topic], event: id };
    if (topic === SUPPRESSED) {
      const said = this.#suppression(payload);
      return { ...step, title: said ? 'dismissed' : 'taken up again', tone: said ? 'good' : 'warn',
        body: html`${said?.text ?? payload.reason} <span class="hint">by ${source}</span>` };
    }
    if (payload.status) return { ...step, title: `fix ${payload.status}`, tone: { accepted: 'good', rejected: 'bad' }[payload.status] };
    if ('sandbox_ok' in payload || 'ci_ok' in payload) {
      return { ...step, tone: payload.sandbox_ok === false || payload.ci_ok === false ? 'bad' : 'good',
        body: html`${verdict('sandbox', payload.sandbox_ok)} ${verdict('CI', payload.ci_ok)} ${payload.notes ?? ''}${payload.invariants
          ? html`<egdb-json .value=${payload.invariants}></egdb-json>` : nothing}` };
    }
    return { ...step, body: html`${payload.pattern}: ${payload.fix_hint}` };
  }

  #decide(finding) {
    const said = this.#suppression(finding.suppression);
    const about = { nf_id: finding.id, ...(finding.repo && { repo: finding.repo }) };
    const again = () => { this.one.go(); this.list.go(); this.facets.go(); };
    const reason = { name: 'reason', title: 'why', required: true };
    return said && !said.over
      ? html`<p class="stale">Dismissed: ${said.text}</p>
        <egdb-decide .fields=${[reason]} .topic=${SUPPRESSED} .sha=${finding.last_sha} verb="Take it up again"
          .make=${(values) => ({ ...about, state: 'none', reason: values.reason })} @done=${again}></egdb-decide>`
      : html`<egdb-decide .fields=${[reason, { name: 'days', title: 'for', values: UNTIL, value: '30' }]} .topic=${SUPPRESSED}
        .sha=${finding.last_sha} verb="Dismiss" @done=${again}
          .make=${({ reason: why, days }) => ({ ...about, state: 'local', reason: why,
            ...(days && { until: iso(new Date(Date.now() + days * DAY_MS)) }) })}></egdb-decide>`;
  }

  #one({ finding, story, fixes }) {
    const { file, line, last_sha } = finding;
    const steps = [{ at: finding.created_utc, title: 'found', event: finding.event_id, tone: TONES[finding.severity],
      body: html`by ${finding.tool} in ${commit(finding.sha)}` },
      { at: finding.last_seen_utc, title: 'last seen', body: html`in ${commit(last_sha)}` },
        ...story.map((event) => this.#step(event))].filter((step) => step.at);
    return html`<p><strong class=${TONES[finding.severity]}>${finding.severity}</strong> ${finding.message}</p>
      <p><a href=${router.href('deltas', { sha: last_sha, file, line })}><code>${file}${line ? `:${line}` : ''}</code></a></p>
      ${this.#decide(finding)}
      ${facts([['rule', finding.rule_id], ['weakness', finding.cwe], ['category', finding.category], ['queue', finding.queue],
        ['risk', finding.risk === null ? NULL : number(finding.risk)],
        ['confidence', number(finding.confidence)], ['lines', finding.delta_bind], ['definition', finding.ast_ref?.replace(/^AST::/, '')],
          ['cell', finding.mosaic_cell],
        ['repository', finding.repo],
          ['scanner says', finding.silenced ? `silenced: ${finding.silenced.reason ?? finding.silenced.state}` : null]])}
      <h3>Fixes</h3>${fixes.length
        ? html`<ul class="security-fixes">${fixes.map((fix) =>
          html`<li><span class="tag">${fix.status}</span> <strong>${fix.pattern}</strong> ${fix.fix_hint}
          <span class="hint">reviewed by ${fix.review_gate === 'auto' ? 'the gates' : 'a person'}</span>
          ${[fix.patch_spec, fix.tests_required, fix.constraints].map((value) => (value ? html`<egdb-json .value=${value}></egdb-json>`
            : nothing))}</li>`)}</ul>` : html`<p class="empty">None was asked for.</p>`}
      <h3>What happened</h3>${chain(steps.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)))}
      ${finding.evidence ? html`<h3>Evidence</h3><egdb-json .value=${finding.evidence}></egdb-json>` : nothing}`;
  }

  #chips() {
    const { query } = router.current;
    return html`<p class="fields"><label for="security-state">findings that are</label><select id="security-state"
      @change=${(event) => router.set({ state: event.target.value === 'open' ? '' : event.target.value })}>
      ${STATES.map(([name, title]) => html`<option value=${name} ?selected=${name === this.state}>${title}</option>`)}</select>
      ${this.filters().map((name) => html`<button type="button" class="chip" title="take it away"
        @click=${() => router.set({ [name]: '' })}>${name === 'file' ? moduleOf(query.file) : query[name]} ×</button>`)}</p>`;
  }

  render() {
    const { nf } = router.current.query;
    return html`<h1>Security</h1>${this.#chips()}
      <div class="grid one security-backlog">${frame(this.facets, { title: 'Backlog', curl: () => curlEgql(this.facetText('severity'),
        this.params('severity')),
        isEmpty: (parts) => !parts.some(({ rows }) => rows.length), empty: this.state === 'open'
          ? html`No finding is open. <code>egdb-index sarif REPORT</code> posts what a scanner found.` : 'There are no such findings.',
        body: (parts) => html`<div class="security-facets">${FACETS.map((facet, i) => this.#facet(facet, parts[i]))}</div>` })}</div>
      <div class="beside ${nf ? 'with-one' : ''}">${frame(this.list,
        { title: 'Findings', curl: () => curlEgql(this.listText, this.params()), empty: 'No finding fits.',
        body: ({ rows, more }) => html`<egdb-table .columns=${COLUMNS} .rows=${rows} label="Findings" pickable
          .selected=${rows.find((row) => row.id === nf)}
          .rowClass=${(row) => (row.id === nf ? 'chosen' : '')}
            @pick=${(event) => router.set({ nf: event.detail.id })}></egdb-table>${more ? cutAt(rows.length, this.all,
              { what: 'riskiest', href: whole(this.listText, this.params()) }) : nothing}` })}
      ${nf ? frame(this.one, { title: nf, curl: () => curlEgql(FIXES_OF.finding, { nf }), isEmpty: (data) => !data.finding,
        empty: 'No such finding is stored.',
        actions: html`<button type="button" class="quiet" @click=${() => router.set({ nf: '' })}>close <kbd>Esc</kbd></button>`,
          body: (data) => this.#one(data) }) : nothing}</div>`;
  }
}
