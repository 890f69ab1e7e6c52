// What the set-up scripts share: running commands quietly, and saying what happens in one line each.
import { spawn } from 'node:child_process';

const started = Date.now();

/** One line a step, with the seconds since the start. */
export const say = (text) =>
  console.error(`setup  ${String(Math.round((Date.now() - started) / 1000)).padStart(3)} s  ${text}`);

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
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}` }));
    child.on('close', (code, signal) => {
      if (signal)
        output += `\n${command} was stopped by ${signal}${timeoutMs ? ` (time limit ${timeoutMs / 1000} s)` : ''}`;
      resolve({ ok: code === 0, output });
    });
  });
}

/** The last lines of an output, for an explanation. */
export const tail = (output, lines = 3) => output.trim().split('\n').slice(-lines).join('\n');
