import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hyperstep } from './support.ts';

// The first file of the suite: nothing has asked for the extension yet.
describe('Activation', () => {
  it('without a session loads neither the language client nor an adapter', async () => {
    const extension = vscode.extensions.getExtension('hyperstep.hyperstep');
    const wasActive = extension?.isActive;
    const began = process.cpuUsage();
    await hyperstep();
    const { user, system } = process.cpuUsage(began);
    console.log(`      processor time of the extension host meanwhile: ${((user + system) / 1000).toFixed(1)} ms`);
    assert.equal(wasActive, false);
    // Both bundles are in one process: what is loaded is in the cache of its modules.
    const loaded = Object.keys(require.cache).filter(file => file.includes('language-client'));
    assert.deepEqual(loaded, []);
    assert.equal(vscode.debug.activeDebugSession, undefined);
  });
});
