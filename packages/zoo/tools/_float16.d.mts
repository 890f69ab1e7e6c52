/** A number as the nearest 16-bit float, ties to even, as its bits. */
export declare function float16Bits(value: number): number;
