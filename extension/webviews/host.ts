// The webview's end of the line to the extension.

import { useTexts } from '../l10n.ts';
import type { Host, ToExtension, ToView, ViewState } from './messages.ts';

declare function acquireVsCodeApi(): { postMessage(message: ToExtension): void };

interface Listeners {
  state(state: ViewState): void;
  tell?(what: string, value: unknown): void;
}

// The texts of the page are there before anything of it is said.
useTexts(JSON.parse(document.querySelector('main')?.dataset.texts ?? '{}'));

/** Begins to listen; the first state comes at once. */
export function connect(listeners: Listeners): Host {
  const api = acquireVsCodeApi();
  const waiting = new Map<number, { resolve(body: never): void; reject(error: Error): void }>();
  let next = 1;
  window.addEventListener('message', ({ data }: MessageEvent<ToView>) => {
    if (data.kind === 'state') listeners.state(data.state);
    else if (data.kind === 'tell') listeners.tell?.(data.what, data.value);
    else {
      const one = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.error === undefined) one?.resolve(data.body as never);
      else one?.reject(new Error(data.error));
    }
  });
  const host: Host = {
    ask: (request, args) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        api.postMessage({ kind: 'ask', id, request, args });
      }),
    do: (action, args) => api.postMessage({ kind: 'do', action, args }),
  };
  api.postMessage({ kind: 'ready' });
  return host;
}

/** An element with attributes and children; a text child becomes a text node. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found as T;
}

/** `1,234,567`, the same everywhere. */
export const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }).format;
