// What the extension host of a browser and the worker with the debug adapter say to each other.

import type { DebugProtocol } from '@vscode/debugprotocol';

export type FromHost =
  | { readonly kind: 'protocol'; readonly message: unknown }
  | { readonly kind: 'file'; readonly id: number; readonly data: Uint8Array }
  /** `error` is a sentence. */
  | { readonly kind: 'no-file'; readonly id: number; readonly error: string };

export type FromWorker =
  | { readonly kind: 'protocol'; readonly message: DebugProtocol.ProtocolMessage }
  | { readonly kind: 'read'; readonly id: number; readonly path: string };
