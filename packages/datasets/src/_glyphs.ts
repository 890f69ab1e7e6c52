/** A line through points (x, y) of the unit square, y downwards. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** The strokes of one way to write a digit. */
export type Glyph = readonly Stroke[];

/** Longest piece of a stroke: straight lines are cut up, so that they bend when they are warped. */
const PIECE = 0.13;

/** Part of an ellipse; degrees run clockwise from the right, as y points down. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Stroke {
  const pieces = Math.max(4, Math.ceil(Math.abs(to - from) / 24));
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / pieces) * Math.PI) / 180;
    // Rounded, as the last bits of sin and cos are not the same everywhere.
    return [round(cx + rx * Math.cos(angle)), round(cy + ry * Math.sin(angle))] as const;
  });
}

const round = (value: number) => Math.round(value * 1e6) / 1e6;

/** Straight lines from point to point. */
function line(...corners: Stroke): Stroke {
  return corners.flatMap(([x, y], i) => {
    if (i === 0) return [[x, y] as const];
    const [fromX, fromY] = corners[i - 1];
    const pieces = Math.ceil(Math.sqrt((x - fromX) ** 2 + (y - fromY) ** 2) / PIECE);
    return Array.from({ length: pieces }, (_, j) => {
      const t = (j + 1) / pieces;
      return [fromX + (x - fromX) * t, fromY + (y - fromY) * t] as const;
    });
  });
}

const join = (...strokes: Stroke[]): Stroke => strokes.flat();

/** The ways to write each digit. */
export const GLYPHS: readonly (readonly Glyph[])[] = [
  [[arc(0.5, 0.5, 0.3, 0.48, 0, 360)], [arc(0.5, 0.5, 0.22, 0.48, -70, 300)]],
  [
    [line([0.5, 0.02], [0.5, 0.98])],
    [line([0.3, 0.24], [0.53, 0.02], [0.53, 0.98])],
    [line([0.32, 0.2], [0.52, 0.02], [0.52, 0.98]), line([0.28, 0.98], [0.76, 0.98])],
  ],
  [
    [join(arc(0.5, 0.29, 0.28, 0.27, 195, 390), line([0.74, 0.43], [0.2, 0.97], [0.84, 0.97]))],
    [
      join(
        arc(0.48, 0.27, 0.26, 0.25, 200, 400),
        arc(0.33, 0.84, 0.14, 0.11, -20, -290),
        line([0.38, 0.94], [0.84, 0.95]),
      ),
    ],
  ],
  [
    [join(arc(0.46, 0.27, 0.26, 0.25, 205, 445), arc(0.46, 0.74, 0.3, 0.24, 275, 510))],
    [join(line([0.2, 0.04], [0.74, 0.04], [0.44, 0.42]), arc(0.46, 0.7, 0.3, 0.28, 272, 505))],
  ],
  [
    [line([0.34, 0.04], [0.18, 0.6], [0.84, 0.6]), line([0.64, 0.32], [0.62, 0.98])],
    [line([0.66, 0.98], [0.66, 0.02], [0.14, 0.68], [0.88, 0.68])],
  ],
  [
    [join(line([0.78, 0.03], [0.3, 0.03], [0.26, 0.47]), arc(0.46, 0.69, 0.3, 0.29, 232, 505))],
    [
      join(line([0.3, 0.05], [0.27, 0.45]), arc(0.48, 0.69, 0.29, 0.28, 235, 500)),
      line([0.3, 0.05], [0.8, 0.04]),
    ],
  ],
  [
    [join(arc(0.72, 0.7, 0.5, 0.66, 268, 180), arc(0.49, 0.7, 0.27, 0.28, 180, 540))],
    [join(line([0.62, 0.03], [0.28, 0.5]), arc(0.5, 0.71, 0.28, 0.27, 200, 560))],
  ],
  [
    [line([0.18, 0.04], [0.8, 0.04], [0.42, 0.98])],
    [line([0.18, 0.05], [0.8, 0.04], [0.44, 0.98]), line([0.34, 0.52], [0.76, 0.52])],
  ],
  [
    [arc(0.5, 0.26, 0.22, 0.24, 90, 450), arc(0.5, 0.74, 0.28, 0.24, 270, 630)],
    [
      join(
        arc(0.5, 0.26, 0.23, 0.24, -30, -270),
        arc(0.5, 0.74, 0.25, 0.24, -90, 210),
        line([0.29, 0.62], [0.7, 0.14]),
      ),
    ],
  ],
  [
    [join(arc(0.48, 0.3, 0.27, 0.28, 0, 360), line([0.75, 0.3], [0.74, 0.6], [0.62, 0.98]))],
    [join(arc(0.48, 0.29, 0.26, 0.27, -20, 340), arc(0.28, 0.34, 0.47, 0.63, -10, 80))],
  ],
];
