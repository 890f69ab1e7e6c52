import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { chmod, link, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isHeld, leaseHolder, takeLease } from '../src/leases/lease.js';
import { isAlive, thisProcess } from '../src/leases/process-identity.js';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<{ readonly link: typeof link }>();
  return { ...actual, link: vi.fn(actual.link) };
});

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weightmap-lease-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const leases = () => readdirSync(folder).sort();

/** Leaves a lease behind, as a process that was killed does. */
const leaveLease = (number: number, holder: object) =>
  writeFile(join(folder, `lease-${number}.json`), JSON.stringify({ holder, token: 'theirs' }));

/** The identity of a process that is gone. */
async function deadProcess() {
  const child = spawn(process.execPath, ['-e', '']);
  const pid = child.pid!;
  await once(child, 'exit');
  return { ...thisProcess, pid, started: '1' };
}
const onAnotherMachine = { ...thisProcess, host: 'elsewhere', kernel: 'another' };

describe('a lease', () => {
  it('is had by one at a time, and leaves nothing', async () => {
    const { lease } = await takeLease(folder);
    expect(leaseHolder(folder)).toMatchObject({ holder: { pid: process.pid } });
    expect(await takeLease(folder)).toEqual({ holder: thisProcess });
    expect(lease!.check()).toBe(true);
    await lease!.release();
    expect(leases()).toEqual([]);
    const again = await takeLease(folder);
    await again.lease!.release();
  });

  it('goes to one of many who ask at once', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeLease(folder)));
    expect(taken.filter(({ lease }) => lease)).toHaveLength(1);
    expect(leases()).toHaveLength(1);
  });

  it('goes to one of many who find a dead process’s', async () => {
    await leaveLease(7, await deadProcess());
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeLease(folder)));
    expect(taken.filter(({ lease }) => lease)).toHaveLength(1);
    expect(leases()).toEqual(['lease-8.json']);
  });

  it('of a dead process of this machine is taken over at once', async () => {
    const dead = await deadProcess();
    await leaveLease(1, dead);
    expect(leaseHolder(folder)).toBeNull();
    const notes: string[] = [];
    const { lease } = await takeLease(folder, { staleSeconds: 3600, onNote: (note) => notes.push(note) });
    expect(lease).toBeDefined();
    expect(notes).toEqual([
      `took over from process ${dead.pid} on ${dead.host}, which ended without releasing its lease`,
    ]);
  });

  it.runIf(process.platform === 'linux')(
    'of a process whose number somebody else has now is taken over',
    async () => {
      await leaveLease(1, { ...thisProcess, started: '1' });
      expect((await takeLease(folder)).lease).toBeDefined();
    },
  );

  it('of another machine is taken over when it has stood still for the stated time, whatever the clocks say', async () => {
    await leaveLease(1, onAnotherMachine);
    // Its clock may be years ahead or behind.
    for (const time of [new Date('2001-01-01'), new Date('2100-01-01')]) {
      await utimes(join(folder, 'lease-1.json'), time, time);
      const started = performance.now();
      const { lease } = await takeLease(folder, { staleSeconds: 0.3 });
      expect(lease).toBeDefined();
      expect(performance.now() - started).toBeGreaterThanOrEqual(300);
      await lease!.release();
      await leaveLease(1, onAnotherMachine);
    }
  });

  it('of another machine that gives signs of life is left alone', async () => {
    await leaveLease(1, onAnotherMachine);
    // As a holder does: only the file's time changes, at once, so that no reader ever meets half a file.
    let beats = 0;
    const beat = setInterval(() => {
      const time = new Date(Date.UTC(2001, 0, 1, 0, 0, ++beats));
      utimesSync(join(folder, 'lease-1.json'), time, time);
    }, 20);
    try {
      // However busy the machine is, a beat comes long before an hour has passed.
      expect(await takeLease(folder, { staleSeconds: 3600 })).toEqual({ holder: onAnotherMachine });
    } finally {
      clearInterval(beat);
    }
  });

  it('that is unreadable counts as one of another machine', async () => {
    await writeFile(join(folder, 'lease-3.json'), '');
    expect((await takeLease(folder, { staleSeconds: 0.1 })).lease).toBeDefined();
    expect(leases()).toEqual(['lease-4.json']);
  });

  it('of another machine counts by this process’s own clock, however far its clock is behind or ahead', async () => {
    await leaveLease(1, onAnotherMachine);
    for (const year of ['2001', '2100']) {
      const time = new Date(`${year}-01-01`);
      utimesSync(join(folder, 'lease-1.json'), time, time);
      const first = performance.now();
      const after = (seconds: number) => isHeld(folder, first + 1000 * seconds);
      expect([0, 60, 119, 121].map(after)).toEqual([true, true, true, false]);
      expect(leaseHolder(folder, first + 200_000)!.secondsSinceBeat).toBeCloseTo(200, 6);
      // A heartbeat, and it counts again.
      utimesSync(
        join(folder, 'lease-1.json'),
        new Date(time.getTime() + 5000),
        new Date(time.getTime() + 5000),
      );
      expect([200, 319, 321].map(after)).toEqual([true, true, false]);
    }
    await rm(join(folder, 'lease-1.json'));
    expect(isHeld(folder)).toBe(false);
  });

  it('without a holder counts for seconds, not for minutes, and blames nobody', async () => {
    await writeFile(join(folder, 'lease-3.json'), '');
    const now = performance.now();
    expect([0, 9, 11].map((seconds) => isHeld(folder, now + 1000 * seconds))).toEqual([true, true, false]);
    expect(leaseHolder(folder)).toBeNull();
  });

  it('appears with its holder in it: a process that dies before leaves none', async () => {
    vi.mocked(link).mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    await expect(takeLease(folder)).rejects.toThrow('cannot be written');
    expect(leases()).toEqual([]);
    // What a killed process leaves is no lease.
    await writeFile(join(folder, 'lease-1.json.0.partial'), '{"hold');
    expect((await takeLease(folder, { staleSeconds: 3600 })).lease).toBeDefined();
  });

  it('is taken on a file system without hard links, too', async () => {
    vi.mocked(link).mockRejectedValue(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
    try {
      const taken = await Promise.all(Array.from({ length: 5 }, () => takeLease(folder)));
      expect(taken.filter(({ lease }) => lease)).toHaveLength(1);
      expect(leases()).toHaveLength(1);
    } finally {
      vi.mocked(link).mockReset();
    }
  });

  it('is lost when others took its holder for dead, who then takes nothing of theirs away', async () => {
    const { lease } = await takeLease(folder);
    await leaveLease(2, onAnotherMachine);
    expect(lease!.check()).toBe(false);
    expect(lease!.lost.aborted).toBe(true);
    await lease!.release();
    expect(existsSync(join(folder, 'lease-2.json'))).toBe(true);
  });

  it('is lost with its folder', async () => {
    const { lease } = await takeLease(folder);
    await rm(folder, { recursive: true });
    expect(lease!.check()).toBe(false);
    await lease!.release();
  });

  it.runIf(process.getuid?.() !== 0)(
    'says what is wrong with a folder that can’t be written to',
    async () => {
      await chmod(folder, 0o500);
      await expect(takeLease(folder)).rejects.toThrow('cannot be written');
    },
  );
});

describe('isAlive', () => {
  it.runIf(process.platform === 'linux')('knows living, dead and unknowable processes', async () => {
    expect(isAlive(thisProcess)).toBe(true);
    expect(isAlive(await deadProcess())).toBe(false);
    expect(isAlive(onAnotherMachine)).toBeNull();
  });
});
