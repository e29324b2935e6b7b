// A workbench with the packed extension installed, in a window without a screen, for tests that look at the pixels.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { remoteUri, startBrowser, workbenchUrl } from '../workbench/browser.ts';
import { repository } from '../workbench/paths.ts';
import { installExtension, quietSettings, startServer } from '../workbench/server.ts';
import { serveWeb, unpackExtension } from '../workbench/web.ts';

export const sample = path.join(repository, 'simulator/hypervisors/first-light');
const screenshots = path.join(repository, 'build/screenshots');
const vsix = path.join(repository, 'build/hyperstep.vsix');

export interface Workbench {
  readonly page: Page;
  /** Saves what is on screen as build/screenshots/NAME.png. */
  screenshot(name: string): Promise<void>;
  /** Saves what is on screen after a test that failed. */
  screenshotOfFailure(context: TestContext): Promise<void>;
  /** Rows of a tree or list, by the title of its view, as text. */
  rows(view: string): Promise<string[]>;
  /** Runs a command by its title in the command palette, once the palette knows it. */
  command(title: string): Promise<void>;
  /** The page inside of a webview, by something that only it has. */
  webview(selector: string): Promise<FrameLocator>;
  /** The first row of a tree or list with this text, by the title of its view. */
  row(view: string, text: string | RegExp): Locator;
  /** Opens or closes a row of a tree, such as a scope of the Variables pane, once it is there. */
  toggle(view: string, row: string | RegExp): Promise<void>;
  /** Scrolls a tree down until a row is drawn: rows out of sight do not exist. */
  scrollTo(view: string, row: string | RegExp): Promise<void>;
  /** Opens or closes views of the side bar. */
  togglePanes(...titles: string[]): Promise<void>;
  /** Checks or unchecks an exception filter of the Breakpoints view. */
  exceptionFilter(label: string): Promise<void>;
  /** Types a line into the Debug Console. */
  type(line: string): Promise<void>;
  /** Takes an entry of the quick-open box, which `prefix` says the kind of. */
  pick(prefix: string, entry: string): Promise<void>;
  /** Waits until the line under the debugger's marker in the open editor has this text. */
  stoppedAt(text: string): Promise<void>;
  /** Does something that lets the machine run, and waits until it has stopped somewhere else. */
  stops(run: () => Promise<void>): Promise<void>;
  /** Waits until the Call Stack pane gives this reason for the stop. */
  stoppedFor(reason: string | RegExp): Promise<void>;
  /** Switches to a theme by the name that the list of themes has. */
  theme(name: string): Promise<void>;
  /** Opens a file of the workspace by its name, the cursor on a line. */
  open(file: string, line?: number): Promise<void>;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** Settings of the user, on top of the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Opens folders that nobody has judged in restricted mode. */
  readonly trust?: boolean;
  /** More packed extensions, beside ours. */
  readonly extensions?: readonly string[];
}

/** Opens a folder, and a file in it. */
export async function openWorkbench(folder: string, file?: string, options: WorkbenchOptions = {}): Promise<Workbench> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-ui-'));
  const userDir = path.join(scratch, 'data');
  const extensionsDir = path.join(scratch, 'extensions');
  for (const extension of [vsix, ...(options.extensions ?? [])]) installExtension(userDir, extensionsDir, extension);
  const { settings = {}, trust = false } = options;
  const server = await startServer({ userDir, extensionsDir, settings, trust });
  const payload: [string, string][] = file ? [['openFile', remoteUri(server.port, path.join(folder, file))]] : [];
  const workbench = await openPage(workbenchUrl(server.port, { folder, payload }), scratch, () => server.stop());
  if (file) await workbench.page.locator('.tab.active', { hasText: path.basename(file) }).waitFor();
  return workbench;
}

/** Opens an empty window that no server is behind, see web.ts. */
export async function openWebWorkbench(): Promise<Workbench & { serverProcesses(): string[] }> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-ui-'));
  const extension = path.join(scratch, 'extension');
  unpackExtension(vsix, extension);
  const server = await startServer({
    userDir: path.join(scratch, 'data'),
    extensionsDir: path.join(scratch, 'extensions'),
  });
  const web = await serveWeb(server.port, extension, quietSettings);
  const workbench = await openPage(workbenchUrl(web.port, {}), scratch, async () => {
    web.close();
    await server.stop();
  });
  const serverProcesses = () =>
    execFileSync('ps', ['-o', 'args=', '-g', String(server.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
  return { ...workbench, serverProcesses };
}

async function openPage(url: string, scratch: string, stop: () => Promise<void>): Promise<Workbench> {
  const browser = await startBrowser(path.join(scratch, 'chromium'));
  const close = async () => {
    await browser.close();
    await stop();
    fs.rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    await page.locator('.monaco-workbench .part.statusbar').waitFor();
    fs.mkdirSync(screenshots, { recursive: true });
    const row = (view: string, text: string | RegExp) =>
      page.locator(`.monaco-list[aria-label*="${view}"] .monaco-list-row`, { hasText: text }).first();
    const workbench: Workbench = {
      page,
      async screenshot(name) {
        await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
      },
      async screenshotOfFailure(context) {
        const { name, passed } = context as TestContext & { passed: boolean }; // Since Node 21.
        if (!passed) await page.screenshot({ path: path.join(screenshots, `failed ${name.replaceAll('/', ' ')}.png`) });
      },
      rows: view => page.locator(`.monaco-list[aria-label*="${view}"] .monaco-list-row`).allInnerTexts(),
      async command(title) {
        const choose = async () => {
          await page.keyboard.press('F1');
          await page.locator('.quick-input-widget input').first().fill(`>${title}`, { timeout: 1000 });
          const found = page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
          await found.click({ timeout: 2000 });
          return 'chosen';
        };
        // The palette closes when something else takes the focus, such as a stop that comes just now.
        for (let tries = 0; tries < 30; tries++) {
          if (await choose().catch(() => undefined)) return;
          await page.keyboard.press('Escape');
        }
        throw new Error(`The palette has no command "${title}".`);
      },
      async webview(selector) {
        for (let tries = 0; tries < 100; tries++) {
          for (const frame of await page.locator('iframe.webview').all()) {
            // By its name: other webviews come and go, and with them its place among them.
            const name = await frame.getAttribute('name').catch(() => undefined);
            const inner = page.frameLocator(`iframe.webview[name="${name}"]`).frameLocator('#active-frame');
            if (await inner.locator(selector).count()) return inner;
          }
          await page.waitForTimeout(100);
        }
        throw new Error(`No webview has ${selector}.`);
      },
      row,
      async toggle(view, text) {
        const expanded = () => row(view, text).getAttribute('aria-expanded');
        await row(view, text).waitFor();
        const before = await expanded();
        // A click on a tree that is drawn anew at that moment gets lost.
        for (let tries = 0; tries < 10 && (await expanded()) === before; tries++) {
          await row(view, text).locator('.monaco-tl-twistie').click();
          for (let waits = 0; waits < 20 && (await expanded()) === before; waits++) await page.waitForTimeout(50);
        }
      },
      async scrollTo(view, text) {
        const list = page.locator(`.monaco-list[aria-label*="${view}"]`);
        await list.hover();
        await page.mouse.wheel(0, -100_000);
        for (let tries = 0; tries < 300 && !(await row(view, text).isVisible()); tries++) {
          await page.mouse.wheel(0, 60);
          await page.waitForTimeout(50);
        }
        await row(view, text).waitFor({ timeout: 1000 });
      },
      async togglePanes(...titles) {
        for (const title of titles) await page.locator('.pane-header', { hasText: title }).first().click();
      },
      async exceptionFilter(label) {
        const filter = page.locator('.debug-breakpoints .monaco-list-row', { hasText: label });
        // Rows out of sight do not exist.
        await page.locator('.debug-breakpoints .monaco-list').hover();
        await page.mouse.wheel(0, -10_000);
        for (let tries = 0; tries < 100 && !(await filter.isVisible()); tries++) {
          await page.mouse.wheel(0, 40);
          await page.waitForTimeout(20);
        }
        await filter.locator('.monaco-checkbox, input').first().click();
      },
      async type(line) {
        await page.locator('.repl-input-wrapper .monaco-editor').click();
        await page.keyboard.type(line);
        await page.keyboard.press('Escape'); // Closes a list of completions.
        await page.keyboard.press('Enter');
      },
      async pick(prefix, entry) {
        const input = page.locator('.quick-input-widget input').first();
        const found = page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).first();
        // What is not known yet, such as a launch.json that is still being read, comes with the next question.
        for (let tries = 0; tries < 30; tries++) {
          await page.keyboard.press('Control+P');
          await input.fill(prefix + entry);
          const there = await found.waitFor({ timeout: 1000 }).catch(() => 'missing');
          if (there === undefined) return page.keyboard.press('Enter');
          await page.keyboard.press('Escape');
        }
        throw new Error(`The quick-open box has no "${prefix}${entry}".`);
      },
      async stoppedAt(text) {
        // The marker and the text of a line are in two layers of the editor; both are at the same height.
        await page.waitForFunction(wanted => {
          const editor = document.querySelector('.editor-group-container.active .monaco-editor');
          const marker = editor?.querySelector('.debug-top-stack-frame-line')?.closest<HTMLElement>('[style*="top"]');
          if (!editor || !marker) return false;
          const line = [...editor.querySelectorAll<HTMLElement>('.view-line')].find(
            ({ style }) => style.top === marker.style.top,
          );
          return line?.textContent?.replaceAll('\u00a0', ' ').includes(wanted) ?? false;
        }, text);
      },
      async stops(run) {
        const status = page.locator('.statusbar-item[id*="hyperstep.level"]');
        // VS Code takes no command for a machine that it does not know yet to have stopped.
        await page
          .locator('.codicon-debug-continue, .action-item [aria-label^="Continue"]')
          .first()
          .waitFor({ timeout: 5000 })
          .catch(() => undefined);
        const before = await status.innerText();
        for (let tries = 0; tries < 600; tries++) {
          // Even then a key may get lost, while VS Code moves the focus.
          if (tries % 100 === 0) await run();
          const now = await status.innerText();
          if (now !== before && !now.includes('running')) return;
          await page.waitForTimeout(50);
        }
        throw new Error(`The status bar still says "${before}".`);
      },
      stoppedFor: reason => page.locator('.pane', { hasText: 'Call Stack' }).getByText(reason).first().waitFor(),
      async theme(name) {
        await workbench.command('Preferences: Color Theme');
        await page.locator('.quick-input-widget input').first().fill(name);
        await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
      },
      async open(file, line = 1) {
        await page.keyboard.press('Control+P');
        await page.locator('.quick-input-widget input').first().fill(`${file}:${line}`);
        await page.locator('.quick-input-list .monaco-list-row', { hasText: file }).first().click();
        await page.locator('.tab.active', { hasText: file }).waitFor();
        await page
          .locator('.active-line-number', { hasText: String(line) })
          .first()
          .waitFor();
      },
      close,
    };
    return workbench;
  } catch (error) {
    await close();
    throw error;
  }
}
