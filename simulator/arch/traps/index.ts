/** Would this access trap, to which level, and because of which bit? */
export { type Explained, explain } from './explain.ts';
export { type Nesting, nestingOf } from './nested.ts';
export { operationByName, operations, systemIss } from './operations.ts';
export {
  accessible,
  resolveAccess,
  resolveEncoding,
  translationControls,
  trapControlMask,
  trapControls,
  trapRulesOf,
} from './resolve.ts';
export type { Access, Accessed, AccessState, Because, Direction, OperationRow } from './types.ts';
