import { register } from 'node:module';

/**
 * Makes what plugins import from this project, and tfjs, this command's own copy, wherever the plugin lies: two copies of tfjs
 * don't know each other's tensors, and a plugin needs nothing installed. Everything else is found as always.
 */
export function shareOwnModules(): void {
  if (isShared) return;
  isShared = true;
  const hooks = `
    const own = ${JSON.stringify(import.meta.url)};
    export async function resolve(specifier, context, next) {
      const asked = { ...context }; // Node writes what a call of next is given into the context
      if (/^@(weightmap|tensorflow)\\//.test(specifier))
        try {
          return await next(specifier, { ...context, parentURL: own });
        } catch {}
      return next(specifier, asked);
    }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

let isShared = false;
