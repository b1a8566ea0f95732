// Where a value leads, by the name of the column that it stands in: a commit, an event, a run, a finding, a place in the code.
import { router } from './router.js';

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const commit = (sha) => ['deltas', { sha }];
const event = (id) => ['events', { id }];
const node = (uid) => uid.startsWith('AST::') && ['graph', { node: uid }];
const finding = (nf) => ['security', { nf, state: 'all' }];
const lines = (file) => ['deltas', { file }];

const LINKS = {
  sha: commit, commit_sha: commit, repo_sha: commit, last_sha: commit, event_id: event, causation_id: event,
  run_id: (run) => ['runs', { run }], uid: node, src: node, dst: node, nf_id: finding, file: lines,
  file_path: lines, topic: (topic) => ['events', { topic }], id: (id) => (id.startsWith('NF-') ? finding(id) : ULID.test(id) && event(id)),
};

// A URL, or null. repo: the one that the row names, where there are several.
export function linkOf(name, value, repo) {
  const found = typeof value === 'string' && value && Object.hasOwn(LINKS, name) && LINKS[name](value);
  return found ? router.href(found[0], { ...found[1], ...(repo && { repo }) }) : null;
}
