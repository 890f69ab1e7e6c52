import { render } from 'lit-html';
import './view/draw-pad.js';
import './view/picture-element.js';
import { runApp } from './app.js';
import { loadShowcase } from './data/data-files.js';
import { problemText } from './problem-text.js';
import { brokenPage } from './view/page.js';

const root = document.getElementById('app')!;

async function main(): Promise<void> {
  try {
    await runApp(root, await loadShowcase());
  } catch (error) {
    root.replaceChildren();
    render(brokenPage(problemText(error)), root);
  }
}

void main();
