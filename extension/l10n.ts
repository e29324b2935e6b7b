// Texts where there is no `vscode.l10n`: in the pages of webviews and in the language server. They are given the bundle
// of the user's language, which maps each English text to its translation.

export type Translate = (message: string, ...args: readonly (string | number | boolean)[]) => string;

let texts: Readonly<Record<string, string>> = {};

/** From now on texts are those of a bundle; those that it lacks stay English. */
export function useTexts(bundle: Readonly<Record<string, unknown>> | undefined): void {
  texts = Object.fromEntries(
    Object.entries(bundle ?? {}).flatMap(([message, text]) => (typeof text === 'string' ? [[message, text]] : [])),
  );
}

/** As `vscode.l10n.t`: a text in the language of the user, with {0}, {1}... replaced by the arguments. */
export const t: Translate = (message, ...args) => {
  const text = Object.hasOwn(texts, message) ? texts[message] : message;
  return text.replace(/{(\d+)}/g, (place, index) => String(args[Number(index)] ?? place));
};
