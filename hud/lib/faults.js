// What a URL asks for and nothing can show: the page says so, instead of showing something else.
import { isSha } from './shas.js';
import { rangeFault } from './time.js';

const SHAS = { deltas: ['sha', 'base', 'at'] }; // the views that write them into queries

// {text, without: [names of the query that are to go], way: where that leads}, or null.
export function faultOf({ view, query }) {
  const text = rangeFault(query);
  if (text) return { text, without: ['last', 'from', 'to'], way: 'Show the last 24 hours' };
  const wrong = SHAS[view]?.find((name) => query[name] && !isSha(query[name]));
  return wrong ? { text: `“${wrong}” is no commit's sha: ${query[wrong]}. Write the sha, or its first 4 digits or more; ` +
    'names such as HEAD or those of branches are not looked up.', without: SHAS[view], way: 'Show the commits of the time range' } : null;
}
