// A picture in single precision: from bytes to linear light, blurred by rows and by columns, sharpened, and to bytes again.

#include "bench.h"

#define WIDTH 128
#define HEIGHT 64

const char bench_name[] = "image";
volatile uint64_t bench_rounds = 2900;

static uint8_t pixels[HEIGHT][WIDTH];
static float light[HEIGHT][WIDTH + 4], rows[HEIGHT + 4][WIDTH], table[256];

static float clamp(float value) {
  float least = value > 0 ? value : 0;
  return least < 1 ? least : 1;
}

static void blur(void) {
  for (unsigned y = 0; y < HEIGHT; y++) {
    for (unsigned x = 0; x < WIDTH; x++) light[y][x + 2] = table[pixels[y][x]];
  }
  for (unsigned y = 0; y < HEIGHT; y++) {
    for (unsigned x = 0; x < WIDTH; x++) {
      const float *at = &light[y][x];
      rows[y + 2][x] = 0.4f * at[2] + 0.25f * (at[1] + at[3]) + 0.05f * (at[0] + at[4]);
    }
  }
}

static uint64_t sharpen(float amount) {
  uint64_t sum = 0;
  for (unsigned y = 0; y < HEIGHT; y++) {
    for (unsigned x = 0; x < WIDTH; x++) {
      float smooth = 0.4f * rows[y + 2][x] + 0.25f * (rows[y + 1][x] + rows[y + 3][x]) +
                     0.05f * (rows[y][x] + rows[y + 4][x]);
      float sharp = clamp(light[y][x + 2] + amount * (light[y][x + 2] - smooth));
      uint8_t pixel = (uint8_t)(255 * __builtin_sqrtf(sharp) + 0.5f);
      pixels[y][x] = pixel;
      sum += pixel;
    }
  }
  return sum;
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x6a267e96ba7c9045, sum = 0;
  for (unsigned i = 0; i < 256; i++) table[i] = (float)i / 255 * ((float)i / 255);
  for (uint64_t round = 0; round < rounds; round++) {
    for (unsigned i = 0; i < 64; i++) {
      uint64_t random = random_next(&state);
      pixels[random % HEIGHT][random >> 8 & (WIDTH - 1)] = random >> 56;
    }
    blur();
    sum = sum * 31 + sharpen((float)(round & 7) / 8);
  }
  return sum;
}
