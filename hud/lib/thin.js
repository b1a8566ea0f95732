// What a line of many points looks like in so many columns of pixels: of each column the first, the least, the greatest and the last
// value, which is all that can be seen of it. A gap narrower than a column is not to be seen; a wider one stays.
const OF_EACH = 4;

// x ascending; lists: arrays of numbers and nulls. Answers {x, lists, index}: index says which of x each point was; null when there is
// nothing to gain.
export function thin(x, lists, columns) {
  if (x.length <= 2 * OF_EACH * columns) return null;
  const scale = columns / (x.at(-1) - x[0] || 1);
  const thinned = { x: [], lists: lists.map(() => []), index: [] };
  for (let from = 0, to = 0; from < x.length; from = to) {
    const column = Math.floor((x[from] - x[0]) * scale);
    while (to < x.length && Math.floor((x[to] - x[0]) * scale) === column) to++;
    for (const at of [from, from, to - 1, to - 1]) {
      thinned.x.push(x[at]);
      thinned.index.push(at);
    }
    lists.forEach((values, i) => thinned.lists[i].push(...extremes(values, from, to)));
  }
  return thinned;
}

function extremes(values, from, to) {
  let [first, last, least, most] = [-1, -1, -1, -1];
  for (let i = from; i < to; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    if (first < 0) first = least = most = i;
    last = i;
    if (value < values[least]) least = i;
    else if (value > values[most]) most = i;
  }
  return first < 0 ? [null, null, null, null] : [first, Math.min(least, most), Math.max(least, most), last].map((i) => values[i]);
}
