// What the page reckons without a page: node --test lib.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hunks } from '../../hud/lib/delta.js';
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
