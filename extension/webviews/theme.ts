// Colours of levels and classes, from the theme. Where a theme has fewer colours than there are classes some share one:
// labels and tables tell them apart.

import { EXCEPTION_CLASSES } from '../../debug-adapter/protocol.ts';

const LEVEL_VARIABLES = [
  '--vscode-charts-green',
  '--vscode-charts-blue',
  '--vscode-charts-purple',
  '--vscode-charts-red',
];

const CLASS_VARIABLES: Readonly<Record<string, string>> = {
  return: '--vscode-descriptionForeground',
  irq: '--vscode-terminal-ansiBrightYellow',
  fiq: '--vscode-terminal-ansiBrightYellow',
  serror: '--vscode-charts-red',
  hvc: '--vscode-charts-blue',
  smc: '--vscode-charts-blue',
  svc: '--vscode-terminal-ansiCyan',
  wfx: '--vscode-charts-green',
  sysreg: '--vscode-charts-yellow',
  fp: '--vscode-terminal-ansiBrightMagenta',
  eret: '--vscode-terminal-ansiBrightBlue',
  'stage2-data': '--vscode-charts-red',
  'stage2-instruction': '--vscode-terminal-ansiBrightRed',
  'data-abort': '--vscode-terminal-ansiBrightRed',
  'instruction-abort': '--vscode-terminal-ansiBrightYellow',
  debug: '--vscode-terminal-ansiBrightGreen',
  other: '--vscode-foreground',
};

export interface Theme {
  readonly foreground: string;
  readonly faint: string;
  readonly line: string;
  readonly focus: string;
  readonly font: string;
  /** EL0 to EL3. */
  readonly levels: readonly string[];
  /** By index into EXCEPTION_CLASSES. */
  readonly classes: readonly string[];
}

/** The colours of the present theme; they change with it. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const foreground = style.getPropertyValue('--vscode-foreground').trim() || '#888';
  const colour = (name: string): string => style.getPropertyValue(name).trim() || foreground;
  return {
    foreground,
    faint: colour('--vscode-descriptionForeground'),
    line: style.getPropertyValue('--vscode-panel-border').trim() || colour('--vscode-contrastBorder'),
    focus: colour('--vscode-focusBorder'),
    font: `11px ${style.getPropertyValue('--vscode-font-family') || 'sans-serif'}`,
    levels: LEVEL_VARIABLES.map(colour),
    classes: EXCEPTION_CLASSES.map(({ key }) => colour(CLASS_VARIABLES[key])),
  };
}

/** Calls when VS Code switches to another theme. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
