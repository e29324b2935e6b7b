// Builds the compiled core: numbers the system register slots, compiles simulator/engine/core with AssemblyScript and
// writes simulator/engine/core.generated.ts. Does nothing when no source has changed. `--force` builds anyway.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const engine = join(root, 'simulator', 'engine');
const core = join(engine, 'core');
const registerIndex = join(root, 'simulator', 'arch', 'registers', 'index.ts');
const cache = join(root, '.cache', 'core');
const coreSlots = join(core, 'slots.generated.ts');
const engineSlots = join(engine, 'slots.generated.ts');
const output = join(engine, 'core.generated.ts');

const SYSREG = 0x2000;
const SYSREG_SLOTS = 0xc00;

/** Storage that the core needs whether or not the register table has a row for it (SP_EL3 has no encoding). */
const needed = [
  ...['SP_EL0', 'SP_EL1', 'SP_EL2', 'SP_EL3'],
  ...['EL1', 'EL2', 'EL3'].flatMap(el =>
    ['SCTLR', 'TCR', 'TTBR0', 'MAIR', 'VBAR', 'ELR', 'SPSR', 'ESR', 'FAR'].map(r => `${r}_${el}`),
  ),
  ...['TTBR1_EL1', 'TTBR1_EL2', 'HCR_EL2', 'VTCR_EL2', 'VTTBR_EL2', 'HPFAR_EL2', 'VSESR_EL2', 'VNCR_EL2'],
  ...['SCR_EL3', 'MDSCR_EL1', 'MDCR_EL2', 'CNTVOFF_EL2'],
];

async function registerNames() {
  if (!existsSync(registerIndex)) return [];
  const { build } = await import('esbuild');
  mkdirSync(cache, { recursive: true });
  const bundle = join(cache, `registers-${process.pid}.mjs`);
  await build({ entryPoints: [registerIndex], outfile: bundle, bundle: true, format: 'esm', logLevel: 'silent' });
  const module = await import(pathToFileURL(bundle).href);
  rmSync(bundle);
  if (!Array.isArray(module.registerNames)) {
    throw new Error(`${relative(root, registerIndex)} exports no array registerNames: export the names in slot order.`);
  }
  return module.registerNames;
}

/** Replaces a file in one step: another build or a test may be reading it. */
function replaceFile(path, text) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  replaceFile(path, text);
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** One slot per name, in order; the slot numbers are the same in the core and in TypeScript. */
async function writeSlots() {
  const names = [...new Set([...(await registerNames()), ...needed])];
  if (names.length > SYSREG_SLOTS) {
    throw new Error(
      `${names.length} system registers do not fit ${SYSREG_SLOTS} slots: enlarge SYSREG_SLOTS in layout.ts.`,
    );
  }
  const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
  const header = '// Written by scripts/build-core.mjs from the register table.\n';
  const addresses = names.flatMap((name, slot) =>
    identifier.test(name) ? [`export const ${name}: usize = 0x${(SYSREG + 8 * slot).toString(16)};`] : [],
  );
  writeIfChanged(coreSlots, `${header}// Addresses of the system registers' storage.\n${addresses.join('\n')}\n`);
  const rows = names.map((name, slot) => `  ${identifier.test(name) ? name : JSON.stringify(name)}: ${slot},`);
  writeIfChanged(
    engineSlots,
    `${header}/** Slot of a system register: its storage is at SYSREG + 8 * slot. */\n` +
      `export const SLOT: Record<string, number> = {\n${rows.join('\n')}\n};\n`,
  );
}

/** Puts functions whose comment ends with `@inline` into their callers. Biome takes no decorators of functions. */
function inlining({ DecoratorFlags, ElementKind }) {
  return {
    afterInitialize(program) {
      for (const element of program.elementsByName.values()) {
        if (element.kind !== ElementKind.FunctionPrototype) continue;
        const { source, start } = element.declaration.range;
        if (/@inline\s*\*\/\n$/.test(source.text.slice(0, start))) element.decoratorFlags |= DecoratorFlags.Inline;
      }
    },
  };
}

async function compile(hash) {
  const asc = (await import('assemblyscript/asc')).default;
  const transforms = [inlining(await import('assemblyscript'))];
  mkdirSync(cache, { recursive: true });
  const wasm = join(cache, `core-${process.pid}.wasm`);
  const options = [
    ...['--baseDir', root, '--outFile', relative(root, wasm)],
    ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
    ...['--importMemory', '--noExportMemory', '--initialMemory', '4', '--memoryBase', '65536'],
    ...['--enable', 'simd', '--enable', 'bulk-memory'],
  ];
  const { error, stderr } = await asc.main([relative(root, join(core, 'index.ts')), ...options], { transforms });
  if (error) throw new Error(`The core does not compile.\n${stderr.toString()}`);
  const bytes = readFileSync(wasm);
  rmSync(wasm);
  replaceFile(output, moduleText(hash, bytes));
  return bytes.length;
}

function moduleText(hash, bytes) {
  return `// Written by scripts/build-core.mjs from simulator/engine/core. Source hash ${hash}.
import { fromBase64 } from './base64.ts';

/** The compiled core, a WebAssembly module. */
export const coreWasm: Uint8Array<ArrayBuffer> = fromBase64(
  '${bytes.toString('base64')}',
);
`;
}

await writeSlots();
const hash = createHash('sha256');
for (const file of [
  fileURLToPath(import.meta.url),
  join(engine, 'layout.ts'),
  join(engine, 'callout.ts'),
  ...sources(core),
]) {
  hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
}
const digest = hash.digest('hex');
const current = existsSync(output) ? readFileSync(output, 'utf8').slice(0, 200) : '';
if (process.argv.includes('--force') || !current.includes(digest)) {
  const size = await compile(digest);
  console.log(`core: ${size} bytes of WebAssembly.`);
}
