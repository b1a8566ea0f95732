// A node with its callers and callees in columns, one for each depth, as SVG. data: {start, callers, callees}, the edges as lib/layers.js
// takes them; opened: keys of open stubs; selected: a uid. Only what is near to what is in sight is in the page, so that thousands cost
// little. Events: `choose` (detail: the uid that was walked to, when the walk rests), `begin` (a uid), `stub` ({key, first}).
import { repeat } from 'lit/directives/repeat.js';
import { debounce } from '../lib/dom.js';
import { Element, html, nothing, svg } from '../lib/element.js';
import { number } from '../lib/format.js';
import { BOX, brief, layout, parts, path } from '../lib/layers.js';

const BAND = 600; // px: boxes farther than this from what is in sight are not in the page
const SETTLED_MS = 150; // a walk that rests so long is told of
const DEPTHS = 6; // that a walk may have at most
const LABEL_MOST = 25; // characters that fit into a box
const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const short = (text) => (text.length > LABEL_MOST ? `…${text.slice(1 - LABEL_MOST)}` : text);

class Graph extends Element {
  static properties = { data: { attribute: false }, opened: { attribute: false }, selected: {}, label: {}, band: { state: true } };

  constructor() {
    super();
    Object.assign(this, { opened: [], band: 0, selected: '' });
    this.rest = debounce(SETTLED_MS, () => this.isConnected && this.on && !this.on.startsWith('+') && this.#tell('choose', this.on));
  }

  // The layout is made anew when edges or open stubs change, not when another node is chosen.
  willUpdate(changed) {
    if (changed.has('selected')) this.on = null;
    const key = this.opened.join();
    if (this.made?.data === this.data && this.made.key === key) return;
    const graph = layout(this.data.start, this.data.callers, this.data.callees, (one) => this.opened.includes(one));
    const all = new Set([this.data.start, ...[...this.data.callers, ...this.data.callees].flatMap((edge) => [edge.src, edge.dst])]).size;
    this.made = { data: this.data, key, graph, all, boxes: [...graph.columns.values()].flat(), band: null };
    this.on = null;
  }

  get nodes() {
    return this.made?.graph.nodes.size ?? 0;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  #box(node) {
    const { file, name } = parts(node.uid);
    const label = node.stub ? `+${number(node.rest.length)} more` : short(name);
    const base = node.stub ? '' : file.slice(file.lastIndexOf('/') + 1);
    const place = base.length + label.length < LABEL_MOST ? base : ''; // where there is room
    // What is heard begins with what is seen.
    const seen = `${label}${place && ` ${place}`}${label === name || node.stub ? '' : ` ${name}`}`;
    const said = node.stub ? `${seen}: ${node.depth > 0 ? 'callees' : 'callers'} of ${parts(node.of.uid).name}`
      : `${seen}, ${file || 'outside'}`;
    const kind = node.stub ? 'stub' : node.depth === 0 ? 'root' : file ? '' : 'outside';
    return svg`<g id=${this.#id(node)} class="box ${kind}" role="option" aria-selected="false" aria-label=${said}
      transform=${`translate(${node.x} ${node.y})`}
      @click=${() => this.#click(node)} @dblclick=${() => this.#enter(node)}><title>${said}</title>
      <rect width=${BOX.width} height=${BOX.height} rx="4"></rect><text x="8" y="15.5">${label}</text>
      ${place ? svg`<text class="file" x=${BOX.width - 8} y="15.5">${place}</text>` : nothing}</g>`;
  }

  #id(node) {
    return `graph-${node.stub ? node.uid : brief(node.uid)}`;
  }

  #click(node) {
    this.querySelector('svg').focus({ preventScroll: true });
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
    if (node.stub) this.#tell('stub', { key: brief(node.of.uid), first: node.rest[0] });
    else if (parts(node.uid).file && node.uid !== this.data.start) this.#tell('begin', node.uid);
  }

  get #current() {
    const { graph, boxes } = this.made;
    return (this.on && boxes.find((node) => node.uid === this.on)) || graph.nodes.get(this.selected) || graph.nodes.get(this.data.start);
  }

  #key(event) {
    const move = MOVES[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.#current;
    if (event.key === 'Enter' || event.key === ' ') this.#enter(at);
    else if (event.key === 'Home') this.#choose(this.made.graph.nodes.get(this.data.start));
    else if (!move) return;
    else this.#choose(this.#beside(at, move) ?? at);
    event.preventDefault();
  }

  // Up and down within the column; left and right along an edge, and where there is none to the nearest.
  #beside(at, [dx, dy]) {
    const { columns, links } = this.made.graph;
    if (dy) return columns.get(at.depth)[at.row + dy];
    let depth = at.depth + dx; // a column whose nodes all stand elsewhere is not there
    while (!columns.has(depth) && Math.abs(depth) <= columns.size + DEPTHS) depth += dx;
    const column = columns.get(depth);
    if (!column) return null;
    const linked = links.flatMap(([from, to]) => (from === at ? [to] : to === at ? [from] : [])).filter((node) => node.depth === depth);
    return (linked.length ? linked : column).toSorted((a, b) => Math.abs(a.y - at.y) - Math.abs(b.y - at.y) || a.y - b.y)[0];
  }

  // Who is chosen is marked in the drawing that stands: its boxes are not made anew for it.
  #mark() {
    const at = this.#current;
    const drawing = this.querySelector('svg');
    if (this.shown !== at) {
      this.shown = at;
      const holder = drawing.parentElement;
      const within = (now, from, size, room) => Math.max(Math.min(now, from - BOX.gap), from + size + BOX.gap - room);
      holder.scrollTo(within(holder.scrollLeft, at.x, BOX.width, holder.clientWidth), within(holder.scrollTop, at.y, BOX.height,
        holder.clientHeight));
      this.#see(holder);
    }
    drawing.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false');
    const box = drawing.querySelector(`#${CSS.escape(this.#id(at))}`);
    box?.setAttribute('aria-selected', 'true');
    drawing.setAttribute('aria-activedescendant', box?.id ?? '');
    drawing.querySelector('.lit').setAttribute('d', this.made.graph.links.filter((link) => link.includes(at)).map(path).join(''));
  }

  #see(holder) {
    this.band = Math.floor(holder.scrollTop / BAND);
  }

  // The boxes near what is in sight, and the lines that end at one of them: what only passes by tells nothing, and is slow to paint.
  #near() {
    const { made, band } = this;
    if (made.band === band) return made;
    const isNear = (node) => node.y > (band - 1) * BAND && node.y < (band + 2.5) * BAND;
    return Object.assign(made, {
      band, near: made.boxes.filter(isNear), lines: made.graph.links.filter((link) => link.some(isNear)).map(path).join(''),
    });
  }

  updated() {
    this.#mark();
  }

  render() {
    const { graph, near, lines, all } = this.#near();
    const drawn = graph.nodes.size;
    const [width, height] = [graph.width + 8, graph.height + 8];
    return html`<div class="graph-scroll" @scroll=${(event) => this.#see(event.target)}><svg class="graph" role="listbox" tabindex="0"
      aria-label=${this.label ?? 'graph'}
      width=${width} height=${height} viewBox=${`-4 -4 ${width} ${height}`} @keydown=${this.#key}><path class="lines"
        aria-hidden="true" d=${lines}></path>
      <path class="lit" aria-hidden="true"></path>${repeat(near, (node) => node.uid,
        (node) => (node.shape ??= this.#box(node)))}</svg></div><p class="note">${number(all)} nodes${drawn < all
          ? `, ${number(drawn)} drawn: the others are in the stubs, or behind them` : ''}.</p>`;
  }
}
customElements.define('egdb-graph', Graph);
