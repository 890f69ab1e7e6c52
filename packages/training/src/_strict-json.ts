/**
 * Checks what `JSON.parse` lets pass in a text that it accepts: a key twice in an object, numbers that are not written as whole
 * ones, and halves of surrogate pairs.
 *
 * @throws Error with the reason.
 */
export function checkStrictly(json: string): void {
  /** The keys of the objects that are open; null for a list. */
  const open: (Set<string> | null)[] = [];
  // Texts, numbers and brackets; the rest of the syntax is checked already.
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (!token.startsWith('"')) {
      if (!/^\d+$/.test(token)) throw new Error(`${token} is not a whole number`);
    } else {
      const text = JSON.parse(token.replace(/\s*:$/, '')) as string;
      if (LONE_SURROGATE.test(text)) throw new Error(`${JSON.stringify(text)} has half of a surrogate pair`);
      const keys = token.endsWith(':') ? open.at(-1) : undefined;
      if (keys?.has(text)) throw new Error(`${JSON.stringify(text)} is in it twice`);
      keys?.add(text);
    }
  }
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
