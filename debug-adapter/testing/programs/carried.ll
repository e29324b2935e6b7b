; A program that carries its source, as clang -gembed-source writes it.

target triple = "aarch64-unknown-none-elf"

define void @_start() !dbg !4 {
  br label %again, !dbg !7

again:
  br label %again, !dbg !8
}

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}

!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "hand", isOptimized: false, runtimeVersion: 0, emissionKind: FullDebug)
!1 = !DIFile(filename: "carried.c", directory: "/nowhere", checksumkind: CSK_MD5, checksum: "e2b6936e381144500a7a0d31992f598e", source: "void _start(void) {\0A  for (;;) /* forever */;\0A}\0A")
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = distinct !DISubprogram(name: "_start", scope: !1, file: !1, line: 1, type: !5, scopeLine: 1, unit: !0)
!5 = !DISubroutineType(types: !6)
!6 = !{null}
!7 = !DILocation(line: 1, column: 1, scope: !4)
!8 = !DILocation(line: 2, column: 3, scope: !4)
