/**
 * The WebAssembly instructions that the engine emits: name, opcode, operand types and result type, one per row.
 * Opcodes above 0xff are `0xfdNNN`, the SIMD prefix followed by a LEB128 number, or `0xfcNN`, saturating conversions.
 * Source: WebAssembly Core Specification 3.0, appendix "Index of Instructions".
 */

export type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const typeCode: Record<Type, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Instructions that take no operands from a row below, for those who put bytes themselves. */
export const NOP = 0x01;
export const DROP = 0x1a;
export const LOCAL_GET = 0x20;
export const LOCAL_SET = 0x21;
export const I64_CONST = 0x42;

export interface Opcode {
  readonly code: number;
  readonly args: readonly Type[];
  readonly result: Type;
  /** Takes a lane number as an immediate. */
  readonly lane: boolean;
}

// One group per line: signature, then name and code (hex) in turn; `l` marks a lane immediate.
const rows = `
i32:i32        i32.eqz 45  i32.clz 67  i32.ctz 68  i32.popcnt 69  i32.extend8_s c0  i32.extend16_s c1
i32,i32:i32    i32.eq 46  i32.ne 47  i32.lt_s 48  i32.lt_u 49  i32.gt_s 4a  i32.gt_u 4b  i32.le_s 4c  i32.le_u 4d  i32.ge_s 4e  i32.ge_u 4f
i32,i32:i32    i32.add 6a  i32.sub 6b  i32.mul 6c  i32.div_s 6d  i32.div_u 6e  i32.rem_s 6f  i32.rem_u 70  i32.and 71  i32.or 72  i32.xor 73  i32.shl 74  i32.shr_s 75  i32.shr_u 76  i32.rotl 77  i32.rotr 78
i64:i32        i64.eqz 50  i32.wrap_i64 a7
i64,i64:i32    i64.eq 51  i64.ne 52  i64.lt_s 53  i64.lt_u 54  i64.gt_s 55  i64.gt_u 56  i64.le_s 57  i64.le_u 58  i64.ge_s 59  i64.ge_u 5a
i64:i64        i64.clz 79  i64.ctz 7a  i64.popcnt 7b  i64.extend8_s c2  i64.extend16_s c3  i64.extend32_s c4
i64,i64:i64    i64.add 7c  i64.sub 7d  i64.mul 7e  i64.div_s 7f  i64.div_u 80  i64.rem_s 81  i64.rem_u 82  i64.and 83  i64.or 84  i64.xor 85  i64.shl 86  i64.shr_s 87  i64.shr_u 88  i64.rotl 89  i64.rotr 8a
i32:i64        i64.extend_i32_s ac  i64.extend_i32_u ad
f32,f32:i32    f32.eq 5b  f32.ne 5c  f32.lt 5d  f32.gt 5e  f32.le 5f  f32.ge 60
f64,f64:i32    f64.eq 61  f64.ne 62  f64.lt 63  f64.gt 64  f64.le 65  f64.ge 66
f32:f32        f32.abs 8b  f32.neg 8c  f32.ceil 8d  f32.floor 8e  f32.trunc 8f  f32.nearest 90  f32.sqrt 91
f32,f32:f32    f32.add 92  f32.sub 93  f32.mul 94  f32.div 95  f32.min 96  f32.max 97  f32.copysign 98
f64:f64        f64.abs 99  f64.neg 9a  f64.ceil 9b  f64.floor 9c  f64.trunc 9d  f64.nearest 9e  f64.sqrt 9f
f64,f64:f64    f64.add a0  f64.sub a1  f64.mul a2  f64.div a3  f64.min a4  f64.max a5  f64.copysign a6
i32:f32        f32.convert_i32_s b2  f32.convert_i32_u b3  f32.reinterpret_i32 be
i64:f32        f32.convert_i64_s b4  f32.convert_i64_u b5
f64:f32        f32.demote_f64 b6
i32:f64        f64.convert_i32_s b7  f64.convert_i32_u b8
i64:f64        f64.convert_i64_s b9  f64.convert_i64_u ba  f64.reinterpret_i64 bf
f32:f64        f64.promote_f32 bb
f32:i32        i32.reinterpret_f32 bc  i32.trunc_sat_f32_s fc00  i32.trunc_sat_f32_u fc01
f64:i64        i64.reinterpret_f64 bd  i64.trunc_sat_f64_s fc06  i64.trunc_sat_f64_u fc07
f64:i32        i32.trunc_sat_f64_s fc02  i32.trunc_sat_f64_u fc03
f32:i64        i64.trunc_sat_f32_s fc04  i64.trunc_sat_f32_u fc05
v128,v128:v128 i8x16.swizzle fd00e
i32:v128       i8x16.splat fd00f  i16x8.splat fd010  i32x4.splat fd011
i64:v128       i64x2.splat fd012
f32:v128       f32x4.splat fd013
f64:v128       f64x2.splat fd014
v128:i32       i8x16.extract_lane_s fd015l  i8x16.extract_lane_u fd016l  i16x8.extract_lane_s fd018l  i16x8.extract_lane_u fd019l  i32x4.extract_lane fd01bl
v128,i32:v128  i8x16.replace_lane fd017l  i16x8.replace_lane fd01al  i32x4.replace_lane fd01cl
v128:i64       i64x2.extract_lane fd01dl
v128,i64:v128  i64x2.replace_lane fd01el
v128:f32       f32x4.extract_lane fd01fl
v128,f32:v128  f32x4.replace_lane fd020l
v128:f64       f64x2.extract_lane fd021l
v128,f64:v128  f64x2.replace_lane fd022l
v128,v128:v128 i8x16.eq fd023  i8x16.ne fd024  i8x16.lt_s fd025  i8x16.lt_u fd026  i8x16.gt_s fd027  i8x16.gt_u fd028  i8x16.le_s fd029  i8x16.le_u fd02a  i8x16.ge_s fd02b  i8x16.ge_u fd02c
v128,v128:v128 i16x8.eq fd02d  i16x8.ne fd02e  i16x8.lt_s fd02f  i16x8.lt_u fd030  i16x8.gt_s fd031  i16x8.gt_u fd032  i16x8.le_s fd033  i16x8.le_u fd034  i16x8.ge_s fd035  i16x8.ge_u fd036
v128,v128:v128 i32x4.eq fd037  i32x4.ne fd038  i32x4.lt_s fd039  i32x4.lt_u fd03a  i32x4.gt_s fd03b  i32x4.gt_u fd03c  i32x4.le_s fd03d  i32x4.le_u fd03e  i32x4.ge_s fd03f  i32x4.ge_u fd040
v128,v128:v128 i64x2.eq fd0d6  i64x2.ne fd0d7  i64x2.lt_s fd0d8  i64x2.gt_s fd0d9  i64x2.le_s fd0da  i64x2.ge_s fd0db
v128,v128:v128 f32x4.eq fd041  f32x4.ne fd042  f32x4.lt fd043  f32x4.gt fd044  f32x4.le fd045  f32x4.ge fd046
v128,v128:v128 f64x2.eq fd047  f64x2.ne fd048  f64x2.lt fd049  f64x2.gt fd04a  f64x2.le fd04b  f64x2.ge fd04c
v128:v128      v128.not fd04d
v128,v128:v128 v128.and fd04e  v128.andnot fd04f  v128.or fd050  v128.xor fd051
v128,v128,v128:v128 v128.bitselect fd052  f32x4.relaxed_madd fd105  f64x2.relaxed_madd fd107
v128:i32       v128.any_true fd053  i8x16.all_true fd063  i16x8.all_true fd083  i32x4.all_true fd0a3  i64x2.all_true fd0c3  i8x16.bitmask fd064  i16x8.bitmask fd084  i32x4.bitmask fd0a4  i64x2.bitmask fd0c4
v128:v128      i8x16.abs fd060  i8x16.neg fd061  i8x16.popcnt fd062  i16x8.abs fd080  i16x8.neg fd081  i32x4.abs fd0a0  i32x4.neg fd0a1  i64x2.abs fd0c0  i64x2.neg fd0c1
v128,v128:v128 i8x16.narrow_i16x8_s fd065  i8x16.narrow_i16x8_u fd066  i16x8.narrow_i32x4_s fd085  i16x8.narrow_i32x4_u fd086
v128,i32:v128  i8x16.shl fd06b  i8x16.shr_s fd06c  i8x16.shr_u fd06d  i16x8.shl fd08b  i16x8.shr_s fd08c  i16x8.shr_u fd08d  i32x4.shl fd0ab  i32x4.shr_s fd0ac  i32x4.shr_u fd0ad  i64x2.shl fd0cb  i64x2.shr_s fd0cc  i64x2.shr_u fd0cd
v128,v128:v128 i8x16.add fd06e  i8x16.add_sat_s fd06f  i8x16.add_sat_u fd070  i8x16.sub fd071  i8x16.sub_sat_s fd072  i8x16.sub_sat_u fd073  i8x16.min_s fd076  i8x16.min_u fd077  i8x16.max_s fd078  i8x16.max_u fd079  i8x16.avgr_u fd07b
v128:v128      i16x8.extadd_pairwise_i8x16_s fd07c  i16x8.extadd_pairwise_i8x16_u fd07d  i32x4.extadd_pairwise_i16x8_s fd07e  i32x4.extadd_pairwise_i16x8_u fd07f
v128,v128:v128 i16x8.q15mulr_sat_s fd082  i16x8.add fd08e  i16x8.add_sat_s fd08f  i16x8.add_sat_u fd090  i16x8.sub fd091  i16x8.sub_sat_s fd092  i16x8.sub_sat_u fd093  i16x8.mul fd095  i16x8.min_s fd096  i16x8.min_u fd097  i16x8.max_s fd098  i16x8.max_u fd099  i16x8.avgr_u fd09b
v128:v128      i16x8.extend_low_i8x16_s fd087  i16x8.extend_high_i8x16_s fd088  i16x8.extend_low_i8x16_u fd089  i16x8.extend_high_i8x16_u fd08a  i32x4.extend_low_i16x8_s fd0a7  i32x4.extend_high_i16x8_s fd0a8  i32x4.extend_low_i16x8_u fd0a9  i32x4.extend_high_i16x8_u fd0aa  i64x2.extend_low_i32x4_s fd0c7  i64x2.extend_high_i32x4_s fd0c8  i64x2.extend_low_i32x4_u fd0c9  i64x2.extend_high_i32x4_u fd0ca
v128,v128:v128 i16x8.extmul_low_i8x16_s fd09c  i16x8.extmul_high_i8x16_s fd09d  i16x8.extmul_low_i8x16_u fd09e  i16x8.extmul_high_i8x16_u fd09f  i32x4.extmul_low_i16x8_s fd0bc  i32x4.extmul_high_i16x8_s fd0bd  i32x4.extmul_low_i16x8_u fd0be  i32x4.extmul_high_i16x8_u fd0bf  i64x2.extmul_low_i32x4_s fd0dc  i64x2.extmul_high_i32x4_s fd0dd  i64x2.extmul_low_i32x4_u fd0de  i64x2.extmul_high_i32x4_u fd0df
v128,v128:v128 i32x4.add fd0ae  i32x4.sub fd0b1  i32x4.mul fd0b5  i32x4.min_s fd0b6  i32x4.min_u fd0b7  i32x4.max_s fd0b8  i32x4.max_u fd0b9  i32x4.dot_i16x8_s fd0ba  i64x2.add fd0ce  i64x2.sub fd0d1  i64x2.mul fd0d5
v128:v128      f32x4.abs fd0e0  f32x4.neg fd0e1  f32x4.sqrt fd0e3  f64x2.abs fd0ec  f64x2.neg fd0ed  f64x2.sqrt fd0ef
v128,v128:v128 f32x4.add fd0e4  f32x4.sub fd0e5  f32x4.mul fd0e6  f32x4.div fd0e7  f32x4.min fd0e8  f32x4.max fd0e9
v128,v128:v128 f64x2.add fd0f0  f64x2.sub fd0f1  f64x2.mul fd0f2  f64x2.div fd0f3  f64x2.min fd0f4  f64x2.max fd0f5
v128:v128      f32x4.ceil fd067  f32x4.floor fd068  f32x4.trunc fd069  f32x4.nearest fd06a
v128:v128      f64x2.ceil fd074  f64x2.floor fd075  f64x2.trunc fd07a  f64x2.nearest fd094
v128:v128      i32x4.trunc_sat_f32x4_s fd0f8  i32x4.trunc_sat_f32x4_u fd0f9  f32x4.convert_i32x4_s fd0fa  f32x4.convert_i32x4_u fd0fb
`;

export const opcodes: ReadonlyMap<string, Opcode> = parse(rows);

function parse(text: string): Map<string, Opcode> {
  const table = new Map<string, Opcode>();
  for (const line of text.split('\n')) {
    const [signature, ...pairs] = line.split(/\s+/);
    if (!signature) continue;
    const [args, result] = signature.split(':');
    for (let i = 0; i < pairs.length; i += 2) {
      const lane = pairs[i + 1].endsWith('l');
      const code = Number.parseInt(pairs[i + 1].replace('l', ''), 16);
      table.set(pairs[i], { code, args: args.split(',') as Type[], result: result as Type, lane });
    }
  }
  return table;
}

/** Load and store instructions of linear memory, by result type, bytes and signedness. */
export function loadCode(type: Type, bytes: number, signed: boolean): number {
  const code = (signed ? signedLoads : loads)[type][bytes] ?? loads[type][bytes];
  if (code === undefined) throw new Error(`There is no load of ${bytes} bytes as ${type}.`);
  return code;
}

export function storeCode(type: Type, bytes: number): number {
  const code = stores[type][bytes];
  if (code === undefined) throw new Error(`There is no store of ${bytes} bytes from ${type}.`);
  return code;
}

/** By bytes. */
type Codes = Readonly<Record<Type, Readonly<Record<number, number>>>>;
const loads: Codes = {
  i32: { 1: 0x2d, 2: 0x2f, 4: 0x28 },
  i64: { 1: 0x31, 2: 0x33, 4: 0x35, 8: 0x29 },
  f32: { 4: 0x2a },
  f64: { 8: 0x2b },
  v128: { 16: 0xfd000 },
};
const signedLoads: Codes = {
  i32: { 1: 0x2c, 2: 0x2e },
  i64: { 1: 0x30, 2: 0x32, 4: 0x34 },
  f32: {},
  f64: {},
  v128: {},
};
const stores: Codes = {
  i32: { 1: 0x3a, 2: 0x3b, 4: 0x36 },
  i64: { 1: 0x3c, 2: 0x3d, 4: 0x3e, 8: 0x37 },
  f32: { 4: 0x38 },
  f64: { 8: 0x39 },
  v128: { 16: 0xfd00b },
};
