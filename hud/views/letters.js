// Dead letters: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Letters extends Element {
  render() {
    return html`<h1>Dead letters</h1><egdb-group .groups=${viewNamed('letters').groups}></egdb-group>`;
  }
}
