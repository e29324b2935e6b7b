/** The handlers and lowerings of everything outside of FP and AdvSIMD data processing. */

import * as branches from './branches.ts';
import type { Handlers, Lowerings } from './handler.ts';
import * as integer from './integer.ts';
import * as loadsStores from './loads-stores.ts';

const nop = { handler: 'nop' };

/** Hints and barriers that a PE which executes in order may ignore. */
const ignored = ['NOP', 'YIELD', 'DGH', 'CSDB', 'PSB_CSYNC', 'TSB_CSYNC', 'HINT', 'DSB', 'DMB', 'SB'];
const hints: Lowerings = Object.fromEntries(ignored.map(id => [id, () => nop]));

export const integerHandlers: Handlers = {
  nop: { body: [] },
  ...integer.handlers,
  ...branches.handlers,
  ...loadsStores.handlers,
};

export const integerLowerings: Lowerings = {
  ...hints,
  ...integer.lowerings,
  ...branches.lowerings,
  ...loadsStores.lowerings,
};
