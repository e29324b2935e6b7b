// Matrices of doubles: products by blocks that fit in a cache, and a solution by elimination with pivots.

#include "bench.h"

#define SIZE 96
#define BLOCK 32

const char bench_name[] = "matrix";
volatile uint64_t bench_rounds = 175;

typedef double matrix[SIZE][SIZE];

static matrix left, right, product;

static void clear(matrix m) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) m[i][j] = 0;
  }
}

static void multiply(matrix to, matrix a, matrix b) {
  clear(to);
  for (int row = 0; row < SIZE; row += BLOCK) {
    for (int inner = 0; inner < SIZE; inner += BLOCK) {
      for (int column = 0; column < SIZE; column += BLOCK) {
        for (int i = row; i < row + BLOCK; i++) {
          for (int k = inner; k < inner + BLOCK; k++) {
            double factor = a[i][k];
            for (int j = column; j < column + BLOCK; j++) to[i][j] += factor * b[k][j];
          }
        }
      }
    }
  }
}

// Gauss's elimination of a column of ones; returns the first unknown.
static double solve(matrix m) {
  double values[SIZE];
  for (int i = 0; i < SIZE; i++) values[i] = 1;
  for (int step = 0; step < SIZE; step++) {
    int pivot = step;
    for (int i = step + 1; i < SIZE; i++) {
      if (__builtin_fabs(m[i][step]) > __builtin_fabs(m[pivot][step])) pivot = i;
    }
    for (int j = step; j < SIZE; j++) {
      double kept = m[step][j];
      m[step][j] = m[pivot][j];
      m[pivot][j] = kept;
    }
    double kept = values[step];
    values[step] = values[pivot];
    values[pivot] = kept;
    for (int i = step + 1; i < SIZE; i++) {
      double factor = m[i][step] / m[step][step];
      for (int j = step; j < SIZE; j++) m[i][j] -= factor * m[step][j];
      values[i] -= factor * values[step];
    }
  }
  for (int i = SIZE - 1; i >= 0; i--) {
    for (int j = i + 1; j < SIZE; j++) values[i] -= m[i][j] * values[j];
    values[i] /= m[i][i];
  }
  return values[0];
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x9216d5d98979fb1b, sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < SIZE; i++) {
      for (int j = 0; j < SIZE; j++) {
        left[i][j] = (double)(random_next(&state) >> 44) / 1024;
        right[i][j] = (double)(int32_t)state * 0x1p-20;
      }
    }
    multiply(product, left, right);
    double found = solve(product);
    uint64_t image;
    __builtin_memcpy(&image, &found, sizeof image);
    sum = sum * 31 + image;
  }
  return sum;
}
