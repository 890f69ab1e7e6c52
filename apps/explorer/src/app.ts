import type { ShownBenchmark, Showcase } from '@weightmap/core';
import { render } from 'lit-html';
import { bytesOf } from './files/base64.js';
import type { EngineName } from './engine/protocol.js';
import { keepCurrent } from './keep-current.js';
import { problemText } from './problem-text.js';
import { startSession } from './session.js';
import {
  firstChoice,
  shownNetworks,
  valuesOf,
  type Actions,
  type Answer,
  type ChosenImage,
  type State,
  type Wish,
} from './state.js';
import { strengthScale } from './strength-scale.js';
import { page } from './view/page.js';

/** The initial strength: networks differ from about there. */
const FIRST_STRENGTH = 0.1;

/**
 * Runs the page. Everything shown is a function of one state, which is replaced and never changed.
 *
 * @throws Error if no engine can be started.
 */
export async function runApp(root: HTMLElement, showcase: Showcase, engineWish: EngineName): Promise<void> {
  const [first] = showcase.benchmarks;
  let session = startSession(engineWish);
  const { started } = await session;
  let state: State = {
    benchmark: first,
    chosen: firstChoice(first),
    wish: { image: imageOf(first, 0), attack: started.attacks[0], strength: FIRST_STRENGTH, seed: 1 },
    isDrawing: false,
    engine: started,
    engineWish,
    answers: new Map(),
    facts: new Map(),
  };

  const networks = new Map(showcase.benchmarks.flatMap((one) => one.networks).map((one) => [one.file, one]));
  const update = keepCurrent(async (file: string, wish: Wish) => {
    const [network, asked] = [networks.get(file)!, session];
    const answer = await ask(async () => {
      const running = await asked;
      const facts = await running.load(network);
      if (asked === session) change({ facts: new Map(state.facts).set(file, facts) });
      return running.look(network, wish);
    }, wish);
    // Ignore an answer of an engine that has been replaced.
    if (asked === session) change({ answers: new Map(state.answers).set(file, answer) });
  });

  function change(part: Partial<State>): void {
    state = { ...state, ...part };
    render(page(showcase, state, actions), root);
  }

  /** Changes the request, and sends it to the networks that are shown. */
  function wish(part: Partial<Wish>, more: Partial<State> = {}): void {
    change({ ...more, wish: { ...state.wish, ...part } });
    void update(
      state.wish,
      shownNetworks(state).map(({ file }) => file),
    );
  }

  const actions: Actions = {
    showBenchmark(id) {
      const benchmark = showcase.benchmarks.find((one) => one.id === id)!;
      wish(
        { image: imageOf(benchmark, 0), strength: scaled(state, benchmark, state.wish.attack) },
        { benchmark, chosen: firstChoice(benchmark), isDrawing: false, answers: new Map() },
      );
    },
    toggleNetwork(id) {
      const chosen = new Set(state.chosen);
      if (!chosen.delete(id)) chosen.add(id);
      wish({}, { chosen });
    },
    showImage: (index) => wish({ image: imageOf(state.benchmark, index) }, { isDrawing: false }),
    startDrawing: () => change({ isDrawing: true }),
    draw: (pixels) => wish({ image: { pixels, label: null, index: null } }),
    chooseAttack(id) {
      const attack = state.engine.attacks.find((one) => one.id === id)!;
      wish({ attack, strength: scaled(state, state.benchmark, attack) });
    },
    setStrength: (strength) => wish({ strength }),
    setSeed: (seed) => wish({ seed }),
    chooseEngine(name) {
      void session.then((old) => old.end());
      session = startSession(name);
      void session.then(({ started: engine }) => {
        if (state.engineWish === name) change({ engine });
      });
      wish({}, { engineWish: name, answers: new Map() });
    },
  };
  root.replaceChildren();
  wish({});
}

/** The result, or the problem as an answer. */
async function ask(
  look: () => Promise<Extract<Answer, { look: object }>['look']>,
  wish: Wish,
): Promise<Answer> {
  try {
    return { wish, look: await look() };
  } catch (error) {
    return { wish, problem: problemText(error) };
  }
}

/** One of a benchmark's images, as input of a network. */
function imageOf({ images }: ShownBenchmark, index: number): ChosenImage {
  const { label, pixels } = images[index];
  return { index, label, pixels: Float32Array.from(bytesOf(pixels), (byte) => byte / 255) };
}

/** The strength at the same position of the slider for another attack. */
function scaled({ wish, benchmark }: State, to: ShownBenchmark, attack: Wish['attack']): number {
  const share = wish.strength / strengthScale(wish.attack, valuesOf(benchmark)).largest;
  return share * strengthScale(attack, valuesOf(to)).largest;
}
