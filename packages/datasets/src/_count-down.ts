import type { OnProgress } from '@weightmap/core';

/** Reports the steps of something long, and the seconds that it will still take at the pace so far. */
export function countDown(stage: string, total: number, onProgress?: OnProgress): () => void {
  const started = performance.now();
  let done = 0;
  onProgress?.({ stage, done, total });
  return () => {
    done++;
    const secondsLeft = ((performance.now() - started) / 1000 / done) * (total - done);
    onProgress?.({ stage, done, total, figures: { secondsLeft } });
  };
}
