/** What a request is answered by. */

import type { Session } from './session.ts';

/** What has to be there before a request makes sense. */
export type Need = 'nothing' | 'initialized' | 'machine' | 'stopped';

export interface Handler {
  readonly need: Need;
  /** Returns the body of the response. Throws a sentence. */
  handle(session: Session, args: unknown): unknown;
}

/** A handler with the types of its request. */
export function handler<A, B>(need: Need, handle: (session: Session, args: A) => B | Promise<B>): Handler {
  return { need, handle: (session, args) => handle(session, args as A) };
}

/** Kinds of failure that DAP has a word for (`response.message`). */
export class RequestError extends Error {
  constructor(
    readonly short: string,
    sentence: string,
  ) {
    super(sentence);
  }
}
