import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completionsAt } from './completion.ts';
import type { Document } from './document.ts';
import { constantHints, verdict } from './hints.ts';
import { definitionsAt, foldingRanges, outlineEntries, referencesAt, renameAt, renameable } from './navigation.ts';
import { Project } from './project.ts';

const FILES: Readonly<Record<string, string>> = {
  'file:///w/main.S': `#include "defs.h"
\t.include "macros.inc"
\t.global main
main:
\tsave x0, x1
1:\tcbz x0, 1f
\tbl helper
\tb 1b
1:\tmov x1, #STACK
\tret
main.size = . - main
`,
  'file:///w/helper.S': '\t.global helper\nhelper:\n\tbl main // main\n\tret\n',
  'file:///w/macros.inc': '\t.macro save a, b\n\tstp \\a, \\b, [sp, #-16]!\n\t.endm\n',
  'file:///w/include/defs.h': '#ifndef DEFS\n#define DEFS\n#define STACK 0x1000\n#endif\n',
};

async function project(): Promise<{ project: Project; main: Document }> {
  const made = new Project(
    {
      read: async uri => FILES[uri],
      find: async glob => Object.keys(FILES).filter(uri => glob.includes(uri.replace(/.*\./, ''))),
    },
    ['file:///w/include'],
  );
  const main = made.open('file:///w/main.S', FILES['file:///w/main.S']);
  await made.loadWorkspace();
  await made.loadIncludes(main);
  return { project: made, main };
}

/** Where the nth occurrence of a text is, one character in. */
function at(document: Document, text: string, nth = 0): { line: number; character: number } {
  let offset = -1;
  for (let n = 0; n <= nth; n++) offset = document.text.indexOf(text, offset + 1);
  const before = document.text.slice(0, offset).split('\n');
  return { line: before.length - 1, character: before[before.length - 1].length + Math.min(1, text.length - 1) };
}

const places = (found: readonly { uri: string; range: { start: { line: number; character: number } } }[]): string[] =>
  found.map(({ uri, range: { start } }) => `${uri.replace('file:///w/', '')}:${start.line + 1}:${start.character + 1}`);

test('a name is found in its file, in what that includes, and in other files of the workspace', async () => {
  const { project: known, main } = await project();
  assert.deepEqual(places(definitionsAt(known, main, at(main, 'STACK'))), ['include/defs.h:3:9']);
  assert.deepEqual(places(definitionsAt(known, main, at(main, 'save'))), ['macros.inc:1:9']);
  assert.deepEqual(places(definitionsAt(known, main, at(main, 'helper'))), ['helper.S:2:1']);
  assert.deepEqual(places(definitionsAt(known, main, at(main, 'defs.h'))), ['include/defs.h:1:1']);
});

test('a numeric label is the next one or the last one of its number', async () => {
  const { project: known, main } = await project();
  assert.deepEqual(places(definitionsAt(known, main, at(main, '1f'))), ['main.S:9:1']);
  assert.deepEqual(places(definitionsAt(known, main, at(main, '1b'))), ['main.S:6:1']);
  assert.deepEqual(places(referencesAt(known, main, at(main, '1f'))), ['main.S:9:1', 'main.S:6:12']);
});

test('references are in all files, but not in comments nor in longer names', async () => {
  const { project: known, main } = await project();
  assert.deepEqual(places(referencesAt(known, main, at(main, 'main:'))), [
    'main.S:3:10',
    'main.S:4:1',
    'main.S:11:17',
    'helper.S:3:5',
  ]);
});

test('a rename changes every reference, and refuses what is no name', async () => {
  const { project: known, main } = await project();
  assert.equal(renameAt(known, main, at(main, 'helper'), 'help').length, 3);
  assert.throws(() => renameAt(known, main, at(main, 'helper'), '9 lives'), /"9 lives" is no name for a symbol\./);
  assert.throws(() => renameAt(known, main, at(main, '1f'), 'one'), /use a number/);
  assert.equal(renameable(known, main, at(main, 'cbz')), 'cbz is defined in no file of this workspace.');
});

test('outline and folding show labels, macros and constants with their lines', async () => {
  const { main, project: known } = await project();
  assert.deepEqual(
    outlineEntries(main).map(({ name, kind, range }) => `${kind} ${name} ${range.start.line}-${range.end.line}`),
    ['label main 3-11', 'constant main.size 10-10'],
  );
  assert.deepEqual(foldingRanges(main), [{ start: 3, end: 10 }]);
  const macros = known.get('file:///w/macros.inc') as Document;
  assert.deepEqual(foldingRanges(macros), [{ start: 0, end: 2 }]);
});

test('completion offers what can stand at a place', () => {
  const known = new Project({ read: async () => undefined, find: async () => [] });
  const labels = (text: string): string[] => {
    const document = known.open('file:///w/c.S', text.replace('|', ''));
    const offset = text.slice(0, text.indexOf('|')).split('\n');
    const position = { line: offset.length - 1, character: offset[offset.length - 1].length };
    return completionsAt(known, document, position).map(({ label }) => label);
  };
  assert.ok(labels('\tad|').includes('adrp'));
  assert.ok(labels('\tmrs x0, |').includes('midr_el1'));
  assert.ok(!labels('\tmsr |').includes('midr_el1'));
  assert.ok(labels('\tmsr |').includes('daifset'));
  assert.ok(labels('\ttlbi v|').includes('vmalls12e1is'));
  assert.ok(labels('\tat |').includes('s12e1r'));
  assert.ok(labels('\tdsb i|').includes('ish'));
  assert.deepEqual(labels('\tcset x0, |').slice(0, 2), ['eq', 'ne']);
  assert.ok(labels('start:\n\tb |').includes('start'));
  assert.ok(labels('\tmov x3, #|\n\tmsr hcr_el2, x3\n').includes('HCR_EL2.TGE'));
  assert.deepEqual(labels('\tnop // ad|'), []);
});

test('constants that reach a system register are decoded, and nothing that is uncertain', () => {
  const known = new Project({ read: async () => undefined, find: async () => [] });
  const hints = (text: string): string[] => {
    const document = known.open('file:///w/h.S', text);
    return constantHints(known, document, 0, document.lines.length).map(({ text: shown }) => shown);
  };
  assert.deepEqual(hints('\tmovz x0, #0x8000, lsl #16\n\tmovk x0, #1\n\tisb\n\tmsr hcr_el2, x0\n'), ['RW, VM']);
  assert.deepEqual(hints('\t.equ BITS, 1 << 34 | 1 << 27\n\tldr x9, =BITS\n\tmsr hcr_el2, x9\n'), ['E2H, TGE']);
  assert.deepEqual(hints('\tmov x0, #1\n\torr x0, x0, #0x1000\n\tmsr sctlr_el1, x0\n'), ['I, M']);
  assert.deepEqual(hints('\tmov x0, #1\nagain:\n\tmsr hcr_el2, x0\n'), []);
  assert.deepEqual(hints('\tmov x0, #1\n\tbl function\n\tmsr hcr_el2, x0\n'), []);
  assert.deepEqual(hints('\tmov x0, #1\n\tldr x0, [x1]\n\tmsr hcr_el2, x0\n'), []);
  assert.deepEqual(hints('\tmov x0, #1\n\tmsr vbar_el2, x0\n'), []);
});

test('of the answers of the machine, traps are worth a hint, and what is UNDEFINED for another reason than the level', () => {
  assert.equal(verdict('WFI at EL1 traps to EL2 because HCR_EL2.TWI is 1.'), 'traps to EL2 here');
  assert.equal(verdict('MRS of FAR_EL1 at EL1 accesses the register.'), undefined);
  assert.equal(verdict('MSR of X_EL1 at EL1 is UNDEFINED because the PE has no FEAT_X.'), 'UNDEFINED here');
  const level = 'VBAR_EL2 is not accessible at EL1, but from EL2 on';
  assert.equal(verdict(`MSR of VBAR_EL2 at EL1 is UNDEFINED because ${level}.`), undefined);
});
