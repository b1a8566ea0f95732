-- The tables of the GlitchLab system: runs, gates, deltas, mosaic, thresholds, findings, healing, the code graph,
-- commits. To each of the seed's tables come event_id (the event that made the row) and branch (its repo_branch), both
-- null in rows that people insert; and repo, '' when only one repository is in the database. Indexes that the seed
-- lacks serve foreign keys, deletes by file, and lookups. score_deltaZ of the seed is score_deltaz here, which is how
-- PostgreSQL reads the name anyway.

CREATE TABLE runs (
  id       text        COLLATE "C" NOT NULL CONSTRAINT runs_pkey PRIMARY KEY,
  sha      text        COLLATE "C" NOT NULL,
  started  timestamptz NOT NULL,
  finished timestamptz,
  status   text        COLLATE "C" DEFAULT 'ok'
           CONSTRAINT runs_status_check CHECK (status IN ('ok', 'error', 'partial')),
  repo     text        COLLATE "C" NOT NULL DEFAULT '',
  branch   text        COLLATE "C",
  event_id text        COLLATE "C"
);
CREATE INDEX ix_runs_sha ON runs (sha);

-- run_id is part of the key, and the seed's index is unique over the step's place in its run: a step sent again
-- replaces itself.
CREATE TABLE steps (
  id       bigserial NOT NULL,
  run_id   text      COLLATE "C" NOT NULL CONSTRAINT steps_run_id_fkey REFERENCES runs (id) ON DELETE CASCADE,
  name     text      COLLATE "C" NOT NULL,
  idx      integer   NOT NULL,
  dt_ms    integer   NOT NULL,
  deltas   jsonb,
  repo     text      COLLATE "C" NOT NULL DEFAULT '',
  branch   text      COLLATE "C",
  event_id text      COLLATE "C",
  CONSTRAINT steps_pkey PRIMARY KEY (id, run_id)
);
CREATE UNIQUE INDEX ix_steps_runid ON steps (run_id, idx);

CREATE TABLE invariants_results (
  id          bigserial        NOT NULL CONSTRAINT invariants_results_pkey PRIMARY KEY,
  sha         text             COLLATE "C" NOT NULL,
  gate        text             COLLATE "C" NOT NULL,
  score       double precision NOT NULL,
  threshold   double precision NOT NULL,
  action      text             COLLATE "C" NOT NULL,
  details     jsonb,
  created_utc timestamptz      NOT NULL DEFAULT now(),
  module      text             COLLATE "C",
  repo        text             COLLATE "C" NOT NULL DEFAULT '',
  branch      text             COLLATE "C",
  event_id    text             COLLATE "C"
);
CREATE INDEX ix_invariants_sha_gate ON invariants_results (sha, gate);
CREATE INDEX ix_invariants_created ON invariants_results (created_utc);

CREATE TABLE delta_tokens (
  id          bigserial        NOT NULL,
  sha         text             COLLATE "C" NOT NULL,
  file        text             COLLATE "C" NOT NULL,
  token       text             COLLATE "C" NOT NULL,
  weight      double precision NOT NULL,
  meta        jsonb,
  created_utc timestamptz      NOT NULL DEFAULT now(),
  repo        text             COLLATE "C" NOT NULL DEFAULT '',
  branch      text             COLLATE "C",
  event_id    text             COLLATE "C",
  CONSTRAINT delta_tokens_pkey PRIMARY KEY (id, sha, created_utc)
) PARTITION BY RANGE (created_utc);
CREATE INDEX ix_dt_sha_file ON delta_tokens (sha, file);
CREATE INDEX ix_dt_token ON delta_tokens (token);

CREATE TABLE delta_fingerprints (
  sha          text             COLLATE "C" NOT NULL CONSTRAINT delta_fingerprints_pkey PRIMARY KEY,
  histogram    jsonb            NOT NULL,
  embedding    jsonb,
  hash         text             COLLATE "C" NOT NULL,
  score_deltaz double precision NOT NULL,
  created_utc  timestamptz      NOT NULL DEFAULT now(),
  repo         text             COLLATE "C" NOT NULL DEFAULT '',
  branch       text             COLLATE "C",
  event_id     text             COLLATE "C"
);

CREATE TABLE mosaic_deltas (
  id          bigserial   NOT NULL CONSTRAINT mosaic_deltas_pkey PRIMARY KEY,
  sha         text        COLLATE "C" NOT NULL,
  grid        jsonb       NOT NULL,
  stats       jsonb,
  mask_uri    text        COLLATE "C",
  explain     jsonb,
  created_utc timestamptz NOT NULL DEFAULT now(),
  repo        text        COLLATE "C" NOT NULL DEFAULT '',
  branch      text        COLLATE "C",
  event_id    text        COLLATE "C"
);
CREATE INDEX ix_mosaic_deltas_sha ON mosaic_deltas (sha);

CREATE TABLE spec_thresholds (
  id          bigserial        NOT NULL CONSTRAINT spec_thresholds_pkey PRIMARY KEY,
  module      text             COLLATE "C" NOT NULL,
  alpha       double precision NOT NULL,
  beta        double precision NOT NULL,
  zeta        double precision NOT NULL,
  basis       text             COLLATE "C" NOT NULL,
  state_uri   text             COLLATE "C",
  sha         text             COLLATE "C",
  created_utc timestamptz      NOT NULL DEFAULT now(),
  repo        text             COLLATE "C" NOT NULL DEFAULT '',
  branch      text             COLLATE "C",
  event_id    text             COLLATE "C"
);
CREATE INDEX ix_spec_thresholds_created ON spec_thresholds (created_utc);

-- "freeze" is a reserved word of PostgreSQL: it is quoted wherever it stands.
CREATE TABLE spec_drift (
  id              bigserial   NOT NULL CONSTRAINT spec_drift_pkey PRIMARY KEY,
  module          text        COLLATE "C" NOT NULL,
  metric          text        COLLATE "C" NOT NULL,
  detector        text        COLLATE "C" NOT NULL,
  "freeze"        boolean     NOT NULL DEFAULT true,
  details         jsonb,
  created_utc     timestamptz NOT NULL DEFAULT now(),
  commits         integer,
  reason          text        COLLATE "C",
  unfrozen_utc    timestamptz,
  unfrozen_reason text        COLLATE "C",
  repo            text        COLLATE "C" NOT NULL DEFAULT '',
  branch          text        COLLATE "C",
  event_id        text        COLLATE "C"
);
CREATE INDEX ix_spec_drift_module_metric ON spec_drift (repo, module, metric);

CREATE TABLE sast_findings (
  id          text             COLLATE "C" NOT NULL CONSTRAINT sast_findings_pkey PRIMARY KEY,
  sha         text             COLLATE "C" NOT NULL,
  tool        text             COLLATE "C" NOT NULL,
  rule_id     text             COLLATE "C" NOT NULL,
  cwe         text             COLLATE "C",
  severity    text             COLLATE "C" NOT NULL
              CONSTRAINT sast_findings_severity_check CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  confidence  double precision NOT NULL,
  category    text             COLLATE "C",
  message     text             COLLATE "C",
  location    jsonb            NOT NULL,
  ast_ref     text             COLLATE "C",
  mosaic_cell text             COLLATE "C",
  delta_bind  text             COLLATE "C"
              CONSTRAINT sast_findings_delta_bind_check CHECK (delta_bind IN ('added', 'modified', 'unchanged')),
  evidence    jsonb,
  suppression jsonb,
  fingerprint text             COLLATE "C" NOT NULL CONSTRAINT sast_findings_fingerprint_key UNIQUE,
  created_utc timestamptz      NOT NULL DEFAULT now(),
  last_sha    text             COLLATE "C",
  repo        text             COLLATE "C" NOT NULL DEFAULT '',
  branch      text             COLLATE "C",
  event_id    text             COLLATE "C"
);
CREATE INDEX ix_sast_sha_sev ON sast_findings (sha, severity);

CREATE TABLE sast_fix_queue (
  id             bigserial   NOT NULL CONSTRAINT sast_fix_queue_pkey PRIMARY KEY,
  nf_id          text        COLLATE "C"
                 CONSTRAINT sast_fix_queue_nf_id_fkey REFERENCES sast_findings (id) ON DELETE CASCADE,
  pattern        text        COLLATE "C",
  fix_hint       text        COLLATE "C",
  patch_spec     jsonb,
  tests_required jsonb,
  constraints    jsonb,
  review_gate    text        COLLATE "C" DEFAULT 'human'
                 CONSTRAINT sast_fix_queue_review_gate_check CHECK (review_gate IN ('human', 'auto')),
  status         text        COLLATE "C" DEFAULT 'queued'
                 CONSTRAINT sast_fix_queue_status_check
                 CHECK (status IN ('queued', 'proposed', 'accepted', 'rejected')),
  created_utc    timestamptz NOT NULL DEFAULT now(),
  repo           text        COLLATE "C" NOT NULL DEFAULT '',
  branch         text        COLLATE "C",
  event_id       text        COLLATE "C"
);
CREATE INDEX ix_sast_fix_queue_nf ON sast_fix_queue (nf_id);

CREATE TABLE sast_fix_verification (
  id         bigserial NOT NULL CONSTRAINT sast_fix_verification_pkey PRIMARY KEY,
  fix_id     bigint
             CONSTRAINT sast_fix_verification_fix_id_fkey REFERENCES sast_fix_queue (id) ON DELETE CASCADE,
  sandbox_ok boolean,
  ci_ok      boolean,
  invariants jsonb,
  notes      text      COLLATE "C",
  ended_utc  timestamptz,
  branch     text      COLLATE "C",
  event_id   text      COLLATE "C"
);
CREATE INDEX ix_sast_fix_verification_fix ON sast_fix_verification (fix_id);

CREATE TABLE heal_candidates (
  id             text        COLLATE "C" NOT NULL CONSTRAINT heal_candidates_pkey PRIMARY KEY,
  sha            text        COLLATE "C" NOT NULL,
  branch         text        COLLATE "C",
  kind           text        COLLATE "C" NOT NULL
                 CONSTRAINT heal_candidates_kind_check CHECK (kind IN ('code_patch', 'test_rewrite', 'config_fix')),
  scope_json     jsonb,
  rationale_json jsonb,
  confidence     double precision,
  deltas_json    jsonb,
  created_utc    timestamptz NOT NULL DEFAULT now(),
  repo           text        COLLATE "C" NOT NULL DEFAULT '',
  event_id       text        COLLATE "C"
);
CREATE INDEX ix_heal_candidates_sha ON heal_candidates (sha);

CREATE TABLE heal_verification (
  id             text COLLATE "C" NOT NULL CONSTRAINT heal_verification_pkey PRIMARY KEY,
  candidate_id   text COLLATE "C"
                 CONSTRAINT heal_verification_candidate_id_fkey REFERENCES heal_candidates (id) ON DELETE CASCADE,
  sandbox_ok     boolean,
  ci_ok          boolean,
  mutation_score double precision,
  canary_ok      boolean,
  notes          text COLLATE "C",
  ended_ts       timestamptz,
  branch         text COLLATE "C",
  event_id       text COLLATE "C"
);
CREATE INDEX ix_heal_verification_candidate ON heal_verification (candidate_id);

CREATE TABLE heal_outcomes (
  id           text COLLATE "C" NOT NULL CONSTRAINT heal_outcomes_pkey PRIMARY KEY,
  candidate_id text COLLATE "C"
               CONSTRAINT heal_outcomes_candidate_id_fkey REFERENCES heal_candidates (id) ON DELETE CASCADE,
  result       text COLLATE "C" NOT NULL
               CONSTRAINT heal_outcomes_result_check CHECK (result IN ('applied', 'rejected', 'rolled_back')),
  reason       text COLLATE "C",
  pr_url       text COLLATE "C",
  branch       text COLLATE "C",
  event_id     text COLLATE "C"
);
CREATE INDEX ix_heal_outcomes_candidate ON heal_outcomes (candidate_id);

CREATE TABLE modules (
  id       bigserial NOT NULL CONSTRAINT modules_pkey PRIMARY KEY,
  name     text      COLLATE "C" NOT NULL,
  path     text      COLLATE "C" NOT NULL,
  repo     text      COLLATE "C" NOT NULL DEFAULT '',
  branch   text      COLLATE "C",
  event_id text      COLLATE "C",
  CONSTRAINT modules_repo_name_key UNIQUE (repo, name)
);

CREATE TABLE files (
  id        bigserial NOT NULL CONSTRAINT files_pkey PRIMARY KEY,
  module_id bigint    CONSTRAINT files_module_id_fkey REFERENCES modules (id) ON DELETE CASCADE,
  path      text      COLLATE "C" NOT NULL,
  sha256    text      COLLATE "C",
  repo      text      COLLATE "C" NOT NULL DEFAULT '',
  branch    text      COLLATE "C",
  event_id  text      COLLATE "C",
  CONSTRAINT files_repo_path_key UNIQUE (repo, path)
);
CREATE INDEX ix_files_module ON files (module_id);

-- file: the path again, so that a file's rows are found without its surrogate key when it is indexed anew.
CREATE TABLE ast_nodes (
  id       bigserial NOT NULL CONSTRAINT ast_nodes_pkey PRIMARY KEY,
  file_id  bigint    CONSTRAINT ast_nodes_file_id_fkey REFERENCES files (id) ON DELETE CASCADE,
  uid      text      COLLATE "C" NOT NULL,
  kind     text      COLLATE "C" NOT NULL,
  name     text      COLLATE "C",
  line     integer,
  col      integer,
  meta     jsonb,
  repo     text      COLLATE "C" NOT NULL DEFAULT '',
  file     text      COLLATE "C",
  branch   text      COLLATE "C",
  event_id text      COLLATE "C",
  CONSTRAINT ast_nodes_repo_uid_key UNIQUE (repo, uid)
);
CREATE INDEX ix_ast_nodes_file_id ON ast_nodes (file_id);
CREATE INDEX ix_ast_nodes_repo_file ON ast_nodes (repo, file);

-- The seed lets an edge die with the node it points to. Here it becomes unresolved instead (dst_id null, dst_uid kept):
-- the edge belongs to the file of its source, and must survive when the file of its destination is indexed anew.
CREATE TABLE ast_edges (
  id       bigserial NOT NULL,
  src_id   bigint    CONSTRAINT ast_edges_src_id_fkey REFERENCES ast_nodes (id) ON DELETE CASCADE,
  dst_id   bigint    CONSTRAINT ast_edges_dst_id_fkey REFERENCES ast_nodes (id) ON DELETE SET NULL,
  etype    text      COLLATE "C" NOT NULL
           CONSTRAINT ast_edges_etype_check CHECK (etype IN ('contain', 'call', 'import')),
  meta     jsonb,
  repo     text      COLLATE "C" NOT NULL DEFAULT '',
  file     text      COLLATE "C",
  src_uid  text      COLLATE "C",
  dst_uid  text      COLLATE "C",
  branch   text      COLLATE "C",
  event_id text      COLLATE "C",
  CONSTRAINT ast_edges_pkey PRIMARY KEY (id, repo)
);
CREATE INDEX ix_ast_edges_src ON ast_edges (src_id);
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id);
CREATE INDEX ix_ast_edges_repo_file ON ast_edges (repo, file);
CREATE INDEX ix_ast_edges_unresolved ON ast_edges (repo, dst_uid) WHERE dst_id IS NULL;

CREATE TABLE phi_links (
  id          bigserial        NOT NULL,
  ast_node_id bigint           CONSTRAINT phi_links_ast_node_id_fkey REFERENCES ast_nodes (id) ON DELETE CASCADE,
  mosaic_cell text             COLLATE "C" NOT NULL,
  weight      double precision NOT NULL,
  repo        text             COLLATE "C" NOT NULL DEFAULT '',
  file        text             COLLATE "C",
  branch      text             COLLATE "C",
  event_id    text             COLLATE "C",
  CONSTRAINT phi_links_pkey PRIMARY KEY (id, repo)
);
CREATE INDEX ix_phi_links_node ON phi_links (ast_node_id);
CREATE INDEX ix_phi_links_repo_file ON phi_links (repo, file);
CREATE INDEX ix_phi_links_cell ON phi_links (mosaic_cell);

CREATE TABLE commits (
  commit_sha  text        COLLATE "C" NOT NULL CONSTRAINT commits_pkey PRIMARY KEY,
  repo        text        COLLATE "C" NOT NULL DEFAULT '',
  author      text        COLLATE "C",
  message     text        COLLATE "C" NOT NULL,
  summary     text        COLLATE "C",
  authored_at timestamptz NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  parents     jsonb,
  branch      text        COLLATE "C",
  event_id    text        COLLATE "C"
);
CREATE INDEX ix_commits_repo_branch ON commits (repo, branch, authored_at);

CREATE TABLE commit_files (
  id            text    COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text
                CONSTRAINT commit_files_pkey PRIMARY KEY,
  commit_sha    text    COLLATE "C" NOT NULL CONSTRAINT commit_files_commit_sha_fkey REFERENCES commits (commit_sha),
  file_path     text    COLLATE "C" NOT NULL,
  change_type   text    COLLATE "C" NOT NULL,
  diff_text     text    COLLATE "C",
  lines_added   integer NOT NULL DEFAULT 0,
  lines_removed integer NOT NULL DEFAULT 0,
  status        text    COLLATE "C" CONSTRAINT commit_files_status_check CHECK (status IN ('A', 'M', 'D', 'R')),
  old_path      text    COLLATE "C",
  repo          text    COLLATE "C" NOT NULL DEFAULT '',
  branch        text    COLLATE "C",
  event_id      text    COLLATE "C",
  CONSTRAINT commit_files_commit_sha_file_path_key UNIQUE (commit_sha, file_path)
);
CREATE INDEX commit_files_sha_type ON commit_files (commit_sha, change_type);

-- What people said of a commit, for calibration: the latest label wins.
CREATE TABLE commit_labels (
  sha         text        COLLATE "C" NOT NULL CONSTRAINT commit_labels_pkey PRIMARY KEY,
  label       text        COLLATE "C" NOT NULL CONSTRAINT commit_labels_label_check CHECK (label IN ('good', 'bad')),
  reason      text        COLLATE "C",
  created_utc timestamptz NOT NULL DEFAULT now(),
  repo        text        COLLATE "C" NOT NULL DEFAULT '',
  branch      text        COLLATE "C",
  event_id    text        COLLATE "C"
);

CREATE TABLE test_reports (
  id          bigserial   NOT NULL CONSTRAINT test_reports_pkey PRIMARY KEY,
  sha         text        COLLATE "C" NOT NULL,
  module      text        COLLATE "C",
  passed      integer     NOT NULL,
  failed      integer     NOT NULL,
  skipped     integer     NOT NULL,
  coverage    double precision,
  p95_ms      double precision,
  metrics     jsonb,
  created_utc timestamptz NOT NULL DEFAULT now(),
  repo        text        COLLATE "C" NOT NULL DEFAULT '',
  branch      text        COLLATE "C",
  event_id    text        COLLATE "C"
);
CREATE INDEX ix_test_reports_sha ON test_reports (sha);

SELECT egdb_partitions_ahead(7);

INSERT INTO egdb_schema_version (version, comment) VALUES (2, '0002_glitchlab');
