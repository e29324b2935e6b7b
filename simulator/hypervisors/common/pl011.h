// The PL011 UART of the `virt` board, as far as printing needs it (Arm PrimeCell UART TRM, DDI 0183).
#pragma once

#define PL011_BASE 0x09000000
#define PL011_DR 0x00 // data
#define PL011_FR 0x18 // flags
#define PL011_FR_TXFF (1 << 5) // the transmit FIFO is full

void pl011_put(char c);
