import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@weightmap/core';
import sharp from 'sharp';

/** The paper's ten classes and their categories on Kaggle. */
const CATEGORIES = {
  deer: 1,
  squirrel: 3,
  rodent: 4,
  fox: 10,
  coyote: 11,
  raccoon: 13,
  skunk: 14,
  cat: 17,
  dog: 18,
  opossum: 19,
} as const;

const HEADER =
  'category_id,date_captured,file_name,frame_num,id,location,rights_holder,seq_id,seq_num_frames,width,height';
const [WIDTH, HEIGHT] = [64, 46];
const FRAMES_A_BURST = 3;
const CAMERAS = 6;

/**
 * Writes a small iWildCam in Kaggle's form: `<folder>/train.csv` and `<folder>/train_images/*.jpg`, `imagesPerClass` of each
 * of the ten classes, in bursts of three frames, from six cameras.
 *
 * The images are noise with a bright band of their class, so that a network can learn them. A loader draws 1,000 of each
 * class unless told otherwise: load with the option `imagesPerClass`.
 *
 * @returns the folder.
 */
export async function writeMadeIwildcam(
  folder: string,
  { imagesPerClass = 12, seed = 1 }: { imagesPerClass?: number; seed?: number } = {},
): Promise<string> {
  await mkdir(join(folder, 'train_images'), { recursive: true });
  const rows = [HEADER];
  for (const [label, [name, category]] of Object.entries(CATEGORIES).entries())
    for (let i = 0; i < imagesPerClass; i++) {
      const id = `${name}-${String(i).padStart(4, '0')}`;
      const burst = Math.floor(i / FRAMES_A_BURST);
      const frame = 1 + (i % FRAMES_A_BURST);
      rows.push(
        `${category},2012-03-17 03:48:44,${id}.jpg,${frame},${id},${(label + burst) % CAMERAS},"Made, by program",${name}-${burst},${FRAMES_A_BURST},${WIDTH},${HEIGHT}`,
      );
      await writeFile(join(folder, 'train_images', `${id}.jpg`), await madePhoto(label, seed, id));
    }
  await writeFile(join(folder, 'train.csv'), `${rows.join('\n')}\n`);
  return folder;
}

function madePhoto(label: number, seed: number, id: string): Promise<Buffer> {
  const random = randomStream(seed, 'made-iwildcam', id);
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const row = Math.floor(i / 3 / WIDTH);
    const band = Math.floor((row / HEIGHT) * Object.keys(CATEGORIES).length) === label ? 130 : 0;
    return 30 + band + random.integer(60);
  });
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
