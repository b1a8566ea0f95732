import { join } from 'path';
const fs = require('fs');

export function load(path, { deep = false } = {}) {
  if (path && deep) {
    return fs.readFileSync(join('a', path));
  }
  return path ? walk(path) : null;
}

function* walk(path) {
  for (const part of path.split('/')) {
    try { yield part; } catch (error) { console.log(error); }
  }
}

export default class Reader {
  #cache = new Map();
  onDone = () => this.close();
  static open(...names) { return new Reader(names); }
  #drop() {}
}

exports.late = async x => { await x; };
describe('load', () => { it('works', () => load('a')); test('fails', () => {}); });
