/** Speed and remaining time of a run, from the times so far. */
export interface Pace {
  /** Call it after each step with the step's number of images. */
  readonly step: (images: number) => { imagesPerSecond: number; secondsLeft: number };
  /** Seconds of the current epoch so far. */
  readonly soFar: () => number;
  /** Ends an epoch: its seconds, validation included. */
  readonly epoch: () => number;
}

/**
 * Starts the clock.
 *
 * @param stepsLeft number of steps ahead, over all epochs.
 * @param spent seconds of the current epoch before a resume.
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

/** At least a microsecond: the clock may be too coarse for one step. */
const seconds = (from: number, to: number) => Math.max(to - from, 1e-3) / 1000;
