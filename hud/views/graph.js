// The code graph: a symbol, its callers to the left and its callees to the right, a column for each depth, as SVG; and what became of the
// chosen node: its Δ tokens. ?q= searches, ?node= is walked from, ?in= and ?out= are the depths, ?sel= is chosen, ?more= are open stubs.
import { curlEgql, egql, objects } from '../lib/api.js';
import { first } from '../lib/cut.js';
import { debounce } from '../lib/dom.js';
import { Element, html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { parts } from '../lib/layers.js';
import { Load } from '../lib/load.js';
import { GRAPH, MOST, STATES } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { frame } from '../components/frame.js';
import '../components/graph.js';
import '../components/table.js';

const DEPTHS = 6;
const KINDS = { call: 'calls', import: 'imports', contain: 'contains', all: 'all edges' };
const NAMES_MOST = 10; // that a node had one after another

// Letters in any order of case, unless there is a capital; words may stand apart.
export function pattern(text) {
  const loose = text === text.toLowerCase();
  const sign = (one) => (/[a-z]/.test(one) && loose ? `[${one}${one.toUpperCase()}]` : /[\w\s]/.test(one)
    || one > '\x7f' ? one : `\\${one}`);
  return text.trim().split(/\s+/).map((word) => [...word].map(sign).join('')).join('.*');
}

// What a node was called before this token; nothing, when the token did not rename it.
function before(uid, token) {
  const isOf = token.before && uid.startsWith(token.uid) && (token.uid.endsWith('#') || /^([.~]|$)/.test(uid.slice(token.uid.length)));
  return isOf ? token.before + uid.slice(token.uid.length) : null;
}

export default class Graph extends Element {
  constructor() {
    super();
    this.route = new Route(this, () => this.#arrived());
    this.found = new Load(this, (signal) => {
      const [query, params] = this.#search;
      return egql(query, { params, signal });
    });
    this.walk = new Load(this, (signal) => this.#walk(signal));
    this.node = new Load(this, (signal) => this.#about(signal));
    this.asked = new Map();
    this.typed = debounce(250, (q) => router.set({ q }, { replace: true }));
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [key, title, run] of [
      ['/', 'Search a symbol', () => this.querySelector('#graph-q').select()], ['[', 'Fewer callers', () => this.#deepen('in', -1)],
      [']', 'More callers', () => this.#deepen('in', 1)], ['{', 'Fewer callees', () => this.#deepen('out', -1)],
      ['}', 'More callees', () => this.#deepen('out', 1)], ['+', 'Open or close all stubs', () => this.#open('*')],
    ]) this.until(addKey(key, title, run, 'Code graph'));
    this.#arrived();
  }

  get state() {
    const { q = '', node = '', sel = node, edges = 'call', more = '' } = this.route.query;
    const depth = (name, usual) => Math.max(0, Math.min(DEPTHS, Number(this.route.query[name] ?? usual) || 0));
    return { q: q.trim(), node, sel, edges: edges in KINDS ? edges : 'call', in: depth('in', 1), out: depth('out', 2),
      more: more.split('.') };
  }

  get #search() {
    const { q } = this.state;
    return q ? [STATES.symbols(repos.one), given(repos.one, { pattern: pattern(q) })] : [STATES.called(repos.one), given(repos.one)];
  }

  #question(side) {
    const { edges, node, ...state } = this.state;
    return [GRAPH.walk(repos.one, { edges, side, depth: state[side] }), given(repos.one, { start: node })];
  }

  async #walk(signal) {
    const side = async (name) => {
      if (!this.state[name]) return { edges: [], cut: false };
      const [query, params] = this.#question(name);
      const { rows, more } = first(await egql(query, { params, limit: MOST.edges + 1, signal }), MOST.edges);
      return { edges: rows, cut: more };
    };
    const [callers, callees] = await Promise.all([side('in'), side('out')]);
    return { of: this.#root, start: this.state.node, callers: callers.edges, callees: callees.edges, cut: callers.cut || callees.cut };
  }

  #tokens(uid) {
    return [GRAPH.tokens(repos.one), given(repos.one, { file: parts(uid).file, uid })];
  }

  // The node's tokens under each name that it had: before a rename or a move, its own, its class's or its file's, it was called otherwise.
  async #history(uid, signal) {
    const all = [];
    let truncated = false;
    let until = Infinity;
    for (let name = uid, n = 0; name && n < NAMES_MOST; n++) {
      const [query, params] = this.#tokens(name);
      const found = first(await egql(query, { params, signal }), MOST.nodeTokens);
      const rows = found.rows.filter((row) => Date.parse(row.created_utc) <= until && (row.uid === name || before(name, row)));
      const rename = rows.find((row) => before(name, row));
      const since = rename ? Date.parse(rename.created_utc) : -Infinity;
      all.push(...rows.filter((row) => Date.parse(row.created_utc) >= since).map((row) => ({ ...row, name })));
      truncated ||= found.more;
      [name, until] = [rename && before(name, rename), since];
    }
    return { rows: all, truncated };
  }

  async #about(signal) {
    const uid = this.state.sel;
    const [node, tokens] = await Promise.all([
      egql(GRAPH.node(repos.one), { params: given(repos.one, { uid }), signal }),
      this.#history(uid, signal),
    ]);
    return { node: objects(node)[0], tokens };
  }

  // What is walked from.
  get #root() {
    return JSON.stringify([repos.one, this.state.node]);
  }

  #arrived() {
    const { state } = this;
    for (const [load, key] of [[this.found, JSON.stringify([repos.one, state.q])],
      [this.walk, state.node && JSON.stringify([this.#root, state.in, state.out, state.edges])],
      [this.node, parts(state.sel).file && JSON.stringify([repos.one, state.sel])]]) {
      if (this.asked.get(load) === key) continue;
      const sameNode = load === this.walk && load.data?.of === this.#root; // what is drawn stays while it is deepened
      this.asked.set(load, key);
      if (key) load.go({ fresh: !sameNode });
      else load.stop();
    }
  }

  // Opens a stub, or closes it; what was hidden first is then chosen.
  #open(key, first) {
    const more = this.state.more.filter(Boolean);
    const open = more.includes(key) ? more.filter((one) => one !== key) : [...more, key];
    router.set({ more: open.join('.'), ...(first && { sel: first }) }, { replace: true });
  }

  #begin(node) {
    router.set({ node, sel: '', more: '' });
  }

  #deepen(side, by) {
    if (this.state.node) router.set({ [side]: String(Math.max(0, Math.min(DEPTHS, this.state[side] + by))) });
  }

  #graph(data) {
    const { sel, node, more } = this.state;
    return html`<egdb-graph .data=${data} .opened=${more} .selected=${sel} label="Callers and callees"
      @begin=${(event) => this.#begin(event.detail)}
        @choose=${({ detail }) => router.set({ sel: detail === node ? '' : detail }, { replace: true })}
        @stub=${({ detail }) => this.#open(detail.key, detail.first)}></egdb-graph>
      <p class="note">${data.cut
        ? html`<strong class="warn">Cut at ${number(MOST.edges)} edges: choose a smaller depth.</strong> ` : nothing}Arrows walk, Enter begins at a node or opens a stub, <kbd>[</kbd> <kbd>]</kbd> and <kbd>{</kbd> <kbd>}</kbd>
          change the depths.</p>`;
  }

  #depths() {
    const { state } = this;
    const select = (name, label, all, value) => html`<label for=${`graph-${name}`}>${label}</label><select id=${`graph-${name}`}
      @change=${(event) => router.set({ [name]: event.target.value })}>${all.map(([one, text]) => html`<option value=${one}
        ?selected=${String(one) === String(value)}>${text}</option>`)}</select>`;
    const counts = Array.from({ length: DEPTHS + 1 }, (_, i) => [i, i]);
    return html`<div class="fields">${select('in', 'callers, depth', counts, state.in)}${select('out', 'callees, depth', counts, state.out)}
      ${select('edges', 'edges', Object.entries(KINDS), state.edges)}<button type="button" class="quiet"
        aria-pressed=${state.more.includes('*') ? 'true' : 'false'}
      @click=${() => this.#open('*')}>all stubs open <kbd>+</kbd></button></div>`;
  }

  #walked() {
    const { node } = this.state;
    if (!node) return nothing;
    return frame(this.walk, {
      title: parts(node).name, size: 'l', note: this.#depths(), curl: () => ['in', 'out'].filter((side) => this.state[side]).map((side) =>
        curlEgql(...this.#question(side))).join('\n'),
      isEmpty: (data) => !data.callers.length && !data.callees.length,
        empty: 'No edge of this kind leads here or away from here, as far as the graph is indexed.',
      body: (data) => this.#graph(data), actions: html`<span class="note mono">${parts(node).file}</span>`,
    });
  }

  #chosen() {
    const { sel, node } = this.state;
    const { file, name } = parts(sel);
    if (!sel) return nothing;
    if (!file) return html`<section class="panel size-s"><h2>${name}</h2><p
      class="empty">Not in the indexed code: a name that is not resolved.</p></section>`;
    const columns = [
      { name: 'created_utc', title: 'when', type: 'time' }, { name: 'sha', title: 'commit', type: 'text', width: 110, grow: 0,
        render: (sha, { name: uid, line }) => html`<a title="its lines" href=${router.href('deltas',
          { sha, file: parts(uid).file, line })}><code>${sha.slice(0, 10)}</code></a>` }, { name: 'token', type: 'text' },
          { name: 'weight', type: 'number', width: 80 },
      ...(this.node.data?.tokens.rows.some((row) => row.name !== sel) ? [{ name: 'name', title: 'called', type: 'text', width: 190,
        render: (uid) => html`<span title=${uid}>${uid === sel ? '' : parts(uid).name}</span>` }] : []),
      { name: 'line', type: 'integer', width: 70 }, { name: 'event_id', title: 'event', type: 'text',
        render: (id) => html`<a href=${router.href('events', { id })}>${id}</a>` },
    ];
    return frame(this.node, {
      title: name, curl: () => curlEgql(...this.#tokens(sel)), actions: sel === node ? nothing
        : html`<a href=${router.href('graph', { ...this.route.query, node: sel, sel: '', more: '' })}>walk from here</a>`,
      body: ({ node: about, tokens }) =>
        html`<p>${about ? html`<span class="tag">${about.kind}</span> <code>${about.file}${about.line === null ? ''
          : `:${about.line}`}</code>
          ${about.meta?.signature ? html`<code>${about.meta.signature}</code>` : nothing}`
            : html`<code>${file}</code> is not in the graph as it is indexed now.`}</p>
        <h3>Its Δ tokens</h3>${tokens.rows.length ? html`<egdb-table .columns=${columns} .rows=${tokens.rows}
          label="Tokens of the node"></egdb-table>
          ${tokens.truncated ? html`<p class="note">The newest ${number(MOST.nodeTokens)} under each of its names.</p>` : nothing}`
            : html`<p class="empty">No commit that is known changed it.</p>`}`,
    });
  }

  #results() {
    const { q } = this.state;
    const name = (uid) => html`<a href=${router.href('graph', { q, node: uid })}>${parts(uid).name}</a>`;
    const columns = q ? [{ name: 'name', title: 'symbol', type: 'text', get: (row) => parts(row[0]).name,
      render: (_, row) => name(row[0]) },
      { name: 'kind', type: 'text', width: 110, grow: 0, get: (row) => row[1] }, { name: 'file', type: 'text', width: 220,
        get: (row) => row[3] }, { name: 'line', type: 'integer', width: 70, get: (row) => row[4] }]
      : [{ name: 'uid', title: 'symbol', type: 'text', get: (row) => parts(row[0]).name, render: (_, row) => name(row[0]) },
        { name: 'file', type: 'text', width: 220, get: (row) => parts(row[0]).file }, { name: 'callers', type: 'integer',
          get: (row) => row[1] }];
    return frame(this.found, {
      title: q ? 'Symbols' : 'Called most', size: 's', curl: () => curlEgql(...this.#search),
        empty: q ? 'No symbol is called so.' : 'No code is indexed yet: egdb-index does it.',
          body: (answer) => html`<egdb-table .columns=${columns} .rows=${answer.rows.slice(0, MOST.found)} label="Symbols" pickable
        @pick=${(event) => this.#begin(event.detail[0])}></egdb-table>
        ${answer.rows.length > MOST.found ? html`<p class="note cut">The first ${MOST.found}; more letters find fewer.</p>` : nothing}`,
    });
  }

  render() {
    const { node, q } = this.state;
    return html`<h1>Code graph</h1>
      <form class="fields" role="search"
        @submit=${(event) => { event.preventDefault(); this.querySelector('egdb-table .scroll')?.focus(); }}>
        <label for="graph-q">symbol</label><input id="graph-q" type="search" class="graph-q" .value=${q} spellcheck="false"
          autocomplete="off" placeholder="a part of a name or path   /"
          @input=${(event) => this.typed(event.target.value)}></form>
      <div class="grid one">${node && !q ? nothing : this.#results()}${this.#walked()}${this.#chosen()}</div>`;
  }
}
