// What is between the tags of the body of each page.

import type { Translate } from '../l10n.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML, in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, one => ENTITIES[one]);
}

/** The page of the "Exception Levels" view, for timeline.ts. */
export function timelinePage(translate: Translate): string {
  const t = (message: string) => escapeHtml(translate(message));
  return `
<div class="toolbar" role="toolbar" aria-label="${t('Timeline')}">
  <button id="zoom-in" title="${t('Zoom in (+)')}" aria-label="${t('Zoom in')}">+</button>
  <button id="zoom-out" title="${t('Zoom out (-)')}" aria-label="${t('Zoom out')}">−</button>
  <button id="whole" title="${t('The whole run (0)')}">${t('Whole run')}</button>
  <button id="previous" title="${t('Previous exception (,)')}" aria-label="${t('Previous exception')}">◀</button>
  <button id="next" title="${t('Next exception (.)')}" aria-label="${t('Next exception')}">▶</button>
  <button id="as-table" aria-pressed="false" title="${t('The same as a table, for screen readers')}">${t('Table')}</button>
  <span id="pages" class="hidden">
    <select id="pe" aria-label="PE"></select>
    <button id="earlier" data-needs-stop>${t('Earlier')}</button>
    <button id="later" data-needs-stop>${t('Later')}</button>
  </span>
  <span class="space"></span>
  <button id="export-csv" data-needs-stop title="${t('Save all exceptions as CSV')}">CSV</button>
  <button id="export-trace" data-needs-stop title="${t('Save all exceptions for Perfetto and chrome://tracing')}">${t('Trace')}</button>
</div>
<p id="notice" class="notice" role="status">${t('No machine is running. Start one to see its exceptions.')}</p>
<div id="content" class="row hidden fresh">
  <div class="grow">
    <canvas id="timeline" tabindex="0" role="application" aria-describedby="status"
      aria-label="${t('Timeline of exception levels. Left and right scroll, plus and minus zoom, comma and period select exceptions, Enter travels there. The Table button shows the same as a table.')}"></canvas>
    <div id="table" class="scroll hidden" tabindex="0" role="region" aria-label="${t('Exceptions')}"></div>
  </div>
  <aside id="statistics" tabindex="0" aria-label="${t('Exceptions by class')}"></aside>
</div>
<div id="status" class="status" role="status" aria-live="polite"></div>`;
}

/** The page of the "World Switch" view, for world-switch.ts. */
export function worldSwitchPage(translate: Translate): string {
  const t = (message: string) => escapeHtml(translate(message));
  return `
<div class="toolbar" role="toolbar" aria-label="${t('World switch')}">
  <select id="switches" aria-label="${t('World switches, the last one first')}"></select>
  <button id="record" disabled title="${t('Replay this world switch and record what it does')}">${t('Record')}</button>
  <label title="${t('For nested guests: count until the guest that left runs again, not until any guest does')}">
    <input id="same-guest" type="checkbox"> ${t('until the same guest runs')}</label>
  <span class="space"></span>
  <button id="keep" disabled title="${t('The next recording is compared with this one')}">${t('Keep for comparison')}</button>
  <button id="export" disabled>${t('Export…')}</button>
  <button id="import">${t('Open…')}</button>
</div>
<div id="status" class="status" role="status" aria-live="polite">${t('No machine is running. Start one, or open a recording.')}</div>
<div id="recording" class="grow scroll hidden" tabindex="0" role="region" aria-label="${t('Recording')}">
  <h4 id="title" class="status"></h4>
  <div id="bars"></div>
  <div id="levels"></div>
  <div id="comparison" class="hidden"></div>
  <label class="status"><input id="only-needless" type="checkbox"> ${t('only needless accesses')}</label>
  <div id="accesses"></div>
</div>`;
}
