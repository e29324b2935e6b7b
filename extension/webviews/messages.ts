// What a webview and the extension tell each other.

import type { CustomRequests } from '../../debug-adapter/protocol.ts';

/** Requests that a webview may ask the adapter by way of the extension. */
export type Asked =
  | 'hyperstep/timeline'
  | 'hyperstep/timelineEvents'
  | 'hyperstep/timelineStatistics'
  | 'hyperstep/worldSwitches'
  | 'hyperstep/worldSwitch';

export const ASKED: readonly Asked[] = [
  'hyperstep/timeline',
  'hyperstep/timelineEvents',
  'hyperstep/timelineStatistics',
  'hyperstep/worldSwitches',
  'hyperstep/worldSwitch',
];

/** What the machine does, as far as a view cares. */
export type ViewState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'stopped'; readonly session: string; readonly threadId: number; readonly stop: number };

export type ToExtension =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ask'; readonly id: number; readonly request: Asked; readonly args: object }
  /** Something that only the extension can do, such as to save a file. */
  | { readonly kind: 'do'; readonly action: string; readonly args: unknown };

export type ToView =
  | { readonly kind: 'state'; readonly state: ViewState }
  | { readonly kind: 'answer'; readonly id: number; readonly body?: unknown; readonly error?: string }
  | { readonly kind: 'tell'; readonly what: string; readonly value: unknown };

/** The adapter, as a webview sees it. */
export interface Host {
  ask<K extends Asked>(request: K, args: CustomRequests[K]['arguments']): Promise<CustomRequests[K]['body']>;
  do(action: string, args?: unknown): void;
}
