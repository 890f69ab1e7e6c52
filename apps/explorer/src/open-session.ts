import type { AttackInfo, Showcase, ShownNetwork } from '@weightmap/core';
import { decodeAddress } from './address.js';
import { bytesOf } from './files/base64.js';
import { engineNames, type EngineName } from './engine/protocol.js';
import { chooseEngine, type Measurement, type Timed } from './jobs/choose-engine.js';
import { startSession, type Session } from './session.js';
import { shownNetworks, type EngineWish } from './state.js';
import type { Wish } from './wish.js';

/** A session to use, and what was measured to choose its engine. */
export interface Opened {
  readonly session: Session;
  readonly measured: readonly Measurement[];
}

/**
 * Starts the requested engine. For the fastest one, engines are measured with the first network and image of an address: the first
 * that is measured is given at once, and each faster one later.
 *
 * @param options.onMeasured gets what is measured, and the session if it is to replace the one before; it may resolve when the next
 *   engine can be measured.
 * @param options.signal ends the measurement.
 * @throws Error if no engine can be started.
 */
export async function openSession(
  wish: EngineWish,
  showcase: Showcase,
  {
    hash,
    signal,
    onMeasured,
  }: {
    readonly hash: string;
    readonly signal: AbortSignal;
    readonly onMeasured: (measured: readonly Measurement[], faster: Session | null) => void | Promise<void>;
  },
): Promise<Opened> {
  if (wish !== 'fastest')
    return { session: await startSession({ engine: wish, orSlower: true }), measured: [] };
  const address = decodeAddress(hash, showcase, [ANY_ATTACK]);
  const [network = address.benchmark.networks[0]] = shownNetworks(address);
  const pixels = Float32Array.from(
    bytesOf(address.benchmark.images[address.image].pixels),
    (byte) => byte / 255,
  );
  return new Promise((resolve, reject) => {
    let isOpen = false;
    chooseEngine<Session>({
      time: (engine) => timeEngine(engine, network, pixels),
      signal,
      onMeasured(measured, fastest) {
        if (isOpen) return onMeasured(measured, fastest);
        if (!fastest) return;
        isOpen = true;
        resolve({ session: fastest, measured });
        return onMeasured(measured, null);
      },
    }).catch(() => {
      // Not one could be timed, so the network is at fault: the page says what is wrong with it.
      startSession({ engine: 'wasm', orSlower: true }).then(
        (session) => resolve({ session, measured: [] }),
        reject,
      );
    });
  });
}

/** The attacks are known when an engine has started; the address is read for the network and the image alone. */
const ANY_ATTACK: AttackInfo = {
  ...{ id: '', label: '', kind: 'fixed', strengthUnit: 'epsilon', norm: 'linf' },
  ...{ targeted: true, usesGradient: true, source: '' },
};

/** Repetitions of which the median counts; the first ones compile. */
const TIMED = { first: 1, counted: 3 };
/** An engine that takes longer until it is timed is not waited for. */
const PATIENCE_MS = 10_000;

/**
 * Starts an engine, and times what the page does most: an attack by one gradient on one image, with predictions and Grad-CAM.
 *
 * @param pixels an image of the network.
 * @throws Error if the engine is not available, or takes too long to start.
 */
export async function timeEngine(
  name: EngineName,
  network: ShownNetwork,
  pixels: Float32Array,
): Promise<Timed<Session>> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), PATIENCE_MS);
  try {
    const session = await startSession({ engine: name, orSlower: false }, ending.signal);
    return await timed(session, network, pixels);
  } catch (error) {
    const isLate = ending.signal.aborted;
    ending.abort();
    if (isLate)
      throw new Error(`${engineNames[name]} takes more than ${PATIENCE_MS / 1000} s to start`, {
        cause: error,
      });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function timed(session: Session, network: ShownNetwork, pixels: Float32Array): Promise<Timed<Session>> {
  await session.load(network);
  const [attack] = session.started.attacks;
  const wish: Wish = {
    image: { pixels, label: null, index: null },
    attack,
    target: null,
    strength: 0.1,
    seed: 1,
  };
  const times: number[] = [];
  let probabilities: Float32Array = new Float32Array();
  for (let i = 0; i < TIMED.first + TIMED.counted; i++) {
    const look = await session.look(network, wish);
    times.push(look.milliseconds);
    ({ probabilities } = look);
  }
  const counted = times.slice(TIMED.first).sort((a, b) => a - b);
  return { session, milliseconds: counted[Math.floor(counted.length / 2)], probabilities };
}
