// What the Delta Inspector asks, by what it asks of: a scope, a repository and a time range; the last two only where the scope is not of
// certain commits.
import { egql } from '../lib/api.js';
import { layout, placed } from '../lib/delta.js';
import { where } from '../lib/repos.js';
import { turn } from '../lib/slices.js';

export const TOKENS_MOST = 20000;
const COMMITS_MOST = 1000;
const CELLS_MOST = 65536;

const from = ({ scope, repo }, ...words) => `FROM ${scope}${where(repo, ...words)}`;
export const TEXTS = {
  tokens: (of) =>
    `SELECT tokens (sha, file, token, weight, line, symbol, module, uid, meta.before, meta.after, repo) ` +
      `${from(of)}${of.window} LIMIT ${TOKENS_MOST}`,
  tiles: (of) =>
    `SELECT tiles (cell, sum(phi) AS phi, sum(observed) AS observed) ${from(of)} GROUP BY cell${of.window} LIMIT ${CELLS_MOST}`,
  gates: (of) => 'SELECT invariants (gate, action, score, threshold, module, details.why, sha, created_utc, event_id, repo) ' +
    `${from(of)}${of.window} LIMIT 1000`,
  print: (of) => `SELECT fingerprints (sha, score_deltaz, hash, payload.modules) ${from(of)} LIMIT 1`,
  lines: (of) => 'SELECT commit_files (commit_sha, file_path, status, old_path, lines_added, lines_removed, diff_text) ' +
    `${from(of, 'file_path = $file')}${of.window} LIMIT 20`,
  commits: (of) =>
    `SELECT commits (commit_sha, authored_at, author, summary, message, branch) ${from(of)}${of.window} LIMIT ${COMMITS_MOST}`,
  prints: (of) => `SELECT fingerprints (sha, score_deltaz, created_utc) ${from(of)}${of.window} LIMIT ${COMMITS_MOST}`,
};

// Where the files of a repository's newest graph lie: {cells, lines, laid}. Each part is a task of its own.
export async function layOut(repo, signal) {
  const options = { params: { repo }, limit: 100000, signal };
  const [cells, nodes] = await Promise.all([
    egql('SELECT phi (file, mosaic_cell, count() AS n) FROM all WHERE repo = $repo GROUP BY file, mosaic_cell LIMIT 100000', options),
    egql('SELECT nodes (file, meta.lines) FROM all WHERE repo = $repo AND kind = Module LIMIT 100000', options)]);
  await turn();
  const plan = { cells: placed(cells.rows), lines: nodes.rows };
  await turn();
  return { ...plan, laid: layout(plan.cells, plan.lines) };
}
