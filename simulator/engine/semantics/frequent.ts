/**
 * Handlers that the interpreter has in its main function: 98 % of what it executes while Linux boots, alone and with a
 * guest under KVM. The others are functions, whose call costs a few nanoseconds; what it saves is V8's time, which grows
 * faster than the size of a function: until the main function is optimised, all is an order slower. Handlers that branch
 * or call out are always in the main function.
 */
export const frequent: ReadonlySet<string> = new Set(
  `
  nop isb dsb dmb adrp mov32 mov64 mov_imm movk1 movk2 movk3 movk1_32
  add_imm32 add_imm64 add_reg32 add_reg64 add_lsl32 add_lsl64 add_lsr64 add_uxtw64 add_sxtw64 add_uxtb32
  sub_reg32 sub_reg64 sub_lsl64 sub_asr64
  adds_imm32 adds_imm64 adds_reg64 subs_imm32 subs_imm64 subs_reg64
  cmp_imm32 cmp_imm64 cmp_reg32 cmp_reg64 cmn_imm32 cmn_imm64 ccmp_imm32 ccmp_imm64 ccmp_reg32 ccmp_reg64
  and_imm32 and_imm64 and_reg32 and_reg64 ands_imm32 ands_imm64 ands_reg64 bic_reg32 bic_reg64
  tst_imm32 tst_imm64 tst_reg32 tst_reg64
  orr_imm32 orr_imm64 orr_reg32 orr_reg64 orr_lsl32 orr_lsl64 orr_lsr32
  eor_reg32 eor_reg64 eor_lsl64 eor_lsr32 eor_lsr64 eor_ror32
  lsl_imm32 lsl_imm64 lsr_imm32 lsr_imm64 asr_imm64 ror_imm32 ror_imm64 lslv32 lslv64 lsrv64
  ubfx ubfiz bfm64 sbfm64 sxt32_64 rev32 rev64 clz64
  csel32 csel64 csinc32 csinc64 csinv32
  mul64 madd32 madd64 msub32 msub64 umulh udiv64
  ldr1_imm ldr1_pre ldr1_post ldr1_reg ldr2_imm ldr2_reg ldr4_imm ldr4_reg ldr4_s64_imm
  ldr8_imm ldr8_post ldr8_reg ldp4_imm ldp8_imm ldp8_post
  str1_imm str1_post str1_reg str2_imm str2_reg str4_imm str4_post str4_reg str4_uxtw
  str8_imm str8_post str8_reg stp4_imm stp8_imm stp8_pre stp8_post
  ldr_v8_imm ldr_v8_reg ldr_v16_imm str_v8_imm str_v16_imm
  pacia autia
  `
    .trim()
    .split(/\s+/),
);
