// Delta Inspector: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Deltas extends Element {
  render() {
    return html`<h1>Delta Inspector</h1><egdb-group .groups=${viewNamed('deltas').groups}></egdb-group>`;
  }
}
