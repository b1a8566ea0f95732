// Security: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Security extends Element {
  render() {
    return html`<h1>Security</h1><egdb-group .groups=${viewNamed('security').groups}></egdb-group>`;
  }
}
