/** Every request that is answered, by command. What is not here is refused by name. */

import type { Handler } from '../handler.ts';
import { BREAKPOINTS } from './breakpoints.ts';
import { CUSTOM } from './custom.ts';
import { EVALUATE } from './evaluate.ts';
import { EXECUTION } from './execution.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { MEMORY } from './memory.ts';
import { REVERSE } from './reverse.ts';
import { SOURCES } from './sources.ts';
import { STACK } from './stack.ts';
import { VARIABLES } from './variables.ts';
import { WATCHES } from './watches.ts';

export const HANDLERS: Readonly<Record<string, Handler>> = {
  ...LIFECYCLE,
  ...BREAKPOINTS,
  ...EXECUTION,
  ...REVERSE,
  ...STACK,
  ...VARIABLES,
  ...EVALUATE,
  ...MEMORY,
  ...SOURCES,
  ...WATCHES,
  ...CUSTOM,
};
