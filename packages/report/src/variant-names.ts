/** What the layers of a variant are; each has one colour in every figure. */
export type LayerKind = 'conv' | 'smoothing' | 'unsharp';

/** How a variant is shown. */
export interface VariantName {
  /** In tables and sentences: `CNN, smoothing 32`. */
  readonly long: string;
  /** At the end of a line in a panel whose title names the architecture. */
  readonly short: string;
  readonly kind: LayerKind;
  /** Convolutions and weight maps take turns: the kind's colour, dashed. */
  readonly alternating: boolean;
}

const architectureNames: Readonly<Record<string, string>> = {
  cnn: 'CNN',
  resnet: 'ResNet',
  densenet: 'DenseNet',
};

/** What a reader calls an architecture. */
export const architectureName = (id: string): string => architectureNames[id] ?? id;

const shortNames: Readonly<Record<string, string>> = {
  'cnn-wide': 'conv wide',
  'cnn-33': 'conv 33',
  'cnn-33-batchnorm': 'conv 33 + BN',
  'cnn-33-k9': 'conv 33, 9×9',
  'cnn-33-input-scale': 'conv 33 + scale',
  'cnn-smooth-32': 'smoothing 32',
  'cnn-smooth-32-batchnorm': 'smoothing 32 + BN',
  'cnn-smooth-32-k9': 'smoothing 32, 9×9',
  'cnn-unsharp-32': 'unsharp 32',
  conv: 'conv',
  smoothing: 'smoothing',
  unsharp: 'unsharp',
  'alternating-smoothing': 'alt. smoothing',
  'alternating-unsharp': 'alt. unsharp',
};

/** The names of a variant by its id; an unknown one is called by its id. */
export function variantName(id: string, architecture: string): VariantName {
  const tail = id.startsWith(`${architecture}-`) ? id.slice(architecture.length + 1) : id;
  const short = shortNames[id] ?? shortNames[tail] ?? tail;
  const long = `${architectureName(architecture)}, ${short.replace('alt.', 'alternating')}`;
  const kind = /unsharp/.test(id) ? 'unsharp' : /smooth/.test(id) ? 'smoothing' : 'conv';
  return { long, short, kind, alternating: /alternating/.test(id) };
}
