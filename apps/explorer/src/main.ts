import { render } from 'lit-html';
import './view/draw-pad.js';
import './view/picture-element.js';
import { runApp } from './app.js';
import { loadShowcase } from './files/data-files.js';
import { ENGINES } from './engine/protocol.js';
import { problemText } from './problem-text.js';
import type { EngineWish } from './state.js';
import { brokenPage } from './view/page.js';

const root = document.getElementById('app')!;

/** `index.html?engine=wasm` starts on that engine, without a measurement. */
function wishedEngine(): { wish: EngineWish; notices: string[] } {
  const wish = new URLSearchParams(location.search).get('engine');
  const found = ENGINES.find((name) => name === wish) ?? 'fastest';
  const isBad = found === 'fastest' && wish !== null && wish !== 'fastest';
  return {
    wish: found,
    notices: isBad
      ? [`engine: “${wish.slice(0, 40)}” is ignored, expected fastest or one of ${ENGINES.join(', ')}`]
      : [],
  };
}

async function main(): Promise<void> {
  try {
    root.replaceChildren();
    const { wish, notices } = wishedEngine();
    await runApp(root, await loadShowcase(), wish, notices);
  } catch (error) {
    render(brokenPage(problemText(error)), root);
  }
}

void main();
