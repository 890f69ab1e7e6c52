import { outliveHangup } from './terminal/hangup.js';
import { outliveClosedOutput } from './terminal/closed-output.js';
import { runProgram } from './program.js';

// Beyond a limit on the size of files, the write fails as on a full disk, instead of ending the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => {});
outliveClosedOutput();
outliveHangup();

await runProgram(process.argv.slice(2));
