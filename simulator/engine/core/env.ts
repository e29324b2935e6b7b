// What the core asks of its host. The module name of these imports is this file's name.

/** A load or store touches a page in which somebody watches. */
export declare function watch(paLow: u32, paHigh: u32, size: i32, write: i32): void;
/** First store to a page since the last snapshot. */
export declare function firstWrite(page: u32): void;
/** Device load of 1, 2 or 4 bytes, `at` bytes into its access: -1 for an external abort. */
export declare function deviceRead(pa: f64, size: i32, at: i32): f64;
/** Device store; 0 for an external abort. */
export declare function deviceWrite(pa: f64, size: i32, value: f64, at: i32): i32;
/** Makes the decoded records of a page of RAM and returns their address; sets PAGE_RECORDS and PAGE_CODE. */
export declare function recordsFor(page: u32): u32;
/** An exception was taken (kind 0 synchronous, 1 IRQ, 2 FIQ, 3 SError) or returned from (4) that somebody may want. */
export declare function observed(kind: i32, from: i32, to: i32): void;
/** The window of the log is at its end; the next event is after so many instructions of the machine. */
export declare function logFull(instructions: f64): void;
/** An event is about to be logged that is another than the recorded one. 0 when it is not to be. */
export declare function logDiffers(): i32;
/** A guest is entered or left whose VTTBR_EL2 is not among KNOWN_GUESTS. */
export declare function guestSeen(): void;
/** A page of code was entered into the ITLB, while FETCH_HOOK is set. */
export declare function fetched(va: u64, pa: u64): void;
/** Instructions of a page (PAGE_COMPILED) changed: compiled code that was made of them has to go. */
export declare function codeChanged(page: u32, offset: u32, size: i32): void;
/** The entry of an access table at an offset, in the present context, which has not been asked for before. */
export declare function accessEntry(offset: u32): u32;
/** All access tables were dropped. */
export declare function accessTablesDropped(): void;
/** What calls.ts leaves to the host: one of its SLOW_* operations. Returns CALL_*. */
export declare function slowCall(operation: i32, record: u32): i32;
