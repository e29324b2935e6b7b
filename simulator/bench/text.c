// Strings byte by byte: copies, compares, hashes words, searches and turns numbers into digits and back.

#include "bench.h"

#define LENGTH 8192
#define WORDS 512

const char bench_name[] = "text";
volatile uint64_t bench_rounds = 4000;

static char text[LENGTH + 1], line[LENGTH + 1];
static struct {
  char name[16];
  uint32_t count;
} words[WORDS];

static uint64_t length_of(const char *string) {
  const char *end = string;
  while (*end) end++;
  return end - string;
}

static int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static char *copy(char *to, const char *from) {
  while ((*to = *from++)) to++;
  return to;
}

// Horspool's search: how far to go on depends on the last byte of the window.
static uint64_t occurrences(const char *in, uint64_t length, const char *pattern) {
  uint8_t skip[256];
  uint64_t size = length_of(pattern), count = 0;
  for (unsigned i = 0; i < sizeof skip; i++) skip[i] = size;
  for (uint64_t i = 0; i + 1 < size; i++) skip[(uint8_t)pattern[i]] = size - 1 - i;
  for (uint64_t at = 0; at + size <= length; at += skip[(uint8_t)in[at + size - 1]]) {
    uint64_t same = size;
    while (same > 0 && in[at + same - 1] == pattern[same - 1]) same--;
    count += same == 0;
  }
  return count;
}

static uint32_t count_word(const char *word) {
  uint32_t hash = 2166136261;
  for (const char *at = word; *at; at++) hash = (hash ^ (uint8_t)*at) * 16777619;
  uint32_t slot = hash & (WORDS - 1);
  for (; words[slot].count && compare(words[slot].name, word); slot = (slot + 1) & (WORDS - 1));
  if (!words[slot].count) copy(words[slot].name, word);
  return ++words[slot].count;
}

static char *decimal(char *to, uint32_t number) {
  char digits[10];
  unsigned count = 0;
  do digits[count++] = '0' + number % 10;
  while (number /= 10);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}

// Two syllables of three letters, or a number.
static void write_text(uint64_t *state) {
  char *to = text;
  while (to < text + LENGTH - 16) {
    uint64_t random = random_next(state) >> 20;
    if ((random & 7) == 0) {
      to = decimal(to, random >> 24);
    } else {
      for (unsigned i = 0; i < 2; i++, random >>= 6) {
        *to++ = "bdfgklmn"[random >> 3 & 7];
        *to++ = "aeio"[random >> 6 & 3];
        *to++ = "nrst"[random >> 8 & 3];
      }
    }
    *to++ = ' ';
  }
  *to = 0;
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x98dfb5ac2ffd72db, sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    write_text(&state);
    uint64_t length = copy(line, text) - line;
    sum += occurrences(line, length, "kanmor ") + occurrences(line, length, "or");
    // Words end by a space, which becomes their end.
    for (char *at = line; *at;) {
      char *word = at;
      while (*at != ' ') at++;
      *at++ = 0;
      if (*word > '9') {
        if (!(word[1] == 'a' && word[4] == 'e')) continue;
        sum = sum * 31 + count_word(word);
      } else {
        uint64_t number = 0;
        for (; *word; word++) number = number * 10 + (*word - '0');
        sum ^= number;
      }
    }
  }
  return sum;
}
