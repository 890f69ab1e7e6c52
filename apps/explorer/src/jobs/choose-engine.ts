import { engineNames, type EngineName } from '../engine/protocol.js';
import { problemText } from '../problem-text.js';

/** The time of an engine, or the reason why it has none. */
export type Measurement =
  | { readonly engine: EngineName; readonly milliseconds: number; readonly problem?: undefined }
  | { readonly engine: EngineName; readonly problem: string };

/** An engine that has been timed. */
export interface Timed<Session> {
  readonly session: Session;
  /** Of one image: attack, predictions and Grad-CAM. */
  readonly milliseconds: number;
  /** [classes], of the attacked image: engines that compute right agree on them. */
  readonly probabilities: Float32Array;
}

/** Largest difference of a probability from that of the first engine, by the rounding of 32-bit floats and far more. */
const SAME = 0.01;

/** The engines to measure, the one that starts soonest first. JavaScript alone is never faster than WebAssembly. */
export const MEASURED: readonly EngineName[] = ['wasm', 'webgl'];

/** What the choice of an engine needs. */
export interface ChoiceOptions<Session> {
  /** Starts an engine and times it; rejects if it is not available. */
  readonly time: (engine: EngineName) => Promise<Timed<Session>>;
  /** Called after each engine, with all that is measured and the session if it is the fastest so far. */
  readonly onMeasured: (measured: readonly Measurement[], fastest: Session | null) => void | Promise<void>;
  readonly signal: AbortSignal;
  readonly engines?: readonly EngineName[];
}

/**
 * Measures engines one after the other. Each that is faster than those before is handed over, so that the page can use the first of
 * them at once; slower ones are ended, and those that compute other results than the first. The signal ends the choice without an error.
 *
 * @throws Error if no engine can be measured.
 */
export async function chooseEngine<Session extends { end(): void }>({
  time,
  onMeasured,
  signal,
  engines = MEASURED,
}: ChoiceOptions<Session>): Promise<void> {
  const measured: Measurement[] = [];
  let least = Number.POSITIVE_INFINITY;
  let first: Timed<Session> | null = null;
  for (const engine of engines) {
    let fastest: Session | null = null;
    try {
      const timed = await time(engine);
      const { session, milliseconds } = timed;
      const isRight = agrees(timed, (first ??= timed));
      measured.push(
        isRight
          ? { engine, milliseconds }
          : { engine, problem: `${engineNames[engine]} computes other results` },
      );
      if (isRight && milliseconds < least && !signal.aborted) [fastest, least] = [session, milliseconds];
      else session.end();
    } catch (error) {
      measured.push({ engine, problem: problemText(error) });
    }
    if (signal.aborted) return;
    await onMeasured([...measured], fastest);
  }
  if (least === Number.POSITIVE_INFINITY) throw new Error(measuredText(measured));
}

const agrees = ({ probabilities }: Timed<unknown>, first: Timed<unknown>): boolean =>
  probabilities.every((value, i) => Math.abs(value - first.probabilities[i]) <= SAME);

/** The measurements in a sentence: `WebAssembly 12 ms, WebGL 30 ms`, or `WebAssembly 12 ms; WebGL is not available: …`. */
export function measuredText(measured: readonly Measurement[]): string {
  const times = measured.flatMap((one) =>
    one.problem === undefined ? [`${engineNames[one.engine]} ${roundedTime(one.milliseconds)} ms`] : [],
  );
  const problems = measured.flatMap((one) =>
    one.problem === undefined ? [] : [one.problem.replace(/\.$/, '')],
  );
  return [...(times.length > 0 ? [times.join(', ')] : []), ...problems].join('; ');
}

/** Milliseconds to two digits. */
export const roundedTime = (milliseconds: number): number => Number(milliseconds.toPrecision(2));
