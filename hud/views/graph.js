// Code graph: the declared panels of its groups.
import { Element, html } from '../lib/element.js';
import { viewNamed } from './index.js';
import '../components/group.js';

export default class Graph extends Element {
  render() {
    return html`<h1>Code graph</h1><egdb-group .groups=${viewNamed('graph').groups}></egdb-group>`;
  }
}
