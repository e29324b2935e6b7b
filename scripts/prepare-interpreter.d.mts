import type { Plugin } from 'esbuild';
import type { Prepared } from '../simulator/engine/prepared.ts';

export function prepare(): Promise<Prepared>;
export const preparedInterpreter: Plugin;
