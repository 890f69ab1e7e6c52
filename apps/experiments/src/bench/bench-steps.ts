import { startOwn } from './_own-process.js';
import { checkParameters, median, rounded, takeTurns, withContenders } from './_turns.js';
import type { Mode, Workload } from './modes.js';
import { FORMS, formsOf, startPeer, type Form } from './peers.js';

/** The times of one case in one mode of the engine, or in one form of PyTorch. */
export interface StepRow {
  readonly case: string;
  readonly mode: Mode | `pytorch-${Form}`;
  readonly batch: number;
  readonly threads: number;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Of one training step, wall clock. */
  readonly msMedian: number;
  readonly msMin: number;
  /** Timed steps. */
  readonly steps: number;
  /** msMedian divided by that of each form of PyTorch in the same run; only for the engine's modes. */
  readonly ratios?: Readonly<Partial<Record<Form, number>>>;
}

export interface StepOptions extends Workload {
  readonly modes: readonly Mode[];
  /** Steps to time in each process. Slow processes run fewer, at least one a round. */
  readonly steps: number;
  /** The Python interpreter whose PyTorch to compare with. */
  readonly python?: string;
  /** Called with what is left out, and why. */
  readonly onNote: (note: string) => void;
}

const ROUNDS = 5;
/** The most milliseconds of a contender's turn. */
const TURN_MS = 3000;

const peerName = (form: Form) => `pytorch-${form}` as const;

/**
 * Times the training step of one case, each mode and form in a process of its own.
 *
 * @throws WeightmapError if a process fails, or if PyTorch's network has another number of parameters.
 */
export async function benchSteps({
  modes,
  python,
  steps,
  onNote,
  ...workload
}: StepOptions): Promise<StepRow[]> {
  const { case: id, batch, threads } = workload;
  const forms = python === undefined ? [] : formsOf(id);
  const candidates = [
    // PyTorch first: if it is missing, the error comes at once.
    ...forms.map((form) => ({
      name: peerName(form),
      start: () => startPeer({ task: 'step', form, ...workload }, python!),
    })),
    ...modes.map((mode) => ({
      name: mode,
      start: () => startOwn('step', mode, { case: id, batch, threads }),
    })),
  ];
  return withContenders(candidates, onNote, async (contenders) => {
    checkParameters(id, contenders);
    const rounds = Math.min(steps, ROUNDS);
    const times = await takeTurns(contenders, { rounds, runs: Math.ceil(steps / rounds), turnMs: TURN_MS });
    const own = contenders.filter(({ name }) => !name.startsWith('pytorch-'));
    const peers = FORMS.filter((form) => times.has(peerName(form)));
    return [...own, ...contenders.filter((contender) => !own.includes(contender))].map(({ name, ready }) => {
      const ms = times.get(name)!;
      const against = (form: Form) => rounded(median(ms) / median(times.get(peerName(form))!));
      return {
        case: id,
        mode: name as StepRow['mode'],
        batch,
        threads,
        parameters: ready.parameters!,

        msMedian: rounded(median(ms)),
        msMin: rounded(Math.min(...ms)),
        steps: ms.length,
        ...(peers.length > 0 &&
          !name.startsWith('pytorch-') && {
            ratios: Object.fromEntries(peers.map((form) => [form, against(form)])),
          }),
      };
    });
  });
}
