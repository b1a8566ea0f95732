// Where the files of a repository's newest graph lie on its mosaic.
import { egql } from '../lib/api.js';
import { layout, placed } from '../lib/delta.js';
import { MOST, PLACES } from '../lib/queries.js';
import { turn } from '../lib/slices.js';

// {cells, lines, more, laid}; more: some are left out. Each part is a task of its own.
export async function layOut(repo, signal) {
  const options = { params: { repo }, limit: 100000, signal };
  const [cells, nodes] = await Promise.all([egql(PLACES.cells, options), egql(PLACES.files, options)]);
  await turn();
  const plan = { cells: placed(cells.rows), lines: nodes.rows, more: [cells, nodes].some((answer) => answer.rows.length > MOST.places) };
  await turn();
  return { ...plan, laid: layout(plan.cells, plan.lines) };
}
