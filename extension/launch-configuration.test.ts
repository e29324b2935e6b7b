import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { type AttributeSchema, findMistake, type LaunchSchema, withTexts } from './launch-configuration.ts';

const manifest = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const texts = JSON.parse(fs.readFileSync(new URL('../package.nls.json', import.meta.url), 'utf8'));
const schema: LaunchSchema = JSON.parse(
  JSON.stringify(manifest.contributes.debuggers[0].configurationAttributes.launch),
  (_, value) => (/^%.+%$/.test(value) ? texts[value.slice(1, -1)] : value),
);
const mistake = (attributes: Record<string, unknown>) =>
  findMistake({ request: 'launch', program: 'a.elf', ...attributes }, schema);

test('every attribute with its default is accepted', () => {
  const attributes = Object.entries<object>(schema.properties);
  const defaults = attributes.flatMap(([name, attribute]) =>
    'default' in attribute ? [[name, attribute.default]] : [],
  );
  assert.ok(defaults.length > 10);
  assert.equal(mistake(Object.fromEntries(defaults)), undefined);
});

interface Documented extends AttributeSchema {
  readonly markdownDescription?: string;
  readonly enumDescriptions?: readonly string[];
  readonly patternErrorMessage?: string;
}

test('every attribute is documented, with those inside of it, and says what a pattern means', () => {
  const check = (name: string, attribute: Documented, isItem = false) => {
    if (!isItem) assert.match(attribute.markdownDescription ?? '', /\.$/, `${name} has no sentence.`);
    if (attribute.pattern) assert.match(attribute.patternErrorMessage ?? '', /\.$/, `${name}: pattern.`);
    if (attribute.enumDescriptions) assert.equal(attribute.enumDescriptions.length, attribute.enum?.length, name);
    if (attribute.items) check(`${name}[]`, attribute.items, true);
    for (const [inner, one] of Object.entries(attribute.properties ?? {})) check(`${name}.${inner}`, one);
  };
  for (const [name, attribute] of Object.entries(schema.properties)) check(name, attribute);
});

test('texts of the manifest are taken from its translation, and nothing else is', () => {
  const mine = { a: '%key%', list: [{ b: '%other%' }], n: 1 };
  const translated = { a: 'text', list: [{ b: 'more', added: true }], n: 2, added: 3 };
  assert.deepEqual(withTexts(mine, translated), { a: 'text', list: [{ b: 'more' }], n: 1 });
});

const mistakes: [Record<string, unknown>, RegExp][] = [
  [{ program: undefined }, /`program` is missing/],
  [{ program: '' }, /`program` is missing/],
  [{ program: 3 }, /`program` has to be a string, not 3/],
  [{ request: 'attach' }, /`request` has to be "launch"/],
  [{ gic: 4 }, /`gic` has to be one of 2, 3, not 4/],
  [{ gic: '3' }, /`gic` has to be a number, not "3"/],
  [{ el: 0 }, /`el` has to be one of 1, 2, 3, not 0/],
  [{ pes: 0 }, /`pes` has to be from 1 to \d+, not 0/],
  [{ pes: 1.5 }, /`pes` has to be a whole number, not 1.5/],
  [{ memory: '1 GB' }, /`memory` is "1 GB"\. A number of bytes/],
  [{ features: '+nv2' }, /`features` has to be a list/],
  [{ features: ['+nv2', 'sve'] }, /`features\[1\]` is "sve"\. A feature begins with \+ or -/],
  [{ stopOnEntry: 'yes' }, /`stopOnEntry` has to be true or false, not "yes"/],
  [{ symbols: [{ regime: 'EL2' }] }, /`symbols\[0\].file` is missing/],
  [{ symbols: [{ file: 'a', regime: 'EL4' }] }, /`symbols\[0\].regime` has to be one of "EL1&0"/],
  [{ symbols: ['vmlinux'] }, /`symbols\[0\]` has to be an object, not "vmlinux"/],
  [{ memory: true }, /`memory` has to be a string or a whole number, not true/],
  [{ console: null }, /`console` has to be a string, not null/],
];
for (const [attributes, sentence] of mistakes) {
  test(`a mistake gets a sentence: ${JSON.stringify(attributes)}`, () => {
    assert.match(mistake(attributes) ?? 'accepted', sentence);
  });
}
