// Makes a screenshot small: the PNG of a browser as one of 256 colours, which a picture of text hardly differs from.
// PNG (ISO/IEC 15948): a signature, then chunks of length, type, data and CRC; rows are filtered and deflated.

import zlib from 'node:zlib';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/** Colours of a truecolour PNG with 8 bits a sample, as 0xRRGGBB from left to right and top to bottom. */
function decode(png: Buffer): { width: number; height: number; colours: Uint32Array } {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [width, height, depth, kind] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]];
  if (depth !== 8 || (kind !== 2 && kind !== 6) || png[28] !== 0) throw new Error('Not a truecolour PNG.');
  const samples = kind === 2 ? 3 : 4;
  const rows = zlib.inflateSync(Buffer.concat(parts));
  const stride = width * samples;
  const colours = new Uint32Array(width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    const row = Uint8Array.from(rows.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let x = 0; x < stride; x++) {
      const left = x < samples ? 0 : row[x - samples];
      const up = above[x];
      const corner = x < samples ? 0 : above[x - samples];
      row[x] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
    for (let x = 0; x < width; x++) {
      const at = x * samples;
      colours[y * width + x] = (row[at] << 16) | (row[at + 1] << 8) | row[at + 2];
    }
    above = row;
  }
  return { width, height, colours };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const distance = (a: number, b: number) =>
  ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

/** 256 of these colours: the first ones, which fill areas, and of the others those that differ enough from all before. */
function choose(colours: readonly number[]): number[] {
  for (let difference = 0; ; difference += 4) {
    const chosen: number[] = [];
    for (const colour of colours) {
      if (chosen.length < 64 || chosen.every(one => distance(one, colour) > difference ** 2)) chosen.push(colour);
      if (chosen.length > 256) break;
    }
    if (chosen.length <= 256) return chosen;
  }
}

/** The picture in 256 of its colours, the frequent ones before others; each colour becomes the nearest of these. */
export function toPalette(png: Buffer): Buffer {
  const { width, height, colours } = decode(png);
  const frequency = new Map<number, number>();
  for (const colour of colours) frequency.set(colour, (frequency.get(colour) ?? 0) + 1);
  const palette = choose([...frequency].sort((a, b) => b[1] - a[1]).map(([colour]) => colour));
  const nearest = new Map<number, number>();
  for (const colour of frequency.keys()) {
    let best = 0;
    for (let n = 1; n < palette.length; n++)
      if (distance(palette[n], colour) < distance(palette[best], colour)) best = n;
    nearest.set(colour, best);
  }
  // Rows of a palette are not filtered: a neighbour's index says nothing.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = nearest.get(colours[y * width + x]) ?? 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flatMap(colour => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    chunk('IDAT', zlib.deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}
