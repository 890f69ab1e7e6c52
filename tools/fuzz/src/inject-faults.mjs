// Makes the n-th change of the file system below a folder fail, or ends the process there. Plain JavaScript: Node loads it before a
// command by `--import` (see faults.mjs), and tests import it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/** Whether the flags of `open` are for writing. */
const writes = (flags) => typeof flags === 'string' && /[wa+]/.test(flags);

/** @type {import('./inject-faults.d.mts').injectFaults} */
export function injectFaults({ under, at = 0, fault = 'EIO', onCall = () => {} }) {
  const root = fs.realpathSync(under);
  let count = 0;
  const restorers = [];
  const isBelow = (file) =>
    typeof file === 'string' && (path.resolve(file) + path.sep).startsWith(root + path.sep);

  /** Counts a call, and throws if it is the one. @returns whether it is to write only a part. */
  function call(name, file) {
    count++;
    onCall(`${name} ${path.relative(root, path.resolve(file))}`);
    if (count !== at) return false;
    if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
    if (fault === 'short' && name === 'write') return true;
    const code = fault === 'short' ? 'ENOSPC' : fault;
    throw Object.assign(new Error(`${code}: made to fail, ${name} '${file}'`), {
      code,
      syscall: name,
      path: file,
    });
  }

  function replace(owner, name, wrap) {
    const original = owner[name];
    owner[name] = wrap(original);
    restorers.push(() => (owner[name] = original));
  }
  const asynchronous = (owner, name, as, fileOf = (file) => file, applies = () => true) =>
    replace(owner, name, (original) => async (...args) => {
      if (isBelow(fileOf(...args)) && applies(...args)) call(as, fileOf(...args));
      return original.apply(owner, args);
    });
  const synchronous = (name, as, applies = () => true) =>
    replace(fs, name, (original) => (...args) => {
      if (isBelow(args[0]) && applies(...args)) call(as, args[0]);
      return original.apply(fs, args);
    });

  const places = new WeakMap();
  let handles = null;
  replace(fs.promises, 'open', (original) => async (file, flags, ...rest) => {
    if (isBelow(file) && writes(flags)) call('open', file);
    const handle = await original.call(fs.promises, file, flags, ...rest);
    if (isBelow(file)) places.set(handle, file);
    if (!handles) watchHandles((handles = Object.getPrototypeOf(handle)));
    return handle;
  });
  /** Writing and syncing are methods of an open file. */
  function watchHandles(prototype) {
    replace(
      prototype,
      'writeFile',
      (original) =>
        async function (data, ...rest) {
          const file = places.get(this);
          if (file !== undefined && call('write', file)) {
            await original.call(this, Buffer.from(data).subarray(0, Math.floor(Buffer.byteLength(data) / 2)));
            throw Object.assign(new Error('ENOSPC: made to fail after half of the data'), { code: 'ENOSPC' });
          }
          return original.call(this, data, ...rest);
        },
    );
    replace(
      prototype,
      'sync',
      (original) =>
        async function () {
          if (places.has(this)) call('fsync', places.get(this));
          return original.call(this);
        },
    );
  }
  asynchronous(fs.promises, 'mkdir', 'mkdir', undefined, (folder) => !fs.existsSync(folder));
  asynchronous(fs.promises, 'rename', 'rename', (_, to) => to);
  asynchronous(fs.promises, 'copyFile', 'copy', (_, to) => to);
  asynchronous(fs.promises, 'writeFile', 'write');
  asynchronous(fs.promises, 'appendFile', 'write');
  synchronous('appendFileSync', 'write');
  synchronous('writeFileSync', 'write');
  synchronous('openSync', 'open', (_, flags) => writes(flags));
  synchronous('mkdirSync', 'mkdir', (folder) => !fs.existsSync(folder));
  syncBuiltinESMExports();

  return {
    count: () => count,
    restore() {
      for (const restorer of restorers.reverse()) restorer();
      syncBuiltinESMExports();
    },
  };
}

if (process.env.WEIGHTMAP_FAULT) {
  // Before a command: only in the processes of one kind, such as `cell`.
  const { role, log, ...options } = JSON.parse(process.env.WEIGHTMAP_FAULT);
  const append = fs.appendFileSync;
  if (process.argv[2] === role)
    injectFaults({ ...options, ...(log && { onCall: (line) => append.call(fs, log, `${line}\n`) }) });
}
