#include "pl011.h"
#include "registers.h"

void pl011_put(char c) {
  while (*device(PL011_BASE + PL011_FR) & PL011_FR_TXFF) {
  }
  *device(PL011_BASE + PL011_DR) = (unsigned char)c;
}
