/** The handlers and lowerings of everything outside of FP and AdvSIMD data processing. */

import * as atomics from './atomics.ts';
import * as branches from './branches.ts';
import type { Handlers, Lowerings } from './handler.ts';
import * as integer from './integer.ts';
import * as loadsStores from './loads-stores.ts';
import * as pointerAuthentication from './pointer-authentication.ts';
import * as structures from './structures.ts';

const nop = { handler: 'nop' };

/**
 * Hints and barriers that a PE may ignore which executes in order and defers no error. What BTI allows is checked where
 * branches arrive.
 */
const ignored = 'NOP YIELD DGH CSDB PSB_CSYNC TSB_CSYNC ESB HINT SB BTI BTI_C BTI_J BTI_JC'.split(' ');
const hints: Lowerings = {
  ...Object.fromEntries(ignored.map(id => [id, () => nop])),
  // Apart, because they take time.
  DSB: () => ({ handler: 'dsb' }),
  DMB: () => ({ handler: 'dmb' }),
};

export const integerHandlers: Handlers = {
  nop: { body: [] },
  dsb: { body: [] },
  dmb: { body: [] },
  ...integer.handlers,
  ...branches.handlers,
  ...loadsStores.handlers,
  ...atomics.handlers,
  ...structures.handlers,
  ...pointerAuthentication.handlers,
};

export const integerLowerings: Lowerings = {
  ...hints,
  ...integer.lowerings,
  ...branches.lowerings,
  ...loadsStores.lowerings,
  ...atomics.lowerings,
  ...structures.lowerings,
  ...pointerAuthentication.lowerings,
};
