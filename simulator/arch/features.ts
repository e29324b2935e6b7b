/**
 * Which PE is simulated: named models, single features on and off, and what follows from them in the ID registers.
 * The source for features, their versions and their ID fields is the Arm ARM, A2 and D24.2 (DDI 0487).
 */

interface FeatureRow {
  /** Field of an ID register and the value it has at least while the feature is there, separated by commas. */
  readonly id?: string;
  /** Features that come with it; without one of them it goes too. */
  readonly implies?: readonly string[];
  readonly text: string;
}

/** A row per feature: short name, as in `+nv2`. The Arm ARM calls it FEAT_ and the name, unless the text says more. */
const featureRows = {
  // Armv8.0
  el2: { id: 'ID_AA64PFR0_EL1.EL2=1', text: 'Exception level 2, for hypervisors.' },
  el3: { id: 'ID_AA64PFR0_EL1.EL3=1,ID_AA64MMFR0_EL1.SNSMem=1', text: 'Exception level 3, for firmware.' },
  gicv3: { id: 'ID_AA64PFR0_EL1.GIC=1', text: 'System registers of the GIC, version 3.' },
  // Not of the Arm ARM: how many list registers the virtual CPU interface has.
  lrs8: { implies: ['gicv3'], text: 'Eight list registers instead of four.' },
  lrs16: { implies: ['lrs8'], text: 'Sixteen list registers instead of four.' },
  pmuv3: { id: 'ID_AA64DFR0_EL1.PMUVer=1', text: 'Performance monitors, version 3.' },
  // Not FEAT_: optional in every version.
  granule16: { id: 'ID_AA64MMFR0_EL1.TGran16=1', text: 'Translation tables with 16 KB pages.' },
  aes: { id: 'ID_AA64ISAR0_EL1.AES=1', text: 'AES instructions.' },
  pmull: { id: 'ID_AA64ISAR0_EL1.AES=2', implies: ['aes'], text: 'PMULL on 64 bits.' },
  sha1: { id: 'ID_AA64ISAR0_EL1.SHA1=1', text: 'SHA1 instructions.' },
  sha256: { id: 'ID_AA64ISAR0_EL1.SHA2=1', implies: ['sha1'], text: 'SHA256 instructions.' },
  crc32: { id: 'ID_AA64ISAR0_EL1.CRC32=1', text: 'CRC32 instructions.' },
  csv2: { id: 'ID_AA64PFR0_EL1.CSV2=1', text: 'Branch prediction does not leak between contexts.' },
  csv2_2: { id: 'ID_AA64PFR0_EL1.CSV2=2', implies: ['csv2'], text: 'Software context numbers, SCXTNUM_ELx.' },
  csv3: { id: 'ID_AA64PFR0_EL1.CSV3=1', text: 'Faulting loads do not leak.' },
  // Armv8.1
  lse: { id: 'ID_AA64ISAR0_EL1.Atomic=2', text: 'Atomic memory instructions.' },
  rdm: { id: 'ID_AA64ISAR0_EL1.RDM=1', text: 'Rounding doubling multiply accumulate.' },
  pan: { id: 'ID_AA64MMFR1_EL1.PAN=1', text: 'Privileged access never.' },
  lor: { id: 'ID_AA64MMFR1_EL1.LO=1', text: 'Limited ordering regions.' },
  vhe: {
    id: 'ID_AA64MMFR1_EL1.VH=1,ID_AA64DFR0_EL1.DebugVer=7',
    implies: ['el2'],
    text: 'Virtualization Host Extensions: HCR_EL2.E2H and the EL2&0 regime.',
  },
  hpds: { id: 'ID_AA64MMFR1_EL1.HPDS=1', text: 'Hierarchical permissions can be disabled.' },
  vmid16: { id: 'ID_AA64MMFR1_EL1.VMIDBits=2', text: '16-bit VMIDs.' },
  hafdbs: { id: 'ID_AA64MMFR1_EL1.HAFDBS=2', text: 'Hardware management of access flag and dirty state.' },
  pmuv3p1: { id: 'ID_AA64DFR0_EL1.PMUVer=4', implies: ['pmuv3'], text: 'Performance monitors of Armv8.1.' },
  // Armv8.2
  pan2: { id: 'ID_AA64MMFR1_EL1.PAN=2', implies: ['pan'], text: 'AT S1E1RP and AT S1E1WP.' },
  uao: { id: 'ID_AA64MMFR2_EL1.UAO=1', text: 'User access override.' },
  ttcnp: { id: 'ID_AA64MMFR2_EL1.CnP=1', text: 'Translation tables that PEs share.' },
  xnx: { id: 'ID_AA64MMFR1_EL1.XNX=1', text: 'Stage 2 execute permission apart for EL1 and EL0.' },
  hpds2: { id: 'ID_AA64MMFR1_EL1.HPDS=2', implies: ['hpds'], text: 'Page-based hardware attributes.' },
  dpb: { id: 'ID_AA64ISAR1_EL1.DPB=1', text: 'DC CVAP.' },
  debugv8p2: { id: 'ID_AA64DFR0_EL1.DebugVer=8', text: 'Debug of Armv8.2.' },
  fp16: { id: 'ID_AA64PFR0_EL1.FP=1,ID_AA64PFR0_EL1.AdvSIMD=1', text: 'Half-precision arithmetic.' },
  dotprod: { id: 'ID_AA64ISAR0_EL1.DP=1', text: 'Dot product instructions.' },
  fhm: { id: 'ID_AA64ISAR0_EL1.FHM=1', implies: ['fp16'], text: 'FMLAL and FMLSL.' },
  sha512: { id: 'ID_AA64ISAR0_EL1.SHA2=2', implies: ['sha256'], text: 'SHA512 instructions.' },
  sha3: { id: 'ID_AA64ISAR0_EL1.SHA3=1', text: 'SHA3 instructions.' },
  sm3: { id: 'ID_AA64ISAR0_EL1.SM3=1', text: 'SM3 instructions.' },
  sm4: { id: 'ID_AA64ISAR0_EL1.SM4=1', text: 'SM4 instructions.' },
  lva: { id: 'ID_AA64MMFR2_EL1.VARange=1', text: '52-bit virtual addresses with 64 KB pages.' },
  lpa: { id: 'ID_AA64MMFR0_EL1.PARange=6', text: '52-bit physical addresses with 64 KB pages.' },
  evt: { id: 'ID_AA64MMFR2_EL1.EVT=2', text: 'Enhanced virtualization traps: TTLBIS, TTLBOS, TICAB, TOCU, TID4.' },
  // Armv8.3
  pauth: {
    id: 'ID_AA64ISAR1_EL1.API=1,ID_AA64ISAR1_EL1.GPI=1',
    text: 'Pointer authentication, implementation defined.',
  },
  jscvt: { id: 'ID_AA64ISAR1_EL1.JSCVT=1', text: 'FJCVTZS.' },
  fcma: { id: 'ID_AA64ISAR1_EL1.FCMA=1', text: 'FCMLA and FCADD.' },
  lrcpc: { id: 'ID_AA64ISAR1_EL1.LRCPC=1', text: 'LDAPR.' },
  nv: { id: 'ID_AA64MMFR2_EL1.NV=1', implies: ['vhe'], text: 'Nested virtualization.' },
  // Not architecture: the proposal of the paper "NEVE: Nested Virtualization Extensions for ARM" (SOSP 2017).
  neve: {
    implies: ['nv'],
    text: 'The NEVE proposal, from which FEAT_NV2 came. It is in use while VNCR_EL2.Enable is 1.',
  },
  // Armv8.4
  nv2: {
    id: 'ID_AA64MMFR2_EL1.NV=2',
    implies: ['nv'],
    text: 'Enhanced nested virtualization: EL2 registers in memory.',
  },
  flagm: { id: 'ID_AA64ISAR0_EL1.TS=1', text: 'CFINV, RMIF, SETF8, SETF16.' },
  dit: { id: 'ID_AA64PFR0_EL1.DIT=1', text: 'Data-independent timing.' },
  lrcpc2: { id: 'ID_AA64ISAR1_EL1.LRCPC=2', implies: ['lrcpc'], text: 'LDAPUR and STLUR.' },
  lse2: { id: 'ID_AA64MMFR2_EL1.AT=1', text: 'Unaligned accesses within 16 bytes are single-copy atomic.' },
  tlbios: { id: 'ID_AA64ISAR0_EL1.TLB=1', text: 'TLBI of the Outer Shareable domain.' },
  tlbirange: { id: 'ID_AA64ISAR0_EL1.TLB=2', implies: ['tlbios'], text: 'TLBI of ranges.' },
  ttst: { id: 'ID_AA64MMFR2_EL1.ST=1', text: 'Small translation tables.' },
  s2fwb: { id: 'ID_AA64MMFR2_EL1.FWB=1', text: 'Stage 2 forces Write-Back.' },
  ttl: { id: 'ID_AA64MMFR2_EL1.TTL=1', text: 'Level hint of TLBI.' },
  bbm: { id: 'ID_AA64MMFR2_EL1.BBM=2', text: 'Change of block size without break-before-make, level 2.' },
  idst: { id: 'ID_AA64MMFR2_EL1.IDS=1', text: 'ID registers at EL0 are reported as a system register trap.' },
  debugv8p4: { id: 'ID_AA64DFR0_EL1.DebugVer=9', implies: ['debugv8p2'], text: 'Debug of Armv8.4.' },
  pmuv3p4: { id: 'ID_AA64DFR0_EL1.PMUVer=5', implies: ['pmuv3p1'], text: 'Performance monitors of Armv8.4.' },
  // Armv8.5
  flagm2: { id: 'ID_AA64ISAR0_EL1.TS=2', implies: ['flagm'], text: 'AXFLAG and XAFLAG.' },
  frintts: { id: 'ID_AA64ISAR1_EL1.FRINTTS=1', text: 'FRINT32 and FRINT64.' },
  sb: { id: 'ID_AA64ISAR1_EL1.SB=1', text: 'Speculation barrier.' },
  ssbs: { id: 'ID_AA64PFR1_EL1.SSBS=1', text: 'Speculative store bypass safe.' },
  ssbs2: { id: 'ID_AA64PFR1_EL1.SSBS=2', implies: ['ssbs'], text: 'PSTATE.SSBS by MSR and MRS.' },
  specres: { id: 'ID_AA64ISAR1_EL1.SPECRES=1', text: 'CFP, DVP and CPP.' },
  bti: { id: 'ID_AA64PFR1_EL1.BT=1', text: 'Branch target identification.' },
  e0pd: { id: 'ID_AA64MMFR2_EL1.E0PD=1', text: 'EL0 can be kept out of half of the addresses.' },
  rng: { id: 'ID_AA64ISAR0_EL1.RNDR=1', text: 'Random numbers, RNDR and RNDRRS.' },
  dpb2: { id: 'ID_AA64ISAR1_EL1.DPB=2', implies: ['dpb'], text: 'DC CVADP.' },
  pmuv3p5: { id: 'ID_AA64DFR0_EL1.PMUVer=6', implies: ['pmuv3p4'], text: 'Performance monitors of Armv8.5.' },
  // Armv8.6
  ecv: { id: 'ID_AA64MMFR0_EL1.ECV=2', text: 'Enhanced counter virtualization.' },
  fgt: { id: 'ID_AA64MMFR0_EL1.FGT=1', implies: ['el2'], text: 'Fine-grained traps.' },
  bf16: { id: 'ID_AA64ISAR1_EL1.BF16=1', text: 'BFloat16 instructions.' },
  i8mm: { id: 'ID_AA64ISAR1_EL1.I8MM=1', text: 'Int8 matrix multiplication.' },
  twed: { id: 'ID_AA64MMFR1_EL1.TWED=1', text: 'Delay of trapped WFE.' },
  dgh: { id: 'ID_AA64ISAR1_EL1.DGH=1', text: 'Data gathering hint.' },
  pauth2: { id: 'ID_AA64ISAR1_EL1.API=3', implies: ['pauth'], text: 'Enhanced pointer authentication.' },
  fpac: { id: 'ID_AA64ISAR1_EL1.API=4', implies: ['pauth2'], text: 'A failed authentication faults at once.' },
  // Later, and useful to hypervisors.
  lpa2: {
    id: 'ID_AA64MMFR0_EL1.TGran4=1,ID_AA64MMFR0_EL1.TGran16=2,ID_AA64MMFR0_EL1.TGran4_2=3,ID_AA64MMFR0_EL1.TGran16_2=3',
    implies: ['lva', 'lpa', 'ttst', 'granule16'],
    text: '52-bit addresses with 4 KB and 16 KB pages.',
  },
  pan3: { id: 'ID_AA64MMFR1_EL1.PAN=3', implies: ['pan2'], text: 'PAN counts executable pages, SCTLR_ELx.EPAN.' },
  wfxt: { id: 'ID_AA64ISAR2_EL1.WFxT=2', text: 'WFET and WFIT.' },
  hcx: { id: 'ID_AA64MMFR1_EL1.HCX=1', implies: ['el2'], text: 'HCRX_EL2.' },
} as const satisfies Record<string, FeatureRow>;

/** Extensions that no PE here has: rows may name them, so that an access can be explained. */
export const notModelled: Readonly<Record<string, string>> = {
  aarch32: 'AArch32 state',
  ras: 'the RAS extension',
  sel2: 'Secure EL2',
  trf: 'self-hosted trace',
  mixedend: 'big-endian data',
  doublelock: 'the OS double lock',
  morepriorities: 'more than 5 bits of preemption',
  morepoints: 'more than 6 breakpoints and 4 watchpoints',
};

export type Feature = keyof typeof featureRows;

interface CpuRow {
  /** The model that this one extends. */
  readonly base?: string;
  readonly features: string;
  readonly text: string;
  /** MIDR_EL1; implementer 0 is for software. */
  readonly midr?: bigint;
  readonly revidr?: bigint;
  /** ID_AA64MMFR0_EL1.PARange. */
  readonly paRange?: bigint;
  /** CTR_EL0.{IDC, DIC}: caches need no maintenance to the point of unification. */
  readonly coherentCaches?: boolean;
  /** Implementation defined registers, see rows/implementation.ts. */
  readonly implementation?: string;
}

const cpuRows: Readonly<Record<string, CpuRow>> = {
  'armv8.0-a': {
    features: 'el2 el3 gicv3 pmuv3 granule16 aes pmull sha1 sha256 crc32 csv2 csv3',
    text: 'Armv8.0: no VHE.',
  },
  'armv8.1-a': {
    base: 'armv8.0-a',
    features: 'lse rdm pan lor vhe hpds vmid16 hafdbs pmuv3p1',
    text: 'Armv8.1: VHE.',
  },
  'armv8.2-a': {
    base: 'armv8.1-a',
    features: 'pan2 uao ttcnp xnx hpds2 dpb debugv8p2 fp16 dotprod fhm sha512 sha3 sm3 sm4',
    text: 'Armv8.2.',
  },
  'armv8.3-a': { base: 'armv8.2-a', features: 'pauth jscvt fcma lrcpc nv', text: 'Armv8.3: nested virtualization.' },
  'armv8.4-a': {
    base: 'armv8.3-a',
    features: 'nv2 flagm dit lrcpc2 lse2 tlbios tlbirange ttst s2fwb ttl bbm idst debugv8p4 pmuv3p4',
    text: 'Armv8.4: enhanced nested virtualization.',
  },
  'armv8.5-a': {
    base: 'armv8.4-a',
    features: 'flagm2 frintts sb ssbs ssbs2 specres bti e0pd rng dpb2 evt pmuv3p5',
    text: 'Armv8.5.',
  },
  'armv8.6-a': {
    base: 'armv8.5-a',
    features: 'ecv fgt bf16 i8mm twed dgh pauth2',
    text: 'Armv8.6: fine-grained traps.',
  },
  max: { base: 'armv8.6-a', features: 'fpac', text: 'Everything to Armv8.6 that is modelled.' },
  'cortex-a57': {
    features: 'el2 el3 gicv3 pmuv3 aes pmull sha1 sha256 crc32',
    text: 'Cortex-A57, r1p3.',
    midr: 0x411fd073n,
    paRange: 4n,
    coherentCaches: false,
    implementation: 'cortexa57',
  },
  'cortex-a72': {
    features: 'el2 el3 gicv3 pmuv3 aes pmull sha1 sha256 crc32',
    text: 'Cortex-A72, r1p0.',
    midr: 0x411fd080n,
    paRange: 4n,
    coherentCaches: false,
    implementation: 'cortexa57',
  },
};

export const cpuNames: readonly string[] = Object.keys(cpuRows);
export const featureNames = Object.keys(featureRows) as readonly Feature[];

/** One sentence about a PE model or a feature, for completion and hovers. */
export function describeFeature(name: string): string | undefined {
  if (Object.hasOwn(cpuRows, name)) return cpuRows[name].text;
  return Object.hasOwn(featureRows, name) ? (featureRows as Record<string, FeatureRow>)[name].text : undefined;
}

/** A PE with its features: the same for all PEs of a machine. */
export interface Features {
  readonly cpu: string;
  /** Takes any name that rows use, also several with `|` of which one is enough. */
  has(name: string): boolean;
  /** Sorted. */
  readonly names: readonly string[];
  readonly midr: bigint;
  readonly revidr: bigint;
  readonly coherentCaches: boolean;
  /** Least value of a field of an ID register, such as `ID_AA64PFR0_EL1.EL2`; undefined where no feature says. */
  idField(name: string): bigint | undefined;
  /** Names that `idField` knows. */
  readonly idFields: readonly string[];
}

/**
 * The PE of this name with features switched by `+name` and `-name`, in this order. Throws one sentence for an unknown
 * name. `armv8.0` is short for `armv8.0-a`, `a57` for `cortex-a57`. What a feature implies comes and goes with it.
 */
export function createFeatures(cpu = 'max', switches: readonly string[] = []): Features {
  const name = findCpu(cpu);
  const on = new Set<string>();
  const chain: CpuRow[] = [];
  for (let row: CpuRow | undefined = cpuRows[name]; row; row = row.base ? cpuRows[row.base] : undefined) {
    chain.unshift(row);
  }
  for (const row of chain) for (const feature of row.features.split(' ')) switchOn(on, feature);
  for (const part of switches.flatMap(text => text.split(',')).map(text => text.trim().toLowerCase())) {
    if (part === '') continue;
    const feature = part.replace(/^[+-]/, '').replace(/^feat_/, '');
    if (!Object.hasOwn(featureRows, feature)) throw new Error(unknownFeature(part, feature));
    if (part.startsWith('+')) switchOn(on, feature);
    else if (part.startsWith('-')) switchOff(on, feature);
    else throw new Error(`The feature "${part}" needs a sign: write +${feature} or -${feature}.`);
  }
  return build(name, on);
}

function build(cpu: string, on: ReadonlySet<string>): Features {
  const row = cpuRows[cpu];
  const all = new Set(on);
  // Registers that the highest implemented level has (RVBAR_ELx, RMR_ELx).
  if (!on.has('el3')) all.add(on.has('el2') ? 'el2highest' : 'el1highest');
  if (row.implementation) all.add(row.implementation);
  const fields = new Map<string, bigint>([
    ['ID_AA64MMFR0_EL1.PARange', row.paRange ?? 5n],
    ['ID_AA64DFR0_EL1.DebugVer', 6n],
  ]);
  for (const feature of on) {
    for (const part of (featureRows as Record<string, FeatureRow>)[feature].id?.split(',') ?? []) {
      const [field, value] = part.split('=');
      const former = fields.get(field) ?? 0n;
      if (BigInt(value) > former) fields.set(field, BigInt(value));
    }
  }
  return {
    cpu,
    has: name => (name.includes('|') ? name.split('|').some(one => all.has(one)) : all.has(name)),
    names: [...on].sort(),
    // That of QEMU's `max`, an implementation in software: firmware for its `virt` board refuses PEs that it does not know.
    midr: row.midr ?? 0x000f_0510n,
    revidr: row.revidr ?? 0n,
    coherentCaches: row.coherentCaches ?? true,
    idField: name => fields.get(name),
    idFields: [...fields.keys()],
  };
}

function switchOn(on: Set<string>, feature: string): void {
  on.add(feature);
  for (const implied of (featureRows as Record<string, FeatureRow>)[feature].implies ?? []) switchOn(on, implied);
}

function switchOff(on: Set<string>, feature: string): void {
  on.delete(feature);
  for (const [name, row] of Object.entries(featureRows as Record<string, FeatureRow>)) {
    if (on.has(name) && row.implies?.includes(feature)) switchOff(on, name);
  }
}

function findCpu(cpu: string): string {
  const wanted = cpu.trim().toLowerCase();
  for (const name of [wanted, `${wanted}-a`, `cortex-${wanted}`]) if (Object.hasOwn(cpuRows, name)) return name;
  throw new Error(
    `There is no PE model "${cpu}"; did you mean ${nearest(wanted, cpuNames)}? The models are ${cpuNames.join(', ')}.`,
  );
}

function unknownFeature(part: string, feature: string): string {
  if (feature in notModelled)
    return `The feature "${part}" cannot be switched: ${notModelled[feature]} is not modelled.`;
  return `There is no feature "${feature}"; did you mean ${nearest(feature, featureNames)}?`;
}

/** The up to three names that differ least, for a message. */
function nearest(wanted: string, names: readonly string[]): string {
  const ranked = names
    .map(name => ({ name, distance: editDistance(wanted, name) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
