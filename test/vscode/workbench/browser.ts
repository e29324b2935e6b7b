// The window of the workbench: Debian's Chromium, driven by playwright-core, and the URL that opens a folder in it.

import { type BrowserContext, chromium } from 'playwright-core';
import * as paths from './paths.ts';

/** Starts Chromium without a screen. It reaches loopback only. */
export function startBrowser(profile: string, viewport = { width: 1600, height: 1000 }): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: paths.chromium(),
    headless: true,
    viewport,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
}

/** A path on the server's disk as the URI that the workbench takes. */
export const remoteUri = (port: number, file: string) => `vscode-remote://127.0.0.1:${port}${encodeURI(file)}`;

export interface WorkbenchView {
  readonly folder?: string;
  /** A .code-workspace file. */
  readonly workspace?: string;
  /** What the workbench takes by its URL, such as `extensionDevelopmentPath`; paths as `remoteUri`. */
  readonly payload?: readonly (readonly [string, string])[];
}

export function workbenchUrl(port: number, view: WorkbenchView): string {
  const url = new URL(`http://127.0.0.1:${port}/`);
  if (view.workspace) url.searchParams.set('workspace', view.workspace);
  else if (view.folder) url.searchParams.set('folder', view.folder);
  else url.searchParams.set('ew', 'true');
  if (view.payload?.length) url.searchParams.set('payload', JSON.stringify(view.payload));
  return url.href;
}
