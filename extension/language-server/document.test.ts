import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Document } from './document.ts';

const SOURCE = `#define A 1
/* a comment
   over lines */ start: mov x0, #A
#define LONG(x) \\
  x
\t.macro save reg
\tstr \\reg, [sp]
\t.endm
\t.if 0
hidden: nop
\t.endif
1:\tb 1b // "quoted"
text: .ascii "; // no statement: "
`;

test('an edited document equals one that is read anew, whatever was edited', () => {
  const pieces = ['', 'x', '/*', '*/', '\n', '"', '\\\n', '\t.endm\n', '#if 0\n', ';', '//', '1:'];
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const document = new Document('file:///a.S', SOURCE);
  for (let n = 0; n < 400; n++) {
    const line = next(document.lines.length);
    const character = next(document.lines[line].text.length + 1);
    const endLine = next(4) === 0 ? Math.min(line + next(3), document.lines.length - 1) : line;
    const length = document.lines[endLine].text.length;
    const end = endLine === line ? Math.min(length, character + next(3)) : next(length + 1);
    document.edit({ start: { line, character }, end: { line: endLine, character: end } }, pieces[next(pieces.length)]);
    const anew = new Document('file:///a.S', document.text);
    assert.deepEqual(document.lines, anew.lines, `edit ${n}`);
    assert.deepEqual(document.outline, anew.outline, `edit ${n}`);
  }
});

test('comments, strings and conditions that are known hide their names', () => {
  const { outline } = new Document('file:///a.S', SOURCE);
  assert.deepEqual(
    outline.definitions.map(({ kind, name, line }) => `${kind} ${name} ${line}`),
    ['define A 0', 'label start 2', 'define LONG 3', 'macro save 5', 'numeric 1 11', 'label text 12'],
  );
  assert.equal(outline.activity[9], 'no');
});

test('a place beyond the end of the text means the end', () => {
  const document = new Document('file:///a.S', 'nop\nret');
  document.edit({ start: { line: 9, character: 9 }, end: { line: 99, character: 0 } }, '\nnop');
  assert.equal(document.text, 'nop\nret\nnop');
});
