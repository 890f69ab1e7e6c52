// Most tests look at words and numbers. Their pictures are drawn by the same program, with an eighth of the width: drawing was half
// of the time. drawing.test.ts draws them in their size.
import type * as resvg from '@resvg/resvg-js';
import { vi } from 'vitest';

vi.mock('@resvg/resvg-js', async (original) => {
  const real = await original<typeof resvg>();
  return {
    ...real,
    Resvg: class extends real.Resvg {
      constructor(svg: string, options: resvg.ResvgRenderOptions) {
        super(svg, { ...options, fitTo: { mode: 'zoom', value: 0.25 } });
      }
    },
  };
});
