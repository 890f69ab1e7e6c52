/**
 * Moves values apart until neighbours are at least `gap` from each other, inside [low, high], in their order and as
 * little as that takes.
 *
 * @returns the new positions, in the order given. With more values than fit, the gap shrinks.
 */
export function dodge(
  values: readonly number[],
  { gap, low, high }: { gap: number; low: number; high: number },
): number[] {
  const fitting = Math.min(gap, (high - low) / Math.max(values.length - 1, 1));
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  // Neighbours that would touch form a block, spread around the mean of where they want to be.
  const blocks: { members: number[]; start: number }[] = [];
  for (const i of order) {
    blocks.push({ members: [i], start: clamp(values[i], low, high) });
    while (blocks.length > 1) {
      const [before, last] = blocks.slice(-2);
      if (before.start + before.members.length * fitting <= last.start) break;
      const members = [...before.members, ...last.members];
      const wanted =
        members.reduce((sum, member, rank) => sum + values[member] - rank * fitting, 0) / members.length;
      blocks.splice(-2, 2, { members, start: clamp(wanted, low, high - (members.length - 1) * fitting) });
    }
  }
  const placed: number[] = [];
  for (const { members, start } of blocks)
    members.forEach((member, rank) => (placed[member] = start + rank * fitting));
  return placed;
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
