// The page of the "Exception Levels" view.

import {
  EXCEPTION_CLASSES,
  type TimelineEvent,
  type TimelineResponse,
  type TimelineStatisticsResponse,
} from '../../debug-adapter/protocol.ts';
import { t } from '../l10n.ts';
import { byId, connect, element, number } from './host.ts';
import type { ViewState } from './messages.ts';
import { onThemeChange, readTheme } from './theme.ts';
import { TimelineCanvas } from './timeline-canvas.ts';
import { Tiles, View } from './timeline-model.ts';

const ROWS = 200;

const canvas = byId<HTMLCanvasElement>('timeline');
const drawing = new TimelineCanvas(canvas);
const view = new View();
let theme = readTheme();
let state: ViewState = { kind: 'none' };
let info: Pick<TimelineResponse, 'start' | 'now' | 'end' | 'generation'> | undefined;
let pes = 1;
let session = '';
let selected: { pe: number; event: TimelineEvent } | undefined;
let asTable = false;
let tableAt = 0;
let tablePe = 0;
let scheduled = false;
let statisticsTimer: ReturnType<typeof setTimeout> | undefined;

const host = connect({
  state: next => {
    state = next;
    void refresh();
  },
  tell: (what, value) => {
    if (what === 'zoom') zoom(Number(value));
    else if (what === 'whole') showWhole();
    else if (what === 'table') showTable(!asTable);
  },
});

const tiles = new Tiles(args => host.ask('hyperstep/timeline', args), redraw);

function redraw(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    if (!info || asTable) return;
    const visible = tiles.cover(view.from, Math.min(view.to, info.end), drawing.width);
    const mark = selected && { pe: selected.pe, instructions: selected.event.instructions };
    drawing.draw(view, visible, theme, { now: info.now, end: info.end, ...(mark ? { selected: mark } : {}) });
    canvas.dataset.pending = String(tiles.pending);
  });
}

/** The stretch in view has changed. */
function moved(): void {
  redraw();
  clearTimeout(statisticsTimer);
  statisticsTimer = setTimeout(() => void showStatistics(), 120);
}

async function refresh(): Promise<void> {
  document.body.classList.toggle('stale', state.kind === 'running');
  const stopped = state.kind === 'stopped';
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-needs-stop]'))
    button.disabled = !stopped;
  if (state.kind === 'none') {
    info = undefined;
    session = '';
    tiles.clear();
    notice(t('No machine is running. Start one to see its exceptions.'));
    return;
  }
  if (state.kind === 'running') {
    say(t('The machine is running: this is what had happened at the last stop.'));
    return;
  }
  try {
    const answer = await host.ask('hyperstep/timeline', { parts: 1 });
    const fresh = session !== state.session;
    session = state.session;
    if (fresh) tiles.clear();
    tiles.update(answer);
    info = answer;
    pes = answer.lanes.length;
    drawing.pes = pes;
    if (fresh) view.show(answer.start, answer.end);
    view.setBounds(answer.start, answer.end);
    view.reveal(answer.now);
    notice(answer.end > answer.start ? undefined : t('Nothing has run yet: continue or step to see exceptions here.'));
    say(
      answer.end > answer.now
        ? t(
            'Now at {0} instructions of {1} that were recorded; what is shaded lies ahead.',
            number(answer.now),
            number(answer.end),
          )
        : t('Now at {0} instructions.', number(answer.now)),
    );
    if (!asTable) drawing.resize();
    moved();
    if (asTable) await showRows();
  } catch (error) {
    notice((error as Error).message);
  }
}

function notice(text: string | undefined): void {
  byId('notice').textContent = text ?? '';
  byId('notice').classList.toggle('hidden', text === undefined);
  byId('content').classList.toggle('hidden', text !== undefined);
  document.body.dataset.ready = text === undefined ? 'true' : 'false';
}

function say(text: string): void {
  byId('status').textContent = text;
}

function travel(instructions: number): void {
  if (state.kind === 'stopped') host.do('goTo', Math.round(instructions));
}

function zoom(factor: number): void {
  view.zoom(factor, selected?.event.instructions ?? (view.from + view.to) / 2);
  moved();
}

function showWhole(): void {
  view.show(view.bounds.from, view.bounds.to);
  moved();
}

function className(key: string): string {
  return t(EXCEPTION_CLASSES.find(one => one.key === key)?.label ?? key);
}

function describe(pe: number, event: TimelineEvent): string {
  const guest = event.vmid === undefined ? '' : `, VMID ${event.vmid}`;
  return t(
    'PE {0}, EL{1} to EL{2}, {3}, at {4} instructions, {5} modelled cycles',
    pe,
    event.from,
    event.to,
    event.reason + guest,
    number(event.instructions),
    number(event.cycles),
  );
}

// --- Statistics ---------------------------------------------------------------------------------------------------------

async function showStatistics(): Promise<void> {
  if (state.kind !== 'stopped' || !info) return;
  const { from, to } = view;
  try {
    byId('statistics').replaceChildren(...statistics(await host.ask('hyperstep/timelineStatistics', { from, to })));
  } catch (error) {
    byId('statistics').replaceChildren(element('p', { class: 'notice' }, (error as Error).message));
  }
}

function statistics({ from, to, pes: found }: TimelineStatisticsResponse): Node[] {
  const sums = new Map<string, { count: number; cycles: number }>();
  const levels = [0, 0, 0, 0];
  for (const pe of found) {
    for (const [level, cycles] of pe.levels.entries()) levels[level] += cycles;
    for (const { class: key, count, cycles } of pe.classes) {
      const sum = sums.get(key) ?? { count: 0, cycles: 0 };
      sums.set(key, { count: sum.count + count, cycles: sum.cycles + cycles });
    }
  }
  const all = levels.reduce((a, b) => a + b, 0) || 1;
  const head = (...names: string[]) =>
    element(
      'thead',
      {},
      element('tr', {}, ...names.map((name, n) => element('th', { scope: 'col', class: n ? 'number' : '' }, name))),
    );
  const row = (colour: string, label: string, ...cells: string[]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, swatch(colour), label),
      ...cells.map(cell => element('td', { class: 'number' }, cell)),
    );
  const kinds = [...sums].filter(([key]) => key !== 'return').sort((a, b) => b[1].count - a[1].count);
  const colourOf = (key: string) => theme.classes[EXCEPTION_CLASSES.findIndex(one => one.key === key)];
  const byClass = element(
    'table',
    {},
    element('caption', {}, t('{0} to {1}', number(from), number(to))),
    head(t('Exception'), t('Count'), t('Cycles')),
    element(
      'tbody',
      {},
      ...kinds.map(([key, { count, cycles }]) => row(colourOf(key), className(key), number(count), number(cycles))),
    ),
  );
  const byLevel = element(
    'table',
    {},
    head(t('Level'), t('Cycles'), t('Share')),
    element(
      'tbody',
      {},
      ...levels.flatMap((cycles, level) =>
        cycles > 0
          ? [row(theme.levels[level], `EL${level}`, number(cycles), `${((cycles / all) * 100).toFixed(1)} %`)]
          : [],
      ),
    ),
  );
  return kinds.length === 0
    ? [element('p', { class: 'notice' }, t('No exceptions in view.')), byLevel]
    : [byClass, byLevel];
}

function swatch(colour: string): Node {
  const made = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  made.style.background = colour;
  return made;
}

// --- The table, for those who do not see the picture --------------------------------------------------------------------

function showTable(on: boolean): void {
  asTable = on;
  byId('as-table').setAttribute('aria-pressed', String(on));
  canvas.classList.toggle('hidden', on);
  byId('table').classList.toggle('hidden', !on);
  byId('pages').classList.toggle('hidden', !on);
  if (on) {
    void openTable();
  } else {
    drawing.resize();
    redraw();
  }
}

/** Begins with the stretch in view. */
async function openTable(): Promise<void> {
  const answer = await host.ask('hyperstep/timelineEvents', { threadId: tablePe + 1, at: view.from, count: 1 });
  tableAt = Math.max(0, Math.min(answer.events[0]?.number ?? answer.total, answer.total - ROWS));
  await showRows();
}

async function showRows(): Promise<void> {
  if (state.kind !== 'stopped') return;
  const answer = await host.ask('hyperstep/timelineEvents', { threadId: tablePe + 1, first: tableAt, count: ROWS });
  const { events, total, oldest } = answer;
  const rows = events.map(event => {
    const go = element('button', { class: 'link', title: t('Travel there') }, number(event.instructions));
    go.addEventListener('click', () => travel(event.instructions));
    return element(
      'tr',
      event.instructions === info?.now ? { class: 'now', 'aria-current': 'true' } : {},
      element('td', { class: 'number' }, go),
      element('td', { class: 'number' }, number(event.cycles)),
      element('td', {}, `EL${event.from} → EL${event.to}`),
      element('td', {}, className(event.class)),
      element('td', {}, event.vmid === undefined ? '' : `VMID ${event.vmid}`),
      element('td', {}, event.reason),
    );
  });
  const head = [t('Instructions'), t('Cycles'), t('Levels'), t('Class'), t('Guest'), t('Reason')];
  byId('table').replaceChildren(
    element(
      'table',
      {},
      element('caption', {}, t('Exceptions of PE {0}: {1} of {2}', tablePe, number(events.length), number(total))),
      element('thead', {}, element('tr', {}, ...head.map(name => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...rows),
    ),
  );
  byId<HTMLButtonElement>('earlier').disabled = tableAt <= oldest;
  byId<HTMLButtonElement>('later').disabled = tableAt + ROWS >= total;
  const choice = byId<HTMLSelectElement>('pe');
  if (choice.options.length !== pes) {
    choice.replaceChildren(
      ...Array.from({ length: pes }, (_, pe) => element('option', { value: String(pe) }, `PE ${pe}`)),
    );
  }
  choice.value = String(tablePe);
}

byId('earlier').addEventListener('click', () => {
  tableAt = Math.max(0, tableAt - ROWS);
  void showRows();
});
byId('later').addEventListener('click', () => {
  tableAt += ROWS;
  void showRows();
});
byId('pe').addEventListener('change', () => {
  tablePe = Number(byId<HTMLSelectElement>('pe').value);
  void openTable();
});

// --- Mouse and keyboard -------------------------------------------------------------------------------------------------

let drag: { x: number; from: number; moved: boolean } | undefined;

canvas.addEventListener('wheel', event => {
  event.preventDefault();
  const { x } = drawing.locate(event.offsetX, event.offsetY);
  if (event.ctrlKey || (!event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX)))
    view.zoom(1.0015 ** event.deltaY, view.instructionsAt(x, drawing.width));
  else view.pan(((event.deltaX || event.deltaY) / drawing.width) * view.span);
  moved();
});
canvas.addEventListener('pointerdown', event => {
  drag = { x: event.offsetX, from: view.from, moved: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', event => {
  if (!drag) return;
  if (Math.abs(event.offsetX - drag.x) > 3) drag.moved = true;
  if (!drag.moved) return;
  view.pan(drag.from - ((event.offsetX - drag.x) / drawing.width) * view.span - view.from);
  moved();
});
canvas.addEventListener('pointerup', event => {
  const click = drag && !drag.moved;
  drag = undefined;
  if (click) void goToClick(event.offsetX, event.offsetY);
});

/** A click on a mark goes to that exception, any other one to the moment below it. */
async function goToClick(offsetX: number, offsetY: number): Promise<void> {
  if (state.kind !== 'stopped' || !info) return;
  const { x, pe } = drawing.locate(offsetX, offsetY);
  if (x < 0) return;
  const at = Math.min(info.end, Math.max(info.start, view.instructionsAt(x, drawing.width)));
  const near = (5 / drawing.width) * view.span;
  if (pe !== undefined) {
    const { events } = await host.ask('hyperstep/timelineEvents', {
      threadId: pe + 1,
      at: Math.max(0, at - near),
      count: 1,
    });
    const [event] = events;
    if (event && event.instructions <= at + near) {
      select(pe, event);
      return travel(event.instructions);
    }
  }
  travel(at);
}

function select(pe: number, event: TimelineEvent): void {
  selected = { pe, event };
  view.reveal(event.instructions);
  say(describe(pe, event));
  moved();
}

/** The exception before or after the selected one, or the one next to now. */
async function step(by: 1 | -1): Promise<void> {
  const pe = selected?.pe ?? (state.kind === 'stopped' ? state.threadId - 1 : 0);
  const threadId = pe + 1;
  let first = selected === undefined ? undefined : selected.event.number + by;
  if (first === undefined) {
    const { events, total } = await host.ask('hyperstep/timelineEvents', { threadId, at: info?.now ?? 0, count: 1 });
    first = (events[0]?.number ?? total) + (by < 0 ? -1 : 0);
  }
  if (first < 0) return say(t('This is the first exception of PE {0}.', pe));
  const { events } = await host.ask('hyperstep/timelineEvents', { threadId, first, count: 1 });
  if (events[0] && events[0].number === first) select(pe, events[0]);
  else
    say(by < 0 ? t('There is no earlier exception of PE {0}.', pe) : t('There is no later exception of PE {0}.', pe));
}

const keys: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => view.pan(-view.span / 10),
  ArrowRight: () => view.pan(view.span / 10),
  PageUp: () => view.pan(-view.span * 0.9),
  PageDown: () => view.pan(view.span * 0.9),
  Home: () => view.pan(Number.NEGATIVE_INFINITY),
  End: () => view.pan(Number.POSITIVE_INFINITY),
  '+': () => zoom(0.5),
  '=': () => zoom(0.5),
  '-': () => zoom(2),
  '0': () => showWhole(),
  ',': () => void step(-1),
  '.': () => void step(1),
  ArrowUp: () => changeLane(-1),
  ArrowDown: () => changeLane(1),
  Enter: () => travel(selected?.event.instructions ?? (view.from + view.to) / 2),
};

function changeLane(by: number): void {
  const pe = Math.min(pes - 1, Math.max(0, (selected?.pe ?? 0) + by));
  if (selected && pe === selected.pe) return;
  selected = undefined;
  void host
    .ask('hyperstep/timelineEvents', { threadId: pe + 1, at: view.from, count: 1 })
    .then(({ events }) => events[0] && select(pe, events[0]));
}

canvas.addEventListener('keydown', event => {
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
  moved();
});

byId('zoom-in').addEventListener('click', () => zoom(0.5));
byId('zoom-out').addEventListener('click', () => zoom(2));
byId('whole').addEventListener('click', showWhole);
byId('previous').addEventListener('click', () => void step(-1));
byId('next').addEventListener('click', () => void step(1));
byId('as-table').addEventListener('click', () => showTable(!asTable));
byId('export-csv').addEventListener('click', () => host.do('export', 'csv'));
byId('export-trace').addEventListener('click', () => host.do('export', 'trace'));

new ResizeObserver(() => {
  drawing.resize();
  redraw();
}).observe(canvas);
onThemeChange(() => {
  theme = readTheme();
  moved();
});
