// What the browser does for bench/hud: each case makes an element of the HUD with much data, and says how long it took until it was painted;
// drive.mjs then moves, scrolls and types over it. Long tasks (over 50 ms) meanwhile are noted.
import '../../hud/lib/theme.js';
import '../../hud/components/chart.js';
import '../../hud/components/graph.js';
import '../../hud/components/heat.js';
import '../../hud/components/mosaic.js';
import '../../hud/components/table.js';
import { parsed } from '../../hud/lib/answers.js';

const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
let seed = 7;
const random = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);

function make(name, members) {
  const element = Object.assign(document.createElement(name), members);
  document.querySelector('main').replaceChildren(element);
  return element;
}

// What is large is made before the clock starts, as it comes: points, and the text of an answer, which is parsed within the time.
const times = Array.from({ length: 100000 }, (_, i) => 1.7e12 + i * 1000);
const series = ['one', 'two'].map((name) => ({ name, values: times.map(() => (random() < 0.01 ? null : random() * 100)) }));
const columns = [['id', 'integer'], ['when', 'time'], ['topic', 'text'], ['n', 'number'], ['sha', 'text'], ['source', 'text'], ['ms', 'number'], ['state', 'text']]
  .map(([name, type]) => ({ name, type }));
const row = (ms, i) => JSON.stringify([i, new Date(ms).toISOString(), `topic.${i % 31}@v1`, random() * 1000, (i * 7919).toString(16).padStart(40, '0'),
  `source-${i % 7}`, random(), i % 5 ? 'ok' : null]);
const answer = `{"columns":${JSON.stringify(columns)},"rows":[\n${times.map(row).join(',\n')}\n],"row_count":${times.length}}\n`;

function chart() {
  const element = make('egdb-chart', { data: { x: times, series }, time: true, label: 'points' });
  return async () => {
    while (!element.plot) await painted();
  };
}

async function table() {
  const { rows } = await parsed([answer]);
  make('egdb-table', { columns, rows, label: 'rows', pickable: true });
}

function mosaic() {
  const side = 142; // 20,164 cells, a file each
  const values = Float64Array.from({ length: side * side }, () => (random() < 0.2 ? NaN : random()));
  const ground = Uint8Array.from({ length: side * side }, (_, i) => 1 + (i % 2));
  make('egdb-mosaic', { grid: { rows: side, cols: side }, values, ground, label: 'mosaic', tell: (cell) => `file ${cell}: ${values[cell]}` });
}

function heat() {
  const columns = Array.from({ length: 200 }, (_, i) => `day ${i}`);
  const rows = Array.from({ length: 100 }, (_, i) => `gate ${i}`);
  make('egdb-heat', { columns, rows, values: Float64Array.from({ length: 20000 }, random), label: 'heat', rowHeight: 6 });
}

// One node calls 30, each of these 33 more, and everyone calls a few of the others: all stubs open.
function graph() {
  const uid = (i) => `AST::core/file_${i % 50}.py#function_${i}`;
  const callees = [];
  for (let i = 1; i <= 30; i++) callees.push({ src: uid(0), dst: uid(i) });
  for (let i = 0; i < 1000; i++) callees.push({ src: uid(1 + (i % 30)), dst: uid(31 + i) }, { src: uid(31 + i), dst: uid(31 + ((i * 17) % 1000)) });
  make('egdb-graph', { data: { start: uid(0), callers: [], callees }, opened: ['*'], label: 'graph' });
}

const CASES = { chart, table, mosaic, heat, graph };
let longest = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (longest = Math.max(longest, entry.duration)))).observe({ type: 'longtask' });

// Milliseconds from nothing to the first paint with all of it.
globalThis.begin = async (name) => {
  document.querySelector('main').replaceChildren();
  await painted();
  const from = performance.now();
  const wait = await CASES[name]();
  await wait?.();
  await painted();
  return performance.now() - from;
};
// The longest task since it was last asked; 0: none was over 50 ms.
globalThis.longestTask = async () => {
  await painted();
  const was = longest;
  longest = 0;
  return was;
};
globalThis.ready = true;
