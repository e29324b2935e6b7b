// For scripts/build.mjs: an esbuild plugin that puts a ready interpreter into a bundle, in the place of
// simulator/engine/prepared.ts.

import { deflateRawSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { root } from './setup.mjs';

/** What makes it, from the sources of this moment. */
const maker = `
  export { HOT } from './simulator/engine/compiler/compiler.ts';
  export { interpreterForms, interpreterKey } from './simulator/engine/engine.ts';
  export { generateInterpreter } from './simulator/engine/interpreter.ts';
  export { handlers } from './simulator/engine/semantics/index.ts';
`;

/** What `Prepared` of that file is. */
export async function prepare() {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: maker, resolveDir: root, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  const source = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
  const { HOT, interpreterForms, interpreterKey, generateInterpreter, handlers } = await import(source);
  const { bytes, numbers, firstRegion } = generateInterpreter(handlers, interpreterForms(HOT, false));
  return {
    key: interpreterKey(HOT, false),
    names: numbers.names.join(','),
    firstFunction: numbers.firstFunction,
    firstRegion,
    deflated: deflateRawSync(bytes, { level: 9 }).toString('base64'),
  };
}

/** @type {esbuild.Plugin} */
export const preparedInterpreter = {
  name: 'prepared interpreter',
  setup(build) {
    build.onLoad({ filter: /[\\/]simulator[\\/]engine[\\/]prepared\.ts$/ }, async () => ({
      contents: `export const prepared = ${JSON.stringify(await prepare())};`,
      loader: 'js',
    }));
  },
};
