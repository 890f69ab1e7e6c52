import { describe, expect, it } from 'vitest';
import { keepCurrent } from '../src/keep-current.js';

/** Work that ends on request, with a log of its calls. */
function slowWork() {
  const log: string[] = [];
  let finish: () => void = () => {};
  const work = (name: string, { value }: { value: number }) => {
    log.push(`${name}${value}`);
    return new Promise<void>((resolve) => (finish = resolve));
  };
  const step = async () => {
    finish();
    await new Promise(setImmediate);
  };
  return { log, work, step };
}

describe('keepCurrent', () => {
  it('skips what was overtaken, and lets nobody wait for ever', async () => {
    const { log, work, step } = slowWork();
    const ask = keepCurrent(work);
    const end = ask({ value: 1 }, ['a', 'b', 'c']);
    for (const value of [2, 3]) void ask({ value }, ['a', 'b', 'c']);
    await step(); // a1 is done: b comes before a again
    void ask({ value: 4 }, ['a', 'b', 'c']);
    for (let i = 0; i < 4; i++) await step();
    await end;
    expect(log).toEqual(['a1', 'b3', 'c4', 'a4', 'b4']);
  });

  it('leaves out whom nobody asks any more, and does nothing twice', async () => {
    const { log, work, step } = slowWork();
    const ask = keepCurrent(work);
    const wish = { value: 1 };
    const end = ask(wish, ['a', 'b']);
    void ask(wish, ['a']);
    await step();
    await end;
    void ask(wish, ['a', 'b']);
    await step();
    expect(log).toEqual(['a1', 'b1']);
  });
});
