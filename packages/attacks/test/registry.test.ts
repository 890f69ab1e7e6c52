import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Attack, MinimalAttack } from '@weightmap/core';
import { attacks, createAttack, type AttackId } from '../src/index.js';

describe('createAttack', () => {
  it('makes the attack with an id', () => {
    for (const id of Object.keys(attacks) as AttackId[]) expect(createAttack(id).id).toBe(id);
  });

  it('has the type of what the factory makes', () => {
    expectTypeOf(createAttack('fgsm')).toEqualTypeOf<Attack>();
    expectTypeOf(attacks.deepfool()).toEqualTypeOf<MinimalAttack>();
  });

  it('does not compile for an unknown id', () => {
    // @ts-expect-error a misspelt id
    expect(() => createAttack('fgms')).toThrow(TypeError);
  });
});
