import type { Picture } from '../picture.js';

/** `<pixel-picture .picture=${…} aria-label="…">`: a canvas of the picture's own resolution; CSS gives it its size. */
class PictureElement extends HTMLElement {
  readonly #canvas = document.createElement('canvas');

  set picture({ width, height, rgba }: Picture) {
    if (this.#canvas.width !== width || this.#canvas.height !== height)
      Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  }

  connectedCallback(): void {
    this.setAttribute('role', 'img');
    this.replaceChildren(this.#canvas);
  }
}

customElements.define('pixel-picture', PictureElement);
