// Runs: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Runs extends Element {
  render() {
    return html`<h1>Runs</h1><egdb-group .groups=${viewNamed('runs').groups}></egdb-group>`;
  }
}
