import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writing } from '@weightmap/core/files';
import { z } from 'zod';
import { isAlive, processIdentitySchema, thisProcess, type ProcessIdentity } from './process-identity.js';

/** Seconds without a heartbeat after which the lease of a process on another machine counts as abandoned. */
export const STALE_SECONDS = 120;
const HEARTBEAT_SECONDS = 5;

/** The right to write into a folder, held by one process at a time. */
export interface Lease {
  /** Aborted when the lease is lost: its file was deleted, or another process took it over. */
  readonly lost: AbortSignal;
  /** Checks now whether the lease is still held. */
  check: () => boolean;
  /** Writes a heartbeat if the last is seconds old: for work that blocks timers for long. */
  beat: () => void;
  release: () => Promise<void>;
}

export type Taken =
  | { readonly lease: Lease; readonly holder?: undefined }
  | { readonly lease?: undefined; readonly holder: ProcessIdentity };

export interface LeaseOptions {
  staleSeconds?: number;
  /** Called when the lease is taken over from a process, and when it waits for one. */
  onNote?: (note: string) => void;
  /** Ends the waiting for a process on another machine, which then counts as alive. */
  signal?: AbortSignal;
}

/** A lease file in a folder. */
interface Found {
  readonly name: string;
  readonly number: number;
  /** Null while the file is being written, or if it can't be read. */
  readonly holder: ProcessIdentity | null;
  /** Time of the last heartbeat in milliseconds of the file system's clock: only comparable with itself. */
  readonly beat: number;
}

const leaseSchema = z.object({ holder: processIdentitySchema, token: z.string() });

/**
 * Takes the lease of a folder, unless a living process holds it.
 *
 * Leases are files `lease-<n>.json`, created exclusively. The holder touches its file every few seconds. A process that finds
 * the lease of a dead process creates the next number: of several that try, one succeeds, and the number only grows. The
 * operating system tells whether a process of this machine is alive. For a process of another machine, the file must not change
 * for `staleSeconds` by this process's own steady clock, because the clocks of machines differ and jump.
 *
 * @throws WeightmapError if the folder can't be written to.
 */
export async function takeLease(
  folder: string,
  { staleSeconds = STALE_SECONDS, onNote = () => {}, signal }: LeaseOptions = {},
): Promise<Taken> {
  await writing(folder, () => mkdir(folder, { recursive: true }).then(() => {}));
  const dead = new Set<string>();
  for (;;) {
    const found = readLeases(folder);
    for (const lease of found) {
      if (dead.has(lease.name)) continue;
      const state = await stateOf(folder, lease, { staleSeconds, onNote, signal });
      if (state === 'alive') return { holder: lease.holder ?? unknownHolder };
      if (state === 'dead') dead.add(lease.name);
    }
    const name = nameOf(Math.max(0, ...found.map(({ number }) => number)) + 1);
    const file = path.join(folder, name);
    const text = `${JSON.stringify({ holder: thisProcess, token: randomUUID() })}\n`;
    const isOurs = await create(file, text);
    const others = readLeases(folder).filter((lease) => lease.name !== name && !dead.has(lease.name));
    if (isOurs && others.length === 0) {
      const left = found.find(({ holder }) => holder)?.holder;
      if (left)
        onNote(`took over from process ${left.pid} on ${left.host}, which ended without releasing its lease`);
      for (const other of dead) await rm(path.join(folder, other), { force: true });
      return { lease: hold(folder, name, text) };
    }
    // Another process was as quick: both retry, after different times.
    if (isOurs) await rm(file, { force: true });
    await sleep(20 + Math.random() * 200);
  }
}

/** Takes the lease of a folder; waits as long as another process holds it. */
export async function waitForLease(folder: string): Promise<Lease> {
  for (;;) {
    const { lease } = await takeLease(folder);
    if (lease) return lease;
    await sleep(100);
  }
}

/** The process that holds the lease of a folder; null if there is none, or if the process is known to be dead. */
export function leaseHolder(folder: string): { holder: ProcessIdentity; secondsSinceBeat: number } | null {
  const held = readLeases(folder).filter(({ holder }) => holder && isAlive(holder) !== false);
  const last = held.at(-1);
  return last ? { holder: last.holder!, secondsSinceBeat: (Date.now() - last.beat) / 1000 } : null;
}

/** Whether another process works in a folder. A lease without a recent heartbeat doesn't count: `takeLease` decides on it. */
export function isHeld(folder: string): boolean {
  const held = leaseHolder(folder);
  return held !== null && held.secondsSinceBeat < STALE_SECONDS;
}

/** Removes the leases of dead processes of this machine from a finished folder. */
export async function removeDeadLeases(folder: string): Promise<void> {
  for (const { name, holder } of readLeases(folder))
    if (holder && isAlive(holder) === false) await rm(path.join(folder, name), { force: true });
}

const unknownHolder: ProcessIdentity = { host: 'another machine', pid: 1, started: '', kernel: '' };
const nameOf = (n: number) => `lease-${n}.json`;

/** All leases in a folder, the oldest first; none if there is no folder. */
function readLeases(folder: string): Found[] {
  return namesIn(folder)
    .flatMap((name): Found[] => {
      const number = /^lease-(\d+)\.json$/.exec(name)?.[1];
      if (number === undefined) return [];
      const file = path.join(folder, name);
      try {
        const parsed = leaseSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
        const holder = parsed.success ? parsed.data.holder : null;
        return [{ name, number: Number(number), holder, beat: statSync(file).mtimeMs }];
      } catch {
        return []; // released just now
      }
    })
    .sort((a, b) => a.number - b.number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether the holder of a lease is alive. Waits for a heartbeat if the holder is on another machine. */
async function stateOf(
  folder: string,
  lease: Found,
  { staleSeconds, onNote, signal }: Required<Omit<LeaseOptions, 'signal'>> & { signal?: AbortSignal },
): Promise<'alive' | 'dead' | 'gone'> {
  const began = performance.now();
  let noted = false;
  for (
    let now: Found | undefined = lease;
    ;
    now = readLeases(folder).find(({ name }) => name === lease.name)
  ) {
    if (!now) return 'gone';
    const alive = now.holder && isAlive(now.holder);
    if (alive !== null) return alive ? 'alive' : 'dead';
    if (now.beat !== lease.beat || signal?.aborted) return 'alive';
    const waited = (performance.now() - began) / 1000;
    if (waited >= staleSeconds) return 'dead';
    if (!noted && waited > 1) {
      noted = true;
      const { host, pid } = now.holder ?? unknownHolder;
      onNote(
        `waiting up to ${staleSeconds} s for a heartbeat of process ${pid} on ${host}, which had started here`,
      );
    }
    await sleep(Math.min(1000, staleSeconds * 100));
  }
}

/** Creates a file exclusively. @returns whether this call made it. */
async function create(file: string, text: string): Promise<boolean> {
  let made = false;
  await writing(file, async () => {
    try {
      await writeFile(file, text, { flag: 'wx' });
      made = true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      await rm(file, { force: true });
      throw error;
    }
  });
  return made;
}

function hold(folder: string, name: string, text: string): Lease {
  const file = path.join(folder, name);
  const lost = new AbortController();
  const isOurs = () => {
    try {
      return readFileSync(file, 'utf8') === text && readLeases(folder).at(-1)?.name === name;
    } catch {
      return false;
    }
  };
  const check = () => {
    if (!lost.signal.aborted && !isOurs()) lost.abort();
    return !lost.signal.aborted;
  };
  let last = performance.now();
  const beat = () => {
    if (performance.now() - last < HEARTBEAT_SECONDS * 1000) return;
    last = performance.now();
    if (!check()) return clearInterval(timer);
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {
      check();
    }
  };
  // Twice as often as needed, because a tick that comes too early does nothing.
  const timer = setInterval(beat, (HEARTBEAT_SECONDS * 1000) / 2);
  timer.unref();
  return {
    lost: lost.signal,
    check,
    beat,
    async release() {
      clearInterval(timer);
      if (isOurs()) await rm(file, { force: true });
    },
  };
}
