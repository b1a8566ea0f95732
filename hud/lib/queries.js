// All that the page asks in EGQL by itself (what the console asks is written there), and nothing of a page here, so that a program can read
// it too. Each query has a bound, and a time range, a commit or a key; those of STATES look at what is now, which is no matter of time.
// Values go as parameters; `repo`: null for all. Lists that may be cut ask for one row more than are shown.
export const MOST = { tokens: 20000, commits: 1000, gates: 50, results: 2000, violations: 1000, overview: 200, findings: 5000, found: 60,
  edges: 5000, nodeTokens: 500, kin: 200, freezes: 40, lines: 20, groups: 1000, cells: 65536, places: 99999, buckets: 10000 };

// The conditions of a query about a repository.
export function where(repo, ...words) {
  const all = [...words, repo !== null && 'repo = $repo'].filter(Boolean);
  return all.length ? ` WHERE ${all.join(' AND ')}` : '';
}

const beyond = (most) => ` LIMIT ${most + 1}`;
const from = ({ scope, repo }, ...words) => `FROM ${scope}${where(repo, ...words)}`;

// Delta Inspector. of: {scope, repo, window}; the last two only where the scope is not of certain commits.
export const DELTAS = {
  tokens: (of) => 'SELECT tokens (sha, file, token, weight, line, symbol, module, uid, meta.before, meta.after, repo) ' +
    `${from(of)}${of.window}${beyond(MOST.tokens)}`,
  tiles: (of) =>
    `SELECT tiles (cell, sum(phi) AS phi, sum(observed) AS observed) ${from(of)} GROUP BY cell${of.window}${beyond(MOST.cells)}`,
  gates: (of, ...words) => 'SELECT invariants (gate, action, score, threshold, module, details.why, sha, created_utc, event_id, repo) ' +
    `${from(of, ...words)}${of.window}${beyond(MOST.gates)}`,
  gateCounts: (of) => `SELECT invariants (action, count() AS n) ${from(of)} GROUP BY action${of.window} LIMIT ${MOST.groups}`,
  print: (of) => `SELECT fingerprints (sha, score_deltaz, hash, payload.modules) ${from(of)} LIMIT 1`,
  lines: (of) => 'SELECT commit_files (commit_sha, file_path, status, old_path, lines_added, lines_removed, diff_text) ' +
    `${from(of, 'file_path = $file')}${of.window}${beyond(MOST.lines)}`,
  commits: (of) => 'SELECT commits (commit_sha, authored_at, author, summary, message, branch) ' +
    `${from(of)}${of.window}${beyond(MOST.commits)}`,
  prints: (of) => `SELECT fingerprints (sha, score_deltaz, created_utc) ${from(of)}${of.window}${beyond(MOST.commits)}`,
  commitCount: (of) => `SELECT commits (count() AS n) ${from(of)}${of.window} LIMIT 1`,
  printCount: (of) => `SELECT fingerprints (count() AS n) ${from(of)}${of.window} LIMIT 1`,
};

// Where the files of a repository's newest graph lie.
export const PLACES = {
  cells: `SELECT phi (file, mosaic_cell, count() AS n) FROM all WHERE repo = $repo GROUP BY file, mosaic_cell${beyond(MOST.places)}`,
  files: `SELECT nodes (file, meta.lines) FROM all WHERE repo = $repo AND kind = Module${beyond(MOST.places)}`,
};

// Spec Monitor. The conditions as the gates have them: what names no repository counts for each.
const held = (repo, ...words) => `FROM all${where(null, repo !== null && 'repo IN ($repo, "")', ...words)}`;
export const SPEC = {
  limits: (repo) => 'SELECT thresholds (created_utc, alpha, beta, zeta, basis, sha, repo) ' +
    `${held(repo, 'module = $module')}${beyond(MOST.groups)}`,
  results: (repo, window, more = '') => 'SELECT invariants (created_utc, sha, module, score, threshold, action, details.why, event_id, ' +
    `repo${more}) ${held(repo, 'gate = $gate')}${window}${beyond(MOST.results)}`,
  violations: (repo, window, more = '') => 'SELECT invariants (created_utc, sha, module, score, threshold, action, details.why, event_id, ' +
    `repo${more}) ${held(repo, 'gate = $gate', 'action != pass')}${window}${beyond(MOST.violations)}`,
  counts: (repo, window) =>
    `SELECT invariants (action, count() AS n) ${held(repo, 'gate = $gate')} GROUP BY action${window} LIMIT ${MOST.groups}`,
  // isTimed: the event is stored, and its time is the result's.
  evidence: (isTimed) => 'SELECT invariants (gate, action, score, threshold, module, details, sha, created_utc, event_id) ' +
    `FROM all WHERE ${isTimed ? 'created_utc = $at AND ' : ''}event_id = $id LIMIT 20`,
  tokens: (sha, module) =>
    `SELECT tokens (token, file, line, symbol, weight) FROM sha(${sha})${module ? ' WHERE module = $module' : ''} ` +
      `ORDER BY weight DESC LIMIT ${MOST.groups}`,
};

export const OVERVIEW = {
  gates: (repo, window) => `SELECT invariants (action, count() AS n) FROM all${where(repo)} GROUP BY action${window} LIMIT ${MOST.groups}`,
  runs: (repo, window) => `SELECT runs (status, count() AS n) FROM all${where(repo)} GROUP BY status${window} LIMIT ${MOST.groups}`,
  events: (width, window) => `SELECT events (bucket(ts_utc, ${width}) AS at, topic, count() AS n) ` +
    `FROM all GROUP BY bucket(ts_utc, ${width}), topic ORDER BY bucket(ts_utc, ${width}), topic${window}${beyond(MOST.buckets)}`,
  violations: (repo, window) => 'SELECT violations (created_utc, kind, action, commit_sha, score, threshold, module) ' +
    `FROM all${where(repo)} ORDER BY created_utc DESC, kind${window}${beyond(MOST.overview)}`,
  violationCount: (repo, window) => `SELECT violations (count() AS n) FROM all${where(repo)}${window} LIMIT 1`,
};

export const FIXES_OF = { // what is known of one finding, or of one candidate of the Healer
  finding: 'SELECT findings (id, created_utc, sha, last_sha, last_seen_utc, tool, rule_id, cwe, severity, confidence, category, ' +
    'message, file, line, ast_ref, mosaic_cell, delta_bind, suppression, silenced, evidence, risk, queue, event_id, repo) ' +
    'FROM all WHERE id = $nf LIMIT 1',
  story: (topics) => `SELECT events (id, topic, ts_utc, source, payload) FROM all WHERE topic IN (${topics.map((topic) =>
    `"${topic}"`).join(', ')}) AND payload.nf_id = $nf ORDER BY ts_utc, position LIMIT 500`,
  fixes: 'SELECT fixes (created_utc, pattern, fix_hint, status, review_gate, patch_spec, tests_required, constraints, event_id) ' +
    'FROM all WHERE nf_id = $nf LIMIT 100',
  heal: 'SELECT heals (id, created_utc, kind, confidence, scope, rationale, deltas, sha, branch, repo, event_id) ' +
    'FROM all WHERE id = $id LIMIT 1',
  healed: 'SELECT events (id, topic, ts_utc, payload) FROM all WHERE topic IN ("heal.verified@v1", "heal.outcome@v1") ' +
    'AND payload.candidate_id = $id ORDER BY ts_utc, position LIMIT 200',
};

const proposed = (repo, window, ofKind) => `FROM all${where(repo, ofKind && 'kind = $kind')}${window}`;
export const HEALS = {
  count: (...of) => `SELECT heals (count() AS n) ${proposed(...of)} LIMIT 1`,
  list: (...of) => `SELECT heals (created_utc, kind, confidence, sha, id) ${proposed(...of)} LIMIT ${MOST.groups}`,
};

export const GRAPH = {
  walk: (repo, { edges, side, depth }) => 'SELECT graph (depth, src, dst, etype, line, resolved) ' +
    `FROM all${where(repo, `start=$start depth<=${depth} direction=${side} ` +
      `${edges === 'all' ? 'etype IN (call, import, contain)' : `etype=${edges}`}`)}${beyond(MOST.edges)}`,
  node: (repo) => `SELECT nodes (uid, kind, file, line, meta) FROM all${where(repo, 'uid=$uid')} LIMIT 1`,
  tokens: (repo) => 'SELECT tokens (created_utc, sha, token, weight, line, event_id, uid, meta.previous_uid AS before) ' +
    `FROM all${where(repo, 'file=$file (uid=$uid OR EXISTS meta.previous_uid)')}${beyond(MOST.nodeTokens)}`,
};

// What an index finds the rows of an event by, beside its time where the rows have it: columns, and what its payload has for them.
const KEYS = {
  runs: (of) => ({ id: of.run_id }), steps: (of) => ({ run_id: of.run_id }), outcomes: (of) => ({ id: of.id }),
  commits: (of) => ({ commit_sha: of.sha }), commit_files: (of) => ({ commit_sha: of.sha }),
  modules: (of) => ({ repo: of.repo ?? '', name: of.module }), files: (of) => ({ repo: of.repo ?? '', path: of.file?.path }),
  ...Object.fromEntries(['nodes', 'graph', 'phi'].map((name) => [name, (of) => ({ repo: of.repo ?? '', file: of.file?.path })])),
};
export const EVENT = {
  kin: (way) => `SELECT events (id, topic, ts_utc, causation_id, source, position) FROM ${way}($id) ORDER BY ts_utc, id${beyond(MOST.kin)}`,
  sha: (source, column) => `SELECT ${source} (${column}) FROM sha($sha) LIMIT 1`,
  rows: (source, event) => {
    const given = KEYS[source.name]?.(event.payload) ?? (source.time ? { [source.time]: event.ts_utc } : {});
    const keys = Object.entries(given).filter(([, value]) => typeof value === 'string');
    return { query: `SELECT ${source.name} FROM all WHERE ${keys.map(([name]) => `${name} = $${name} AND `).join('')}event_id = $event` +
      beyond(MOST.kin), params: { ...Object.fromEntries(keys), event: event.id } };
  },
};

export const STATES = {
  drift: (repo) => 'SELECT drift (created_utc, module, metric, detector, freeze, commits, reason, unfrozen_utc, unfrozen_reason, details, ' +
    `repo, event_id) ${held(repo)}${beyond(MOST.groups)}`,
  modules: (repo) => `SELECT thresholds (module, count() AS n) ${held(repo)} GROUP BY module${beyond(MOST.groups)}`,
  // words: what was chosen beside. What is open is the same wherever it is counted.
  findings: (repo, isOpen, words = []) => `SELECT ${isOpen ? 'open_findings' : 'findings'} (id, severity, risk, queue, rule_id, file, line, ` +
    `message, last_seen_utc, suppression) FROM all${where(repo, ...words)} ORDER BY risk DESC, created_utc DESC${beyond(MOST.findings)}`,
  findingsBy: (name, repo, isOpen, words = []) => `SELECT ${isOpen ? 'open_findings' : 'findings'} (${name}, count() AS n) ` +
    `FROM all${where(repo, ...words)} GROUP BY ${name} ORDER BY n DESC${beyond(MOST.groups)}`,
  symbols: (repo) => `SELECT nodes (uid, kind, name, file, line) FROM all${where(repo, 'uid ~ $pattern')}${beyond(MOST.found)}`,
  called: (repo) => 'SELECT graph (dst AS uid, count() AS callers) ' +
    `FROM all${where(repo, 'etype=call resolved=true')} GROUP BY dst ORDER BY callers DESC LIMIT 20`,
};
