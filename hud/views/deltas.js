// Delta Inspector: what commits changed, where, and what it weighs. The URL says which commits (sha, and base for a range; without them
// those of the time range), and what is looked at: a kind of token, a file and line, a cell or a mark on the mosaic.
import { curlEgql, egql, objects } from '../lib/api.js';
import { first } from '../lib/cut.js';
import * as delta from '../lib/delta.js';
import { Element, html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { DELTAS as TEXTS, MOST } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { SHA, isSha } from '../lib/shas.js';
import { turn } from '../lib/slices.js';
import { rangeAsEgql, when } from '../lib/time.js';
import { said } from '../components/cut.js';
import { frame } from '../components/frame.js';
import '../components/bars.js';
import '../components/diff.js';
import '../components/mosaic.js';
import '../components/table.js';
import { waterfall } from '../components/waterfall.js';
import { commitTable, commitsOf, gateList, judged, short, unknown } from './deltas_lists.js';
import { layOut } from './deltas_places.js';

const EVERY_MS = 30e3;
const LAYERS = [['observed', 'changed lines'], ['phi', 'Φ of the tokens'], ['diff', 'difference']];
const LOOKED_AT = ['token', 'file', 'line', 'at', 'cell', 'mark', 'module'];
const UNKNOWN = ['sha_unknown', 'sha_ambiguous'];
const NONE = Object.fromEntries(LOOKED_AT.map((name) => [name, '']));

export default class Deltas extends Element {
  static properties = { live: { state: true } };

  constructor() {
    super();
    this.route = new Route(this, () => this.#ask());
    this.commits = new Load(this, async (signal) => {
      const { ofRange } = this;
      const data = await commitsOf(ofRange, signal);
      this.#follow(ofRange.repo + ofRange.window, data.list);
      return data;
    }, { everyMs: EVERY_MS });
    this.tokens = new Load(this, (signal) => this.#tokens(signal));
    this.tiles = new Load(this, (signal) => this.#tiles(signal));
    this.gates = new Load(this, (signal) => judged(this.scope, this.isOne, signal), { everyMs: EVERY_MS });
    this.print = new Load(this, (signal) => this.#rows('print', this.scope, signal));
    this.plan = new Load(this, (signal) => this.#plan(signal));
    this.lines = new Load(this, (signal) => this.#rows('lines', this.lineScope, signal, { file: this.query.file }));
    this.asked = {};
    this.kept = {};
    this.reckoned = new WeakMap();
    this.live = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Escape', 'Look at less: the lines, the mark, the kind', () => this.#less(), 'Delta Inspector'));
    this.until(addKey('[', 'The commit before', () => this.#step(1), 'Delta Inspector'));
    this.until(addKey(']', 'The commit after', () => this.#step(-1), 'Delta Inspector'));
    this.#ask();
  }

  get query() {
    const { query } = router.current;
    const named = (name) => (isSha(query[name]) ? query[name].toLowerCase() : ''); // they stand in the text of queries
    return { ...query, sha: named('sha'), base: named('sha') && named('base'), at: named('at') };
  }

  get isOne() {
    return Boolean(this.query.sha && !this.query.base);
  }

  get ofRange() {
    return { scope: 'all', repo: repos.one, window: rangeAsEgql() };
  }

  get scope() {
    const { sha, base } = this.query;
    return sha ? { scope: base ? `range(${base}..${sha})` : `sha(${sha})`, repo: null, window: '' } : this.ofRange;
  }

  get lineScope() {
    const { at } = this.query;
    return at ? { scope: `sha(${at})`, repo: null, window: '' } : this.scope;
  }

  async #rows(name, of, signal, more) {
    return objects(await egql(TEXTS[name](of), { params: given(of.repo, more), signal }));
  }

  async #tiles(signal) {
    const { scope } = this;
    const { rows: list, more } = first(await egql(TEXTS.tiles(scope), { params: given(scope.repo), signal }), MOST.cells);
    await turn(); // what is drawn of them is made before they are drawn
    this.#mapOf(list, this.plan.data);
    await turn();
    return { list, more };
  }

  // Each is asked when what it hangs on changed.
  #ask() {
    const { query } = this;
    const time = [query.last, query.from, query.to, repos.one].join(' ');
    const scope = query.sha ? `${query.base}..${query.sha}` : time;
    const once = (names, key) => {
      for (const name of names) {
        if (this.asked[name] === key) continue;
        const fresh = this.asked[name] !== undefined;
        this.asked[name] = key;
        this[name].go({ fresh });
      }
    };
    once(['commits'], time);
    once(['tokens', 'tiles', 'gates', ...(this.isOne ? ['print'] : [])], scope);
    if (query.file) once(['lines'], `${query.file} ${query.at ?? ''} ${scope}`);
    if (query.mark !== this.asked.mark) Object.assign(this, { live: undefined });
    this.asked.mark = query.mark;
  }

  // What is large is asked again when there are other commits than before, and once more, as their events do not come all at once.
  #follow(of, list) {
    const seen = list.map((one) => one.sha + one.score).join();
    const { followed } = this;
    const isNew = followed?.of === of && followed.seen !== seen;
    if (isNew || followed?.again) for (const name of ['tokens', 'tiles', ...(this.isOne ? ['print'] : [])]) this[name].go();
    this.followed = { of, seen, again: isNew };
  }

  async #tokens(signal) {
    const { scope } = this;
    const answer = await egql(TEXTS.tokens(scope), { params: given(scope.repo), signal });
    const { rows: list, more } = first(answer, MOST.tokens);
    await turn();
    delta.pair(list);
    for (const name of Object.keys(delta.RECKONED)) { // each in a task of its own, before all is drawn in another
      await turn();
      signal.throwIfAborted();
      this.#of(list, name);
    }
    await turn();
    signal.throwIfAborted();
    const repo = delta.sums(list, (token) => token.repo)[0]?.key ?? '';
    if (list.length && repo !== this.repo) {
      this.repo = repo;
      this.plan.go({ fresh: true });
    }
    return { list, more };
  }

  #curl(name, of = this.scope, more) {
    return curlEgql(TEXTS[name](of), given(of.repo, more));
  }

  // Where the files of the newest graph lie.
  async #plan(signal) {
    const plan = await layOut(this.repo, signal);
    await turn(); // as with the tiles
    const map = this.#mapOf(this.tiles.data?.list, plan);
    await turn();
    signal.throwIfAborted();
    this.#placesOf(map, this.tokens.data?.list);
    await turn();
    signal.throwIfAborted();
    return plan;
  }

  #of(list, name) {
    let known = this.reckoned.get(list);
    if (!known) this.reckoned.set(list, (known = {}));
    return (known[name] ??= delta.RECKONED[name](list));
  }

  // What is reckoned is kept until what it is reckoned of changes.
  #keep(name, of, make) {
    const kept = this.kept[name];
    if (kept && kept.of.every((one, i) => one === of[i])) return kept.made;
    const made = make();
    this.kept[name] = { of, made };
    return made;
  }

  // The grid, what lies where on it, and what changed there.
  get map() {
    return this.#mapOf(this.tiles.data?.list, this.plan.data);
  }

  #mapOf(tiles, plan) {
    return this.#keep('map', [tiles, plan], () => {
      const grid = delta.cellAt(tiles?.find((tile) => delta.cellAt(tile.cell))?.cell);
      const isOther = plan?.laid && grid && (grid.rows !== plan.laid.rows || grid.cols !== plan.laid.cols); // than the newest graph's
      const laid = isOther ? delta.layout(plan.cells, plan.lines, grid) : plan?.laid;
      const size = grid ?? laid;
      if (!size) return null;
      const { rows, cols } = size;
      const ground = new Uint8Array(rows * cols);
      let i = 0;
      for (const file of laid?.files.values() ?? []) {
        i++;
        for (const cell of file.cells) ground[cell] ||= 1 + (i % 2);
      }
      return { rows, cols, laid, ground, values: delta.shares(tiles ?? [], rows, cols) };
    });
  }

  // The cells of each token.
  get places() {
    return this.#placesOf(this.map, this.tokens.data?.list);
  }

  #placesOf(map, list) {
    return this.#keep('places', [map, list], () => new Map(map?.laid && list ? list.map((token) => [token, delta.cellsOf(token, map.laid)])
      : []));
  }

  get mark() {
    if (this.live !== undefined) return this.live;
    const parts = (router.current.query.mark ?? '').split('.').map(Number);
    return parts.length === 4 && parts.every(Number.isInteger) ? parts : null;
  }

  // What is marked, as rows and columns, once it is known what lies there.
  get box() {
    const chosen = delta.cellAt(this.query.cell);
    return this.map?.laid ? this.mark ?? (chosen && [chosen.row, chosen.col, chosen.row, chosen.col]) : null;
  }

  // Those of the cell or of the mark; all when there is none.
  get binned() {
    const { box, map, tokens } = this;
    const list = tokens.data?.list ?? [];
    if (!box) return list;
    return this.#keep('binned', [list, map, box.join()], () => {
      const inside = new Uint8Array(map.rows * map.cols);
      for (let row = box[0]; row <= Math.min(box[2], map.rows - 1); row++) inside.fill(1, row * map.cols + box[1],
        row * map.cols + box[3] + 1);
      const { places } = this;
      return list.filter((token) => places.get(token)?.some((cell) => inside[cell]));
    });
  }

  get ofKind() {
    const { token } = this.query;
    const list = this.binned;
    return this.#keep('kind', [list, token], () => (token ? list.filter((one) => one.token === token) : list));
  }

  #less() {
    const { query } = this;
    const step = [['file', 'line', 'at'], ['cell', 'mark'], ['token'], ['module']].find((names) => names.some((name) => query[name]));
    if (!step) return false;
    this.live = undefined;
    router.set(Object.fromEntries(step.map((name) => [name, ''])));
    return true;
  }

  #step(by) {
    const list = this.commits.data?.list ?? [];
    const at = list.findIndex((commit) => this.query.sha && commit.sha.startsWith(this.query.sha));
    const next = list[at < 0 ? 0 : at + by];
    if (next) router.set({ ...NONE, base: '', sha: next.sha });
  }

  #arrive(patch) {
    router.set(patch);
    this.updateComplete.then(() => {
      const panel = this.querySelector('.deltas-lines');
      const narrow = panel && panel.getBoundingClientRect().top > innerHeight - 160;
      if (panel && (narrow || panel.getBoundingClientRect().top < 50)) panel.scrollIntoView({ block: 'start' });
    });
  }

  #pickCell(index) {
    const { map, places } = this;
    const name = delta.cellName(map, index);
    const inside = (this.tokens.data?.list ?? []).filter((token) => places.get(token)?.includes(index));
    const heaviest = inside.sort((a, b) => b.weight - a.weight)[0];
    const file = heaviest?.file ?? map.laid?.at.get(index)?.[0] ?? '';
    this.live = undefined;
    this.#arrive({ cell: name, mark: '', token: '', file, line: heaviest?.line ?? '', at: this.isOne ? '' : heaviest?.sha ?? '' });
  }

  #brush({ mark, done }) {
    this.live = mark;
    if (done) router.set({ mark: mark ? mark.join('.') : '', cell: '' }, { replace: Boolean(mark && router.current.query.mark) });
  }

  #range() {
    const { query } = this;
    const field = (name, title) => html`<label for=${`deltas-${name}`}>${title}</label>
      <input id=${`deltas-${name}`} .value=${query[name]} placeholder=${name === 'sha' ? 'those of the time range' : 'only that one'}
        pattern=${SHA.source} spellcheck="false"
        autocomplete="off" title="a sha, or its first 4 digits or more"
          @change=${(event) => (event.target.checkValidity() ? router.set({ ...NONE, [name]: event.target.value })
            : event.target.reportValidity())}>`;
    return html`<form class="fields" @submit=${(event) => event.preventDefault()}>${field('sha', 'commit')}${query.sha
      ? field('base', 'all since') : nothing}
      ${query.sha ? html`<button type="button" class="quiet"
        @click=${() => router.set({ ...NONE, sha: '', base: '' })}>all of the time range</button>` : nothing}
      <span class="deltas-chips">${this.#chips()}</span></form>`;
  }

  #chips() {
    const { query, mark } = this;
    const chip = (title, names) => html`<button type="button" class="chip" title="take it away"
      @click=${() => { this.live = undefined; router.set(Object.fromEntries(names.map((name) => [name, '']))); }}>${title} ×</button>`;
    return html`${query.token ? chip(query.token, ['token']) : nothing}${query.cell
      ? chip(query.cell.replace(/^.*@/, 'cell '), ['cell']) : nothing}
      ${mark ? chip(`${(mark[2] - mark[0] + 1) * (mark[3] - mark[1] + 1)} cells`, ['mark']) : nothing}${query.file ? chip(query.file,
        ['file', 'line', 'at']) : nothing}`;
  }

  #histogram(title, rows, name) {
    const { query } = this;
    const tokens = rows.map((row) => ({
      label: row.key, value: row.count, title: `${row.count} tokens, weight ${number(row.weight)}`,
        mark: name && query[name] === row.key ? 'chosen' : '',
      href: name ? router.href('deltas', { ...router.current.query, [name]: query[name] === row.key ? '' : row.key }) : undefined,
    }));
    return html`<egdb-bars .rows=${tokens} .label=${title}></egdb-bars>`;
  }

  #energy() {
    const list = this.tokens.data?.list ?? [];
    const print = this.print.data?.[0];
    if (this.isOne && print) {
      const made = delta.contributions(list, print, this.query.module);
      if (!made.parts.length) return html`<p class="empty">ΔZ ${number(made.total)}: no token that weighs anything is stored.</p>`;
      const rows = made.parts.map(({ token, value }) => ({
        label: `${token.token} ${token.symbol ?? token.file}`,
          title: `${token.file}${token.line ? `:${token.line}` : ''}, weight ${number(token.weight)}`, value,
        href: router.href('deltas', { ...router.current.query, file: token.file, line: token.line ?? '', token: '' }),
      }));
      return html`${made.modules.length > 1
        ? html`<p class="fields"><label for="deltas-module">The energy of</label><select id="deltas-module"
          @change=${(event) => router.set({ module: event.target.value })}>${made.modules.map((one, i) =>
            html`<option value=${i ? one.module : ''} ?selected=${one === made.chosen}>${
            one.module}: ${one.delta_z.toFixed(4)}${i ? '' : ' (the largest: the commit’s)'}</option>`)}</select></p>` : nothing}
        ${waterfall(rows, made.total, made.chosen ? `ΔZ of ${made.chosen.module}` : 'ΔZ')}
        <p class="note">${made.chosen
          ? html`ΔZ = 1 − exp(−${number(made.chosen.raw)} / ${number(made.chosen.scale)}), shared out by weight.`
            : 'ΔZ, shared out by weight.'}</p>`;
    }
    const rows = this.#of(this.binned, 'kinds').toSorted((a, b) => b.weight - a.weight)
      .map((row) => ({ label: row.key, value: row.weight, href: router.href('deltas', { ...router.current.query, token: row.key }) }));
    return waterfall(rows, rows.reduce((sum, row) => sum + row.value, 0), 'Σ weight');
  }

  #mosaic() {
    const { map } = this;
    const layer = LAYERS.some(([name]) => name === this.query.layer) ? this.query.layer : 'observed';
    const chosen = delta.cellAt(this.query.cell);
    return frame(this.tiles, {
      title: 'Mosaic', size: 'l', curl: () => this.#curl('tiles'),
      actions: LAYERS.map(([name, title]) => html`<button type="button" class="quiet" aria-pressed=${name === layer ? 'true' : 'false'}
        @click=${() => router.set({ layer: name === 'observed' ? '' : name })}>${title}</button>`),
      isEmpty: () => !map, empty: this.plan.busy ? 'No mosaic is stored for these commits; the code graph is being loaded.'
        : html`No mosaic and no code graph is stored for these commits: <code>egdb-index</code> makes both.`,
      body: () => html`<egdb-mosaic .grid=${map} .values=${map.values[layer]} .ground=${map.ground} .mark=${this.mark}
        ?signed=${layer === 'diff'}
          .chosen=${chosen ? chosen.row * map.cols + chosen.col : null} .tell=${(cell) => delta.cellSaid(map, cell)}
            label=${`Mosaic: ${layer}`}
          @pick=${(event) => this.#pickCell(event.detail)} @brush=${(event) => this.#brush(event.detail)}></egdb-mosaic>
        <p class="note">${said({ n: this.tiles.data.list.length, least: this.tiles.data.more })} of ${number(map.rows * map.cols)} cells changed${this.#laid(map)}.
          Of marked cells the tokens are counted anew.</p>`,
    });
  }

  // What is said of the code graph: what is still asked for is not missing.
  #laid(map) {
    const { plan, tokens } = this;
    if (map.laid) return `, ${said({ n: map.laid.files.size, least: plan.data?.more })} files`;
    if (plan.data) return '; the code graph, which says what lies where, is not stored';
    if (plan.error && !plan.busy) return '; the code graph, which says what lies where, was not answered';
    return plan.busy || tokens.busy ? '; the code graph, which says what lies where, is being loaded' : '';
  }

  #files() {
    const columns = [{ name: 'file', title: 'file', type: 'text', width: 200 }, { name: 'tokens', title: 'tokens',
      type: 'integer', width: 80 },
      { name: 'weight', title: 'Σ weight', type: 'number', width: 92 },
        ...(this.isOne ? [] : [{ name: 'commits', title: 'commits', type: 'integer', width: 86 }])];
    return html`<egdb-table .columns=${columns} .rows=${this.#of(this.ofKind, 'files')} label="Files" pickable
      .rowClass=${(row) => (row.file === this.query.file ? 'chosen' : '')}
      @pick=${(event) => this.#arrive({ file: event.detail.file, line: '', at: '' })}></egdb-table>`;
  }

  #tokenTable() {
    const { file, line } = this.query;
    const rows = this.#keep('rows', [this.ofKind, file], () => (file ? this.ofKind.filter((token) => token.file === file) : this.ofKind));
    const said = (value) => (value === null || value === undefined ? '' : typeof value === 'object'
      ? JSON.stringify(value) : String(value));
    const columns = [
      { name: 'token', title: 'token', type: 'text', width: 120, grow: 0 }, { name: 'weight', title: 'weight', type: 'number', width: 76 },
      { name: 'file', title: 'file', type: 'text', width: 170 }, { name: 'line', title: 'line', type: 'integer', width: 64 },
      { name: 'symbol', title: 'symbol', type: 'text', width: 130 },
      { name: 'change', title: 'before → after', type: 'text', width: 180, get: (token) => [token['meta.before'],
        token['meta.after']].map(said).join(' → ').replace(/^ → $/, '') },
      ...(this.isOne ? [] : [{ name: 'sha', title: 'commit', type: 'text', width: 84, grow: 0, render: short }]),
    ];
    return html`<egdb-table .columns=${columns} .rows=${rows} label="Tokens" pickable
      .rowClass=${(token) => (file && token.file === file && String(token.line ?? '') === (line ?? '') ? 'chosen' : '')}
      @pick=${({ detail }) => this.#arrive({ file: detail.file, line: detail.line ?? '', at: this.isOne ? ''
        : detail.sha })}></egdb-table>`;
  }

  #lines() {
    const { file, line } = this.query;
    const tokens = (this.tokens.data?.list ?? []).filter((token) => token.file === file);
    const near = tokens.filter((token) => line && String(token.line) === line);
    return frame(this.lines, {
      title: `${file}${line ? `:${line}` : ''}`, size: 'l', curl: () => this.#curl('lines', this.lineScope, { file }),
      actions: html`<button type="button" class="quiet"
        @click=${() => router.set({ file: '', line: '', at: '' })}>close <kbd>Esc</kbd></button>`,
      empty: 'These commits are not recorded, or did not change the file: what is stored of it are its tokens.',
      body: (all) => html`${near.map((token) => html`<p><strong>${token.token}</strong> ${token.symbol ?? ''} <span
        class="hint">weight ${number(token.weight)}</span></p>`)}
        ${all.slice(0, MOST.lines).map((row) => html`<egdb-diff .change=${row} .line=${Number(line) || 0}></egdb-diff>`)}
        ${all.length > MOST.lines ? html`<p class="note cut">The newest ${MOST.lines} changes of it: choose one of the commits.</p>`
          : nothing}`,
    });
  }

  #title() {
    const { query } = this;
    const commit = this.commits.data?.list.find((one) => query.sha && one.sha.startsWith(query.sha));
    const kind = delta.nature(this.tokens.data?.list ?? []);
    const print = this.isOne ? this.print.data?.[0] : null;
    return html`<p class="deltas-head">${query.sha
      ? html`${query.base ? html`since ${short(query.base)} up to ` : nothing}<strong>${short(commit?.sha
        ?? query.sha)}</strong> ${commit?.text ?? ''}
          ${commit ? html`<span class="hint">${(commit.author ?? '').replace(/ <.*/, '')} ${when(commit.time)}</span>` : nothing}`
      : html`All commits of the time range: <strong>${this.commits.data ? said(this.commits.data.all) : '…'}</strong>`}
      ${print ? html`<span class="tag">ΔZ ${print.score_deltaz.toFixed(4)}</span>` : nothing}
      ${kind ? html`<span class="tag" title=${kind === 'structural' ? 'more than half of the weight is in names, places and imports'
        : 'at least half of the weight is in what the code does or promises'}>${kind}</span>` : nothing}</p>`;
  }

  // Why none of it can be shown: the commit, or one of the range's, is not known.
  get unknown() {
    const { tokens, tiles, gates } = this;
    return this.query.sha ? [tokens, tiles, gates].map((load) => load.error).find((error) => UNKNOWN.includes(error?.code)) : null;
  }

  #commitsPanel() {
    return html`<div class="wide deltas-commits">${frame(this.commits, {
      title: 'Commits', size: 't', curl: () => ['commits', 'prints'].map((name) => this.#curl(name, this.ofRange)).join('\n'),
      isEmpty: ({ list }) => !list.length,
      empty: html`No commit in the time range. A wider one may have some; <code>egdb-index</code> posts a repository’s history.`,
      body: (data) => commitTable(data, { of: this.ofRange, query: this.query, none: NONE }) })}</div>`;
  }

  render() {
    const { tokens, query, binned } = this;
    if (this.unknown) {
      return html`<h1>Delta Inspector</h1>${this.#range()}${unknown(this.unknown, NONE)}<div class="grid deltas">${this.#commitsPanel()}</div>`;
    }
    const few = Boolean(this.box);
    const of = { isEmpty: (data) => !data.list.length, empty: 'No tokens are stored for these commits.',
      curl: () => this.#curl('tokens') };
    const none = few && !binned.length ? html`<p class="empty">No token lies in the marked cells.</p>` : null;
    return html`<h1>Delta Inspector</h1>${this.#title()}${this.#range()}
      ${tokens.data?.more
        ? html`<p class="stale">There are more tokens than ${number(MOST.tokens)}: the newest are counted. Choose a shorter range.</p>`
          : nothing}
      <div class="grid deltas">
        ${this.#commitsPanel()}
        <div class="stack deltas-mosaic">${this.#mosaic()}
        ${frame(tokens, { ...of, slot: 'pairs', title: few ? 'Neighbours in the marked cells' : 'Neighbours',
          note: 'Kinds that follow one another within a file.',
          body: () => none ?? this.#histogram('Neighbours', this.#of(binned, 'pairs')) })}</div>
        <div class="stack">${frame(tokens, { ...of, slot: 'kinds', size: 'l', title: few ? 'Tokens in the marked cells' : 'Tokens',
          body: () => none ?? this.#histogram('Tokens', this.#of(binned, 'kinds'), 'token') })}
        ${frame(this.isOne ? this.print : tokens, { slot: 'energy', title: this.isOne ? 'What makes up ΔZ' : 'What the weight is made of',
          curl: () => this.#curl(this.isOne ? 'print' : 'tokens'),
          isEmpty: (data) => !(this.isOne ? data.length : data.list.length), empty: 'No fingerprint is stored for this commit.',
            body: () => this.#energy() })}
        ${frame(this.gates, { title: 'Gates', size: 's', curl: () => this.#curl('gates'),
          isEmpty: ({ rows, passed }) => !rows.length && passed === 0,
          empty: html`No gate has judged these commits: <code>egdb-index gates</code> does.`,
            body: (data) => gateList(data, { of: this.scope, isOne: this.isOne }) })}</div>
      </div>
      <div class="deltas-split ${query.file ? 'with-lines' : ''}"><div class="deltas-tables stack">
        ${frame(tokens, { ...of, slot: 'files', title: 'Files', body: () => this.#files() })}${frame(tokens,
          { ...of, slot: 'rows', title: 'Every token', body: () => this.#tokenTable() })}</div>
        ${query.file ? html`<div class="deltas-lines">${this.#lines()}</div>` : nothing}</div>`;
  }
}
