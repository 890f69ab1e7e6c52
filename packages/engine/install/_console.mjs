// What the set-up scripts share: running commands quietly, and saying what happens in one line each.
import { spawn } from 'node:child_process';
import os from 'node:os';

const started = Date.now();

/** One line a step, with the seconds since the start. */
export const say = (text) =>
  console.error(`setup  ${String(Math.round((Date.now() - started) / 1000)).padStart(3)} s  ${text}`);

/** Commands that run now. */
const running = new Set();

// Ctrl-C of a terminal reaches them, too; a signal to this process alone would leave pip and compilers behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(128 + os.constants.signals[signal]);
  });

/** Runs a command; its output is kept and shown only if it fails. Resolves to { ok, output }. */
export function run(command, args, { cwd, env = {}, timeoutMs, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    running.add(child);
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => {
      running.delete(child);
      resolve({ ok: false, output: `${command}: ${error.message}` });
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      if (signal)
        output += `\n${command} was stopped by ${signal}${timeoutMs ? ` (time limit ${timeoutMs / 1000} s)` : ''}`;
      resolve({ ok: code === 0, output });
    });
  });
}

/** The last lines of an output, for an explanation. */
export const tail = (output, lines = 3) => output.trim().split('\n').slice(-lines).join('\n');
