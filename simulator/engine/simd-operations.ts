// Numbers of the operations that the core does on SIMD registers. Plain constants only: this file is compiled by
// TypeScript and by AssemblyScript.

// Two or three floating-point operands per element (`floatTwo`).
export const F_ADD = 0;
export const F_SUB = 1;
export const F_MUL = 2;
export const F_DIV = 3;
export const F_MAX = 4;
export const F_MIN = 5;
export const F_MAXNM = 6;
export const F_MINNM = 7;
export const F_NMUL = 8;
export const F_MULX = 9;
export const F_ABD = 10;
export const F_CMEQ = 11;
export const F_CMGE = 12;
export const F_CMGT = 13;
export const F_ACGE = 14;
export const F_ACGT = 15;
export const F_RECPS = 16;
export const F_RSQRTS = 17;
export const F_MLA = 18;
export const F_MLS = 19;

// One floating-point operand per element (`floatOne`). The argument is a rounding mode, fraction bits or a width.
export const F_SQRT = 0;
export const F_RECPE = 1;
export const F_RSQRTE = 2;
export const F_RECPX = 3;
export const F_RINT = 4; // argument: rounding mode; F_CURRENT for that of FPCR
export const F_RINTX = 5;
export const F_RINT32 = 6;
export const F_RINT64 = 7;
export const F_TO_SIGNED = 8; // argument: rounding mode, fraction bits from bit 3 on
export const F_TO_UNSIGNED = 9;
export const F_FROM_SIGNED = 10; // argument: fraction bits
export const F_FROM_UNSIGNED = 11;
export const F_CMEQ0 = 12;
export const F_CMGE0 = 13;
export const F_CMGT0 = 14;
export const F_CMLE0 = 15;
export const F_CMLT0 = 16;
export const F_ABS = 17;
export const F_NEG = 18;

export const F_CURRENT = 7;

// The configuration of floatOne and floatTwo: operation in bits 7:0, element size (log2 of bytes) in 9:8, number of
// elements in 15:12, flags, argument of floatOne from bit 20 on.
export const F_SIZE_SHIFT = 8;
export const F_LANES_SHIFT = 12;
export const F_PAIRS = 1 << 16; // operands are adjacent elements of Vn:Vm
export const F_ELEMENT = 1 << 17; // the second operand is one element for all
export const F_ARGUMENT_SHIFT = 20;

// Integer elements (`simdTwo`, `simdOne`). The configuration is operation 7:0, size 9:8, lanes 15:12, flags, argument
// from bit 20 on.
export const I_SSHL = 0;
export const I_USHL = 1;
export const I_SQSHL = 2;
export const I_UQSHL = 3;
export const I_SRSHL = 4;
export const I_URSHL = 5;
export const I_SQRSHL = 6;
export const I_UQRSHL = 7;
export const I_SQDMULH = 8;
export const I_SQRDMULH = 9;
export const I_SQRDMLAH = 10;
export const I_SQRDMLSH = 11;
export const I_PMUL = 12;
export const I_SUQADD = 13; // of Vd and Vn
export const I_USQADD = 14;

export const I_CLS = 0;
export const I_CLZ = 1;
export const I_RBIT = 2;
export const I_SQABS = 3;
export const I_SQNEG = 4;
export const I_SQSHL_IMM = 5;
export const I_UQSHL_IMM = 6;
export const I_SQSHLU_IMM = 7;
export const I_URECPE = 8;
export const I_URSQRTE = 9;

// Long products (`simdLong`): elements of `size` to twice the width.
export const L_SQDMULL = 0;
export const L_SQDMLAL = 1;
export const L_SQDMLSL = 2;
export const L_PMULL = 3;

// Narrowing (`simdNarrow`): from twice the width of `size`, shifted right by the argument.
export const N_SIGNED = 0; // signed to signed
export const N_UNSIGNED = 1; // unsigned to unsigned
export const N_MIXED = 2; // signed to unsigned
export const N_ROUND = 4; // flag

// Across lanes (`simdAcross`).
export const A_ADD = 0;
export const A_SADDL = 1;
export const A_UADDL = 2;
export const A_SMAX = 3;
export const A_UMAX = 4;
export const A_SMIN = 5;
export const A_UMIN = 6;

// Flags of the integer configurations.
export const I_ELEMENT = 1 << 17; // the second operand is one element for all
export const I_UPPER = 1 << 18; // reads or writes the upper half
