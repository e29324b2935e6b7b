#include "uart.h"
#include "../common/pl011.h"
#include "../common/print.h"

// The guest's characters are kept until a line is complete, so that both can share the board's UART.
static char line[80];
static unsigned length;

void uart_write(uint64_t offset, uint64_t value) {
  if (offset != PL011_DR) return;
  char c = (char)value;
  if (c != '\n' && length < sizeof line - 1) {
    line[length++] = c;
    return;
  }
  line[length] = 0;
  print("guest | %s\n", line);
  length = 0;
}

uint64_t uart_read(uint64_t offset) {
  // Every register reads as 0, also the flags: never full, nothing received.
  (void)offset;
  return 0;
}
