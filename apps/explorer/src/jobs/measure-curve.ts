import type { AttackInfo, ShownBenchmark, ShownNetwork } from '@weightmap/core';
import type { CurvePoint } from '../engine/protocol.js';
import { bytesOf } from '../files/base64.js';
import type { Session } from '../session.js';
import type { Wish } from '../wish.js';
import { strengthScale } from '../strength-scale.js';

/** Images in one request: few, so that the slider stays usable meanwhile. */
const AT_ONCE = 10;
/** Equal steps of the strength, from 0 to the slider's largest. */
const STEPS = 8;

/** The strengths of a curve, each without an image yet. */
export function emptyCurve(attack: AttackInfo, benchmark: ShownBenchmark): CurvePoint[] {
  const { largest } = strengthScale(attack, benchmark);
  return Array.from({ length: STEPS + 1 }, (_, i) => ({
    ...{ strength: Number(((largest * i) / STEPS).toPrecision(6)), count: 0, wrong: 0 },
    interval: [0, 100] as const,
  }));
}

/** One request: some images, some points of the curve. */
interface Part {
  readonly network: ShownNetwork;
  readonly start: number;
  readonly end: number;
  readonly points: readonly [from: number, to: number];
}

/**
 * The requests of curves, in an order in which all curves grow together. An attack that computes its strengths together gets all of
 * them at once; one that takes many steps for each gets one.
 */
export function partsOfCurves(
  networks: readonly ShownNetwork[],
  images: number,
  { id }: Pick<AttackInfo, 'id'>,
): Part[] {
  const isLong = /^(bim|mi-fgsm|pgd)/.test(id);
  const size = isLong ? 1 : STEPS + 1;
  const parts: Part[] = [];
  for (let start = 0; start < images; start += AT_ONCE)
    for (const network of networks)
      for (let from = 0; from <= STEPS; from += size)
        parts.push({
          ...{ network, start, end: Math.min(start + AT_ONCE, images) },
          points: [from, Math.min(from + size, STEPS + 1)],
        });
  return parts;
}

/**
 * Measures the error of networks against the strength, on all images of the set.
 *
 * @param onPart gets the curve that has changed, with the number of requests done and of all.
 * @throws the reason of the signal, or the error of a request.
 */
export async function measureCurves(
  session: Pick<Session, 'load' | 'addToCurve'>,
  networks: readonly ShownNetwork[],
  {
    wish,
    benchmark,
    signal,
    onPart,
  }: {
    readonly wish: Wish;
    readonly benchmark: ShownBenchmark;
    readonly signal: AbortSignal;
    readonly onPart: (
      network: ShownNetwork,
      curve: readonly CurvePoint[],
      done: number,
      total: number,
    ) => void;
  },
): Promise<void> {
  const { images } = benchmark;
  const curves = new Map(networks.map((network) => [network, emptyCurve(wish.attack, benchmark)]));
  const parts = partsOfCurves(networks, images.length, wish.attack);
  for (const [done, { network, start, end, points }] of parts.entries()) {
    signal.throwIfAborted();
    await session.load(network);
    const shown = images.slice(start, end);
    const curve = curves.get(network)!;
    const grown = await session.addToCurve(network, wish, {
      start,
      labels: shown.map(({ label }) => label),
      pixels: Float32Array.from(
        shown.flatMap(({ pixels }) => [...bytesOf(pixels)]),
        (byte) => byte / 255,
      ),
      points: curve.slice(...points),
    });
    signal.throwIfAborted();
    curve.splice(points[0], grown.length, ...grown);
    onPart(network, [...curve], done + 1, parts.length);
  }
}
