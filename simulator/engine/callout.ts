/**
 * What a function returns that generated code called by `callOut`. PC, the flags and REMAINING (instructions left,
 * this one included) are in memory for it, RECORD has the address of the decoded record.
 */

/** Done; go on with the next instruction. Flags may have changed. */
export const CALL_NEXT = 0;
/** Done; PC has been set. */
export const CALL_JUMP = 1;
/** Done; PC has been set; leave generated code. */
export const CALL_LEAVE = 2;
/** Not done: leave generated code with PC at this instruction, which does not count. */
export const CALL_REFUSE = 3;
/** Not done, but it can be by now: the same instruction once more. */
export const CALL_AGAIN = 4;
