// EGQL console: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Console extends Element {
  render() {
    return html`<h1>EGQL console</h1><egdb-group .groups=${viewNamed('console').groups}></egdb-group>`;
  }
}
