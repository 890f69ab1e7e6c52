import type { ShownBenchmark } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { bytesOf } from '../files/base64.js';
import type { Actions, State } from '../state.js';
import { imagePicture, type Picture } from './pictures.js';

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

/** Whether the networks classify digits, so that drawings are possible. */
const canDraw = ({ height, width, channels, classes }: ShownBenchmark): boolean =>
  channels === 1 && height === width && classes.join('') === '0123456789';

/** The images, and a place to draw one. */
export function imageChoice({ benchmark, wish, isDrawing }: State, actions: Actions): TemplateResult {
  return html`<fieldset class="images">
    <legend>Image</legend>
    <div class="thumbnails">
      ${thumbnailsOf(benchmark).map(
        (picture, index) =>
          html`<label title=${benchmark.classes[benchmark.images[index].label]}>
            <input
              type="radio"
              name="image"
              .checked=${!isDrawing && wish.image.index === index}
              @change=${() => actions.showImage(index)}
              aria-label=${`Image ${index + 1}: ${benchmark.classes[benchmark.images[index].label]}`}
            />
            <pixel-picture aria-hidden="true" .picture=${picture}></pixel-picture>
          </label>`,
      )}
      ${
        canDraw(benchmark)
          ? html`<label class="draw">
              <input
                type="radio"
                name="image"
                .checked=${isDrawing}
                @change=${() => actions.startDrawing()}
              />
              <span>draw</span>
            </label>`
          : nothing
      }
    </div>
    ${
      isDrawing
        ? html`<draw-pad
              side=${benchmark.height}
              @drawn=${({ detail }: CustomEvent<Float32Array>) => actions.draw(detail)}
            ></draw-pad>
            <p class="source">
              A drawing has no label: each network is attacked on the class that it predicts.
            </p>`
        : nothing
    }
  </fieldset>`;
}
