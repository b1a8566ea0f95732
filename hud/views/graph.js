// The code graph: a symbol, its callers to the left and its callees to the right, a column for each depth, as SVG; and what became of the
// chosen node: its Δ tokens. ?q= searches, ?node= is walked from, ?in= and ?out= are the depths, ?sel= is chosen, ?more= are open stubs.
import { repeat } from 'lit/directives/repeat.js';
import { curlEgql, egql, objects } from '../lib/api.js';
import { debounce } from '../lib/dom.js';
import { Element, html, nothing, svg } from '../lib/element.js';
import { number } from '../lib/format.js';
import { addKey } from '../lib/keys.js';
import { Load } from '../lib/load.js';
import { Route, router } from '../lib/router.js';
import { frame } from '../components/frame.js';
import '../components/table.js';
import { BOX, brief, layout, parts, path } from './graph_layout.js';

const DEPTHS = 6;
const KINDS = { call: 'calls', import: 'imports', contain: 'contains', all: 'all edges' };
const EDGES_MOST = 5000;
const FOUND_MOST = 60;
const LABEL_MOST = 25; // characters that fit into a box
const TOKENS_MOST = 500;
const BAND = 600; // px: boxes farther than this from what is in sight are not in the page
const SETTLED_MS = 150; // a walk that rests so long is written to the URL, and its node asked about
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

// Letters in any order of case, unless there is a capital; words may stand apart.
export function pattern(text) {
  const loose = text === text.toLowerCase();
  const sign = (one) => (/[a-z]/.test(one) && loose ? `[${one}${one.toUpperCase()}]` : /[\w\s]/.test(one) || one > '\x7f' ? one : `\\${one}`);
  return text.trim().split(/\s+/).map((word) => [...word].map(sign).join('')).join('.*');
}

const short = (text) => (text.length > LABEL_MOST ? `…${text.slice(1 - LABEL_MOST)}` : text);

export default class Graph extends Element {
  static properties = { band: { state: true } };

  constructor() {
    super();
    this.band = 0;
    this.route = new Route(this, () => this.#arrived());
    this.found = new Load(this, (signal) => egql(...this.#search, { signal }));
    this.walk = new Load(this, (signal) => this.#walk(signal));
    this.node = new Load(this, (signal) => this.#about(signal));
    this.asked = new Map();
    this.rest = debounce(SETTLED_MS, () => this.isConnected && this.on && !this.on.startsWith('+') && router.set({ sel: this.on === this.state.node ? '' : this.on }, { replace: true }));
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
    return { q: q.trim(), node, sel, edges: edges in KINDS ? edges : 'call', in: depth('in', 1), out: depth('out', 2), more: more.split('.') };
  }

  get #search() {
    const { q } = this.state;
    return q ? [`SELECT nodes (uid, kind, name, file, line) FROM all WHERE uid ~ $pattern LIMIT ${FOUND_MOST}`, { params: { pattern: pattern(q) } }]
      : [`SELECT graph (dst AS uid, count() AS callers) FROM all WHERE etype=call resolved=true GROUP BY dst ORDER BY callers DESC LIMIT 20`, {}];
  }

  #question(side) {
    const { edges, node, ...state } = this.state;
    const kinds = edges === 'all' ? 'etype IN (call, import, contain)' : `etype=${edges}`;
    return [`SELECT graph (depth, src, dst, etype, line, resolved) FROM all WHERE start=$start depth<=${state[side]} direction=${side} ${kinds}`, { start: node }];
  }

  async #walk(signal) {
    const side = async (name) => {
      if (!this.state[name]) return { edges: [], cut: false };
      const [query, params] = this.#question(name);
      const answer = await egql(query, { params, limit: EDGES_MOST, signal });
      return { edges: objects(answer), cut: answer.truncated };
    };
    const [callers, callees] = await Promise.all([side('in'), side('out')]);
    return { start: this.state.node, callers: callers.edges, callees: callees.edges, cut: callers.cut || callees.cut };
  }

  get #tokens() {
    const uid = this.state.sel;
    return ['SELECT tokens (created_utc, sha, token, weight, line, event_id) FROM all WHERE file=$file uid=$uid', { file: parts(uid).file, uid }];
  }

  async #about(signal) {
    const uid = this.state.sel;
    const [query, params] = this.#tokens;
    const [node, tokens] = await Promise.all([
      egql('SELECT nodes (uid, kind, file, line, meta) FROM all WHERE uid=$uid LIMIT 1', { params: { uid }, signal }), egql(query, { params, limit: TOKENS_MOST, signal }),
    ]);
    return { node: objects(node)[0], tokens };
  }

  #arrived() {
    const { state } = this;
    this.on = null;
    for (const [load, key] of [[this.found, state.q || '*'], [this.walk, state.node && JSON.stringify([state.node, state.in, state.out, state.edges])],
      [this.node, parts(state.sel).file && state.sel]]) {
      if (this.asked.get(load) === key) continue;
      const sameNode = load === this.walk && load.data?.start === state.node; // what is drawn stays while it is deepened
      this.asked.set(load, key);
      if (key) load.go({ fresh: !sameNode });
      else load.stop();
    }
  }

  // The layout is made anew when edges or open stubs change, not when another node is chosen.
  #drawn(data) {
    const { more } = this.state;
    const key = more.join();
    if (this.made?.data !== data || this.made.key !== key) {
      const graph = layout(data.start, data.callers, data.callees, (one) => more.includes(one));
      this.made = { data, key, graph, boxes: [...graph.columns.values()].flat(), lines: graph.links.map(path).join('') };
    }
    return this.made;
  }

  #box(node) {
    const { file, name } = parts(node.uid);
    const id = `graph-${node.stub ? node.uid : brief(node.uid)}`;
    const label = node.stub ? `+${number(node.rest.length)} more` : short(name);
    const base = node.stub ? '' : file.slice(file.lastIndexOf('/') + 1);
    const place = base.length + label.length < LABEL_MOST ? base : ''; // where there is room
    // What is heard begins with what is seen.
    const seen = `${label}${place && ` ${place}`}${label === name || node.stub ? '' : ` ${name}`}`;
    const said = node.stub ? `${seen}: ${node.depth > 0 ? 'callees' : 'callers'} of ${parts(node.of.uid).name}` : `${seen}, ${file || 'outside'}`;
    const kind = node.stub ? 'stub' : node.depth === 0 ? 'root' : file ? '' : 'outside';
    return svg`<g id=${id} class="box ${kind}" role="option" aria-selected="false" aria-label=${said} transform=${`translate(${node.x} ${node.y})`}
      @click=${() => this.#click(node)} @dblclick=${() => this.#enter(node)}><title>${said}</title>
      <rect width=${BOX.width} height=${BOX.height} rx="4"></rect><text x="8" y="15.5">${label}</text>
      ${place ? svg`<text class="file" x=${BOX.width - 8} y="15.5">${place}</text>` : nothing}</g>`;
  }

  #click(node) {
    this.querySelector('svg.graph')?.focus({ preventScroll: true });
    if (node.stub) this.#enter(node);
    else this.#choose(node);
  }

  #choose(node) {
    this.on = node.uid;
    this.#mark();
    this.rest();
  }

  // Enter: a stub opens; from a node the walk begins anew.
  #enter(node) {
    if (node.stub) this.#open(brief(node.of.uid), node);
    else if (parts(node.uid).file && node.uid !== this.state.node) router.set({ node: node.uid, sel: '', more: '' });
  }

  #open(key, stub) {
    const more = this.state.more.filter(Boolean);
    const open = more.includes(key) ? more.filter((one) => one !== key) : [...more, key];
    router.set({ more: open.join('.'), ...(stub && { sel: stub.rest[0] }) }, { replace: true });
  }

  #deepen(side, by) {
    if (this.state.node) router.set({ [side]: String(Math.max(0, Math.min(DEPTHS, this.state[side] + by))) });
  }

  get #current() {
    const { graph, boxes } = this.made;
    return (this.on && boxes.find((node) => node.uid === this.on)) || graph.nodes.get(this.state.sel) || graph.nodes.get(this.state.node);
  }

  #key(event) {
    const move = MOVES[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.made) return;
    const at = this.#current;
    if (event.key === 'Enter' || event.key === ' ') this.#enter(at);
    else if (event.key === 'Home') this.#choose(this.made.graph.nodes.get(this.state.node));
    else if (!move) return;
    else this.#choose(this.#beside(at, move) ?? at);
    event.preventDefault();
  }

  // Up and down within the column; left and right along an edge, and where there is none to the nearest.
  #beside(at, [dx, dy]) {
    const { columns, links } = this.made.graph;
    if (dy) return columns.get(at.depth)[at.row + dy];
    const column = columns.get(at.depth + dx);
    if (!column) return null;
    const linked = links.flatMap(([from, to]) => (from === at ? [to] : to === at ? [from] : [])).filter((node) => node.depth === at.depth + dx);
    return (linked.length ? linked : column).toSorted((a, b) => Math.abs(a.y - at.y) - Math.abs(b.y - at.y) || a.y - b.y)[0];
  }

  // Who is chosen is marked in the drawing that stands: a thousand boxes are not made anew for it.
  #mark() {
    const drawing = this.querySelector('svg.graph');
    if (!drawing || !this.made) return;
    const at = this.#current;
    if (this.shown !== at) {
      this.shown = at;
      const holder = drawing.parentElement;
      const within = (now, from, size, room) => Math.max(Math.min(now, from - BOX.gap), from + size + BOX.gap - room);
      holder.scrollTo(within(holder.scrollLeft, at.x, BOX.width, holder.clientWidth), within(holder.scrollTop, at.y, BOX.height, holder.clientHeight));
      this.#see(holder);
    }
    drawing.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false');
    const box = drawing.querySelector(`#${CSS.escape(`graph-${at.stub ? at.uid : brief(at.uid)}`)}`);
    box?.setAttribute('aria-selected', 'true');
    drawing.setAttribute('aria-activedescendant', box?.id ?? '');
    drawing.querySelector('.lit').setAttribute('d', this.made.graph.links.filter((link) => link.includes(at)).map(path).join(''));
  }

  #see(holder) {
    this.band = Math.floor(holder.scrollTop / BAND);
  }

  updated() {
    this.#mark();
  }

  #graph(data) {
    const { graph, boxes, lines } = this.#drawn(data);
    const near = boxes.filter((node) => node.y > (this.band - 1) * BAND && node.y < (this.band + 3) * BAND);
    const shown = graph.nodes.size;
    const all = new Set([data.start, ...[...data.callers, ...data.callees].flatMap((edge) => [edge.src, edge.dst])]).size;
    const view = `-4 -4 ${graph.width + 8} ${graph.height + 8}`;
    return html`<div class="graph-scroll" @scroll=${(event) => this.#see(event.target)}><svg class="graph" role="listbox" tabindex="0" aria-label="Callers and callees" width=${graph.width + 8} height=${graph.height + 8}
        viewBox=${view} @keydown=${this.#key}><path class="lines" aria-hidden="true" d=${lines}></path><path class="lit" aria-hidden="true"></path>${repeat(near, (node) => node.uid, (node) => (node.shape ??= this.#box(node)))}</svg></div>
      <p class="note">${number(shown)} of ${number(all)} nodes${data.cut ? html`, <strong class="warn">cut at ${number(EDGES_MOST)} edges: choose a smaller depth</strong>` : nothing}.
        Arrows walk, Enter begins at a node or opens a stub, <kbd>[</kbd> <kbd>]</kbd> and <kbd>{</kbd> <kbd>}</kbd> change the depths.</p>`;
  }

  #depths() {
    const { state } = this;
    const select = (name, label, all, value) => html`<label for=${`graph-${name}`}>${label}</label><select id=${`graph-${name}`}
      @change=${(event) => router.set({ [name]: event.target.value })}>${all.map(([one, text]) => html`<option value=${one} ?selected=${String(one) === String(value)}>${text}</option>`)}</select>`;
    const counts = Array.from({ length: DEPTHS + 1 }, (_, i) => [i, i]);
    return html`<div class="fields">${select('in', 'callers, depth', counts, state.in)}${select('out', 'callees, depth', counts, state.out)}
      ${select('edges', 'edges', Object.entries(KINDS), state.edges)}<button type="button" class="quiet" aria-pressed=${state.more.includes('*') ? 'true' : 'false'}
      @click=${() => this.#open('*')}>all stubs open <kbd>+</kbd></button></div>`;
  }

  #walked() {
    const { node } = this.state;
    if (!node) return nothing;
    return frame(this.walk, {
      title: parts(node).name, size: 'l', note: this.#depths(), curl: () => ['in', 'out'].filter((side) => this.state[side]).map((side) => curlEgql(...this.#question(side))).join('\n'),
      isEmpty: (data) => !data.callers.length && !data.callees.length, empty: 'No edge of this kind leads here or away from here, as far as the graph is indexed.',
      body: (data) => this.#graph(data), actions: html`<span class="note mono">${parts(node).file}</span>`,
    });
  }

  #chosen() {
    const { sel, node } = this.state;
    const { file, name } = parts(sel);
    if (!sel) return nothing;
    if (!file) return html`<section class="panel size-s"><h2>${name}</h2><p class="empty">Not in the indexed code: a name that is not resolved.</p></section>`;
    const columns = [
      { name: 'created_utc', title: 'when', type: 'time' }, { name: 'sha', title: 'commit', type: 'text', width: 110, grow: 0, render: (sha) => html`<a
        href=${router.href('deltas', { sha })}><code>${sha.slice(0, 10)}</code></a>` }, { name: 'token', type: 'text' }, { name: 'weight', type: 'number', width: 80 },
      { name: 'line', type: 'integer', width: 70 }, { name: 'event_id', title: 'event', type: 'text', render: (id) => html`<a href=${router.href('events', { id })}>${id}</a>` },
    ];
    return frame(this.node, {
      title: name, curl: () => curlEgql(...this.#tokens), actions: sel === node ? nothing
        : html`<a href=${router.href('graph', { ...this.route.query, node: sel, sel: '', more: '' })}>walk from here</a>`,
      body: ({ node: about, tokens }) => html`<p>${about ? html`<span class="tag">${about.kind}</span> <code>${about.file}${about.line === null ? '' : `:${about.line}`}</code>
          ${about.meta?.signature ? html`<code>${about.meta.signature}</code>` : nothing}` : html`<code>${file}</code> is not in the graph as it is indexed now.`}</p>
        <h3>Its Δ tokens</h3>${tokens.rows.length ? html`<egdb-table .columns=${columns} .rows=${tokens.rows} label="Tokens of the node"></egdb-table>
          ${tokens.truncated ? html`<p class="note">The newest ${number(TOKENS_MOST)}.</p>` : nothing}` : html`<p class="empty">No commit that is known changed it.</p>`}`,
    });
  }

  #results() {
    const { q } = this.state;
    const name = (uid) => html`<a href=${router.href('graph', { q, node: uid })}>${parts(uid).name}</a>`;
    const columns = q ? [{ name: 'name', title: 'symbol', type: 'text', get: (row) => parts(row[0]).name, render: (_, row) => name(row[0]) },
      { name: 'kind', type: 'text', width: 110, grow: 0, get: (row) => row[1] }, { name: 'file', type: 'text', width: 220, get: (row) => row[3] }, { name: 'line', type: 'integer', width: 70, get: (row) => row[4] }]
      : [{ name: 'uid', title: 'symbol', type: 'text', get: (row) => parts(row[0]).name, render: (_, row) => name(row[0]) },
        { name: 'file', type: 'text', width: 220, get: (row) => parts(row[0]).file }, { name: 'callers', type: 'integer', get: (row) => row[1] }];
    return frame(this.found, {
      title: q ? 'Symbols' : 'Called most', size: 's', curl: () => curlEgql(this.#search[0], this.#search[1].params), isEmpty: (answer) => !answer.rows.length,
      empty: q ? 'No symbol is called so.' : 'No code is indexed yet: egdb-index does it.', body: (answer) => html`<egdb-table .columns=${columns} .rows=${answer.rows} label="Symbols" pickable
        @pick=${(event) => router.set({ node: event.detail[0], sel: '', more: '' })}></egdb-table>
        ${answer.rows.length === FOUND_MOST ? html`<p class="note">The first ${FOUND_MOST}; more letters find fewer.</p>` : nothing}`,
    });
  }

  render() {
    const { node, q } = this.state;
    return html`<h1>Code graph</h1>
      <form class="fields" role="search" @submit=${(event) => { event.preventDefault(); this.querySelector('egdb-table .scroll')?.focus(); }}>
        <label for="graph-q">symbol</label><input id="graph-q" type="search" class="graph-q" .value=${q} spellcheck="false" autocomplete="off" placeholder="a part of a name or path   /"
          @input=${(event) => this.typed(event.target.value)}></form>
      <div class="grid one">${node && !q ? nothing : this.#results()}${this.#walked()}${this.#chosen()}</div>`;
  }
}
