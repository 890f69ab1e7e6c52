import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commands } from '../src/commands/index.js';
import { buildProgram } from '../src/program.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the command prints in this process. */
async function printed(...words: string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
  const program = await buildProgram(words);
  await program.parseAsync(words, { from: 'user' });
  return lines.join('\n');
}

/** All of `--help`, the examples below it included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text;
}

describe('weightmap --help', () => {
  it('names every command, what it is for, and the exit codes', async () => {
    const help = helpOf(await buildProgram([])).replaceAll(/\s+/g, ' ');
    for (const [name, { description }] of Object.entries(commands)) {
      expect(help).toContain(` ${name} `);
      expect(help).toContain(description);
    }
    expect(help).toContain('75 stopped, continue with the same command');
    expect(help).not.toContain('bench-worker');
  });

  it.each(Object.keys(commands))('%s: every option is explained, and there is an example', async (name) => {
    const program = await buildProgram([name]);
    const command = program.commands.find((one) => one.name() === name)!;
    const help = helpOf(command);
    expect(help).toMatch(new RegExp(`Examples?:\\n(.*\\n)*?  weightmap ${name}`));
    for (const { flags, description } of command.options) expect(description, flags).not.toBe('');
    for (const argument of command.registeredArguments)
      expect(argument.description, argument.name()).not.toBe('');
  });
});

describe('a subcommand of a command', () => {
  // Without exitOverride commander ends the process itself, also that of a test.
  it('gives its help and its errors to the program, and does not end the process', async () => {
    const nested: string[] = [];
    for (const name of Object.keys(commands)) {
      const command = (await buildProgram([name])).commands.find((one) => one.name() === name)!;
      for (const one of command.commands) {
        nested.push(`${name} ${one.name()}`);
        const said: string[] = [];
        const keep = (text: string) => void said.push(text);
        one.configureOutput({ writeOut: keep, writeErr: keep });
        expect(() => one.parse(['--help'], { from: 'user' })).toThrow('(outputHelp)');
        expect(() => one.parse(['--no-such-option'], { from: 'user' })).toThrow('unknown option');
        expect(said.join('')).toContain(`Usage: weightmap ${name} ${one.name()}`);
      }
    }
    expect(nested).toContain('engine install');
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) => {
    const script = await printed('completion', shell);
    expect(script).toMatch(/weightmap\W+complete\W+--/);
  });

  it.each([
    ['of commands', ['ver'], 'verify'],
    ['of options', ['run', '--lear'], '--learning-rate'],
    ['of choices', ['run', '--launcher', ''], 'slurm'],
    ['of presets and other arguments', ['bench', ''], 'sweeps'],
    ['of rows', ['run', '--select', 'cnn-s'], 'cnn-smooth-32'],
    ['of datasets', ['run', '--dataset', ''], 'cifar10'],
    ['of attacks', ['attack', 'runs/x', '--attacks', 'apgd'], 'apgd-ce'],
  ])('%s', async (_, words, expected) => {
    const offered = (await printed('complete', '--', ...words))
      .split('\n')
      .map((line) => line.split('\t')[0]);
    expect(offered).toContain(expected);
    expect(offered).not.toContain('bench-worker');
  });
});
