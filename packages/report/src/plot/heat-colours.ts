import * as Plot from '@observablehq/plot';

/** 256 colours from dark (0) to bright (255), even in lightness. */
export const heatColours = (() => {
  const scale = Plot.scale({ color: { scheme: 'inferno', domain: [0, 255] } });
  return Array.from({ length: 256 }, (_, value) => {
    const colour = Number.parseInt(String(scale.apply(value)).slice(1), 16);
    return [colour >> 16, (colour >> 8) & 255, colour & 255];
  });
})();

/** How much of the colour is the heat's; the rest is the image under it. */
export const HEAT_SHARE = 0.72;

/** Parts that a colour bar is drawn of. */
const STEPS = 32;

/** The colours of Grad-CAM from 0 to a map's largest value: the upper half as over a black pixel, the lower as over a white one. */
export function colourBar(x: number, y: number, width: number, height: number): string {
  const step = width / STEPS;
  return [0, 255]
    .flatMap((under, row) =>
      Array.from({ length: STEPS }, (_, i) => {
        const colour = heatColours[Math.round((255 * i) / (STEPS - 1))];
        const mixed = colour.map((part) => Math.round(HEAT_SHARE * part + (1 - HEAT_SHARE) * under));
        // A part reaches under the next one, so that no seam shows.
        const across = i === STEPS - 1 ? step : step * 1.5;
        return `<rect x="${x + i * step}" y="${y + (row * height) / 2}" width="${across}" height="${height / 2}" fill="rgb(${mixed.join(',')})"/>`;
      }),
    )
    .join('');
}

/** Explains a colour bar. */
export const BAR_ENDS = ['0', 'the map’s largest value'] as const;
