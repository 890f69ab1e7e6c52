import type { ShownBenchmark } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { bytesOf } from '../files/base64.js';
import type { Picture } from '../picture.js';
import { hasDigits, type Actions, type ImageSource, type State } from '../state.js';
import { imagePicture } from './pictures.js';

const thumbnails = new WeakMap<ShownBenchmark, readonly Picture[]>();

/** The thumbnails of a benchmark, painted once. */
function thumbnailsOf(benchmark: ShownBenchmark): readonly Picture[] {
  const made =
    thumbnails.get(benchmark) ??
    benchmark.images.map(({ pixels }) =>
      imagePicture(
        Float32Array.from(bytesOf(pixels), (byte) => byte / 255),
        benchmark,
      ),
    );
  thumbnails.set(benchmark, made);
  return made;
}

/** The images, a place to draw one, and your own picture. */
export function imageChoice(state: State, actions: Actions): TemplateResult {
  const { benchmark, wish, source } = state;
  const other = (name: ImageSource, text: string, start: () => void) =>
    html`<label class="other">
      <input type="radio" name="image" .checked=${source === name} @change=${start} />
      <span>${text}</span>
    </label>`;
  return html`<fieldset class="images">
    <legend>Image</legend>
    <div class="thumbnails">
      ${thumbnailsOf(benchmark).map(
        (picture, index) =>
          html`<label title=${benchmark.classes[benchmark.images[index].label]}>
            <input
              type="radio"
              name="image"
              .checked=${source === 'set' && wish.image.index === index}
              @change=${() => actions.showImage(index)}
              aria-label=${`Image ${index + 1}: ${benchmark.classes[benchmark.images[index].label]}`}
            />
            <pixel-picture aria-hidden="true" .picture=${picture}></pixel-picture>
          </label>`,
      )}
    </div>
    <div class="others">
      ${hasDigits(benchmark) ? other('drawing', 'draw a digit', () => actions.startDrawing()) : nothing}
      ${other('upload', 'own picture', () => actions.startUpload())}
    </div>
    ${source === 'drawing' ? drawing(state, actions) : source === 'upload' ? upload(state, actions) : nothing}
  </fieldset>`;
}

const drawing = ({ benchmark }: State, actions: Actions): TemplateResult =>
  html`<draw-pad
      side=${benchmark.height}
      @drawn=${({ detail }: CustomEvent<Float32Array>) => actions.draw(detail)}
    ></draw-pad>
    <p class="source">A drawing has no label: each network is attacked on the class that it predicts.</p>`;

function upload({ benchmark, upload: given }: State, actions: Actions): TemplateResult {
  const chosen = (event: Event) => {
    const [file] = (event.target as HTMLInputElement).files ?? [];
    if (file) actions.upload(file);
  };
  return html`<label class="file" for="file">A picture from this machine</label>
    <input id="file" type="file" accept="image/*" aria-describedby="file-note" @change=${chosen} />
    <div id="file-note" role="status">
      ${
        given === null
          ? html`<p class="source">
              It stays in this browser. It is made ${benchmark.width} × ${benchmark.height} pixels, as the
              dataset’s own are.
            </p>`
          : given.problem !== null
            ? html`<p class="problem" role="alert">${given.name}: ${given.problem}</p>`
            : html`<p class="source">
                ${given.name}: ${given.steps.join('; ')}. It has no label: each network is attacked on the
                class that it predicts.
              </p>`
      }
    </div>`;
}
