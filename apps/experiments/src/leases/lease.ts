import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, utimesSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '@weightmap/core';
import { readIfThereSync, writing } from '@weightmap/core/files';
import { z } from 'zod';
import { isAlive, processIdentitySchema, thisProcess, type ProcessIdentity } from './process-identity.js';

/** Seconds without a heartbeat after which the lease of a process on another machine counts as abandoned. */
export const STALE_SECONDS = 120;
/** The same for a lease that names no process: it takes no time to write one. */
const UNNAMED_SECONDS = 10;
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
  /** False for a link, a pipe or a folder, which no process makes: it is nobody's. */
  readonly isFile: boolean;
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
      if (left) onNote(`took over from ${holderName(left)}, which ended without releasing its lease`);
      for (const other of dead) await rm(path.join(folder, other), { force: true, recursive: true });
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

/** How a process that holds a lease is named in messages. */
export const holderName = (holder: ProcessIdentity): string =>
  holder === unknownHolder ? 'another process' : `process ${holder.pid} on ${holder.host}`;

/** When this process first saw each lease's last heartbeat, by its own steady clock. */
const seen = new Map<string, { readonly beat: number; readonly since: number }>();

/** Milliseconds for which this process has seen a lease without a new heartbeat. */
function unchangedFor(folder: string, { name, beat }: Found, now: number): number {
  const file = path.join(folder, name);
  const known = seen.get(file);
  if (known?.beat === beat) return now - known.since;
  seen.set(file, { beat, since: now });
  return 0;
}

/**
 * The process that holds the lease of a folder; null if there is none, or if the process is known to be dead.
 *
 * `secondsSinceBeat` of a process on another machine is the time since this process first saw its last heartbeat: 0 at a first look,
 * because the clocks of machines differ.
 */
export function leaseHolder(
  folder: string,
  now = performance.now(),
): { holder: ProcessIdentity; secondsSinceBeat: number } | null {
  const held = readLeases(folder).filter(({ holder }) => holder && isAlive(holder) !== false);
  const last = held.at(-1);
  if (!last) return null;
  const unchanged = unchangedFor(folder, last, now);
  const isHere = isAlive(last.holder!) === true;
  return {
    holder: last.holder!,
    secondsSinceBeat: (isHere ? Math.max(0, Date.now() - last.beat) : unchanged) / 1000,
  };
}

/**
 * Whether another process works in a folder. The lease of a process on another machine counts until this process has seen it unchanged
 * for `STALE_SECONDS` by its own steady clock, over several calls; then `takeLease` decides.
 *
 * @param now milliseconds of the steady clock.
 */
export function isHeld(folder: string, now = performance.now()): boolean {
  return readLeases(folder).some((lease) => {
    if (!lease.isFile) return false;
    const alive = lease.holder && isAlive(lease.holder);
    return alive ?? unchangedFor(folder, lease, now) < 1000 * staleAfter(lease, STALE_SECONDS);
  });
}

const staleAfter = ({ holder }: Found, staleSeconds: number): number =>
  holder ? staleSeconds : Math.min(staleSeconds, UNNAMED_SECONDS);

/** Removes the leases of dead processes of this machine from a finished folder. */
export async function removeDeadLeases(folder: string): Promise<void> {
  for (const { name, holder } of readLeases(folder))
    if (holder && isAlive(holder) === false) await rm(path.join(folder, name), { force: true });
}

const unknownHolder: ProcessIdentity = { host: '', pid: 1, started: '', kernel: '' };
const nameOf = (n: number) => `lease-${n}.json`;

/** All leases in a folder, the oldest first; none if there is no folder. */
function readLeases(folder: string): Found[] {
  return namesIn(folder)
    .flatMap((name): Found[] => {
      const number = /^lease-(\d+)\.json$/.exec(name)?.[1];
      if (number === undefined) return [];
      const file = path.join(folder, name);
      try {
        const stats = lstatSync(file);
        const parsed = leaseSchema.safeParse(jsonOf(textOf(folder, file)));
        const holder = parsed.success ? parsed.data.holder : null;
        return [{ name, number: Number(number), holder, beat: stats.mtimeMs, isFile: stats.isFile() }];
      } catch {
        return []; // released just now
      }
    })
    .sort((a, b) => a.number - b.number);
}

/** The text of a lease; empty for what isn't a small file of the folder. */
function textOf(folder: string, file: string): string {
  try {
    return String(readIfThereSync(file, { within: folder, largest: 2 ** 16 }) ?? '');
  } catch {
    return '';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
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
  if (!lease.isFile) return 'dead';
  const began = performance.now();
  const patience = staleAfter(lease, staleSeconds);
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
    if (waited >= patience) return 'dead';
    if (!noted && waited > 1) {
      noted = true;
      onNote(
        now.holder
          ? `waiting up to ${patience} s for a heartbeat of ${holderName(now.holder)}, which had started here`
          : `waiting up to ${patience} s, because a process may be writing ${lease.name}`,
      );
    }
    await sleep(Math.min(1000, patience * 100));
  }
}

/** File systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN']);

/**
 * Creates a file exclusively and with its whole content: it is written under another name, and linked. So a process that dies meanwhile
 * leaves no lease without a holder.
 *
 * @returns whether this call made it.
 */
async function create(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}.partial`;
  let made = false;
  await writing(file, async () => {
    try {
      await writeFile(draft, text, { flag: 'wx' });
      await link(draft, file);
      made = true;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // Without its draft the holder has removed it, with what else was left behind in its folder.
      if (code === 'EEXIST' || (code === 'ENOENT' && existsSync(path.dirname(file)))) return;
      if (!NO_LINKS.has(code) || !existsSync(draft)) throw error;
      made = await createInPlace(file, text);
    } finally {
      await rm(draft, { force: true });
    }
  });
  return made;
}

async function createInPlace(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await rm(file, { force: true });
    throw error;
  }
}

function hold(folder: string, name: string, text: string): Lease {
  const file = path.join(folder, name);
  const lost = new AbortController();
  const isOurs = () => {
    try {
      return textOf(folder, file) === text && readLeases(folder).at(-1)?.name === name;
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
