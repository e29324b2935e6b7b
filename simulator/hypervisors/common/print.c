#include "print.h"
#include "pl011.h"

#include <stdarg.h>
#include <stdint.h>

static void put(char c) {
  if (c == '\n') pl011_put('\r');
  pl011_put(c);
}

static void put_string(const char *text) {
  while (*text) put(*text++);
}

static void put_number(uint64_t value, unsigned base) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value);
  while (count) put(digits[--count]);
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
    case 's':
      put_string(va_arg(arguments, const char *));
      break;
    case 'c':
      put((char)va_arg(arguments, int));
      break;
    case 'u':
      put_number(va_arg(arguments, uint64_t), 10);
      break;
    case 'x':
      put_string("0x");
      put_number(va_arg(arguments, uint64_t), 16);
      break;
    default:
      put(*format);
    }
  }
  va_end(arguments);
}
