// Texts of the extension: each can be translated, and the bundle has all of them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXCEPTION_CLASSES } from '../debug-adapter/protocol.ts';
import { t, useTexts } from './l10n.ts';
import { CONDITION_TEXTS, DIRECTIVES } from './language-server/completion.ts';
import { timelinePage } from './webviews/pages.ts';

const extension = import.meta.dirname;

const sources = fs
  .readdirSync(extension, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map(name => [name, fs.readFileSync(path.join(extension, name), 'utf8')] as const);

/** Texts of tables, which are translated where they are shown. */
const tableTexts = [
  ...Object.values(DIRECTIVES),
  ...Object.values(CONDITION_TEXTS),
  ...EXCEPTION_CLASSES.map(({ label }) => label),
];

test('every message of the extension is in the l10n bundle, and nothing else is', () => {
  const messages = new Set<string>(tableTexts);
  for (const [, source] of sources) {
    for (const [, single, double] of source.matchAll(/\bt\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g))
      messages.add((single ?? double).replace(/\\(.)/g, '$1'));
  }
  const bundle: Record<string, string> = JSON.parse(
    fs.readFileSync(path.join(extension, '../l10n/bundle.l10n.json'), 'utf8'),
  );
  assert.deepEqual(Object.keys(bundle).sort(), [...messages].sort());
  for (const [message, text] of Object.entries(bundle)) assert.equal(text, message);
});

test('no text that a user reads is without translation', () => {
  // What looks like words and is none: keys of keyboards, names of files and products, ids, selectors, what the adapter takes.
  const NO_TEXT = [
    /^(Arrow(Left|Right|Up|Down)|Home|End|Enter|Makefile|Normal|Hyperstep( Language Server)?)$/,
    /^(vi (next|held|maintenance)|tbody tr|color-mix\(.*|would § at el§|0x40080000, pc, .*)$/,
    /^The page has no element "§"\.$/, // a mistake of ours
  ];
  const raw: string[] = [];
  for (const [name, source] of sources) {
    // Comments, then imports and types: no text stands in them.
    const code = source
      .replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1')
      .replace(/^import [\s\S]*?;$|\bfrom '[^']*'/gm, '')
      .replace(
        /^const (DIRECTIVES|CONDITION_TEXTS)[\s\S]*?^};$|^export const (DIRECTIVES|CONDITION_TEXTS)[\s\S]*?^};$/gm,
        '',
      );
    for (const match of code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)) {
      const text = (match[1] ?? match[2].replace(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, '§')).trim();
      const isSentence = /[A-Za-z]{2,}[,;:]? (?:\w+ )*[a-z]{2,}/.test(text) && !/[<>{}=]|^[.#]|\) /.test(text);
      const isWord = /^[A-Z][a-z]{2,}$/.test(text);
      if ((!isSentence && !isWord) || NO_TEXT.some(one => one.test(text))) continue;
      const before = code.slice(Math.max(0, match.index - 60), match.index);
      // The argument of t, or the text of a comparison or of a type.
      if (/\bt\(\s*$/.test(before) || /(===|!==|case) $/.test(before)) continue;
      raw.push(`${name}: ${text}`);
    }
  }
  assert.deepEqual(raw, [], 'Give these to l10n.t, and to l10n/bundle.l10n.json.');
});

test('a text is said in the language of the bundle, with its arguments, and in English without one', () => {
  useTexts({ 'Stage {0}, level {1}': 'Ebene {1} der Stufe {0}' });
  assert.equal(t('Stage {0}, level {1}', 1, 2), 'Ebene 2 der Stufe 1');
  useTexts(undefined);
  assert.equal(t('Stage {0}, level {1}', 1, 2), 'Stage 1, level 2');
  assert.match(
    timelinePage(() => 'say "x" & <y>'),
    /aria-label="say &quot;x&quot; &amp; &lt;y&gt;"/,
  );
});
