// Commits are shown by the first digits of their sha, and may be asked for by them, also of what knows whole shas only.
import { ApiError, egql } from './api.js';
import { html, nothing } from 'lit';
import { EVENT } from './queries.js';

export const SHA = /^[0-9a-fA-F]{4,64}$/; // or how it begins
const WHOLE = [40, 64]; // digits
const known = new Map();

// Whether this is a commit's sha, or how one may begin; capitals are no matter.
export const isSha = (text) => SHA.test(text ?? '');

// The sha that was found for this, or else itself, in small letters.
export const shaOf = (text) => (isSha(text) ? known.get(text.toLowerCase()) ?? text.toLowerCase() : text);

// Looks up what a sha begins with, among the commits and the rows of a source, so that shaOf knows it. Refused when none begins so, or
// several do; what is no beginning of a sha is left alone.
export async function findSha(text, source, column, signal) {
  const begin = shaOf(text);
  if (!isSha(begin) || WHOLE.includes(begin.length)) return;
  try {
    const { rows } = await egql(EVENT.sha(source, column), { params: { sha: begin }, signal });
    if (rows.length) known.set(begin, rows[0][0]);
  } catch (error) {
    const { message } = error.problem?.diagnostic ?? {};
    throw message ? new ApiError(error.status, { title: 'Which commit?', detail: `${message[0].toUpperCase()}${message.slice(1)}.` }) : error;
  }
}

// What an empty answer says of a filter that can be no commit's.
export const shaHint = (text) => (!text || isSha(text) ? nothing
  : html` A commit is found by its sha, or by its first 4 digits or more: <code>${text}</code> is neither.`);
