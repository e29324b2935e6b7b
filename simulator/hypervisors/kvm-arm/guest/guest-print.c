// Printing on the UART, which the VMM emulates: an exit to user space for each character.

#include "../../common/pl011.h"
#include "../registers.h"
#include "guest.h"

#include <stdarg.h>

static void put(char c) {
  *device(PL011_BASE + PL011_DR) = (unsigned char)c;
}

static unsigned put_string(const char *text) {
  unsigned length = 0;
  for (; text[length]; length++) {
    if (text[length] == '\n') put('\r');
    put(text[length]);
  }
  return length;
}

static void put_number(uint64_t value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = '0' + value % 10;
    value /= 10;
  } while (value);
  while (count) put(digits[--count]);
}

void guest_print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format == '\n') put('\r');
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
    case 'l':
      for (unsigned length = put_string(va_arg(arguments, const char *)); length < 12; length++) put(' ');
      break;
    case 's':
      put_string(va_arg(arguments, const char *));
      break;
    default:
      put_number(va_arg(arguments, uint64_t));
    }
  }
  va_end(arguments);
}
