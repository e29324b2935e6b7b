import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hyperstep } from './support.ts';

interface Manifest {
  readonly contributes: {
    readonly breakpoints: readonly { readonly language: string }[];
    readonly commands: readonly { readonly command: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  };
}

describe('The manifest', () => {
  const { contributes }: Manifest = vscode.extensions.getExtension('hyperstep.hyperstep')!.packageJSON;

  it('declares no command that nobody serves', async () => {
    await hyperstep();
    const served = new Set(await vscode.commands.getCommands(true));
    const missing = contributes.commands.map(({ command }) => command).filter(command => !served.has(command));
    assert.deepEqual(missing, []);
  });

  it('shows each of its views on demand', async () => {
    for (const { id } of Object.values(contributes.views).flat()) await vscode.commands.executeCommand(`${id}.focus`);
  });

  it('lets breakpoints be set in assembly, C, C++ and Rust', () => {
    const languages = new Set(contributes.breakpoints.map(({ language }) => language));
    for (const language of ['a64', 'arm64', 'arm', 'asm', 'c', 'cpp', 'rust'])
      assert.ok(languages.has(language), language);
  });

  it('highlights A64 assembly as a language of its own', async () => {
    assert.ok((await vscode.languages.getLanguages()).includes('a64'));
  });
});
