// Serves the workbench with the extension and a folder open, for a person with a browser, until Ctrl+C.
//
//   node serve.ts FOLDER [--port N]

import path from 'node:path';
import { remoteUri, workbenchUrl } from './browser.ts';
import { repository } from './paths.ts';
import { startServer } from './server.ts';

const folder = path.resolve(process.argv[2]);
const at = process.argv.indexOf('--port');
const port = at < 0 ? 0 : Number(process.argv[at + 1]);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error('--port takes a number from 0 to 65535.');
  process.exit(2);
}

const home = path.join(repository, '.cache/workbench-user');
const server = await startServer({
  userDir: path.join(home, 'data'),
  extensionsDir: path.join(home, 'extensions'),
  settings: { 'debug.toolBarLocation': 'floating' },
  development: true,
  port,
}).catch(error => {
  console.error(error.message);
  process.exit(1);
});

const payload = [
  ['extensionDevelopmentPath', remoteUri(server.port, repository)],
  ['openFile', remoteUri(server.port, path.join(folder, 'main.c'))],
] as const;
console.log(
  `The workbench is ready. Open this in a browser and press F5:\n\n  ${workbenchUrl(server.port, { folder, payload })}\n\nCtrl+C ends it.`,
);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, async () => {
    await server.stop();
    process.exit(0);
  });
}
