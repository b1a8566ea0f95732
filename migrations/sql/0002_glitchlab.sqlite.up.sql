-- The tables of the GlitchLab system: runs, gates, deltas, mosaic, thresholds, findings, healing, the code graph,
-- commits. To each of the seed's tables come event_id (the event that made the row) and branch (its repo_branch), both
-- null in rows that people insert; and repo, '' when only one repository is in the database. Indexes that the seed
-- lacks serve foreign keys, deletes by file, and lookups. Declared types as in 0001_log.sqlite.up.sql.

CREATE TABLE runs (
  id       TEXT     NOT NULL CONSTRAINT runs_pkey PRIMARY KEY,
  sha      TEXT     NOT NULL,
  started  UTC TEXT NOT NULL,
  finished UTC TEXT,
  status   TEXT     DEFAULT 'ok'
           CONSTRAINT runs_status_check CHECK (status IN ('ok', 'error', 'partial')),
  repo     TEXT     NOT NULL DEFAULT '',
  branch   TEXT,
  event_id TEXT
);
CREATE INDEX ix_runs_sha ON runs (sha);

-- run_id is part of the key, and the seed's index is unique over the step's place in its run: a step sent again
-- replaces itself.
CREATE TABLE steps (
  id       INTEGER NOT NULL PRIMARY KEY,
  run_id   TEXT    NOT NULL CONSTRAINT steps_run_id_fkey REFERENCES runs (id) ON DELETE CASCADE,
  name     TEXT    NOT NULL,
  idx      INT4    NOT NULL,
  dt_ms    INT4    NOT NULL,
  deltas   JSON TEXT,
  repo     TEXT    NOT NULL DEFAULT '',
  branch   TEXT,
  event_id TEXT
);
CREATE UNIQUE INDEX ix_steps_runid ON steps (run_id, idx);

CREATE TABLE invariants_results (
  id          INTEGER          NOT NULL PRIMARY KEY,
  sha         TEXT             NOT NULL,
  gate        TEXT             NOT NULL,
  score       DOUBLE PRECISION NOT NULL,
  threshold   DOUBLE PRECISION NOT NULL,
  action      TEXT             NOT NULL,
  details     JSON TEXT,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  module      TEXT,
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_invariants_sha_gate ON invariants_results (sha, gate);
CREATE INDEX ix_invariants_created ON invariants_results (created_utc);

CREATE TABLE delta_tokens (
  id          INTEGER          NOT NULL PRIMARY KEY,
  sha         TEXT             NOT NULL,
  file        TEXT             NOT NULL,
  token       TEXT             NOT NULL,
  weight      DOUBLE PRECISION NOT NULL,
  meta        JSON TEXT,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_dt_sha_file ON delta_tokens (sha, file);
CREATE INDEX ix_dt_token ON delta_tokens (token);

CREATE TABLE delta_fingerprints (
  sha          TEXT             NOT NULL CONSTRAINT delta_fingerprints_pkey PRIMARY KEY,
  histogram    JSON TEXT        NOT NULL,
  embedding    JSON TEXT,
  hash         TEXT             NOT NULL,
  score_deltaz DOUBLE PRECISION NOT NULL,
  created_utc  UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo         TEXT             NOT NULL DEFAULT '',
  branch       TEXT,
  event_id     TEXT
);

CREATE TABLE mosaic_deltas (
  id          INTEGER   NOT NULL PRIMARY KEY,
  sha         TEXT      NOT NULL,
  grid        JSON TEXT NOT NULL,
  stats       JSON TEXT,
  mask_uri    TEXT,
  explain     JSON TEXT,
  created_utc UTC TEXT  NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT      NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_mosaic_deltas_sha ON mosaic_deltas (sha);

CREATE TABLE spec_thresholds (
  id          INTEGER          NOT NULL PRIMARY KEY,
  module      TEXT             NOT NULL,
  alpha       DOUBLE PRECISION NOT NULL,
  beta        DOUBLE PRECISION NOT NULL,
  zeta        DOUBLE PRECISION NOT NULL,
  basis       TEXT             NOT NULL,
  state_uri   TEXT,
  sha         TEXT,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_spec_thresholds_created ON spec_thresholds (created_utc);

-- "freeze" is quoted because one text must serve both stores.
CREATE TABLE spec_drift (
  id              INTEGER  NOT NULL PRIMARY KEY,
  module          TEXT     NOT NULL,
  metric          TEXT     NOT NULL,
  detector        TEXT     NOT NULL,
  "freeze"        BOOLEAN  NOT NULL DEFAULT 1,
  details         JSON TEXT,
  created_utc     UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  commits         INT4,
  reason          TEXT,
  unfrozen_utc    UTC TEXT,
  unfrozen_reason TEXT,
  repo            TEXT     NOT NULL DEFAULT '',
  branch          TEXT,
  event_id        TEXT
);
CREATE INDEX ix_spec_drift_module_metric ON spec_drift (repo, module, metric);

CREATE TABLE sast_findings (
  id          TEXT             NOT NULL CONSTRAINT sast_findings_pkey PRIMARY KEY,
  sha         TEXT             NOT NULL,
  tool        TEXT             NOT NULL,
  rule_id     TEXT             NOT NULL,
  cwe         TEXT,
  severity    TEXT             NOT NULL
              CONSTRAINT sast_findings_severity_check CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  confidence  DOUBLE PRECISION NOT NULL,
  category    TEXT,
  message     TEXT,
  location    JSON TEXT        NOT NULL,
  ast_ref     TEXT,
  mosaic_cell TEXT,
  delta_bind  TEXT
              CONSTRAINT sast_findings_delta_bind_check CHECK (delta_bind IN ('added', 'modified', 'unchanged')),
  evidence    JSON TEXT,
  suppression JSON TEXT,
  fingerprint TEXT             NOT NULL CONSTRAINT sast_findings_fingerprint_key UNIQUE,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  last_sha    TEXT,
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_sast_sha_sev ON sast_findings (sha, severity);

CREATE TABLE sast_fix_queue (
  id             INTEGER  NOT NULL PRIMARY KEY,
  nf_id          TEXT
                 CONSTRAINT sast_fix_queue_nf_id_fkey REFERENCES sast_findings (id) ON DELETE CASCADE,
  pattern        TEXT,
  fix_hint       TEXT,
  patch_spec     JSON TEXT,
  tests_required JSON TEXT,
  constraints    JSON TEXT,
  review_gate    TEXT     DEFAULT 'human'
                 CONSTRAINT sast_fix_queue_review_gate_check CHECK (review_gate IN ('human', 'auto')),
  status         TEXT     DEFAULT 'queued'
                 CONSTRAINT sast_fix_queue_status_check
                 CHECK (status IN ('queued', 'proposed', 'accepted', 'rejected')),
  created_utc    UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo           TEXT     NOT NULL DEFAULT '',
  branch         TEXT,
  event_id       TEXT
);
CREATE INDEX ix_sast_fix_queue_nf ON sast_fix_queue (nf_id);

CREATE TABLE sast_fix_verification (
  id         INTEGER NOT NULL PRIMARY KEY,
  fix_id     BIGINT
             CONSTRAINT sast_fix_verification_fix_id_fkey REFERENCES sast_fix_queue (id) ON DELETE CASCADE,
  sandbox_ok BOOLEAN,
  ci_ok      BOOLEAN,
  invariants JSON TEXT,
  notes      TEXT,
  ended_utc  UTC TEXT,
  branch     TEXT,
  event_id   TEXT
);
CREATE INDEX ix_sast_fix_verification_fix ON sast_fix_verification (fix_id);

CREATE TABLE heal_candidates (
  id             TEXT     NOT NULL CONSTRAINT heal_candidates_pkey PRIMARY KEY,
  sha            TEXT     NOT NULL,
  branch         TEXT,
  kind           TEXT     NOT NULL
                 CONSTRAINT heal_candidates_kind_check CHECK (kind IN ('code_patch', 'test_rewrite', 'config_fix')),
  scope_json     JSON TEXT,
  rationale_json JSON TEXT,
  confidence     DOUBLE PRECISION,
  deltas_json    JSON TEXT,
  created_utc    UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo           TEXT     NOT NULL DEFAULT '',
  event_id       TEXT
);
CREATE INDEX ix_heal_candidates_sha ON heal_candidates (sha);

CREATE TABLE heal_verification (
  id             TEXT NOT NULL CONSTRAINT heal_verification_pkey PRIMARY KEY,
  candidate_id   TEXT
                 CONSTRAINT heal_verification_candidate_id_fkey REFERENCES heal_candidates (id) ON DELETE CASCADE,
  sandbox_ok     BOOLEAN,
  ci_ok          BOOLEAN,
  mutation_score DOUBLE PRECISION,
  canary_ok      BOOLEAN,
  notes          TEXT,
  ended_ts       UTC TEXT,
  branch         TEXT,
  event_id       TEXT
);
CREATE INDEX ix_heal_verification_candidate ON heal_verification (candidate_id);

CREATE TABLE heal_outcomes (
  id           TEXT NOT NULL CONSTRAINT heal_outcomes_pkey PRIMARY KEY,
  candidate_id TEXT
               CONSTRAINT heal_outcomes_candidate_id_fkey REFERENCES heal_candidates (id) ON DELETE CASCADE,
  result       TEXT NOT NULL
               CONSTRAINT heal_outcomes_result_check CHECK (result IN ('applied', 'rejected', 'rolled_back')),
  reason       TEXT,
  pr_url       TEXT,
  branch       TEXT,
  event_id     TEXT
);
CREATE INDEX ix_heal_outcomes_candidate ON heal_outcomes (candidate_id);

CREATE TABLE modules (
  id       INTEGER NOT NULL PRIMARY KEY,
  name     TEXT    NOT NULL,
  path     TEXT    NOT NULL,
  repo     TEXT    NOT NULL DEFAULT '',
  branch   TEXT,
  event_id TEXT,
  CONSTRAINT modules_repo_name_key UNIQUE (repo, name)
);

CREATE TABLE files (
  id        INTEGER NOT NULL PRIMARY KEY,
  module_id BIGINT  CONSTRAINT files_module_id_fkey REFERENCES modules (id) ON DELETE CASCADE,
  path      TEXT    NOT NULL,
  sha256    TEXT,
  repo      TEXT    NOT NULL DEFAULT '',
  branch    TEXT,
  event_id  TEXT,
  CONSTRAINT files_repo_path_key UNIQUE (repo, path)
);
CREATE INDEX ix_files_module ON files (module_id);

-- file: the path again, so that a file's rows are found without its surrogate key when it is indexed anew.
CREATE TABLE ast_nodes (
  id       INTEGER NOT NULL PRIMARY KEY,
  file_id  BIGINT  CONSTRAINT ast_nodes_file_id_fkey REFERENCES files (id) ON DELETE CASCADE,
  uid      TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT,
  line     INT4,
  col      INT4,
  meta     JSON TEXT,
  repo     TEXT    NOT NULL DEFAULT '',
  file     TEXT,
  branch   TEXT,
  event_id TEXT,
  CONSTRAINT ast_nodes_repo_uid_key UNIQUE (repo, uid)
);
CREATE INDEX ix_ast_nodes_file_id ON ast_nodes (file_id);
CREATE INDEX ix_ast_nodes_repo_file ON ast_nodes (repo, file);

-- The seed lets an edge die with the node it points to. Here it becomes unresolved instead (dst_id null, dst_uid kept):
-- the edge belongs to the file of its source, and must survive when the file of its destination is indexed anew.
CREATE TABLE ast_edges (
  id       INTEGER NOT NULL PRIMARY KEY,
  src_id   BIGINT  CONSTRAINT ast_edges_src_id_fkey REFERENCES ast_nodes (id) ON DELETE CASCADE,
  dst_id   BIGINT  CONSTRAINT ast_edges_dst_id_fkey REFERENCES ast_nodes (id) ON DELETE SET NULL,
  etype    TEXT    NOT NULL
           CONSTRAINT ast_edges_etype_check CHECK (etype IN ('contain', 'call', 'import')),
  meta     JSON TEXT,
  repo     TEXT    NOT NULL DEFAULT '',
  file     TEXT,
  src_uid  TEXT,
  dst_uid  TEXT,
  branch   TEXT,
  event_id TEXT
);
CREATE INDEX ix_ast_edges_src ON ast_edges (src_id);
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id);
CREATE INDEX ix_ast_edges_repo_file ON ast_edges (repo, file);
CREATE INDEX ix_ast_edges_unresolved ON ast_edges (repo, dst_uid) WHERE dst_id IS NULL;

CREATE TABLE phi_links (
  id          INTEGER          NOT NULL PRIMARY KEY,
  ast_node_id BIGINT           CONSTRAINT phi_links_ast_node_id_fkey REFERENCES ast_nodes (id) ON DELETE CASCADE,
  mosaic_cell TEXT             NOT NULL,
  weight      DOUBLE PRECISION NOT NULL,
  repo        TEXT             NOT NULL DEFAULT '',
  file        TEXT,
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_phi_links_node ON phi_links (ast_node_id);
CREATE INDEX ix_phi_links_repo_file ON phi_links (repo, file);
CREATE INDEX ix_phi_links_cell ON phi_links (mosaic_cell);

CREATE TABLE commits (
  commit_sha  TEXT     NOT NULL CONSTRAINT commits_pkey PRIMARY KEY,
  repo        TEXT     NOT NULL DEFAULT '',
  author      TEXT,
  message     TEXT     NOT NULL,
  summary     TEXT,
  authored_at UTC TEXT NOT NULL,
  created_at  UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  parents     JSON TEXT,
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_commits_repo_branch ON commits (repo, branch, authored_at);

CREATE TABLE commit_files (
  id            TEXT NOT NULL DEFAULT (lower(hex(randomblob(16))))
                CONSTRAINT commit_files_pkey PRIMARY KEY,
  commit_sha    TEXT NOT NULL CONSTRAINT commit_files_commit_sha_fkey REFERENCES commits (commit_sha),
  file_path     TEXT NOT NULL,
  change_type   TEXT NOT NULL,
  diff_text     TEXT,
  lines_added   INT4 NOT NULL DEFAULT 0,
  lines_removed INT4 NOT NULL DEFAULT 0,
  status        TEXT CONSTRAINT commit_files_status_check CHECK (status IN ('A', 'M', 'D', 'R')),
  old_path      TEXT,
  repo          TEXT NOT NULL DEFAULT '',
  branch        TEXT,
  event_id      TEXT,
  CONSTRAINT commit_files_commit_sha_file_path_key UNIQUE (commit_sha, file_path)
);
CREATE INDEX commit_files_sha_type ON commit_files (commit_sha, change_type);

-- What people said of a commit, for calibration: the latest label wins.
CREATE TABLE commit_labels (
  sha         TEXT     NOT NULL CONSTRAINT commit_labels_pkey PRIMARY KEY,
  label       TEXT     NOT NULL CONSTRAINT commit_labels_label_check CHECK (label IN ('good', 'bad')),
  reason      TEXT,
  created_utc UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT     NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);

CREATE TABLE test_reports (
  id          INTEGER  NOT NULL PRIMARY KEY,
  sha         TEXT     NOT NULL,
  module      TEXT,
  passed      INT4     NOT NULL,
  failed      INT4     NOT NULL,
  skipped     INT4     NOT NULL,
  coverage    DOUBLE PRECISION,
  p95_ms      DOUBLE PRECISION,
  metrics     JSON TEXT,
  created_utc UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT     NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_test_reports_sha ON test_reports (sha);

INSERT INTO egdb_schema_version (version, comment) VALUES (2, '0002_glitchlab');
