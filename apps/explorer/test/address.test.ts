import type { AttackInfo, Showcase, ShownNetwork } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { decodeAddress, encodeAddress } from '../src/address.js';
import { shownNetworks, type State } from '../src/state.js';

const network = (id: string, more: Partial<ShownNetwork> = {}): ShownNetwork => ({
  ...{ id, label: id, kind: 'conv', gradCamLayer: 'conv3', file: `mnist/${id}`, testErrorPercent: null },
  ...more,
});
const images = [0, 1, 2].map((label) => ({ label, pixels: '' }));
const size = { height: 28, width: 28, channels: 1 };
const pgd = { id: 'pgd-training+epsilon-0.1', label: 'PGD training', baseline: 'cnn' };
const showcase: Showcase = {
  ...{ schemaVersion: 1, title: '', note: '', report: null },
  benchmarks: [
    {
      ...{ id: 'mnist', label: 'MNIST', ...size, classes: ['0', '1', '2'], images },
      networks: [
        network('cnn'),
        network('cnn+pgd-training+epsilon-0.1', { defense: pgd }),
        network('smooth', { kind: 'smoothing' }),
        network('alone+trades', { defense: { id: 'trades', label: 'TRADES', baseline: null } }),
      ],
    },
    {
      ...{ id: 'animals', label: 'Animals', ...size, classes: ['big cat', 'a&b', 'ü'], images },
      networks: [network('cnn')],
    },
  ],
};
const [first] = showcase.benchmarks;
const info = (id: string, more: Partial<AttackInfo> = {}): AttackInfo => ({
  id,
  label: id,
  kind: 'fixed',
  strengthUnit: 'epsilon',
  norm: 'linf',
  targeted: true,
  usesGradient: true,
  source: '',
  ...more,
});
const attacks = [info('fgsm'), info('uniform-noise', { strengthUnit: 'beta', norm: null, targeted: false })];
const decode = (text: string) => decodeAddress(text, showcase, attacks);

/** What an address leads to, as a state. */
const stateOf = ({
  benchmark,
  chosen,
  defense,
  image,
  attack,
  strength,
  target,
  seed,
}: ReturnType<typeof decode>) =>
  ({
    benchmark,
    chosen,
    defense,
    wish: { image: { index: image }, attack, strength, target, seed },
  }) as unknown as State;

describe('the address', () => {
  it('leads to the same view again', () => {
    const text =
      '#dataset=mnist&networks=cnn%2Csmooth&defence=pgd-training%2Bepsilon-0.1&image=2&attack=fgsm&strength=0.123&target=2&seed=7';
    const address = decode(text);
    expect(address).toMatchObject({
      ...{ benchmark: { id: 'mnist' }, defense: pgd.id, image: 1, attack: { id: 'fgsm' } },
      ...{ strength: 0.123, target: 2, seed: 7, notices: [] },
    });
    expect(`#${encodeAddress(stateOf(address))}`).toBe(text);
  });

  it('keeps names with signs of their own, an empty choice, and noise without a target', () => {
    const state = { ...stateOf(decode('#dataset=animals&target=a%26b')), chosen: new Set<string>() };
    expect(state.wish.target).toBe(1);
    const again = decode(encodeAddress(state));
    expect([again.target, again.chosen.size, again.notices]).toEqual([1, 0, []]);
    expect(decode('attack=uniform-noise&strength=0.9')).toMatchObject({
      strength: 0.9,
      target: null,
      notices: [],
    });
  });

  it('leaves a drawing out', () => {
    const state = stateOf(decode(''));
    const drawing = {
      ...state,
      wish: { ...state.wish, image: { pixels: new Float32Array(), label: null, index: null } },
    };
    expect(encodeAddress(drawing)).not.toContain('image');
  });

  it('without anything shows the first network of each kind, and no defence', () => {
    const address = decode('');
    expect(address).toMatchObject({
      benchmark: first,
      defense: null,
      image: 0,
      strength: 0.1,
      seed: 1,
      notices: [],
    });
    expect([...address.chosen]).toEqual(['cnn', 'smooth']);
  });

  it.each([
    ['dataset=nope', 'dataset: “nope” is ignored, expected mnist or animals'],
    [
      'networks=cnn,nope',
      'networks: “cnn,nope” is ignored, expected ids of networks separated by commas, of cnn, smooth',
    ],
    ['networks=', 'networks: “” is ignored'],
    // A network with a defence is chosen by its baseline and the defence.
    ['networks=cnn%2Bpgd-training%2Bepsilon-0.1', 'is ignored'],
    ['defence=trades', 'defence: “trades” is ignored, expected one of pgd-training+epsilon-0.1'],
    ['image=0', 'image: “0” is ignored, expected a number from 1 to 3'],
    ['image=4', 'image: “4” is ignored'],
    ['image=1.5', 'image: “1.5” is ignored'],
    ['image=0x1', 'image: “0x1” is ignored'],
    ['attack=__proto__', 'attack: “__proto__” is ignored, expected fgsm, uniform-noise'],
    ['strength=NaN', 'strength: “NaN” is ignored, expected a number from 0 to 0.4'],
    ['strength=-0.1', 'strength: “-0.1” is ignored'],
    ['strength=0.41', 'strength: “0.41” is ignored'],
    ['strength=Infinity', 'strength: “Infinity” is ignored'],
    ['strength=', 'strength: “” is ignored'],
    ['target=9', 'target: “9” is ignored, expected another class than that of the image'],
    ['target=0', 'target: “0” is ignored'],
    [
      'attack=uniform-noise&target=1',
      'target: “1” is ignored, expected nothing: uniform-noise aims at no class',
    ],
    ['seed=-1', 'seed: “-1” is ignored, expected a number from 0 to 9999'],
    ['seed=1e9', 'seed: “1e9” is ignored'],
    ['seed=1&seed=2', 'seed: it is there more than once'],
    ['evil=%3Cscript%3E', '“evil” is ignored: it is unknown'],
    ['image=%ff%fe', 'image: “��” is ignored'],
  ])('ignores a bad value, and says so: %s', (text, notice) => {
    const { notices, ...address } = decode(`#${text}`);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(notice);
    const { notices: _, ...usual } = decode(text.startsWith('attack=uniform') ? '#attack=uniform-noise' : '');
    expect(address).toEqual(usual);
  });

  it('stays short whatever it is given', () => {
    const long = `#image=${'9'.repeat(100_000)}&${Array.from({ length: 500 }, (_, i) => `k${i}=${i}`).join('&')}`;
    const { notices, image } = decode(long);
    expect([image, notices.length]).toEqual([0, 6]);
    expect(notices.join().length).toBeLessThan(600);
    expect(notices[5]).toBe('496 more values are ignored');
  });
});

describe('the shown networks', () => {
  const shown = (networks: string[], defense: string | null) =>
    shownNetworks({ benchmark: first, chosen: new Set(networks), defense }).map(({ id }) => id);

  it('are each followed by the chosen defence', () => {
    expect(shown(['smooth', 'cnn'], pgd.id)).toEqual(['cnn', 'cnn+pgd-training+epsilon-0.1', 'smooth']);
    expect(shown(['smooth', 'cnn'], null)).toEqual(['cnn', 'smooth']);
    expect(shown(['alone+trades'], null)).toEqual(['alone+trades']);
  });
});
