import type { ShownBenchmark, Showcase } from '@weightmap/core';
import { render } from 'lit-html';
import { decodeAddress, encodeAddress, type Address } from './address.js';
import { bytesOf } from './files/base64.js';
import { readPicture } from './files/read-picture.js';
import { toInput } from './files/to-input.js';
import { measureCurves } from './jobs/measure-curve.js';
import { searchNetwork } from './jobs/search-network.js';
import { keepCurrent } from './keep-current.js';
import { problemText } from './problem-text.js';
import { openSession, type Opened } from './open-session.js';
import type { Session } from './session.js';
import {
  curveKey,
  firstChoice,
  hasDigits,
  shownNetworks,
  type Actions,
  type Answer,
  type EngineWish,
  type Job,
  type State,
} from './state.js';
import { strengthScale } from './strength-scale.js';
import { page } from './view/page.js';
import type { ChosenImage, Wish } from './wish.js';

/** The address follows after a pause: browsers refuse to change it many times in a second. */
const ADDRESS_DELAY_MS = 250;

/**
 * Runs the page. Everything shown is a function of one state, which is replaced and never changed.
 *
 * @param notices to show first.
 * @throws Error if no engine can be started.
 */
export async function runApp(
  root: HTMLElement,
  showcase: Showcase,
  firstWish: EngineWish,
  notices: readonly string[],
): Promise<void> {
  let choosing = new AbortController();
  const open = (wished: EngineWish, hash: string): Promise<Opened> => {
    const { signal } = (choosing = new AbortController());
    const onMeasured = (found: State['measured'], faster: Session | null) => useFaster(found, faster, signal);
    return openSession(wished, showcase, { hash, signal, onMeasured });
  };
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  /** Resolve when the networks have answered, and when no job runs. */
  let [idle, free]: Promise<void>[] = [ready, ready];
  /** Uses a faster engine, once nothing runs on the one before; resolves when nothing would disturb the next measurement. */
  async function useFaster(
    found: State['measured'],
    faster: Session | null,
    signal: AbortSignal,
  ): Promise<void> {
    await idle;
    await free;
    if (signal.aborted) return faster?.end();
    change({ measured: found });
    if (faster) use(faster);
    await idle;
  }
  const { measured, session: first } = await open(firstWish, location.hash);
  let session = Promise.resolve(first);
  const { started } = first;
  const firstAddress = decodeAddress(location.hash, showcase, started.attacks);
  let state: State = {
    ...addressed(firstAddress),
    notices: [...notices, ...firstAddress.notices],
    ...{ engine: started, engineWish: firstWish, measured },
    ...{ answers: new Map(), facts: new Map(), curves: new Map(), searches: new Map() },
    ...{ job: null, jobProblem: null, copied: null },
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

  let pending: ReturnType<typeof setTimeout> | undefined;
  function change(part: Partial<State>): void {
    state = { ...state, ...part };
    render(page(showcase, state, actions), root);
    clearTimeout(pending);
    pending = setTimeout(writeAddress, ADDRESS_DELAY_MS);
  }

  function writeAddress(): void {
    clearTimeout(pending);
    const hash = `#${encodeAddress(state)}`;
    if (hash !== location.hash) history.replaceState(null, '', hash);
  }

  /** Changes the request, and sends it to the networks that are shown. */
  function wish(part: Partial<Wish>, more: Partial<State> = {}): void {
    const next = { ...state.wish, ...part };
    const target = next.attack.targeted && next.target !== next.image.label ? next.target : null;
    change({ copied: null, ...more, wish: { ...next, target } });
    idle = update(
      state.wish,
      shownNetworks(state).map(({ file }) => file),
    );
  }

  /** Replaces the engine. */
  function use(next: Session): void {
    void session.then((old) => old.end()).catch(() => {});
    session = Promise.resolve(next);
    wish({}, { engine: next.started });
  }

  let running: AbortController | null = null;
  /** Runs work on many requests: one at a time, which can be cancelled. */
  function runJob(kind: Job['kind'], total: number, work: (signal: AbortSignal) => Promise<void>): void {
    running?.abort();
    const job = (running = new AbortController());
    change({ job: { kind, done: 0, total }, jobProblem: null });
    free = work(job.signal)
      .catch((error: unknown) => {
        if (!job.signal.aborted) change({ jobProblem: { kind, text: problemText(error) } });
      })
      .finally(() => {
        if (running === job) change({ job: null });
      });
  }
  const cancel = () => {
    running?.abort();
    running = null;
    change({ job: null });
  };
  const progress = (done: number) => state.job && { job: { ...state.job, done } };

  function replaceSession(name: EngineWish): void {
    cancel();
    choosing.abort();
    void session.then((old) => old.end()).catch(() => {});
    const opened = open(name, `#${encodeAddress(state)}`);
    const mine = (session = opened.then((one) => one.session));
    void opened
      .then((one) => {
        if (session !== mine) return one.session.end();
        change({ engine: one.session.started, ...(name === 'fastest' && { measured: one.measured }) });
      })
      .catch(() => {}); // each network's card says so
    wish({}, { engineWish: name, answers: new Map(), searches: new Map() });
  }

  const own = (source: 'drawing' | 'upload', pixels: Float32Array): void =>
    wish({ image: { pixels, label: null, index: null } }, { source });

  async function takePicture(file: File): Promise<void> {
    const { benchmark } = state;
    const named = { name: file.name, steps: [], problem: null };
    try {
      const picture = await readPicture(file);
      if (benchmark !== state.benchmark) return;
      const { pixels, steps } = toInput(picture, benchmark, { isDigit: hasDigits(benchmark) });
      change({ upload: { ...named, steps } });
      own('upload', pixels);
    } catch (error) {
      change({ upload: { ...named, problem: problemText(error) } });
    }
  }

  const actions: Actions = {
    showBenchmark(id) {
      cancel();
      const benchmark = showcase.benchmarks.find((one) => one.id === id)!;
      const empty = { answers: new Map(), upload: null, source: 'set', defense: null } as const;
      wish(
        { image: imageOf(benchmark, 0), target: null, strength: scaled(state, benchmark, state.wish.attack) },
        { benchmark, chosen: firstChoice(benchmark), ...empty },
      );
    },
    toggleNetwork(id) {
      const chosen = new Set(state.chosen);
      if (!chosen.delete(id)) chosen.add(id);
      wish({}, { chosen });
    },
    chooseDefense: (defense) => wish({}, { defense }),
    showImage: (index) => wish({ image: imageOf(state.benchmark, index) }, { source: 'set' }),
    startDrawing: () => change({ source: 'drawing' }),
    draw: (pixels) => own('drawing', pixels),
    startUpload: () => change({ source: 'upload' }),
    upload: (file) => void takePicture(file),
    chooseAttack(id) {
      const attack = state.engine.attacks.find((one) => one.id === id)!;
      wish({ attack, strength: scaled(state, state.benchmark, attack) });
    },
    setStrength: (strength) => wish({ strength }),
    chooseTarget: (target) => wish({ target }),
    setSeed: (seed) => wish({ seed }),
    chooseEngine: replaceSession,
    measureCurves() {
      const { wish: asked, benchmark } = state;
      const shown = shownNetworks(state);
      runJob('curve', 1, async (signal) => {
        const onPart: Parameters<typeof measureCurves>[2]['onPart'] = (network, curve, done, total) =>
          change({
            curves: new Map(state.curves).set(curveKey(asked, network), curve),
            job: { kind: 'curve', done, total },
          });
        await measureCurves(await session, shown, { wish: asked, benchmark, signal, onPart });
      });
    },
    search() {
      const { wish: asked, benchmark } = state;
      const shown = shownNetworks(state);
      const { largest } = strengthScale(asked.attack, benchmark);
      runJob('search', shown.length, async (signal) => {
        for (const [done, network] of shown.entries()) {
          const found = await searchNetwork(await session, network, { wish: asked, largest, signal });
          change({ searches: new Map(state.searches).set(network.file, found), ...progress(done + 1) });
        }
      });
    },
    cancel,
    copyLink() {
      writeAddress();
      const link = location.href;
      const copy = (isCopied: boolean) => change({ copied: { link, isCopied } });
      void (navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'))).then(
        () => copy(true),
        () => copy(false),
      );
    },
    dismissNotices: () => change({ notices: [] }),
  };
  // An address that was pasted or edited while the page is open.
  window.addEventListener('hashchange', () => {
    const address = decodeAddress(location.hash, showcase, state.engine.attacks);
    cancel();
    const { wish: asked, ...shown } = addressed(address);
    wish(asked, { ...shown, answers: new Map(), notices: address.notices });
  });
  wish({});
  isReady();
}

/** The part of the state that an address gives. */
const addressed = ({ benchmark, chosen, defense, image, attack, strength, target, seed }: Address) => ({
  ...{ benchmark, chosen, defense, source: 'set' as const, upload: null },
  wish: { image: imageOf(benchmark, image), attack, strength, target, seed },
});

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
  const share = wish.strength / strengthScale(wish.attack, benchmark).largest;
  return share * strengthScale(attack, to).largest;
}
