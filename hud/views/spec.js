// Spec Monitor: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Spec extends Element {
  render() {
    return html`<h1>Spec Monitor</h1><egdb-group .groups=${viewNamed('spec').groups}></egdb-group>`;
  }
}
