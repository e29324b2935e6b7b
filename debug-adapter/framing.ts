/**
 * The base protocol of DAP: JSON messages behind `Content-Length` headers. A damaged message is reported and skipped, so
 * that the next good one is served. (`@vscode/debugadapter` drops damaged messages silently and waits forever for a body
 * of a senseless length; it also needs Node, which the core must not.)
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Longest message taken, in bytes; writeMemory requests are the long ones. */
const LONGEST = 1 << 28;
const LONGEST_HEADER = 1 << 14;

export function encodeMessage(message: object): Uint8Array {
  const body = encoder.encode(JSON.stringify(message));
  const header = encoder.encode(`Content-Length: ${body.length}\r\n\r\n`);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** Cuts a stream of bytes into messages. */
export class MessageDecoder {
  private chunks: Uint8Array[] = [];
  private length = 0;
  /** Bytes of the body that is awaited, or -1 while a header is. */
  private expected = -1;

  constructor(
    private readonly onMessage: (message: unknown) => void,
    /** Takes a sentence that says what was wrong with the bytes skipped. */
    private readonly onDamage: (sentence: string) => void,
  ) {}

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
    // A body is joined once, when it is complete: not again for each chunk.
    while (this.length > 0 && this.length >= this.expected && this.take());
  }

  private joined(): Uint8Array {
    if (this.chunks.length > 1) {
      const all = new Uint8Array(this.length);
      let offset = 0;
      for (const chunk of this.chunks) {
        all.set(chunk, offset);
        offset += chunk.length;
      }
      this.chunks = [all];
    }
    return this.chunks[0];
  }

  private keep(rest: Uint8Array): void {
    this.chunks = rest.length > 0 ? [rest] : [];
    this.length = rest.length;
  }

  private take(): boolean {
    const bytes = this.joined();
    if (this.expected >= 0) {
      const body = decoder.decode(bytes.subarray(0, this.expected));
      this.keep(bytes.subarray(this.expected));
      this.expected = -1;
      this.deliver(body);
      return true;
    }
    const end = endOfHeader(bytes);
    if (end < 0) {
      if (bytes.length <= LONGEST_HEADER) return false;
      this.keep(new Uint8Array(0));
      this.onDamage(`${bytes.length} bytes without the end of a message header were skipped.`);
      return true;
    }
    const header = decoder.decode(bytes.subarray(0, end));
    this.keep(bytes.subarray(end + 4));
    const field = /(?:^|\r\n)Content-Length[ \t]*:[ \t]*(\d+)[ \t]*(?:\r\n|$)/i.exec(header);
    const length = field === null ? Number.NaN : Number(field[1]);
    if (length <= LONGEST) this.expected = length;
    else this.onDamage('A message header without a usable Content-Length was skipped.');
    return true;
  }

  private deliver(body: string): void {
    let message: unknown;
    try {
      message = JSON.parse(body);
    } catch {
      this.onDamage('A message that is no JSON was skipped.');
      return;
    }
    this.onMessage(message);
  }
}

function endOfHeader(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0 && at + 3 < bytes.length; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}
