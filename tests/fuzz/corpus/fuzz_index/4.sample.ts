import def, { a as b, c } from './m';
import * as n from "n";
export { q } from './q';
import './side';
export class Foo<T> extends Bar {
  private x = 1;
  handler = (e: Event): void => { this.go(e); };
  constructor(private y: string, z?: number) { super(); }
  async load(path: string = 'x', ...rest: any[]): Promise<T> { if (a ?? b) { await n.go(path); } return new Foo(); }
  private hid() {}
  #priv() {}
}
interface I { m(a: number): void }
export interface J { m(a: number): void }
enum E { A }
namespace N { export function f() {} }
const arrow = async (a, {b, c} = {}) => a?.b.c();
function plain() { const r = require('./req'); return r.go(); }
export default plain;
export { arrow };
it('works', () => { plain(); });
