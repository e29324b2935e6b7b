/**
 * Whether the host multiplies and adds with one rounding. `relaxed_madd` of WebAssembly may round once or twice, the same
 * way each time; where it rounds once, it gives the bits of FMADD. Hosts that do not know it do neither.
 */

import { Code, ModuleBuilder } from '../wasm/module.ts';

let known: boolean | undefined;

export function fusesMultiplyAdd(): boolean {
  known ??= [32, 64].every(fuses);
  return known;
}

/** (1 + e)^2 - (1 + 2e) is e^2 with one rounding and 0 with two, e being half of the digits. */
function fuses(width: number): boolean {
  const type = width === 64 ? 'f64' : 'f32';
  const shape = `${type}x${128 / width}`;
  const module = new ModuleBuilder();
  const code = new Code();
  for (const local of [0, 0, 1]) code.get(local).op(`${shape}.splat`);
  code.op(`${shape}.relaxed_madd`).op(`${shape}.extract_lane`, 0).end();
  module.function({ type: module.type([type, type], [type]), locals: [], code, exported: 'multiplyAdd' });
  const bytes = module.build();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const e = 2 ** (width === 64 ? -30 : -13);
  return (exports.multiplyAdd as (a: number, c: number) => number)(1 + e, -(1 + 2 * e)) === e * e;
}
