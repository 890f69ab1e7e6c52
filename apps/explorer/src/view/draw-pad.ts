import { toDigit } from './to-digit.js';

/** The side of the canvas and the width of the brush, in pixels. */
const SIDE = 280;
const BRUSH = 22;

/** `<draw-pad side="28">`: draws a digit by mouse, pen or finger. Fires `drawn` with its pixels, [side, side] in [0, 1]. */
class DrawPad extends HTMLElement {
  readonly #canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  readonly #context = this.#canvas.getContext('2d', { willReadFrequently: true })!;

  connectedCallback(): void {
    const clear = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Clear' });
    clear.addEventListener('click', () => this.#clear());
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', 'Draw a digit here, by mouse, pen or finger');
    this.replaceChildren(this.#canvas, clear);
    this.#canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    this.#canvas.addEventListener('pointermove', (event) => this.#goOn(event));
    this.#clear();
  }

  #clear(): void {
    this.#context.fillStyle = '#000';
    this.#context.fillRect(0, 0, SIDE, SIDE);
  }

  #begin(event: PointerEvent): void {
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    Object.assign(this.#context, {
      strokeStyle: '#fff',
      lineWidth: BRUSH,
      lineCap: 'round',
      lineJoin: 'round',
    });
    this.#context.beginPath();
    this.#context.moveTo(...this.#placeOf(event));
    this.#goOn(event);
  }

  #goOn(event: PointerEvent): void {
    if (!this.#canvas.hasPointerCapture(event.pointerId)) return;
    this.#context.lineTo(...this.#placeOf(event));
    this.#context.stroke();
    this.dispatchEvent(new CustomEvent('drawn', { detail: this.#digit() }));
  }

  #placeOf({ clientX, clientY }: PointerEvent): [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [((clientX - left) * SIDE) / width, ((clientY - top) * SIDE) / height];
  }

  #digit(): Float32Array {
    const { data } = this.#context.getImageData(0, 0, SIDE, SIDE);
    const light = Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i] / 255);
    return toDigit(light, SIDE, Number(this.getAttribute('side')));
  }
}

customElements.define('draw-pad', DrawPad);
