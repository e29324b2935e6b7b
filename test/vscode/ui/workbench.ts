// A workbench with the extension under development, in a window without a screen, for tests that look at the pixels.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { remoteUri, startBrowser, workbenchUrl } from '../workbench/browser.ts';
import { repository } from '../workbench/paths.ts';
import { startServer } from '../workbench/server.ts';

export const sample = path.join(repository, 'simulator/hypervisors/first-light');
const screenshots = path.join(repository, 'build/screenshots');

export interface Workbench {
  readonly page: Page;
  /** Saves what is on screen as build/screenshots/NAME.png. */
  screenshot(name: string): Promise<void>;
  /** Rows of a tree or list, by the title of its view, as text. */
  rows(view: string): Promise<string[]>;
  /** Runs a command by its title in the command palette. */
  command(title: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a folder, and in it a file of which `text` is a line. */
export async function openWorkbench(folder: string, file?: string): Promise<Workbench> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-ui-'));
  const server = await startServer({
    userDir: path.join(scratch, 'data'),
    extensionsDir: path.join(scratch, 'extensions'),
    development: true,
  });
  const browser = await startBrowser(path.join(scratch, 'chromium'));
  const close = async () => {
    await browser.close();
    await server.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(30_000);
    const payload: [string, string][] = [['extensionDevelopmentPath', remoteUri(server.port, repository)]];
    if (file) payload.push(['openFile', remoteUri(server.port, path.join(folder, file))]);
    await page.goto(workbenchUrl(server.port, { folder, payload }));
    await page.locator('.monaco-workbench .part.statusbar').waitFor();
    if (file) await page.locator('.tab.active', { hasText: path.basename(file) }).waitFor();
    fs.mkdirSync(screenshots, { recursive: true });
    return {
      page,
      async screenshot(name) {
        await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
      },
      rows: view => page.locator(`.monaco-list[aria-label*="${view}"] .monaco-list-row`).allInnerTexts(),
      async command(title) {
        await page.keyboard.press('F1');
        await page.locator('.quick-input-widget input').first().fill(`>${title}`);
        await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
