import { render } from 'lit-html';
import './view/draw-pad.js';
import './view/picture-element.js';
import { runApp } from './app.js';
import { loadShowcase } from './files/data-files.js';
import { ENGINES } from './engine/protocol.js';
import { problemText } from './problem-text.js';
import { brokenPage } from './view/page.js';

const root = document.getElementById('app')!;

/** `index.html?engine=wasm` starts on that engine. */
function wishedEngine() {
  const wish = new URLSearchParams(location.search).get('engine');
  return ENGINES.find((name) => name === wish) ?? ENGINES[0];
}

async function main(): Promise<void> {
  try {
    await runApp(root, await loadShowcase(), wishedEngine());
  } catch (error) {
    root.replaceChildren();
    render(brokenPage(problemText(error)), root);
  }
}

void main();
