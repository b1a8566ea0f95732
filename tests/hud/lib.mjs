// What the page reckons without a page: node --test lib.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunks } from '../../hud/lib/delta.js';
import { sorted } from '../../hud/lib/slices.js';
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

test('hunks of a diff that was cut', () => {
  const [one] = hunks('@@ -1,2 +1,2 @@ class A\n-old\n+new\n same\n\\ cut: 120 more bytes\n');
  assert.equal(one.title, 'class A');
  assert.deepEqual(one.lines.map(({ kind, before, after, text }) => [kind, before, after, text]), [['-', 1, null, 'old'], ['+', null, 1, 'new'], [' ', 2, 2, 'same']]);
});
