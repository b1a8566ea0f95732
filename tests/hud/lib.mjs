// What the page reckons without a page: node --test lib.mjs.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { parsed, textOf } from '../../hud/lib/answers.js';
import { hunks } from '../../hud/lib/delta.js';
import { layout } from '../../hud/lib/layers.js';
import * as queries from '../../hud/lib/queries.js';
import { sorted } from '../../hud/lib/slices.js';
import { sseParser } from '../../hud/lib/stream.js';
import { thin } from '../../hud/lib/thin.js';

let seed = 7;
const random = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);

test('a thinned line goes as high and as low, begins and ends where it did, and has its wide gaps', () => {
  const x = Array.from({ length: 100000 }, (_, i) => 1000 + 10 * i);
  const values = x.map((_, i) => (i >= 40000 && i < 60000 ? null : i === 12345 ? 99 : i === 77777 ? -99 : random()));
  const few = thin(x, [values, x.map(() => null)], 1000);
  const [line, empty] = few.lists;
  assert.ok(few.x.length <= 4 * 1001 && few.x.length === line.length && few.x.length === few.index.length);
  assert.ok(few.x.every((one, i) => one === x[few.index[i]] && (i === 0 || few.x[i - 1] <= one)));
  assert.deepEqual([line[0], line.at(-1), Math.max(...line), Math.min(...line)], [values[0], values.at(-1), 99, -99]);
  assert.ok(few.x.every((one, i) => (one < x[40200] || one > x[59800]) === (line[i] !== null) || Math.min(...[40000, 60000].map((at) => Math.abs(one - x[at]))) < 2000));
  assert.ok(empty.every((one) => one === null));
  assert.equal(thin(x.slice(0, 8000), [values.slice(0, 8000)], 1000), null, 'few points stay as they are');
});

test('what is sorted in slices is sorted as at once, and stably', async () => {
  const list = Array.from({ length: 30001 }, (_, i) => [Math.floor(random() * 500), i]);
  const compare = (a, b) => a[0] - b[0];
  assert.deepEqual(await sorted(list, compare), list.toSorted(compare));
  assert.deepEqual(sorted(list.slice(0, 100), compare), list.slice(0, 100).toSorted(compare), 'what is short at once');
  assert.equal(list[7][1], 7, 'the list itself stays');
});

test('an answer parsed in slices, however it comes, is the one that is parsed at once', async () => {
  const rows = Array.from({ length: 30000 }, (_, i) => [i, i % 3 ? `],"rows":[ \n]} ${'ü'.repeat(i % 20)}` : null, { deep: [i] }]);
  const head = { columns: [{ name: 'a\n]', type: 'text' }] };
  const tail = { row_count: rows.length, truncated: false, error: { detail: 'late\n]' } };
  const text = (list) => `{"columns":${JSON.stringify(head.columns)},"rows":[${list.map((row) => `\n${JSON.stringify(row)}`).join(',')}\n],${JSON.stringify(tail).slice(1)}\n`;
  const cut = (whole, size) => Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.slice(i * size, (i + 1) * size));
  for (const [list, size] of [[rows, 9e9], [rows, 70001], [rows.slice(0, 9000), 977], [rows.slice(0, 20), 1], [rows.slice(0, 1), 9e9], [[['x'.repeat(4e5)], [1]], 1e5]]) {
    assert.deepEqual(await parsed(cut(text(list), size)), { ...head, rows: list, ...tail }, `${list.length} rows by ${size}`);
  }
  assert.deepEqual(await parsed(cut(JSON.stringify({ ...head, rows, ...tail }, null, 1), 5e4)), { ...head, rows, ...tail }, 'from another hand');
  assert.deepEqual(await parsed(['{"columns":[],"rows":[]}\n']), { columns: [], rows: [] });
  await assert.rejects(parsed(cut(text(rows).slice(0, -2e5), 7e4)), SyntaxError);
});

test('an answer that is no use is not read on, and one that breaks off is refused', async () => {
  let cancelled = false;
  const body = (end) => ({ body: new ReadableStream({ start: (stream) => {
    stream.enqueue(new TextEncoder().encode(`{"columns":[],"rows":[\n[1],\nno,\n${'[1],\n'.repeat(2e4)}`));
    end(stream);
  }, cancel: () => (cancelled = true) }) });
  await assert.rejects(parsed(textOf(body(() => {}))), SyntaxError);
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.ok(cancelled);
  await assert.rejects(parsed(textOf(body((stream) => stream.error(new TypeError('broke off'))))), TypeError);
});

test('a stream cut anywhere gives its messages and its comments', () => {
  const text = ': alive every 15000 ms\nretry: 2000\nid: 5\n\nid: 6\ndata: {"a":1}\n\n: alive\nid: 7\n\n';
  for (let cut = 0; cut <= text.length; cut++) {
    const [messages, comments] = [[], []];
    const parse = sseParser((message) => messages.push([message.id, message.data]), (comment) => comments.push(comment));
    parse(text.slice(0, cut));
    parse(text.slice(cut));
    assert.deepEqual([messages, comments], [[['5', ''], ['6', '{"a":1}'], ['7', '']], ['alive every 15000 ms', 'alive']]);
  }
});

test('hunks of a diff that was cut', () => {
  const [one] = hunks('@@ -1,2 +1,2 @@ class A\n-old\n+new\n same\n\\ cut: 120 more bytes\n');
  assert.equal(one.title, 'class A');
  assert.deepEqual(one.lines.map(({ kind, before, after, text }) => [kind, before, after, text]), [['-', 1, null, 'old'], ['+', null, 1, 'new'], [' ', 2, 2, 'same']]);
});

const edges = (...list) => list.map((one) => one.split(' ')).map(([src, dst]) => ({ src, dst }));

test('all nodes of a walk are drawn or in a stub: also who calls a caller that is a callee too', () => {
  const graph = layout('ping', edges('pong ping', 'other ping', 'starter pong', 'ping pong'), edges('ping pong', 'pong ping'), () => false);
  const columns = [...graph.columns].map(([depth, column]) => [depth, column.map((node) => node.uid)]);
  assert.deepEqual(columns.sort(([a], [b]) => a - b), [[-2, ['starter']], [-1, ['other']], [0, ['ping']], [1, ['pong']]]);
  assert.deepEqual(graph.links.map(([from, to]) => `${from.uid} ${to.uid}`).sort(), ['other ping', 'ping pong', 'pong ping', 'starter pong']);

  const many = Array.from({ length: 30 }, (_, i) => `f${i}`); // each calls, and is called: stubs of both sides hold none that is drawn
  const wide = layout('ping', many.map((src) => ({ src, dst: 'ping' })), many.map((dst) => ({ src: 'ping', dst })), () => false);
  const boxes = [...wide.columns.values()].flat();
  const held = boxes.flatMap((node) => (node.stub ? node.rest : [node.uid]));
  assert.deepEqual([...new Set(held)].sort(), ['ping', ...many].sort());
  assert.deepEqual(boxes.flatMap((node) => node.rest ?? []).filter((uid) => wide.nodes.has(uid)), []);
  assert.equal(boxes.length, new Set(boxes.map((node) => node.uid)).size);

  const ten = many.slice(0, 10); // a stub hides f8 and f9, which call too, and so stand on the other side; but who is behind f9 is drawn
  const behind = layout('root', edges('f8 root', 'f9 root'), [...ten.map((dst) => ({ src: 'root', dst })), ...edges('f9 c')], () => false);
  assert.deepEqual(behind.columns.get(2)?.map((node) => node.uid), ['c']);
  assert.deepEqual([...behind.nodes.keys()].sort(), ['root', 'c', ...ten].sort());
});

test('what the page asks has a bound, and but for what is now a time, a commit or a key', () => {
  const of = { scope: 'all', repo: null, window: ' LAST 24h' };
  const args = { DELTAS: [of], SPEC: [null, ' LAST 24h'], OVERVIEW: [null, ' LAST 24h'], HEALS: [null, ' LAST 24h', true], GRAPH: [null, { edges: 'call', side: 'in', depth: 1 }],
    STATES: [null], EVENT: ['causes'], FIXES_OF: [['a.b@v1']], PLACES: [] };
  const own = { DELTAS: { print: [{ ...of, scope: 'sha(abcd)' }] }, SPEC: { tokens: ['abcd'], evidence: [true] }, OVERVIEW: { events: ['1h', ' LAST 24h'] }, STATES: { findingsBy: ['queue', null, true] },
    EVENT: { rows: [{ name: 'tokens', time: 'created_utc' }, { id: '01', ts_utc: '2025-10-10T00:00:00Z', payload: {} }] } };
  assert.deepEqual(Object.keys(queries).filter((name) => typeof queries[name] === 'object').sort(), [...Object.keys(args), 'MOST'].sort());
  const texts = Object.entries(args).flatMap(([group, usual]) => Object.entries(queries[group]).map(([name, text]) =>
    [group, typeof text === 'string' ? text : text(...(own[group]?.[name] ?? usual))]).map(([of, text]) => [of, text.query ?? text]));
  assert.ok(texts.length > 30);
  for (const [group, text] of texts) {
    assert.match(text, / LIMIT \d+$/);
    if (group !== 'STATES') assert.match(text, / (LAST|SINCE) |FROM (sha|range|causes|effects)\(|\w\s?=\s?\$/, text);
  }
  const hud = new URL('../../hud/', import.meta.url);
  const others = ['views', 'components', 'lib'].flatMap((folder) => readdirSync(new URL(folder, hud)).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.js') && !['lib/queries.js', 'lib/repos.js', 'views/console_examples.js'].includes(path) &&
      /SELECT [\w${}.]+ \(/.test(readFileSync(new URL(path, hud), 'utf8')));
  assert.deepEqual(others, [], 'they stand in lib/queries.js');
});

// What those see who lack one kind of cone, or have it in another place: Machado, Oliveira and Fernandes (2009), in full, on linear RGB.
const SIGHTS = {
  'all three': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const APART = 0.08; // in OKLab, where black and white are 1 apart: some three times of what is just told apart side by side

const linear = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const by = (matrix, vector) => matrix.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));
const seen = (sight, hex) => by(SIGHTS[sight], linear(hex)).map((c) => Math.min(1, Math.max(0, c)));
const oklab = (rgb) => by([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]],
  by([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], rgb).map(Math.cbrt));
const apart = (a, b) => Math.hypot(...a.map((part, i) => part - b[i]));
const light = (hex) => by([[0.2126, 0.7152, 0.0722]], linear(hex))[0] + 0.05;
const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));

test('colours that stand side by side are told apart by the colour-blind, in both themes', () => {
  const css = readFileSync(new URL('../../hud/css/1-base.css', import.meta.url), 'utf8');
  for (const theme of ['dark', 'light']) {
    const colors = Object.fromEntries([...css.match(new RegExp(`data-theme="${theme}"\\] \\{([^}]*)`))[1].matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)]
      .map(([, name, hex]) => [name, hex]));
    const series = Object.keys(colors).filter((name) => name.startsWith('series-'));
    assert.equal(series.length, 7);
    for (const set of [series, ['good', 'warn', 'bad']]) {
      for (const sight of Object.keys(SIGHTS)) {
        const labs = set.map((name) => [name, oklab(seen(sight, colors[name]))]);
        const near = labs.flatMap(([a, x], i) => labs.slice(i + 1).map(([b, y]) => [apart(x, y), `${a} and ${b}, ${theme}, ${sight}`]));
        for (const [distance, what] of near) assert.ok(distance >= APART, `${what}: ${distance.toFixed(3)}`);
      }
    }
    for (const name of series) assert.ok(contrast(colors[name], colors.plane) >= 3, `${name} on its ground, ${theme}`);
  }
});
