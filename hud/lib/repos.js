// The repositories of the database. While there are several, the URL may name one (?repo=), and what has a repository is then that one's.
// Where it names none, a view shows all of them; one where a mixture means nothing (`repo: 'one'` in views/index.js), the one that was
// active last.
import { objects, panel } from './api.js';
import { router } from './router.js';

const LATE_MS = 400; // a view does not wait longer to be opened
const NONE = '-'; // the rows that name no repository, in the URL
// What of a query is within one repository, and goes when another is chosen.
const WITHIN = ['sha', 'base', 'module', 'file', 'line', 'at', 'cell', 'mark', 'violation', 'node', 'sel', 'more', 'run', 'with', 'nf',
  'id'];

class Repos {
  names = []; // those that were active last first; '' for the rows that name none
  #usual = null; // stays while the page is open: what is looked at does not change by itself

  // Asks which there are. Resolves when some are known, or when it takes too long: then the views are told when they are.
  look() {
    const known = panel('repositories').then((answer) => this.#take(objects(answer)), () => {});
    return this.names.length ? null : Promise.race([known, new Promise((done) => setTimeout(done, LATE_MS))]);
  }

  #take(rows) {
    const before = this.names.join('\n');
    this.names = rows.map((row) => row.repo);
    if (!this.several) return;
    this.#usual ??= this.named[0];
    if (this.names.join('\n') !== before) router.tell();
  }

  get named() {
    return this.names.filter(Boolean);
  }

  get several() {
    return this.named.length > 1;
  }

  // The one that is looked at, null: all.
  get chosen() {
    const { repo } = router.current.query;
    return repo && repo !== NONE ? repo : null;
  }

  // The same where a mixture means nothing; null when there is only one. '' is of the rows that name none.
  get one() {
    return router.current.query.repo === NONE ? '' : this.chosen ?? this.#usual;
  }

  // What can be chosen in a view: [value in the URL, what is shown].
  choices(isOne) {
    const named = [...new Set([...this.named, this.chosen].filter(Boolean))].sort();
    const rest = isOne ? (this.names.includes('') ? [[NONE, 'without a name']] : []) : [['', 'all repositories']];
    return this.several || this.chosen ? [...rest, ...named.map((name) => [name, name])] : [];
  }

  choose(repo) {
    router.set({ ...Object.fromEntries(WITHIN.map((name) => [name, ''])), repo });
  }
}

export const repos = new Repos();

// The events that tell of the repository, as the console's query: an envelope names none, many payloads do.
export const eventsOf = (repo, window) => ({ q: 'SELECT events (position, ts_utc, topic, source, repo_sha, id) ' +
  `FROM all WHERE payload.repo = $repo ORDER BY position DESC${window} LIMIT 500`, 'p.repo': repo });

// The values that a query about a repository takes (null: all).
export const given = (repo, more) => (repo === null ? more : { ...more, repo });
