// Draws the timeline: for each PE a band for each level, and below them its exceptions by class.

import { EXCEPTION_CLASSES, type TimelineLane } from '../../debug-adapter/protocol.ts';
import { t } from '../l10n.ts';
import { number } from './host.ts';
import type { Theme } from './theme.ts';
import { EVENT_NUMBERS, PARTS, type Tile, ticks, type View } from './timeline-model.ts';

const AXIS = 22;
const LABEL = 64;
const CLASSES = 26;
const GAP = 10;
const LEAST_BAND = 8;
const MOST_BAND = 22;
/** Index of the class of returns. */
const RETURN = 0;

export interface Marks {
  readonly now: number;
  /** The furthest moment that the run has reached. */
  readonly end: number;
  /** What the keyboard has selected. */
  readonly selected?: { readonly pe: number; readonly instructions: number };
}

/** Where the lane of a PE is. */
interface LanePlace {
  readonly top: number;
  readonly band: number;
}

export class TimelineCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #width = 0;
  #height = 0;
  pes = 1;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
  }

  /** Pixels that time has. */
  get width(): number {
    return Math.max(1, this.#width - LABEL);
  }

  /** Takes the size that the page gives it. */
  resize(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = window.devicePixelRatio || 1;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** X among the pixels of time, and the PE, of a place on the canvas. */
  locate(x: number, y: number): { readonly x: number; readonly pe: number | undefined } {
    const { top, band } = this.#place(0);
    const lane = Math.floor((y - top) / (4 * band + CLASSES + GAP));
    return { x: x - LABEL, pe: y >= top && lane < this.pes ? lane : undefined };
  }

  #place(pe: number): LanePlace {
    const room = (this.#height - AXIS) / this.pes - CLASSES - GAP;
    const band = Math.min(MOST_BAND, Math.max(LEAST_BAND, Math.floor(room / 4)));
    return { top: AXIS + pe * (4 * band + CLASSES + GAP), band };
  }

  draw(view: View, tiles: readonly Tile[], theme: Theme, marks: Marks): void {
    const context = this.#context;
    context.clearRect(0, 0, this.#width, this.#height);
    context.font = theme.font;
    context.textBaseline = 'middle';
    this.#axis(view, theme);
    for (let pe = 0; pe < this.pes; pe++) this.#labels(pe, theme);
    context.save();
    context.beginPath();
    context.rect(LABEL, 0, Math.min(this.width, Math.max(0, view.x(marks.end, this.width))), this.#height);
    context.clip();
    for (const tile of tiles) this.#tile(view, tile, theme);
    context.restore();
    context.save();
    context.beginPath();
    context.rect(LABEL - 5, 0, this.width + 5, this.#height);
    context.clip();
    this.#marks(view, theme, marks);
    context.restore();
  }

  /** Whole pixels, so that neighbours meet without a seam. */
  #x(view: View, instructions: number): number {
    return LABEL + Math.round(view.x(instructions, this.width));
  }

  #axis(view: View, theme: Theme): void {
    const context = this.#context;
    context.fillStyle = theme.faint;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    for (const at of ticks(view.from, view.to, this.width)) {
      const x = Math.round(LABEL + view.x(at, this.width)) + 0.5;
      context.beginPath();
      context.moveTo(x, AXIS - 6);
      context.lineTo(x, this.#height);
      context.stroke();
      context.fillText(number(at), x + 3, AXIS / 2);
    }
  }

  #labels(pe: number, theme: Theme): void {
    const { top, band } = this.#place(pe);
    const context = this.#context;
    context.fillStyle = theme.foreground;
    context.fillText(`PE ${pe}`, 4, top + band / 2);
    context.textAlign = 'right';
    for (let level = 0; level < 4; level++) {
      context.fillStyle = theme.faint;
      context.fillText(`EL${level}`, LABEL - 6, top + (3 - level + 0.5) * band);
    }
    context.fillText(t('traps'), LABEL - 6, top + 4 * band + CLASSES / 2);
    context.textAlign = 'left';
  }

  #tile(view: View, tile: Tile, theme: Theme): void {
    const left = this.#x(view, Math.max(tile.from, view.from));
    const right = this.#x(view, Math.min(tile.to, view.to));
    if (right <= left) return;
    for (const lane of tile.lanes) {
      const { top, band } = this.#place(lane.pe);
      // A finer tile takes the place of what was drawn for a coarse one.
      this.#context.clearRect(left, top, right - left, 4 * band + CLASSES);
      if (lane.events) this.#events(view, tile, lane, lane.events, theme);
      else this.#parts(view, tile, lane, theme);
    }
  }

  /** The parts of a lane as a bitmap, a pixel for each: painted once, then only stretched. */
  readonly #bitmaps = new WeakMap<TimelineLane, { readonly image: OffscreenCanvas; band: number; theme: Theme }>();

  #parts(view: View, tile: Tile, lane: TimelineLane, theme: Theme): void {
    const { top, band } = this.#place(lane.pe);
    const height = 4 * band + CLASSES;
    let bitmap = this.#bitmaps.get(lane);
    if (bitmap?.band !== band || bitmap.theme !== theme) {
      const image = new OffscreenCanvas(PARTS, height);
      paintParts(image.getContext('2d') as OffscreenCanvasRenderingContext2D, lane, band, theme);
      bitmap = { image, band, theme };
      this.#bitmaps.set(lane, bitmap);
    }
    const left = this.#x(view, tile.from);
    const right = this.#x(view, tile.to);
    this.#context.imageSmoothingEnabled = false;
    this.#context.drawImage(bitmap.image, left, top, right - left, height);
  }

  #events(view: View, tile: Tile, lane: TimelineLane, events: readonly number[], theme: Theme): void {
    const context = this.#context;
    const { top, band } = this.#place(lane.pe);
    let level: number = lane.level;
    let at = tile.from;
    const count = events.length / EVENT_NUMBERS;
    for (let n = 0; n <= count; n++) {
      const next = n < count ? events[n * EVENT_NUMBERS] : tile.to;
      const left = this.#x(view, at);
      const right = this.#x(view, next);
      if (right >= LABEL && left <= this.#width) {
        context.fillStyle = theme.levels[level];
        context.globalAlpha = 0.85;
        context.fillRect(left, top + (3 - level) * band + 1, Math.max(1, right - left), band - 2);
        context.globalAlpha = 1;
      }
      if (n === count) break;
      const kind = events[n * EVENT_NUMBERS + 2];
      const to = events[n * EVENT_NUMBERS + 4];
      if (right >= LABEL && right <= this.#width) this.#event(right, level, to, kind, top, band, theme);
      level = to;
      at = next;
    }
    this.#eventLabels(view, events, top, band, theme);
  }

  #event(x: number, from: number, to: number, kind: number, top: number, band: number, theme: Theme): void {
    const context = this.#context;
    context.fillStyle = theme.classes[kind];
    const high = Math.max(from, to);
    const low = Math.min(from, to);
    context.fillRect(x - 0.5, top + (3 - high) * band + band / 2, 1.5, Math.max(2, (high - low) * band));
    if (kind !== RETURN) context.fillRect(x - 1, top + 4 * band + 2, 3, CLASSES - 4);
  }

  /** Names of classes beside their marks, where there is room. */
  #eventLabels(view: View, events: readonly number[], top: number, band: number, theme: Theme): void {
    const context = this.#context;
    context.fillStyle = theme.foreground;
    let free = 0;
    for (let n = 0; n < events.length; n += EVENT_NUMBERS) {
      const kind = events[n + 2];
      const x = LABEL + view.x(events[n], this.width) + 5;
      if (kind === RETURN || x < free || x < LABEL || x > this.#width) continue;
      const label = t(EXCEPTION_CLASSES[kind].label);
      const width = context.measureText(label).width;
      const nextTrap = this.#nextTrap(view, events, n);
      if (nextTrap - x < width + 6) continue;
      context.fillText(label, x, top + 4 * band + CLASSES / 2);
      free = x + width + 6;
    }
  }

  #nextTrap(view: View, events: readonly number[], after: number): number {
    for (let n = after + EVENT_NUMBERS; n < events.length; n += EVENT_NUMBERS)
      if (events[n + 2] !== RETURN) return LABEL + view.x(events[n], this.width);
    return Number.POSITIVE_INFINITY;
  }

  #marks(view: View, theme: Theme, { now, end, selected }: Marks): void {
    const context = this.#context;
    // What was recorded but lies in the future of where the machine stands.
    if (end > now) {
      const left = LABEL + view.x(now, this.width);
      context.fillStyle = theme.faint;
      context.globalAlpha = 0.18;
      context.fillRect(left, AXIS, LABEL + view.x(end, this.width) - left, this.#height - AXIS);
      context.globalAlpha = 1;
    }
    const x = LABEL + view.x(now, this.width);
    context.fillStyle = theme.focus;
    context.fillRect(x - 1, AXIS - 8, 2, this.#height);
    context.beginPath();
    context.moveTo(x - 5, AXIS - 8);
    context.lineTo(x + 5, AXIS - 8);
    context.lineTo(x, AXIS - 1);
    context.fill();
    if (!selected) return;
    const { top, band } = this.#place(selected.pe);
    const place = LABEL + view.x(selected.instructions, this.width);
    context.strokeStyle = theme.focus;
    context.lineWidth = 2;
    context.strokeRect(place - 5, top, 10, 4 * band + CLASSES);
  }
}

/** Parts side by side, a pixel wide: above, how much of each was spent at which level; below, its exceptions by class. */
function paintParts(context: OffscreenCanvasRenderingContext2D, lane: TimelineLane, band: number, theme: Theme): void {
  const { levels, classes } = lane;
  for (let level = 0; level < 4; level++) {
    context.fillStyle = theme.levels[level];
    for (let part = 0; part < PARTS; part++) {
      const spent = levels[part * 4 + level];
      if (spent <= 0) continue;
      const all = levels[part * 4] + levels[part * 4 + 1] + levels[part * 4 + 2] + levels[part * 4 + 3];
      context.globalAlpha = 0.15 + 0.7 * (spent / all);
      context.fillRect(part, (3 - level) * band + 1, 1, band - 2);
    }
  }
  context.globalAlpha = 1;
  let most = 1;
  const sums = new Float64Array(PARTS);
  for (let n = 0; n < classes.length; n += 3) {
    if (classes[n + 1] === RETURN) continue;
    sums[classes[n]] += classes[n + 2];
    most = Math.max(most, sums[classes[n]]);
  }
  const heights = new Float64Array(PARTS);
  for (let n = 0; n < classes.length; n += 3) {
    if (classes[n + 1] === RETURN) continue;
    const height = (classes[n + 2] / most) * (CLASSES - 2);
    heights[classes[n]] += height;
    context.fillStyle = theme.classes[classes[n + 1]];
    context.fillRect(classes[n], 4 * band + CLASSES - heights[classes[n]], 1, height);
  }
}
