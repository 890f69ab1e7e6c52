/** Speed and remaining time of a run, from what it took so far. */
export interface Pace {
  /** To be called after each step; images of the step → figures to show. */
  readonly step: (images: number) => { imagesPerSecond: number; secondsLeft: number };
  /** Seconds of the current epoch so far. */
  readonly soFar: () => number;
  /** Ends an epoch: its seconds, validation included. */
  readonly epoch: () => number;
}

/**
 * @param stepsLeft steps ahead, over all epochs.
 * @param spent seconds of the current epoch before this.
 * @param now milliseconds.
 */
export function startPace(stepsLeft: number, spent = 0, now: () => number = () => performance.now()): Pace {
  const start = now();
  let before = spent;
  let epochStart = start;
  let epochImages = 0;
  let steps = 0;
  return {
    step(images) {
      steps += 1;
      epochImages += images;
      const time = now();
      return {
        imagesPerSecond: epochImages / seconds(epochStart, time),
        secondsLeft: (seconds(start, time) / steps) * (stepsLeft - steps),
      };
    },
    soFar: () => before + seconds(epochStart, now()),
    epoch() {
      const taken = before + seconds(epochStart, now());
      before = 0;
      epochStart = now();
      epochImages = 0;
      return taken;
    },
  };
}

/** At least a microsecond, for a clock too coarse to see a step. */
const seconds = (from: number, to: number) => Math.max(to - from, 1e-3) / 1000;
