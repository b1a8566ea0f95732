// Events: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Events extends Element {
  render() {
    return html`<h1>Events</h1><egdb-group .groups=${viewNamed('events').groups}></egdb-group>`;
  }
}
