// A core in a memory of its own, with RAM, devices that record what happens, and builders of translation tables.

import type { ExceptionLog } from '../../observe/exception-log.ts';
import { coreWasm } from '../core.generated.ts';
import type { Core, CoreHost } from '../core-api.ts';
import * as L from '../layout.ts';
import { SLOT } from '../slots.generated.ts';

export const RAM_BYTES = 0x400000;
/** Where the tests put decoded records. */
const FIRST_RECORDS = L.RECORDS;

export class TestMachine {
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly core: Core;
  readonly events: string[] = [];
  deviceValue = 0;
  deviceAborts = false;
  /** The log of exceptions, for who observes them. */
  log: Pick<ExceptionLog, 'full' | 'differs'> | undefined;
  private nextTable = L.RAM_BASE + 0x100000;
  private nextRecords = FIRST_RECORDS;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: (L.RAM + RAM_BYTES) / 65536 });
    this.view = new DataView(this.memory.buffer);
    const host: CoreHost = {
      watch: (low: number, high: number, size: number, write: number) =>
        this.events.push(`watch ${hex(low)} ${high} ${size} ${write}`),
      firstWrite: (page: number) => this.events.push(`firstWrite ${page}`),
      deviceRead: (pa: number, size: number) => {
        this.events.push(`read ${hex(pa)} ${size}`);
        return this.deviceAborts ? -1 : this.deviceValue;
      },
      deviceWrite: (pa: number, size: number, value: number) => {
        this.events.push(`write ${hex(pa)} ${size} ${hex(value)}`);
        return this.deviceAborts ? 0 : 1;
      },
      recordsFor: (page: number) => {
        const records = this.nextRecords;
        this.nextRecords += L.PAGE_RECORD_BYTES;
        this.view.setUint32(L.PAGE_RECORDS + 4 * page, records, true);
        this.view.setUint8(L.PAGE_FLAGS + page, this.view.getUint8(L.PAGE_FLAGS + page) | L.PAGE_CODE);
        this.core.dropWriteTags(page);
        return records;
      },
      codeChanged: (page, offset, size) => this.events.push(`codeChanged ${page} ${offset} ${size}`),
      accessEntry: offset => {
        this.events.push(`accessEntry ${offset}`);
        return L.ENTRY_ALLOWED;
      },
      accessTablesDropped: () => this.events.push('accessTablesDropped'),
      slowCall: operation => {
        this.events.push(`slowCall ${operation}`);
        return 0;
      },
      fetched: (va, pa) => this.events.push(`fetched ${hex(va)} ${hex(pa)}`),
      observed: (kind: number, from: number, to: number) => this.events.push(`observed ${kind} ${from} ${to}`),
      logFull: instructions => this.log?.full(0, instructions),
      logDiffers: () => (this.log?.differs(0) ? 1 : 0),
      guestSeen: () => this.events.push('guestSeen'),
    };
    const module = new WebAssembly.Module(coreWasm);
    this.core = new WebAssembly.Instance(module, { env: { memory: this.memory, ...host } }).exports as unknown as Core;
    this.set64(L.REGIONS + L.REGION_BASE, BigInt(L.RAM_BASE));
    this.set64(L.REGIONS + L.REGION_SIZE, BigInt(RAM_BYTES));
    this.set32(L.REGIONS + L.REGION_HOST, L.RAM);
    this.set32(L.PA_BITS, 48);
    this.features(L.FEATURE_EL2 | L.FEATURE_EL3);
    this.write('SCR_EL3', 1n);
    this.core.flushAll();
  }

  features(bits: number): void {
    this.set32(L.FEATURES, bits);
  }
  get32(address: number): number {
    return this.view.getUint32(address, true);
  }
  set32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }
  get64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }
  set64(address: number, value: bigint): void {
    this.view.setBigUint64(address, value, true);
  }
  read(name: string): bigint {
    return this.get64(L.SYSREG + 8 * slot(name));
  }
  /** Writes a register behind the back of the core: call contextsChanged() where a control matters. */
  write(name: string, value: bigint): void {
    this.set64(L.SYSREG + 8 * slot(name), BigInt.asUintN(64, value));
  }
  /** Enters an exception level without an exception. */
  enter(el: number, spsel = 1): void {
    this.set32(L.EL, el);
    this.set32(L.SPSEL, el === 0 ? 0 : spsel);
    this.core.contextsChanged();
  }
  /** Host address of a PA. */
  host(pa: bigint): number {
    return Number(pa) - L.RAM_BASE + L.RAM;
  }
  peek(pa: bigint): bigint {
    return this.get64(this.host(pa));
  }
  poke(pa: bigint, value: bigint): void {
    this.set64(this.host(pa), BigInt.asUintN(64, value));
  }
  /** Zeroed memory for tables, aligned to 64 KB unless `align` says less or more. */
  allocate(bytes: number, align = 0x10000): bigint {
    this.nextTable = Math.ceil(this.nextTable / align) * align;
    const at = this.nextTable;
    this.nextTable += bytes;
    if (this.nextTable > L.RAM_BASE + RAM_BYTES) throw new Error('The test machine is out of RAM.');
    new Uint8Array(this.memory.buffer, at - L.RAM_BASE + L.RAM, bytes).fill(0);
    return BigInt(at);
  }
  /** Forgets all tables. */
  resetTables(): void {
    this.nextTable = L.RAM_BASE + 0x100000;
  }
  fault(): { status: number; flags: number; va: bigint; ipa: bigint } {
    return {
      status: this.get32(L.FAULT_STATUS),
      flags: this.get32(L.FAULT_FLAGS),
      va: this.get64(L.FAULT_VA),
      ipa: this.get64(L.FAULT_IPA),
    };
  }
  trace(): {
    status: number;
    flags: number;
    permissions: number;
    pa: bigint;
    ipa: bigint;
    attributes: number;
    shareability: number;
    steps: {
      stage: number;
      level: number;
      pa: bigint;
      ipa: bigint;
      descriptor: bigint;
      output: bigint;
      kind: number;
    }[];
  } {
    const steps = [];
    for (let index = 0; index < this.get32(L.TRACE + L.TRACE_STEPS); index++) {
      const at = L.TRACE + L.TRACE_FIRST_STEP + index * L.TRACE_STEP_BYTES;
      steps.push({
        stage: this.get32(at + L.STEP_STAGE),
        level: this.view.getInt32(at + L.STEP_LEVEL, true),
        pa: this.get64(at + L.STEP_PA),
        ipa: this.get64(at + L.STEP_IPA),
        descriptor: this.get64(at + L.STEP_DESCRIPTOR),
        output: this.get64(at + L.STEP_OUTPUT),
        kind: this.get32(at + L.STEP_KIND),
      });
    }
    return {
      status: this.view.getInt32(L.TRACE + L.TRACE_STATUS, true),
      flags: this.get32(L.TRACE + L.TRACE_FAULT_FLAGS),
      permissions: this.get32(L.TRACE + L.TRACE_PERMISSIONS),
      pa: this.get64(L.TRACE + L.TRACE_PA),
      ipa: this.get64(L.TRACE + L.TRACE_IPA),
      attributes: this.get32(L.TRACE + L.TRACE_ATTRIBUTES),
      shareability: this.get32(L.TRACE + L.TRACE_SHAREABILITY),
      steps,
    };
  }

  /**
   * Maps one page or block with tables made as needed. `table` is the first table at `level`; `leaf` are the attribute
   * bits of the leaf, without address and type.
   */
  map(
    table: bigint,
    level: number,
    granule: number,
    input: bigint,
    output: bigint,
    leafLevel: number,
    leaf: bigint,
  ): void {
    const stride = BigInt(granule - 3);
    let shift = BigInt(granule) + BigInt(3 - level) * stride;
    // The first index is not masked: the first table may be smaller, or concatenated.
    let slotAddress = table + 8n * (input >> shift);
    for (let at = level; at < leafLevel; at++) {
      const descriptor = this.peek(slotAddress);
      let next = descriptor & 0x0000fffffffff000n;
      if ((descriptor & 1n) === 0n) {
        next = this.allocate(1 << granule, 1 << granule);
        this.poke(slotAddress, next | 3n);
      }
      shift -= stride;
      slotAddress = next + 8n * ((input >> shift) & ((1n << stride) - 1n));
    }
    this.poke(slotAddress, output | leaf | (leafLevel === 3 ? 3n : 1n));
  }
}

function slot(name: string): number {
  const found = SLOT[name];
  if (found === undefined) throw new Error(`No slot for ${name}.`);
  return found;
}

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** A small generator of reproducible numbers (xorshift). */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
