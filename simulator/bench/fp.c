// Scalar floating point in double precision: bodies that attract each other, with division and square root.

#include "bench.h"

#define BODIES 5

const char bench_name[] = "fp";
volatile uint64_t bench_rounds = 1000000;

static struct {
  double position[3], velocity[3], mass;
} body[BODIES];

uint64_t bench(uint64_t rounds) {
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) {
      body[i].position[axis] = (i + 1) * (axis - 1) + 0.25 * i * i;
      body[i].velocity[axis] = 0.01 * (i - axis);
    }
    body[i].mass = 1.0 / (1 + i);
  }
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < BODIES; i++) {
      for (int j = i + 1; j < BODIES; j++) {
        double d[3], square = 0.01;
        for (int axis = 0; axis < 3; axis++) {
          d[axis] = body[i].position[axis] - body[j].position[axis];
          square += d[axis] * d[axis];
        }
        double force = 0.001 / (square * __builtin_sqrt(square));
        for (int axis = 0; axis < 3; axis++) {
          body[i].velocity[axis] -= d[axis] * body[j].mass * force;
          body[j].velocity[axis] += d[axis] * body[i].mass * force;
        }
      }
    }
    for (int i = 0; i < BODIES; i++) {
      for (int axis = 0; axis < 3; axis++) body[i].position[axis] += 0.001 * body[i].velocity[axis];
    }
  }
  uint64_t sum = 0;
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) {
      uint64_t image;
      __builtin_memcpy(&image, &body[i].position[axis], sizeof image);
      sum = sum * 31 + image;
    }
  }
  return sum;
}
