import { Command } from 'commander';
import { serve } from '../explorer/serve.js';
import { builtPage } from '../explorer/built-page.js';
import { print } from '../terminal/output.js';
import { port } from '../terminal/option-types.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';

export function demoCommand(): Command {
  return new Command('demo')
    .option('--port <n>', 'port of the page (default: any that is free)', port, 0)
    .addHelpText(
      'after',
      `
Small networks, trained on digits that a program draws, under noise and attack in a browser. They show how the page works and
prove nothing; \`weightmap explore <run>\` shows the networks of a run.

Examples:
  weightmap demo
  weightmap demo --port 8080`,
    )
    .action(async (options: { port: number }) => {
      const signal = stopOnSignal(() => {});
      await serve(builtPage(), {
        port: options.port,
        signal,
        onReady: (address) => print(`Open ${address} in a browser (Ctrl-C stops).`),
      });
    });
}
