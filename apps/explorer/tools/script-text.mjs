import path from 'node:path';

/**
 * esbuild plugin: `import text from './worker.js?script'` gives the module with all that it imports, as the text of one
 * classic script. A page that is opened from a disk can start a worker of a text, and of no file.
 */
export const scriptText = {
  name: 'script-text',
  setup({ onResolve, onLoad, esbuild, initialOptions }) {
    onResolve({ filter: /\.js\?script$/ }, ({ path: request, resolveDir }) => ({
      path: path.join(resolveDir, request.replace(/\.js\?script$/, '.ts')),
      namespace: 'script-text',
    }));
    onLoad({ filter: /.*/, namespace: 'script-text' }, async ({ path: entry }) => {
      const { minify, target } = initialOptions;
      const { outputFiles, errors, warnings, metafile } = await esbuild.build({
        ...{ minify, target, loader: { '.wasm': 'dataurl' } },
        ...{ entryPoints: [entry], bundle: true, format: 'iife', platform: 'browser' },
        ...{ write: false, metafile: true, logLevel: 'silent' },
      });
      const watchFiles = Object.keys(metafile.inputs).map((file) => path.resolve(file));
      return { contents: outputFiles[0].text, loader: 'text', errors, warnings, watchFiles };
    });
  },
};
