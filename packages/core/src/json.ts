/** As many as serde_json reads, and with it the reference reader of safetensors. */
const MOST_LEVELS = 127;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const OPENING = new Set([...'[{'].map((mark) => mark.charCodeAt(0)));
const CLOSING = new Set([...']}'].map((mark) => mark.charCodeAt(0)));

/**
 * Reads JSON that comes from a file. Unlike `JSON.parse`, it refuses lists and objects that are nested more than 127 levels deep:
 * whatever walks through their values later, `JSON.stringify` and schemas included, would run out of stack.
 *
 * @throws SyntaxError if it isn't JSON. Error if it is nested too deeply.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (levelsOf(text) > MOST_LEVELS) throw new Error(`it is nested more than ${MOST_LEVELS} levels deep`);
  return value;
}

/** How deep lists and objects are nested in a valid JSON. */
function levelsOf(json: string): number {
  let open = 0;
  let most = 0;
  for (let at = 0; at < json.length; at++) {
    const mark = json.charCodeAt(at);
    if (mark === QUOTE) {
      for (at++; json.charCodeAt(at) !== QUOTE; at++) if (json.charCodeAt(at) === BACKSLASH) at++;
    } else if (OPENING.has(mark)) most = Math.max(most, ++open);
    else if (CLOSING.has(mark)) open--;
  }
  return most;
}
