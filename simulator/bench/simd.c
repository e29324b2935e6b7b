// AdvSIMD: integer lanes of several widths with saturation, permutation and reduction, and single precision FMA.

#include "bench.h"

#include <arm_neon.h>

#define BYTES 16384

const char bench_name[] = "simd";
volatile uint64_t bench_rounds = 57000;

static uint8_t pixels[BYTES] __attribute__((aligned(16)));

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x082efa98ec4e6c89, sum = 0;
  for (unsigned i = 0; i < BYTES; i++) pixels[i] = random_next(&state) >> 40;
  const uint8x16_t reversed = vrev64q_u8(vcombine_u8(vcreate_u8(0x0706050403020100), vcreate_u8(0x0f0e0d0c0b0a0908)));
  float32x4_t mean = vdupq_n_f32(0);
  for (uint64_t round = 0; round < rounds; round++) {
    uint8x16_t amount = vdupq_n_u8(round & 31);
    uint32x4_t total = vdupq_n_u32(0);
    for (unsigned i = 0; i < BYTES; i += 16) {
      uint8x16_t v = vld1q_u8(pixels + i);
      v = vqaddq_u8(vqtbl1q_u8(v, reversed), amount);
      v = veorq_u8(v, vshrq_n_u8(v, 3));
      uint16x8_t wide = vmull_u8(vget_low_u8(v), vget_high_u8(v));
      total = vpadalq_u16(total, wide);
      vst1q_u8(pixels + i, vbslq_u8(vcgtq_u8(v, amount), vextq_u8(v, v, 3), v));
      mean = vfmaq_n_f32(vcvtq_f32_u32(total), mean, 0.5f);
    }
    sum += vaddvq_u32(total) + vgetq_lane_u32(vreinterpretq_u32_f32(mean), 1);
  }
  return sum;
}
