// Queries to begin with: what the playbooks ask.
export const examples = [
  ['What happened lately', 'SELECT events (ts_utc, topic, source, repo_branch, id) FROM all LAST 24h'],
  ['How often each topic came', 'SELECT events FROM all GROUP BY topic ORDER BY count DESC LAST 7d'],
  ['Steps by their 95th percentile',
    'SELECT steps (name, count(), p50(dt_ms), p95(dt_ms) AS slow) FROM all GROUP BY name ORDER BY slow DESC LAST 7d'],
  ['Violations of a gate', 'SELECT invariants FROM branch(main) WHERE gate=I3 action=block LAST 7d'],
  ['Tokens of a commit', 'SELECT tokens (token, file, line, symbol, weight) FROM sha($sha) ORDER BY weight DESC'],
  ['Callers of a function', 'SELECT graph FROM all WHERE start=$function direction=in depth<=3'],
  ['Open findings that are serious', 'FIND findings WHERE severity IN (HIGH, CRITICAL) NOT EXISTS suppression LAST 30d'],
  ['From tokens to a verdict within a minute',
    'PATH topic:delta.tokens@v1 >> topic:invariants.result@v1 FROM branch(main) WHERE window <= 60000 LAST 2d'],
];
