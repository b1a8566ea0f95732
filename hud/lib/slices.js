// Long work in slices, so that the page stays at hand meanwhile.
const SLICE_MS = 12;
const RUN = 4096; // is sorted at once

// Ends this task: what follows is another one.
export const turn = () => new Promise((done) => setTimeout(done));

// One for each piece of work: awaits another turn when this one has lasted long enough.
export function pauses() {
  let until = performance.now() + SLICE_MS;
  return async () => {
    if (performance.now() < until) return;
    await turn();
    until = performance.now() + SLICE_MS;
  };
}

function merged(a, b, compare) {
  const all = new Array(a.length + b.length);
  let [i, j] = [0, 0];
  for (let n = 0; n < all.length; n++) all[n] = j >= b.length || (i < a.length && compare(a[i], b[j]) <= 0) ? a[i++] : b[j++];
  return all;
}

// The list sorted, stably; what is short at once, within the same turn.
export function sorted(list, compare) {
  return list.length <= RUN ? list.toSorted(compare) : sortedInSlices(list, compare);
}

async function sortedInSlices(list, compare) {
  const pause = pauses();
  let runs = [];
  for (let at = 0; at < list.length; at += RUN) {
    runs.push(list.slice(at, at + RUN).sort(compare));
    await pause();
  }
  while (runs.length > 1) {
    const next = [];
    for (let i = 0; i < runs.length; i += 2) {
      next.push(i + 1 < runs.length ? merged(runs[i], runs[i + 1], compare) : runs[i]);
      await pause();
    }
    runs = next;
  }
  return runs[0];
}
