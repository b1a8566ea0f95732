// Overview: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Overview extends Element {
  render() {
    return html`<h1>Overview</h1><egdb-group .groups=${viewNamed('overview').groups}></egdb-group>`;
  }
}
