/** Arguments of a call as its caller gave them (DWARF 5, section 3.4): the callee may have no use for them any more. */

import { AT, TAG } from './dwarf/constants.ts';
import type { Die } from './dwarf/info.ts';
import type { SymbolTable } from './index.ts';

const CALL_SITES = new Set<number>([TAG.callSite, TAG.gnuCallSite]);
const HOLDERS = new Set<number>([TAG.lexicalBlock, TAG.inlinedSubroutine]);

/** The call in a function that returns to an unrelocated address. */
function callSiteIn(holder: Die, returnAddress: bigint): Die | undefined {
  for (const child of holder.children()) {
    if (CALL_SITES.has(child.tag)) {
      // GCC's own form for DWARF 4 has the address where others have the beginning of code.
      if ((child.address(AT.callReturnPc) ?? child.address(AT.lowPc)) === returnAddress) return child;
    } else if (HOLDERS.has(child.tag)) {
      const found = callSiteIn(child, returnAddress);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const nameOf = (die: Die | undefined): string | undefined =>
  die?.inherited(one => one.string(AT.linkageName)) ?? die?.name;

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);

/**
 * The expression for what a place had when a function was entered, to be evaluated in the caller's frame. `place` is the
 * expression of DW_OP_entry_value. Undefined where the caller does not say, or where its call did not lead to this very
 * function: behind a tail call, the arguments are those of another one.
 */
export function argumentAt(
  caller: SymbolTable,
  returnAddress: bigint,
  callee: Die,
  place: Uint8Array,
): { readonly expression: Uint8Array; readonly die: Die } | undefined {
  const [scope] = caller.scopesAt(returnAddress - 4n);
  const site = scope === undefined ? undefined : callSiteIn(scope.die, returnAddress - caller.bias);
  const origin = site?.reference(AT.callOrigin) ?? site?.reference(AT.abstractOrigin);
  if (site === undefined || origin === undefined || nameOf(origin) !== nameOf(callee)) return undefined;
  for (const die of site.children()) {
    const expression = die.block(AT.callValue) ?? die.block(AT.gnuCallSiteValue);
    if (expression !== undefined && sameBytes(die.block(AT.location), place)) return { expression, die };
  }
  return undefined;
}
