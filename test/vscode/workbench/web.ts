// A workbench without a server behind it: the static files that code-server has, with the extension at an address beside
// them, as a gallery would serve it. No extension host of Node exists.

import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { unzipSync } from 'fflate';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
};
/** Where the unpacked extension is. */
const EXTENSION = '/hyperstep-under-test/';
/** What code-server's page adds to its configuration, so that it always has a server. */
const ALWAYS_A_SERVER = ',remoteAuthority:location.host}';

/** Unpacks a VSIX into a folder. */
export function unpackExtension(vsix: string, folder: string): void {
  for (const [name, data] of Object.entries(unzipSync(fs.readFileSync(vsix)))) {
    if (!name.startsWith('extension/') || name.endsWith('/')) continue;
    const file = path.join(folder, name.slice('extension/'.length));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, data);
  }
}

/** The page without its server, with the extension. */
function pageOf(html: string, host: string, settings: Readonly<Record<string, unknown>>): string {
  return html.replace(
    /(id="vscode-workbench-web-configuration" data-settings=")([^"]*)"/,
    (_all, start: string, escaped: string) => {
      const text = escaped.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
      const { remoteAuthority: _, folderUri: _folder, ...configuration } = JSON.parse(text);
      const extension = { scheme: 'http', authority: host, path: EXTENSION };
      const own = { developmentOptions: { extensions: [extension] }, configurationDefaults: settings };
      const all = JSON.stringify({ ...configuration, ...own });
      return `${start}${all.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
    },
  );
}

function scriptOf(script: string): string {
  if (!script.includes(ALWAYS_A_SERVER)) throw new Error('The workbench of this code-server is another: see web.ts.');
  return script.replace(ALWAYS_A_SERVER, '}');
}

async function bodyOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Serves the workbench of a code-server that listens on `upstream`, and the extension in `folder`. */
export async function serveWeb(
  upstream: number,
  folder: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ readonly port: number; close(): void }> {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname.startsWith(EXTENSION)) {
      const file = path.join(folder, decodeURIComponent(pathname.slice(EXTENSION.length)));
      if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
          .end(fs.readFileSync(file));
      return;
    }
    const headers = { ...request.headers, 'accept-encoding': 'identity' };
    const options = { host: '127.0.0.1', port: upstream, path: request.url, method: request.method, headers };
    const onward = http.request(options, async answer => {
      const change =
        pathname === '/'
          ? (text: string) => pageOf(text, request.headers.host ?? '', settings)
          : pathname.endsWith('/code/browser/workbench/workbench.js')
            ? scriptOf
            : undefined;
      const body = await bodyOf(answer);
      const changed = change ? Buffer.from(change(body.toString('utf8'))) : body;
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, { ...kept, 'content-length': changed.length }).end(changed);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.closeAllConnections() ?? server.close() };
}
