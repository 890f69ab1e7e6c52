import { describe, expect, it } from 'vitest';
import { readCocoJson } from '../src/_coco-json.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { writeIn } from './_wild.js';

const machine = useEmptyMachine();
const read = async (json: unknown, classes: readonly string[] = ['fox', 'deer']) =>
  readCocoJson(
    await writeIn(machine.root, 'list.json', typeof json === 'string' ? json : JSON.stringify(json)),
    classes,
  );

const image = (id: string | number, more = {}) => ({
  id,
  file_name: `${id}.jpg`,
  seq_id: `burst ${id}`,
  location: 3,
  width: 2048,
  ...more,
});
const GOOD = {
  info: { version: '1', images: [{ id: 'not an image' }] },
  categories: [
    { id: 6, name: 'bobcat' },
    { id: 1, name: 'Fox' },
    { id: 34, name: 'deer' },
    { id: 30, name: 'empty' },
  ],
  images: [
    image('a'),
    image('b', { location: 'camera "x"', seq_id: undefined }),
    image('c'),
    image('d'),
    image('e'),
    image('f'),
    image(7),
    image('none'),
  ],
  annotations: [
    { id: 1, image_id: 'a', category_id: 34, bbox: [1, 2, 3, 4] },
    { id: 2, image_id: 'b', category_id: 1 },
    { id: 3, image_id: 'c', category_id: 6 },
    { id: 4, image_id: 'a', category_id: 34 },
    { id: 5, image_id: 'd', category_id: 34 },
    { id: 6, image_id: 'd', category_id: 1 },
    { id: 7, image_id: 'e', category_id: 30 },
    { id: 8, image_id: 'e', category_id: 1 },
    { id: 9, image_id: 'd', category_id: 6 },
    { id: 10, image_id: 'f', category_id: 6 },
    { id: 11, image_id: 'f', category_id: 30 },
    { id: 12, image_id: 7, category_id: 1 },
  ],
};
describe('a list that other programs write', () => {
  it.each(['NaN', 'Infinity', '-Infinity'])('with %s is named as what it is', async (literal) => {
    const json = JSON.stringify(GOOD).replace('"location":3', `"location":${literal}`);
    const failure = await failureOf(read(json));
    expect(failure).toContain(`it has ${literal}, which JSON doesn't allow`);
    expect(failure).toContain('null');
  });

  it('in UTF-16 is named as what it is', async () => {
    const file = await writeIn(
      machine.root,
      'wide.json',
      Buffer.from(`\uFEFF${JSON.stringify(GOOD)}`, 'utf16le'),
    );
    expect(await failureOf(readCocoJson(file, ['fox']))).toMatch(/it is in UTF-16[^]*UTF-8/);
  });

  it('with one photo under two ids gives it once, and not at all where its classes differ', async () => {
    const more = (id: string, file_name: string, category_id: number) => ({
      images: [...GOOD.images, image(id, { file_name })],
      annotations: [...GOOD.annotations, { id: 99, image_id: id, category_id }],
    });
    const plain = (await read(GOOD)).images.map(({ file }) => file);
    const same = await read({ ...GOOD, ...more('a again', 'a.jpg', 34) });
    expect(same.images.map(({ file }) => file)).toEqual(plain);
    expect(same.notes.join()).toContain(
      '1 image is listed a second time under another id; each photo is used once, and 0 whose classes differ are left out',
    );
    const other = await read({ ...GOOD, ...more('a as fox', 'a.jpg', 1) });
    expect(other.images.map(({ file }) => file)).toEqual(plain.filter((file) => file !== 'a.jpg'));
  });
});

describe('a good JSON of another form is named as what it is, without advice to fetch it again:', () => {
  const entry = { file: 'a.jpg', detections: [{ category: '1', conf: 0.9, bbox: [0, 0, 1, 1] }] };
  const label = { id: 1, image_id: 'a', category_id: 34, score: 0.5 };
  const line = JSON.stringify(image('a'));
  it.each<[string, unknown, RegExp]>([
    [
      "MegaDetector's output",
      { info: {}, detection_categories: { 1: 'animal' }, images: [entry] },
      /MegaDetector's output[^]*not labels/,
    ],
    ['… with its images first', { images: [entry], detection_categories: {} }, /MegaDetector's output/],
    ['… that found nothing', { images: [], detection_categories: {} }, /MegaDetector's output/],
    ["SpeciesNet's output", { predictions: [{ filepath: 'a.jpg', prediction: 'x' }] }, /SpeciesNet/],
    ['detections as COCO has results', [label], /a list of detections, as COCO has results/],
    [
      'a list at the top',
      [{ file: 'a.jpg', label: 'fox' }],
      /a list at its top, of objects with the keys file, label[^]*images, annotations, categories/,
    ],
    ['an empty list', [], /The JSON is a list at its top\./],
    ['an empty object', {}, /an empty object/],
    ['a text', '"{}"', /a single text or number/],
    ['Label Studio', [{ id: 1, data: { image: 'a.jpg' }, annotations: [] }], /Label Studio[^]*COCO/],
    ['Label Studio, flat', [{ image: 'a', annotator: 1, lead_time: 2 }], /Label Studio/],
    ['Datumaro', { info: {}, categories: {}, items: [] }, /Datumaro \(CVAT/],
    ['CVAT', [{ version: 0, tags: [], shapes: [], tracks: [] }], /an export of CVAT/],
    ['VIA', { _via_settings: {}, _via_img_metadata: {} }, /VGG Image Annotator/],
    ['LabelMe', { version: '5', shapes: [], imagePath: 'a.jpg' }, /LabelMe/],
    ['GeoJSON', { type: 'FeatureCollection', features: [] }, /a GeoJSON/],
    ['Camtrap DP', { resources: [], profile: 'x' }, /Camtrap DP/],
    ['one annotation', { id: 1, image_id: 'a', category_id: 1 }, /one annotation[^]*id, image_id/],
    ['one image', image('a'), /one image/],
    ['other keys', { photos: [], labels: [] }, /has the keys photos, labels\.[^]*images, annotations/],
    [
      'COCO without categories',
      { images: [image('a')], annotations: [label] },
      /no categories[^]*keys images/,
    ],
    ['a list of test images', { images: [image('a')], categories: GOOD.categories }, /lists of test images/],
    ['JSON Lines', `${line}\n${line}\n`, /in JSON Lines \(one JSON in each line\)/],
    ['a CSV', 'id,file_name\n1,a.jpg\n', /a table of values, such as a CSV/],
    ['an XML of CVAT', '<?xml version="1.0"?>\n<annotations>', /an XML of annotations, as CVAT/],
    ['a web page', '<html>not here</html>', /a web page/],
    ['a ZIP', 'PK\x03\x04annotations.json', /a ZIP archive[^]*do: +unpack it/],
  ])('%s', async (_, json, words) => {
    const failure = await failureOf(read(json));
    expect(failure).toMatch(words);
    expect(failure).not.toMatch(/fetch it again/);
    expect(failure).toMatch(/do: /);
  });

  it('a mistake in an entry of a COCO list is to be corrected there', async () => {
    const lists: unknown[] = [
      { ...GOOD, annotations: [{ image_id: 'a', category_id: null }] },
      { ...GOOD, annotations: [{ image_id: 'a', category_id: 99 }] },
      { ...GOOD, annotations: [{ image_id: 'gone', category_id: 1 }] },
      { ...GOOD, images: [image('a'), image('a')] },
      { ...GOOD, images: [image('a', { file_name: null })] },
      { ...GOOD, images: [image('a', { file_name: '/data/a.jpg' })] },
      { ...GOOD, images: 'x' },
    ];
    for (const list of lists) expect(await failureOf(read(list))).toMatch(/do: +(?!fetch)/);
  });
});

describe('the names of classes', () => {
  it('may differ in case and blanks around them', async () => {
    const spelt = { ...GOOD, categories: GOOD.categories.map(({ id, name }) => ({ id, name: ` ${name} ` })) };
    for (const classes of [
      ['fox', 'deer'],
      ['Fox', 'DEER'],
    ])
      expect((await read(spelt, classes)).images).toEqual((await read(GOOD)).images);
  });

  it.each([
    [['vixen', 'dear'], 'name the classes as the list does: (none like vixen), deer'],
    [['fox', 'deers'], 'name the classes as the list does: Fox, deer'],
    [['fox', 'dear'], 'name the classes as the list does: Fox, deer'],
    [['bob-cat', 'Fox'], 'name the classes as the list does: bobcat, Fox'],
    [['lynx', 'owl'], 'choose classes out of the categories of the list'],
  ])('that the list spells otherwise get its spelling: %j', async (classes, fix) => {
    expect(await failureOf(read(GOOD, classes))).toContain(fix);
  });
});

const without = (list: keyof typeof GOOD) =>
  Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== list));
const withMore = (list: 'images' | 'annotations' | 'categories', ...more: unknown[]) => ({
  ...GOOD,
  [list]: [...(GOOD[list] as unknown[]), ...more],
});

describe('a COCO camera-traps list', () => {
  const reversed = Object.fromEntries(Object.entries(GOOD).toReversed());
  it.each<[string, unknown]>([
    ['compact', GOOD],
    ['on many lines', JSON.stringify(GOOD, null, 2)],
    ['with the annotations first', { ...{ annotations: GOOD.annotations }, ...GOOD }],
    ['in another order', reversed],
    ['with a byte order mark and a last line break', `\uFEFF${JSON.stringify(GOOD)}\n`],
  ])('gives the images of one wanted class each; those of two are counted (%s)', async (_, json) => {
    const { images, notes } = await read(json);
    expect([...images].sort((a, b) => (a.id < b.id ? 1 : -1))).toEqual([
      { id: 'b', file: 'b.jpg', label: 0, sequence: null, location: 'camera "x"' },
      { id: 'a', file: 'a.jpg', label: 1, sequence: 'burst a', location: '3' },
      { id: '7', file: '7.jpg', label: 0, sequence: 'burst 7', location: '3' },
    ]);
    // d is deer, fox and bobcat, e fox and empty; f is two classes that nobody wants.
    expect(notes).toEqual(['2 images whose annotations name two classes are left out.']);
  });

  it.each<[string, unknown, RegExp]>([
    ['an image twice', withMore('images', image('c')), /image c is there a second time[^]*images\[8\] of/],
    ['a category twice', withMore('categories', { id: 6, name: 'x' }), /category 6 is there a second time/],
    [
      'an unknown category',
      withMore('annotations', { image_id: 'none', category_id: 99 }),
      /category 99 is not known[^]*image none in[^]*6 \(bobcat\), 1 \(Fox\)/,
    ],
    [
      'an unknown image',
      withMore('annotations', { image_id: 'zz', category_id: 1 }),
      /image zz, which is not listed/,
    ],
    [
      'an image without id',
      withMore('images', { file_name: 'x.jpg' }),
      /id is missing[^]*images\[8\].*has file_name/,
    ],
    ['an id that is none', withMore('annotations', { image_id: null, category_id: 1 }), /image_id is null/],
    ['a file outside the folder', withMore('images', image('../x')), /\.\.\/x\.jpg leaves the folder/],
    ['a file name that is a number', withMore('images', image('x', { file_name: 5 })), /file name 5/],
    ['no images', without('images'), /has no images/],
    ['no annotations', without('annotations'), /has no annotations/],
    ['no categories', without('categories'), /has no categories/],
    ['an entry that is no object', withMore('images', 'x'), /images is no list of objects/],
    ['lists that are none', { ...GOOD, images: { a: image('a') } }, /images is no list of objects/],
    ['no JSON', '<x>not here</x>', /cannot be read: .*"<".*position "0"/],
    ['something after its end', `${JSON.stringify(GOOD)}x`, /cannot be read/],
    [
      'a comma too many',
      JSON.stringify(GOOD).replace('"b.jpg"', '"b.jpg",,'),
      new RegExp(`COMMA.*near byte ${JSON.stringify(GOOD).indexOf('"b.jpg"') + 8}\\.`),
    ],
    ['the end missing', JSON.stringify(GOOD).slice(0, -20), /breaks off after \d+ bytes/],
    ['nothing in it', '', /breaks off after 0 bytes/],
  ])('is refused with %s', async (_, json, words) => {
    const failure = await failureOf(read(json));
    expect(failure).toMatch(words);
    expect(failure).toContain('list.json');
  });

  it('is refused with one list twice', async () => {
    const twice = `${JSON.stringify(GOOD).slice(0, -1)},"images":[{"id":"z","file_name":"z.jpg"}]}`;
    expect(await failureOf(read(twice))).toMatch(/list images is there a second time/);
  });

  it('takes an image with a thousand categories for one of several classes', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => ({ id: 1000 + i, name: `kind ${i}` }));
    const annotations = names.map(({ id }) => ({ id, image_id: 'a', category_id: id }));
    const { images } = await read({
      ...GOOD,
      categories: [...GOOD.categories, ...names],
      annotations: [...GOOD.annotations, ...annotations],
    });
    expect(images.map(({ id }) => id)).not.toContain('a');
  });

  it('is refused for classes that it does not have, or if it is not there', async () => {
    expect(await failureOf(read(GOOD, ['fox', 'skunk']))).toMatch(/^skunk: no category[^]*bobcat, Fox, deer/);
    expect(await failureOf(readCocoJson(`${machine.root}/none.json`, ['fox']))).toMatch(/ENOENT/);
  });
});

it.each(['{\uFEFF', '{ \n\uFEFF', '\uFEFF\uFEFF{', '{"other":[\uFEFF],'])(
  'U+FEFF between marks is refused: %j',
  async (start) => {
    const json = `${start}${JSON.stringify(GOOD).slice(1)}`;
    await expect(read(json)).rejects.toThrow(/A JSON cannot be read/);
  },
);

describe('U+FEFF in a text', () => {
  it.each<[string, (json: string) => string]>([
    ['as it is', (json) => json],
    ['escaped', (json) => json.replaceAll('\uFEFF', '\\ufeff')],
    ['after a byte order mark', (json) => `\uFEFF${json}`],
  ])('tells two ids apart, as JSON.parse does: %s', async (_, written) => {
    const ids = [
      '\uFEFFa',
      '\uFEFF\uFEFFa',
      'a\uFEFF',
      'é\uFEFF',
      '"\uFEFFx',
      `${'long '.repeat(100)}\uFEFF`,
    ];
    const marked = {
      ...GOOD,
      images: [...GOOD.images, ...ids.map((id, i) => ({ ...image(id), file_name: `marked${i}.jpg` }))],
      annotations: [
        ...GOOD.annotations,
        ...ids.map((id, i) => ({ id: 99 + i, image_id: id, category_id: 1 })),
      ],
    };
    const { images } = await read(written(JSON.stringify(marked)));
    expect(images.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', ...ids]));
  });
});
