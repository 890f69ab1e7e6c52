import path from 'node:path';
import { count } from '@weightmap/report/text';
import { Command } from 'commander';
import { list, port, positive, several } from '../terminal/option-types.js';
import { EXIT } from '../terminal/exit-codes.js';
import { allowPlugins } from '../plugins/stored-plugins.js';
import { serve } from '../explorer/serve.js';
import { writeExplorer } from '../explorer/write-explorer.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { print, printError, printJson } from '../terminal/output.js';

interface Options {
  out?: string;
  select: string[];
  images: number;
  port?: number;
  plugin?: string[];
  json?: boolean;
}

export function exploreCommand(): Command {
  return new Command('explore')
    .argument('[run]', 'folder of the run', 'runs/quick')
    .option('--out <folder>', 'folder of the page (default: explorer/ in the run)')
    .option('--select <ids>', 'variants to show: ids or globs (comma-separated)', list, ['*'])
    .option('--images <n>', 'test images of each dataset, also for curves of the error', positive, 50)
    .option(
      '--plugin <file>',
      'plugin of the run that may be used for its images; repeat for several',
      several,
    )
    .option('--port <n>', 'serve the page on this machine until Ctrl-C', port)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Open index.html from the disk, or put the folder on any web server: it is only files.

Examples:
  weightmap explore runs/quick
  weightmap explore runs/standard --select 'cnn-*' --images 30 --port 8080`,
    )
    .action(async (run: string, { out, port: asked, json, plugin, ...options }: Options) => {
      await allowPlugins(plugin);
      const folder = out ?? path.join(run, 'explorer');
      const written = await writeExplorer(run, {
        out: folder,
        ...options,
        onNote: (note) => printError(note),
      });
      if (json) printJson(written);
      else
        print(
          `${count(written.networks, 'network')}, ${count(written.images, 'image')}\nexplorer: ${written.html}`,
        );
      if (asked === undefined) return;
      const note = (text: string) => (json ? printError(text) : print(text));
      const signal = stopOnSignal(() => {});
      await serve(folder, {
        port: asked,
        signal,
        onReady: (address) => note(`serving ${address} (Ctrl-C stops)`),
      });
      process.exitCode = EXIT.done;
    });
}
