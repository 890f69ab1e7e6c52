// Finds the words that docs/glossary.md retires: its last table is the list.
/** The retired phrases with what to write instead, from the glossary's table "not | but". */
export function retiredWords(glossary) {
  const [, table = ''] = /^\| not\s*\| but\s*\|\n((?:\|.*\n?)+)/m.exec(glossary) ?? [];
  return [...table.matchAll(/^\| `([^`|]+)`\s*\| ([^|]+?)\s*\|$/gm)].map(([, phrase, instead]) => ({
    phrase,
    instead,
    // A phrase may be broken over two lines of prose or of a comment.
    pattern: new RegExp(`\\b${phrase.split(' ').join('[\\s*/>]+')}\\b`, 'gi'),
  }));
}

/** Where a text uses a retired phrase: its line and what to write instead. */
export const retiredIn = (text, words) =>
  words
    .flatMap(({ phrase, instead, pattern }) =>
      [...text.matchAll(pattern)].map(({ index }) => ({
        line: text.slice(0, index).split('\n').length,
        phrase,
        instead,
      })),
    )
    .sort((a, b) => a.line - b.line);
