/**
 * V8's settings for the engine, to be imported before the first machine is built. Node only; in a browser the engine
 * runs with V8's defaults and is the same but slower.
 */

import { setFlagsFromString } from 'node:v8';

// Each turn of a loop and each call of WebAssembly would look whether somebody wants to interrupt it or the stack is
// full. The engine comes back by itself after a slice, and its call depth is bounded. Measured: 4 to 20 % of the
// interpreter's speed.
setFlagsFromString('--no-wasm-stack-checks');

const v8 = Number(process.versions.v8.split('.')[0]);

// V8 14 inlines the functions that calls through a table went to so far, and throws the optimised code away when one goes
// to another. The interpreter calls some thousand by one call: it was optimised two or three times over.
if (v8 >= 14) setFlagsFromString('--no-wasm-deopt');

// Which branches hardly ever happen (a TLB miss, an exhausted budget): V8 14 takes the hints by default. Measured on 11 and
// 13: 30 to 40 % of the speed of loops with loads and stores, 10 % of others.
if (v8 < 14) setFlagsFromString('--experimental-wasm-branch-hinting');
