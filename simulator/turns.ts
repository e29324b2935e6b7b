/**
 * Whose turn it is, and what time it is for each PE. PEs take turns in rounds: in a round every PE comes to the end of it,
 * executing or waiting, one after the other. When one raises an interrupt of another, the round ends where the furthest PE
 * is by then, and the next ones are short at first: what the two have to say to each other takes about as long as it does,
 * not a round for each word.
 *
 * The unit of time is an instruction, or a cycle while the machine has a cost profile.
 */

import type { Schedule } from './schedule.ts';

/** A PE as scheduling sees it. */
export interface Turn {
  powered: boolean;
  /** In WFI: woken by an interrupt. */
  waiting: boolean;
  /** Ticks of the clock at which WFIT ends. */
  until?: number | undefined;
  /** The event register that WFE looks at. */
  event: boolean;
  /** Modelled time that the PE has come to. */
  time: number;
  /** Instructions that the PE has retired. */
  retired: number;
}

export interface TurnsHost {
  /** Whether what a waiting PE waits for is there. */
  wakes(pe: number): boolean;
  /** Modelled time at which something is due at a PE; undefined for never. */
  nextDeadline(pe: number): number | undefined;
  /** Brings the devices up to the time of a PE. */
  update(pe: number): void;
}

export interface TurnsState {
  readonly turns: readonly Turn[];
  readonly present: number;
  readonly ended: number;
  readonly round: number;
  readonly start: number;
  readonly end: number;
  readonly longest: number;
}

/** How many times shorter than others the round after an interrupt is; the following ones are twice as long each. */
const SHORTER = 64;

const OFF: Turn = { powered: false, waiting: false, until: undefined, event: false, time: 0, retired: 0 };

export class Turns {
  readonly all: readonly Turn[];
  #schedule: Schedule;
  readonly #host: TurnsHost;
  #present = 0;
  #ended = 0;
  #round = 0;
  #start = 0;
  #end = 0;
  /** Time that a round may take at most, after an interrupt. */
  #longest = Number.POSITIVE_INFINITY;

  constructor(pes: number, schedule: Schedule, host: TurnsHost) {
    this.all = Array.from({ length: pes }, () => ({ ...OFF }));
    this.#schedule = schedule;
    this.#host = host;
  }

  /** Lengths of rounds follow another seed from the next round on. */
  reseed(seed: number): void {
    this.#schedule = this.#schedule.withSeed(seed);
  }

  /** All PEs off, at time 0. */
  reset(): void {
    for (const turn of this.all) Object.assign(turn, OFF);
    this.#present = 0;
    this.#ended = 0;
    this.#round = 0;
    this.#start = 0;
    this.#end = this.#schedule.roundLength(0, 0);
    this.#longest = Number.POSITIVE_INFINITY;
  }

  /** The PE whose turn it is. */
  get present(): number {
    return this.#present;
  }

  /** How many turns are over. */
  get ended(): number {
    return this.#ended;
  }

  /** Time at which the present round ends. */
  get end(): number {
    return this.#end;
  }

  /** Whether somebody else is next. With `only`, the others are left out. */
  isOver(only?: number): boolean {
    const turn = this.all[this.#present];
    if (!this.#takesPart(this.#present, only) || turn.time >= this.#end) return true;
    return this.#sleeps(this.#present) && this.#firstAwake(only) !== undefined;
  }

  /** Goes on to the next PE, or to the next round. False when nothing can happen any more. */
  next(only?: number): boolean {
    this.#ended++;
    for (;;) {
      const pe = this.#firstAwake(only) ?? this.#firstAsleep(only);
      if (pe !== undefined) {
        this.#present = pe;
        return true;
      }
      if (!this.#nextRound(only)) return false;
    }
  }

  /** One PE has raised an interrupt of another, and is at `time`. */
  interrupted(pe: number, time: number): void {
    const turn = this.all[pe];
    // It has waited until now.
    if (turn.waiting) turn.time = Math.max(turn.time, Math.min(time, this.#end));
    // A seed draws all rounds as it likes.
    if (!this.#schedule.isFixed) return;
    this.#end = Math.min(this.#end, Math.max(time, ...this.#times()));
    this.#longest = Math.max(1, Math.floor(this.#schedule.roundLength(this.#round, this.#start) / SHORTER));
  }

  capture(): TurnsState {
    return {
      turns: this.all.map(turn => ({ ...turn })),
      present: this.#present,
      ended: this.#ended,
      round: this.#round,
      start: this.#start,
      end: this.#end,
      longest: this.#longest,
    };
  }

  restore(state: TurnsState): void {
    for (const [pe, turn] of this.all.entries()) Object.assign(turn, state.turns[pe]);
    this.#present = state.present;
    this.#ended = state.ended;
    this.#round = state.round;
    this.#start = state.start;
    this.#end = state.end;
    this.#longest = state.longest;
  }

  #times(): number[] {
    return this.all.filter(turn => turn.powered).map(turn => turn.time);
  }

  #takesPart(pe: number, only: number | undefined): boolean {
    return this.all[pe].powered && (only === undefined || only === pe);
  }

  #sleeps(pe: number): boolean {
    return this.all[pe].waiting && !this.#host.wakes(pe);
  }

  /** Of the PEs that execute and have some of the round left, the one that is furthest behind. */
  #firstAwake(only: number | undefined): number | undefined {
    let first: number | undefined;
    for (const [pe, turn] of this.all.entries()) {
      if (turn.time >= this.#end || !this.#takesPart(pe, only) || this.#sleeps(pe)) continue;
      if (first === undefined || turn.time < this.all[first].time) first = pe;
    }
    return first;
  }

  /** Those that wait come last: until then they may be woken. */
  #firstAsleep(only: number | undefined): number | undefined {
    const pe = this.all.findIndex((turn, index) => turn.time < this.#end && this.#takesPart(index, only));
    return pe < 0 ? undefined : pe;
  }

  #nextRound(only: number | undefined): boolean {
    this.#begin(this.#end, Math.min(this.#schedule.roundLength(++this.#round, this.#end), this.#longest));
    this.#longest *= 2;
    const taking = [...this.all.keys()].filter(pe => this.#takesPart(pe, only));
    if (taking.some(pe => !this.#sleeps(pe))) return true;
    // While all of them wait, time goes on to the next deadline.
    const deadlines = taking.map(pe => this.#host.nextDeadline(pe)).filter(time => time !== undefined);
    if (deadlines.length === 0) return false;
    this.#begin(Math.max(this.#start, Math.ceil(Math.min(...deadlines))), this.#end - this.#start);
    return true;
  }

  #begin(start: number, length: number): void {
    this.#start = start;
    this.#end = start + length;
    for (const turn of this.all) turn.time = Math.max(turn.time, start);
    for (const pe of this.all.keys()) this.#host.update(pe);
  }
}
