/** What the compiled core (`core/`, AssemblyScript) exports and imports, as TypeScript sees it. */

/** i64 parameters and results are bigint; u32 results of the core read as signed numbers. */
export interface Core {
  // access.ts
  loadSlow(va: bigint, size: number, mode: number): number;
  storeSlow(va: bigint, size: number, mode: number): number;
  fetch(va: bigint): number;
  mayInvalidate(va: bigint): number;
  beforeHostWrite(pa: bigint, bytes: number): void;
  // branch-targets.ts
  branchedIndirectly(guarded: number): void;
  // access-tables.ts
  accessEntry(offset: number): number;
  accessTablesChanged(): void;
  dropAccessTables(): void;
  // calls.ts
  selectStackPointer(spsel: number): void;
  // context.ts
  activatePe(): void;
  contextsChanged(): void;
  contextHash(id: number): number;
  currentAsid(regime: number): number;
  currentVmid(): number;
  enterState(): void;
  flushAll(): void;
  // counters.ts
  countLevel(retires: number): void;
  // debug.ts
  debugChanged(): void;
  stepState(): number;
  takeBreakpoint(): number;
  takeStep(iss: number): void;
  // exceptions.ts
  defaultTarget(): number;
  eret(): number;
  returnTo(address: bigint, spsr: number): number;
  interruptStatus(): bigint;
  pendingInterrupt(): number;
  takeInterrupt(): number;
  takeException(target: number, kind: number, esr: bigint, returnAddress: bigint): void;
  takeAbort(pc: bigint): void;
  readPstate(): number;
  switchStackPointer(el: number, spsel: number): void;
  // observe.ts
  addUpEvents(pe: number, from: number, to: number): void;
  observe(kind: number, from: number, to: number, syndrome: number): void;
  // stack-pointer.ts
  stackPointerMoved(low: number): void;
  // state.ts
  readFlags(): number;
  writeFlags(flags: number): void;
  regimeOf(el: number): number;
  // tlb.ts
  dropAllTags(): void;
  dropAllWriteTags(): void;
  dropPageTags(page: number): void;
  dropWriteTags(page: number): void;
  // tlbi.ts
  tlbiAsid(regime: number, vmid: number, asid: number, flags: number): void;
  tlbiIpa(vmid: number, ipa: bigint, flags: number): void;
  tlbiRange(regime: number, vmid: number, asid: number, va: bigint, bytes: bigint, flags: number): void;
  tlbiRegime(regime: number, flags: number): void;
  tlbiVa(regime: number, vmid: number, asid: number, va: bigint, flags: number): void;
  tlbiVmid(vmid: number, flags: number): void;
  // translate.ts
  translate(va: bigint, access: number, el: number, flags: number): number;
  translateIpa(ipa: bigint): number;
}

/** What the core asks of the machine. PAs are numbers: they have at most 52 bits. */
export interface CoreHost {
  watch(paLow: number, paHigh: number, size: number, write: number): void;
  firstWrite(page: number): void;
  /**
   * Device accesses of 1, 2 or 4 bytes, aligned, `at` bytes into that of their instruction. -1 and 0 for an external
   * abort. The PE goes on behind it unless EXIT_REQUEST is set or an interrupt is pending.
   */
  deviceRead(pa: number, size: number, at: number): number;
  deviceWrite(pa: number, size: number, value: number, at: number): number;
  recordsFor(page: number): number;
  /** The entry of an access table that is new, by its offset: see core/access-tables.ts. */
  accessEntry(offset: number): number;
  accessTablesDropped(): void;
  /** What core/calls.ts leaves to the host, by its SLOW_* numbers. Returns CALL_*. */
  slowCall(operation: number, record: number): number;
  /** Instructions of a page with compiled code were written to; `offset` and `size` in bytes. */
  codeChanged(page: number, offset: number, size: number): void;
  /** An exception was taken (kind 0 to 3 as in the vector table) or returned from (4) that somebody may want. */
  observed(kind: number, from: number, to: number): void;
  /** The window of the log is at its end; the next event is after so many instructions of the machine. */
  logFull(instructions: number): void;
  /** An event is about to be logged that is another than the recorded one. 0 when it is not to be. */
  logDiffers(): number;
  /** A guest is entered or left whose VTTBR_EL2 the core does not know. */
  guestSeen(): void;
  /** A page of code was entered, while FETCH_HOOK is set. */
  fetched(va: bigint, pa: bigint): void;
}
