/** A session without a stream, for a browser worker, for VS Code's inline adapters and for tests. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { Session, type SessionOptions } from './session.ts';

export interface InProcessAdapter {
  /** Gives a message of the client to the adapter. */
  send(message: unknown): void;
  /** Called with each message for the client. */
  onMessage: (message: DebugProtocol.ProtocolMessage) => void;
  dispose(): void;
}

export function createInProcessAdapter(options: Omit<SessionOptions, 'send'>): InProcessAdapter {
  const session = new Session({ ...options, send: message => adapter.onMessage(message) });
  const adapter: InProcessAdapter = {
    send: message => session.receive(message),
    onMessage: () => undefined,
    dispose: () => session.close(),
  };
  return adapter;
}
