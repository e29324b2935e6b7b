// What the core exports for floating-point and SIMD instructions.

export * from './crypto/aes';
export * from './crypto/sha';
export * from './crypto/sm';
export {
  bfloatDot,
  bfloatMatrix,
  bfloatMultiplyLong,
  floatComplexAdd,
  floatComplexMultiply,
  floatMultiplyLong,
} from './fp/products';
export {
  bfcvt,
  fadd32,
  fadd64,
  fcompare,
  fconvert,
  fcvtxn,
  fdiv32,
  fdiv64,
  fjcvtzs,
  floatAcross,
  floatLong,
  floatNarrow,
  floatOne,
  floatTwo,
  fmadd16,
  fmadd32,
  fmadd64,
  fmul32,
  fmul64,
  fromint,
  fsqrt32,
  fsqrt64,
  fsub32,
  fsub64,
  ftoint,
} from './fp/vector';
export { simdAcross, simdDot, simdLong, simdMatrix, simdNarrow, simdOne, simdTable, simdTwo } from './simd/lanes';
