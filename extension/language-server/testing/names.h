#ifndef NAMES_H
#define NAMES_H
#ifndef __ASSEMBLER__
struct frame { unsigned long x[4]; };
#endif
#define SLOT(n) ((n) * 8)
#define SCRATCH x9
#define CONTROL hcr_el2
#define BITS (1 << 31 | 1)
#define MY_CTLR S3_1_C15_C2_1
#endif
