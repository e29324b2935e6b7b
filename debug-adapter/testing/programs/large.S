// Debug information of many units, most of it nothing that a debugger asks for: 320 functions, each with a unit of 128 KB.

        .set PADDING, 0x20000
        .altmacro

        .section .debug_abbrev, "", %progbits
abbreviations:
        // A unit: its name, and its code from low_pc for high_pc bytes.
        .uleb128 1, 0x11
        .byte   1
        .uleb128 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0
        // A base type: name, size, encoding.
        .uleb128 2, 0x24
        .byte   0
        .uleb128 0x03, 0x08, 0x0b, 0x0b, 0x3e, 0x0b, 0, 0
        // A variable: name, type, location.
        .uleb128 3, 0x34
        .byte   0
        .uleb128 0x03, 0x08, 0x49, 0x13, 0x02, 0x18, 0, 0
        // A function: name, low_pc, high_pc.
        .uleb128 4, 0x2e
        .byte   0
        .uleb128 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0
        // A constant whose value is a large block.
        .uleb128 5, 0x27
        .byte   0
        .uleb128 0x1c, 0x04, 0, 0
        .byte   0

        .macro  unit id
        .text
        .global function\id
        .type   function\id, %function
function\id:
        nop
        ret
        .size   function\id, . - function\id

        .data
variable\id:
        .word   \id

        .section .debug_info, "", %progbits
unit\id:
        .4byte  unit_end\id - unit_start\id
unit_start\id:
        .2byte  4
        .4byte  abbreviations
        .byte   8
        .uleb128 1
        .asciz  "unit\id\().c"
        .8byte  function\id
        .4byte  8
type\id:
        .uleb128 2
        .asciz  "kind\id\()_t"
        .byte   4, 5
        .uleb128 3
        .asciz  "variable\id"
        .4byte  type\id - unit\id
        .uleb128 9
        .byte   3
        .8byte  variable\id
        .uleb128 4
        .asciz  "function\id"
        .8byte  function\id
        .4byte  8
        .uleb128 5
        .4byte  PADDING
        .fill   PADDING, 1, 0xa5
        .byte   0
unit_end\id:

        .section .debug_aranges, "", %progbits
        .4byte  44
        .2byte  2
        .4byte  unit\id
        .byte   8, 0
        .4byte  0
        .8byte  function\id, 8
        .8byte  0, 0
        .endm

        .text
        .global _start
_start:
        b       _start

        .set    count, 0
        .rept   320
        unit    %count
        .set    count, count + 1
        .endr
