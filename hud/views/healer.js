// Healer: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Healer extends Element {
  render() {
    return html`<h1>Healer</h1><egdb-group .groups=${viewNamed('healer').groups}></egdb-group>`;
  }
}
