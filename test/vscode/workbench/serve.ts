// Serves the workbench with the packed extension installed and a folder open, for a person with a browser, until Ctrl+C
// or until the process that started it ends.
//
//   node serve.ts FOLDER [--port N]

import path from 'node:path';
import { remoteUri, workbenchUrl } from './browser.ts';
import { repository } from './paths.ts';
import { installExtension, startServer } from './server.ts';

const folder = path.resolve(process.argv[2]);
const at = process.argv.indexOf('--port');
const port = at < 0 ? 0 : Number(process.argv[at + 1]);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error('--port takes a number from 0 to 65535.');
  process.exit(2);
}

const home = path.join(repository, '.cache/workbench-user');
const userDir = path.join(home, 'data');
const extensionsDir = path.join(home, 'extensions');
const settings = { 'debug.toolBarLocation': 'floating' };
try {
  installExtension(userDir, extensionsDir, path.join(repository, 'build/hyperstep.vsix'));
  const server = await startServer({ userDir, extensionsDir, settings, port });
  const end = async () => {
    await server.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  process.on('disconnect', end);
  const payload = [['openFile', remoteUri(server.port, path.join(folder, 'main.c'))]] as const;
  const url = workbenchUrl(server.port, { folder, payload });
  console.log(`The workbench is ready. Open this in a browser and press F5:\n\n  ${url}\n\nCtrl+C ends it.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
