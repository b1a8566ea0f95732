// What is reckoned of Δ tokens and of the mosaic, without a page: where tokens lie, which ones are neighbours, what makes up an energy.
const CELL = /^MOZ::(\d+)x(\d+)@r(\d+)c(\d+)$/;
const STRUCTURAL = new Set(['RENAME_FN', 'RENAME_CLASS', 'MOVE_SYMBOL', 'MOVE_FILE', 'EXTRACT_FN', 'INLINE_FN', 'ΔIMPORT']);

// {rows, cols, row, col} of a cell's name, or null.
export function cellAt(name) {
  const found = CELL.exec(name);
  return found && { rows: Number(found[1]), cols: Number(found[2]), row: Number(found[3]), col: Number(found[4]) };
}

export const cellName = (grid, cell) => `MOZ::${grid.rows}x${grid.cols}@r${Math.floor(cell / grid.cols)}c${cell % grid.cols}`;

// The place of each cell along the curve on which egdb-index lays the files: as indexer/mosaic_curve.c draws it.
function curve({ rows, cols }) {
  const places = new Uint32Array(rows * cols);
  let n = 0;
  const half = (side) => (side >> 1) + ((side >> 1) & 1);
  const fill = (row, col, a, w, b, h) => {
    const at = (i, j) => [row + a[0] * i + b[0] * j, col + a[1] * i + b[1] * j];
    if (h <= 2) {
      for (let i = 0; i < w; i++) {
        for (let j = 0; j < h; j++) {
          const [r, c] = at(i, i % 2 ? h - 1 - j : j);
          places[r * cols + c] = n++;
        }
      }
    } else if (2 * w > 3 * h) {
      const w1 = half(w);
      fill(row, col, a, w1, b, h);
      fill(...at(w1, 0), a, w - w1, b, h);
    } else {
      const h1 = half(h);
      const w1 = w >> 1;
      fill(row, col, b, h1, a, w1);
      fill(...at(0, h1), a, w, b, h - h1);
      fill(...at(w - 1, h1 - 1), [-b[0], -b[1]], h1, [-a[0], -a[1]], w - w1);
    }
  };
  if ((cols % 2 === 0 || rows % 2 === 1) && (cols > 1 || rows === 1)) fill(0, 0, [0, 1], cols, [1, 0], rows);
  else fill(0, 0, [1, 0], rows, [0, 1], cols);
  return places;
}

// Rows of [file, a cell's name] as [file, cell], without those that name none.
export function placed(rows) {
  const named = new Map(); // files share cells
  return rows.map(([file, name]) => {
    if (!named.has(name)) named.set(name, cellAt(name));
    return [file, named.get(name)];
  }).filter(([, cell]) => cell);
}

// Where files lie: what placed() answers, and rows of [file, lines]. files: Map of file to {cells (along the curve), lines}; at: the files of
// a cell.
export function layout(read, lines, wanted) {
  if (!read.length) return null;
  const { rows, cols } = wanted ?? read[0][1];
  const places = curve({ rows, cols });
  const files = new Map();
  const at = new Map();
  for (const [file, cell] of read) {
    if (cell.rows !== rows || cell.cols !== cols) continue;
    const index = cell.row * cols + cell.col;
    if (!files.has(file)) files.set(file, { cells: [], lines: 0 });
    files.get(file).cells.push(index);
    if (!at.has(index)) at.set(index, []);
    at.get(index).push(file);
  }
  for (const [file, n] of lines) if (files.has(file)) files.get(file).lines = Number(n) || 0;
  for (const one of files.values()) if (one.cells.length > 1) one.cells.sort((a, b) => places[a] - places[b]);
  return files.size ? { rows, cols, files, at, places } : null;
}

// What tiles say of each cell, as shares of the whole: {observed, phi, diff}, NaN where none speaks.
export function shares(tiles, rows, cols) {
  const values = Object.fromEntries(['observed', 'phi', 'diff'].map((name) => [name, new Float64Array(rows * cols).fill(NaN)]));
  const all = { phi: 0, observed: 0 };
  for (const tile of tiles) for (const name of ['phi', 'observed']) all[name] += Math.abs(tile[name] ?? 0);
  for (const tile of tiles) {
    const place = cellAt(tile.cell);
    if (!place || place.rows !== rows || place.cols !== cols || place.row >= rows || place.col >= cols) continue;
    const cell = place.row * cols + place.col;
    for (const name of ['phi', 'observed']) values[name][cell] = all[name] ? Math.abs(tile[name] ?? 0) / all[name] : 0;
    values.diff[cell] = values.observed[cell] - values.phi[cell];
  }
  return values;
}

// What is said of a cell of a map: its place, its shares, and the files that lie there.
export function cellSaid(map, index) {
  const files = map.laid?.at.get(index) ?? [];
  const share = (part) => (Number.isNaN(part) ? '∅' : `${(100 * part).toFixed(1)} %`);
  return `r${Math.floor(index / map.cols)} c${index % map.cols}: changed lines ${share(map.values.observed[index])}, ` +
    `Φ ${share(map.values.phi[index])}; ${files.length ? files.slice(0, 3).join(', ') : 'no file of the graph'}` +
    (files.length > 3 ? ` and ${files.length - 3} more` : '');
}

// The cells of a token: that of its line, or, where it names none, all of its file's.
export function cellsOf(token, plan) {
  const file = plan.files.get(token.file);
  if (!file) return [];
  if (!token.line || !file.lines) return file.cells;
  const i = Math.floor(((token.line - 0.5) / file.lines) * file.cells.length);
  return [file.cells[Math.max(0, Math.min(file.cells.length - 1, i))]];
}

const byCount = (a, b) => b.count - a.count || b.weight - a.weight || (a.key < b.key ? -1 : 1);

// Sums by a key, those of most tokens first: [{key, count, weight, commits}].
export function sums(tokens, keyOf, compare = byCount) {
  const found = new Map();
  for (const token of tokens) {
    const key = keyOf(token);
    let one = found.get(key);
    if (!one) found.set(key, (one = { key, count: 0, weight: 0, sha: token.sha, shas: null }));
    one.count++;
    one.weight += token.weight;
    if (token.sha !== one.sha) (one.shas ??= new Set([one.sha])).add(token.sha);
  }
  for (const one of found.values()) one.commits = one.shas?.size ?? 1;
  return [...found.values()].sort(compare);
}

// Tells each token the one before it in its file of the same commit, in the order of lines, as the fingerprint has them.
export function pair(tokens) {
  const files = new Map();
  for (const token of tokens) {
    const key = `${token.sha} ${token.file}`;
    if (files.has(key)) files.get(key).push(token);
    else files.set(key, [token]);
  }
  for (const list of files.values()) {
    list.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    for (let i = 1; i < list.length; i++) list[i].after = list[i - 1];
  }
}

// Kinds of neighbours that are both among these tokens.
function bigrams(tokens) {
  const all = new Set(tokens);
  return sums(tokens.filter((token) => all.has(token.after)), (token) => `${token.after.token} › ${token.token}`);
}

// What is reckoned of a list of tokens; of many of them each takes a while.
export const RECKONED = {
  kinds: (list) => sums(list, (token) => token.token),
  pairs: bigrams,
  files: (list) => sums(list, (token) => token.file, (a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
    .map((row) => ({ file: row.key, tokens: row.count, weight: row.weight, commits: row.commits })),
};

// What an energy is made of: each part's `value` is its share of `total`; they sum to it. print: the commit's fingerprint, with the modules
// when its producer tells them: then a module's tokens make up the energy of that module.
export function contributions(tokens, print, module) {
  const modules = [...(print['payload.modules'] ?? [])].sort((a, b) => b.delta_z - a.delta_z);
  const chosen = modules.find((one) => one.module === module) ?? modules[0] ?? null;
  const total = chosen ? chosen.delta_z : print.score_deltaz;
  const own = tokens.filter((token) => !chosen || token.module === chosen.module).sort((a, b) => b.weight - a.weight);
  const raw = own.reduce((sum, token) => sum + token.weight, 0);
  const parts = own.filter((token) => token.weight > 0).map((token) => ({ token, share: token.weight / raw,
    value: (token.weight / raw) * total }));
  return { modules, chosen, total, raw, parts };
}

// The playbooks' question of a spike: is most of it names, places and imports, or what the code does?
export function nature(tokens) {
  let all = 0;
  let structural = 0;
  for (const token of tokens) {
    all += token.weight;
    if (STRUCTURAL.has(token.token)) structural += token.weight;
  }
  return all > 0 ? (structural * 2 > all ? 'structural' : 'semantic') : '';
}

// Hunks of a diff: [{title, lines: [{kind: ' ', '+' or '-', before, after, text}]}].
export function hunks(diff) {
  const list = [];
  let before = 0;
  let after = 0;
  for (const line of diff.replace(/\n$/, '').split('\n')) {
    const head = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (head) {
      [before, after] = [Number(head[1]), Number(head[2])];
      list.push({ title: head[3].trim(), lines: [] });
    } else if (list.length && /^[ +-]/.test(line)) {
      const kind = line[0];
      list.at(-1).lines.push({ kind, before: kind === '+' ? null : before++, after: kind === '-' ? null : after++, text: line.slice(1) });
    }
  }
  return list;
}
