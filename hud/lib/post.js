// What a reader decides becomes an event, like everything else that is known: posted as any producer posts, told apart by its source.
import { curl, sendJson } from './api.js';

const event = (topic, sha, payload) => ({ topic, source: 'hud', repo_sha: sha, payload });

export const postEvent = (topic, sha, payload) => sendJson('POST', 'v1/events', event(topic, sha, payload));
export const curlEvent = (topic, sha, payload) => curl({ path: 'v1/events', method: 'POST', json: event(topic, sha, payload) });
