import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { wasHangupIgnored, type StartSigns } from '../src/terminal/hangup.js';
import { stopOnSignal } from '../src/terminal/stop-on-signal.js';
import { cli } from './_command.js';

const work = mkdtempSync(path.join(tmpdir(), 'weightmap-output-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const bash = (script: string, ...words: string[]) =>
  spawnSync('bash', ['-c', script, 'bash', process.execPath, cli, ...words], {
    encoding: 'utf8',
    env: { ...process.env, _: '' },
  });

describe.runIf(existsSync(cli) && process.platform !== 'win32')('output that nobody reads', () => {
  it.each([['--help'], ['schema'], ['completion', 'bash'], ['report', '--help']])(
    'weightmap %s is silent about it, and has the exit code of its work',
    (...words) => {
      const { stdout, stderr } = bash('"$@" | true; echo "${PIPESTATUS[0]}"', ...words);
      expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
    },
  );

  it('does not hide a failure', () => {
    const { stdout } = bash(
      '"$@" 2>&1 | true; echo "${PIPESTATUS[0]}"',
      'report',
      path.join(work, 'nowhere'),
    );
    expect(stdout).toBe('1\n');
  });

  it.runIf(existsSync('/dev/full'))('names output that cannot be stored', () => {
    const { status, stderr } = bash('"$@" > /dev/full', 'schema');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: the output can't be written: ENOSPC/);
    expect(stderr.split('\n')).toHaveLength(3);
  });
});

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR2'] as const;

describe('SIGHUP', () => {
  const plain: StartSigns = {
    env: { _: '/usr/bin/node' },
    parentStatus: 'Name:\tbash\nSigIgn:\t0000000000384004\n',
    stdin: '/dev/pts/1',
    stdinInfo: 'pos:\t0\nflags:\t0100002\n',
  };

  it.each<[string, Partial<StartSigns>, boolean]>([
    ['an ordinary start', {}, false],
    ['nohup', { env: { _: '/usr/bin/nohup' } }, true],
    ['setsid', { env: { _: '/usr/bin/setsid' } }, true],
    ['the standard input that nohup makes', { stdin: '/dev/null', stdinInfo: 'flags:\t0100001\n' }, true],
    ['an empty standard input', { stdin: '/dev/null', stdinInfo: 'flags:\t0100000\n' }, false],
    ['a script that ignores it', { parentStatus: 'SigIgn:\t0000000000000001\n' }, true],
    ['a system without /proc', { env: {}, parentStatus: '', stdin: '', stdinInfo: '' }, false],
  ])('is expected after %s: %j gives %s', (_, signs, expected) =>
    expect(wasHangupIgnored({ ...plain, ...signs })).toBe(expected),
  );

  // The real commands, with the detection alone: an engine is not needed.
  it.runIf(process.platform === 'linux')(
    'is detected after the real nohup and setsid, and after a trap',
    () => {
      const source = readFileSync(path.join(import.meta.dirname, '../src/terminal/hangup.ts'), 'utf8');
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      const file = path.join(work, 'detect.mjs');
      writeFileSync(file, `${outputText}\nconsole.log(String(isHangupIgnored()));`);
      const detected = (script: string) =>
        spawnSync('bash', ['-c', script, 'bash', process.execPath, file], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }).stdout;
      expect(detected('"$@"; true')).toBe('false\n');
      expect(detected('nohup "$@"')).toBe('true\n');
      expect(detected('setsid --wait "$@"')).toBe('true\n');
      expect(detected(`trap '' HUP; "$@"; true`)).toBe('true\n');
    },
  );

  it.runIf(process.platform !== 'win32')(
    'stops after the current step, with a message; a second one changes nothing',
    () => {
      const before = signals.map((name) => new Set<unknown>(process.listeners(name)));
      const notes: string[] = [];
      const signal = stopOnSignal((note) => notes.push(note));
      try {
        process.emit('SIGHUP');
        process.emit('SIGHUP');
        expect(signal.reason).toEqual({ stoppedBy: 'SIGHUP' });
        expect(notes).toEqual([expect.stringMatching(/terminal was closed \(SIGHUP\).*checkpoint.*nohup/)]);
      } finally {
        for (const [i, name] of signals.entries())
          for (const listener of process.listeners(name))
            if (!before[i].has(listener)) process.off(name, listener);
      }
    },
  );
});
