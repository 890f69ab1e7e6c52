/** Red, green, blue and opacity of each pixel, row by row, as for a canvas. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** Paints a picture pixel by pixel. @param colour red, green and blue of a pixel, 0…255; they are rounded. */
export function paint(
  { width, height }: Pick<Picture, 'width' | 'height'>,
  colour: (place: number) => readonly [number, number, number],
): Picture {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let place = 0; place < width * height; place++) rgba.set([...colour(place), 255], 4 * place);
  return { width, height, rgba };
}
