// The page of the "World Switch" view.

import type { WorldSwitchResponse, WorldSwitchView } from '../../debug-adapter/protocol.ts';
import { t } from '../l10n.ts';
import { byId, connect, element, number } from './host.ts';
import type { ViewState } from './messages.ts';
import { onThemeChange, readTheme } from './theme.ts';
import {
  type Access,
  accessCounts,
  compare,
  type Difference,
  fromFile,
  levelSums,
  type Named,
  needlessText,
  roleOf,
  toFile,
} from './world-switch-model.ts';

/** World switches to choose from. */
const MOST = 100;

let theme = readTheme();
let state: ViewState = { kind: 'none' };
let switches: readonly WorldSwitchView[] = [];
let shown: Named | undefined;
/** The other one of a comparison. */
let kept: Named | undefined;
let onlyNeedless = false;

const host = connect({
  state: next => {
    state = next;
    void refresh();
  },
  tell: (what, value) => {
    if (what === 'file') open(String(value));
    if (what === 'record') void record();
  },
});

async function refresh(): Promise<void> {
  const asked = state;
  document.body.classList.toggle('stale', state.kind === 'running');
  byId<HTMLSelectElement>('switches').disabled = state.kind !== 'stopped';
  // What can be recorded at this stop is known with the answer.
  byId<HTMLButtonElement>('record').disabled = true;
  if (state.kind === 'running') say(t('The machine is running: what is shown was recorded at an earlier stop.'));
  if (state.kind === 'none') {
    offer([]);
    say(
      shown
        ? t('No machine is running: what is shown was recorded before, or opened.')
        : t('No machine is running. Start one, or open a recording.'),
    );
  }
  if (state.kind !== 'stopped') return;
  try {
    const sameGuest = byId<HTMLInputElement>('same-guest').checked;
    const answer = await host.ask('hyperstep/worldSwitches', { threadId: state.threadId, limit: MOST, sameGuest });
    if (state !== asked) return;
    offer(answer.switches);
    say(
      switches.length === 0
        ? t(
            'PE {0} has switched to no guest and back before this moment. Run on until a guest has left and come back.',
            answer.pe,
          )
        : switches.length === MOST
          ? t('The last {0} world switches of PE {1} before this moment, the last one first.', MOST, answer.pe)
          : t('{0} world switches of PE {1} before this moment, the last one first.', switches.length, answer.pe),
    );
  } catch (error) {
    if (state !== asked) return;
    offer([]);
    say((error as Error).message);
  }
}

/** Lets one of these be chosen. */
function offer(found: readonly WorldSwitchView[]): void {
  switches = found;
  const options = switches.map((one, index) =>
    element(
      'option',
      { value: String(index) },
      t('{0}: {1} · VMID {2} · {3} cycles', number(one.at), one.cause, one.vmid, number(one.cycles)),
    ),
  );
  byId('switches').replaceChildren(...options);
  byId<HTMLButtonElement>('record').disabled = switches.length === 0;
}

function say(text: string): void {
  byId('status').textContent = text;
}

async function record(): Promise<void> {
  if (state.kind !== 'stopped') return;
  const wanted = switches[Number(byId<HTMLSelectElement>('switches').value || 0)];
  if (!wanted) return;
  say(t('Replaying the world switch…'));
  try {
    const recording = await host.ask('hyperstep/worldSwitch', {
      threadId: wanted.pe + 1,
      exit: wanted.exit,
      entry: wanted.entry,
    });
    show({ name: `${number(recording.exitAt)}: ${recording.cause}`, recording });
    say(t('Recorded by replay. The machine stands where it stood.'));
  } catch (error) {
    say((error as Error).message);
  }
}

function open(text: string): void {
  try {
    const file = fromFile(text);
    if (shown) kept = shown;
    show(file);
    say(t('Opened "{0}".', file.name));
  } catch (error) {
    say((error as Error).message);
  }
}

function show(named: Named): void {
  shown = named;
  byId('recording').classList.remove('hidden');
  byId<HTMLButtonElement>('keep').disabled = false;
  byId<HTMLButtonElement>('export').disabled = false;
  const { recording } = named;
  byId('title').textContent =
    `${named.name}: ${t('{0} modelled cycles, {1} instructions, PE {2}, VMID {3}', number(recording.cycles), number(recording.instructions), recording.pe, recording.vmid)}`;
  drawBars(recording);
  byId('levels').replaceChildren(levelTable(recording));
  showAccesses(recording);
  showComparison();
}

// --- The bars -----------------------------------------------------------------------------------------------------------

interface Piece {
  readonly start: number;
  readonly cycles: number;
  readonly label: string;
  readonly title: string;
  readonly level: number;
  readonly faint?: boolean;
}

function bar(label: string, pieces: readonly Piece[], all: number): HTMLElement {
  const made = element('div', { class: 'bar', role: 'group', 'aria-label': label });
  for (const [index, piece] of pieces.entries()) {
    const one = element(
      'button',
      { title: piece.title, 'aria-label': piece.title, tabindex: index ? '-1' : '0' },
      piece.cycles / all < 0.03 ? '' : piece.label,
    );
    one.style.left = `${(piece.start / all) * 100}%`;
    one.style.width = `${(piece.cycles / all) * 100}%`;
    // Borders on each side of what is a pixel wide would hide it.
    if (piece.cycles / all < 0.01) one.classList.add('thin');
    const share = piece.faint ? 30 : 55;
    one.style.background = `color-mix(in srgb, ${theme.levels[piece.level]} ${share}%, transparent)`;
    one.addEventListener('click', () => revealAt(piece.start));
    made.append(one);
  }
  // One stop of the Tab key for a bar; the arrows go on inside.
  made.addEventListener('keydown', event => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const buttons = [...made.querySelectorAll('button')];
    const next = buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by];
    if (by && next) next.focus();
  });
  return made;
}

function drawBars(recording: WorldSwitchResponse): void {
  const all = Math.max(1, recording.cycles);
  const segments = recording.segments.map(segment => ({
    start: segment.start,
    cycles: segment.cycles,
    label: `EL${segment.level} ${roleOf(segment)}`,
    title: t(
      'EL{0}, {1}, after {2}: {3} cycles, {4} instructions',
      segment.level,
      roleOf(segment),
      segment.cause,
      number(segment.cycles),
      number(segment.instructions),
    ),
    level: segment.level,
  }));
  const parts = recording.segments.flatMap(segment =>
    segment.parts.map(part => ({
      start: part.start,
      cycles: part.cycles,
      label: part.name,
      title: t(
        '{0} at EL{1}: {2} cycles, {3} instructions',
        part.name,
        segment.level,
        number(part.cycles),
        number(part.instructions),
      ),
      level: segment.level,
      faint: true,
    })),
  );
  byId('bars').replaceChildren(bar(t('Exception levels'), segments, all), bar(t('Functions'), parts, all));
}

/** The first register access at or after a place of the bar. */
function revealAt(cycles: number): void {
  const rows = [...byId('accesses').querySelectorAll<HTMLTableRowElement>('tbody tr')];
  const row = rows.find(one => Number(one.dataset.cycles) >= cycles);
  row?.scrollIntoView({ block: 'center' });
}

// --- Tables -------------------------------------------------------------------------------------------------------------

function table(caption: string, head: readonly string[], rows: readonly HTMLTableRowElement[]): HTMLElement {
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...head.map(name => element('th', { scope: 'col' }, name)))),
    element('tbody', {}, ...rows),
  );
}

const cell = (text: string, kind = '') => element('td', kind ? { class: kind } : {}, text);

function levelTable(recording: WorldSwitchResponse): HTMLElement {
  const all = recording.cycles || 1;
  return table(
    t('Levels'),
    [t('Level'), t('What ran'), t('Entered'), t('Instructions'), t('Cycles'), t('Share')],
    levelSums(recording).map(sum =>
      element(
        'tr',
        {},
        cell(`EL${sum.level}`),
        cell(sum.role),
        cell(String(sum.entered), 'number'),
        cell(number(sum.instructions), 'number'),
        cell(number(sum.cycles), 'number'),
        cell(`${((sum.cycles / all) * 100).toFixed(1)} %`, 'number'),
      ),
    ),
  );
}

function showAccesses(recording: WorldSwitchResponse): void {
  const { saves, restores, writes, reads, needless } = accessCounts(recording.accesses);
  const listed = recording.accesses.filter(one => !onlyNeedless || one.needless !== undefined);
  byId('accesses').replaceChildren(
    table(
      t(
        'System registers: {0} saved, {1} restored, {2} other writes, {3} other reads; {4} needless',
        saves,
        restores,
        writes,
        reads,
        needless,
      ),
      [
        t('Cycle'),
        t('Level'),
        t('What'),
        t('Register'),
        t('Value'),
        t('Was'),
        t('Needless'),
        t('Function'),
        t('Instruction'),
      ],
      listed.map(accessRow),
    ),
  );
}

const words: Readonly<Record<Access['kind'], string>> = {
  save: t('saved'),
  restore: t('restored'),
  write: t('written'),
  read: t('read'),
};

function accessRow(access: Access): HTMLTableRowElement {
  const needless = needlessText(access);
  return element(
    'tr',
    { 'data-cycles': String(access.cycles) },
    cell(number(access.cycles), 'number'),
    cell(`EL${access.level}`),
    cell(words[access.kind]),
    cell(access.register, 'code'),
    cell(shorter(access.value), 'code'),
    cell(access.old === undefined ? '' : shorter(access.old), 'code'),
    cell(needless && `⚠ ${needless}`, 'needless'),
    cell(access.function ?? ''),
    cell(access.instruction, 'code'),
  );
}

/** Without leading zeros. */
function shorter(value: string): string {
  return `0x${BigInt(value).toString(16)}`;
}

// --- Comparison ---------------------------------------------------------------------------------------------------------

function showComparison(): void {
  const place = byId('comparison');
  place.classList.toggle('hidden', !shown || !kept || shown === kept);
  if (!shown || !kept || shown === kept) return;
  const { sums, registers } = compare(kept.recording, shown.recording);
  const head = ['', 'A', 'B', 'B − A'];
  place.replaceChildren(
    table(t('A is {0}. B is {1}.', kept.name, shown.name), head, sums.map(differenceRow)),
    table(t('Registers that they access a different number of times'), head, registers.map(differenceRow)),
  );
}

function differenceRow({ what, a, b }: Difference): HTMLTableRowElement {
  const sign = b > a ? '+' : '';
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, what),
    cell(number(a), 'number'),
    cell(number(b), 'number'),
    cell(a === b ? '=' : `${sign}${number(b - a)}`, 'number'),
  );
}

byId('record').addEventListener('click', () => void record());
byId('same-guest').addEventListener('change', () => void refresh());
byId('keep').addEventListener('click', () => {
  kept = shown;
  byId('keep').textContent = t('Kept for comparison');
  showComparison();
});
byId('export').addEventListener('click', () => shown && host.do('export', toFile(shown)));
byId('import').addEventListener('click', () => host.do('import'));
byId('only-needless').addEventListener('change', () => {
  onlyNeedless = byId<HTMLInputElement>('only-needless').checked;
  if (shown) showAccesses(shown.recording);
});
onThemeChange(() => {
  theme = readTheme();
  if (shown) drawBars(shown.recording);
});
