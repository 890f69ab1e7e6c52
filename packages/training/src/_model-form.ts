import { closeSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openRegular } from '@weightmap/core/files';

/** A good file in a form that isn't read here. */
export interface OtherForm {
  /** Completes “It is …”. */
  readonly is: string;
  readonly fix: string;
}

const KERAS_FIX =
  'export it from Python for TensorFlow.js as a Layers model: with Keras 2 (or tf_keras, TF_USE_LEGACY_KERAS=1) ' +
  "`model.save('model.h5')`, then `tensorflowjs_converter --input_format=keras model.h5 <folder>`";
/** Of what Keras 3 makes, too: it has no way to a Layers model. */
const GRAPH_FIX =
  `${KERAS_FIX}; with Keras 3, \`model.export('saved')\` and \`tensorflowjs_converter --input_format=tf_saved_model saved <folder>\` ` +
  'make a graph model, which `loadGraphModel` and `weightmap attack` read';
const TORCH_FIX =
  'build the network with this project, and give it the weights as safetensors (loadSafetensors): in Python, ' +
  '`safetensors.torch.save_file(state_dict, file)` with names and axes as saveSafetensors writes them';
const LFS: OtherForm = {
  is: 'a Git LFS pointer, not the file itself',
  fix: 'fetch the file itself by `git lfs pull`',
};

const FORMS = {
  hdf5: { is: 'a Keras model or its weights as HDF5 (.h5)', fix: KERAS_FIX },
  keras: { is: 'a Keras 3 file (.keras)', fix: GRAPH_FIX },
  savedModel: { is: 'a TensorFlow SavedModel', fix: GRAPH_FIX },
  tfCheckpoint: { is: 'a TensorFlow checkpoint, weights without their layers', fix: KERAS_FIX },
  tflite: { is: 'a TensorFlow Lite model', fix: KERAS_FIX },
  onnx: {
    is: 'an ONNX model',
    fix: `export it from the program that trained it: ${KERAS_FIX}`,
  },
  torch: { is: 'a PyTorch file (.pt)', fix: TORCH_FIX },
  pickle: { is: "a file of Python's pickle, as PyTorch and NumPy write it", fix: TORCH_FIX },
  numpy: { is: 'a file of NumPy arrays', fix: TORCH_FIX },
  safetensors: {
    is: 'a safetensors file, weights without their layers',
    fix: 'build the network and load the file by loadSafetensors',
  },
  zip: { is: 'a ZIP archive', fix: 'unpack it, and name the folder that holds model.json' },
  gzip: { is: 'a gzip file', fix: 'unpack it, and name the folder that holds model.json' },
  page: { is: 'a web page', fix: 'fetch the file itself: its download was answered with a page' },
} as const satisfies Record<string, OtherForm>;

/**
 * What a file is, by its first bytes, if they belong to a form that models are kept in elsewhere.
 *
 * @param name decides where the bytes alone don't.
 * @returns null if it is none of them.
 */
export function formOfBytes(bytes: Uint8Array, name = ''): OtherForm | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 2 ** 16)).toString(
    'latin1',
  );
  if (start.startsWith('version https://git-lfs')) return LFS;
  if (start.startsWith('\x89HDF\r\n\x1a\n')) return FORMS.hdf5;
  if (start.startsWith('PK\x03\x04')) {
    if (/metadata\.json|config\.json|model\.weights\.h5/.test(start)) return FORMS.keras;
    if (/data\.pkl|\/version|constants\.pkl/.test(start)) return FORMS.torch;
    return /\.npy/.test(start) ? FORMS.numpy : FORMS.zip;
  }
  if (start.startsWith('\x93NUMPY')) return FORMS.numpy;
  if (start.slice(4, 8) === 'TFL3') return FORMS.tflite;
  if (start.startsWith('\x1f\x8b')) return FORMS.gzip;
  if (start.startsWith('\x80') && bytes[1] >= 2 && bytes[1] <= 5) return FORMS.pickle;
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) return FORMS.page;
  if (/^.{5}\0\0\0\{/s.test(start)) return FORMS.safetensors;
  if (/\.onnx$/i.test(name)) return FORMS.onnx;
  if (/saved_model\.pb$/i.test(name)) return FORMS.savedModel;
  return null;
}

/** What the first file of a folder, or the file at its place, is that models are kept in elsewhere. */
export function formAt(path: string): (OtherForm & { readonly file: string }) | null {
  const named = (file: string, form: OtherForm | null) => form && { file, ...form };
  let entries: string[];
  try {
    entries = readdirSync(path).sort();
  } catch {
    return named(path, firstBytesForm(path));
  }
  if (entries.includes('saved_model.pb')) return named(join(path, 'saved_model.pb'), FORMS.savedModel);
  // The parts of a .keras file that was unpacked.
  if (entries.includes('model.weights.h5') && entries.includes('config.json'))
    return named(join(path, 'config.json'), FORMS.keras);
  const index = entries.find((name) => /\.ckpt.*\.index$|^variables\.index$/.test(name));
  if (index) return named(join(path, index), FORMS.tfCheckpoint);
  for (const name of entries) {
    if (
      !/\.(h5|hdf5|keras|onnx|pb|pth?|bin|ckpt|pkl|pickle|npz|npy|tflite|safetensors|zip|t?gz|json)$/i.test(
        name,
      )
    )
      continue;
    const found = named(join(path, name), firstBytesForm(join(path, name)));
    if (found) return found;
  }
  return null;
}

function firstBytesForm(path: string): OtherForm | null {
  try {
    const file = openRegular(path);
    if (!file) return null;
    try {
      const bytes = Buffer.alloc(2 ** 16);
      return formOfBytes(bytes.subarray(0, readSync(file.handle, bytes)), path);
    } finally {
      closeSync(file.handle);
    }
  } catch {
    return null;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the content of a `model.json` is, if it is a form that tfjs's Layers models don't have.
 *
 * @returns null if it looks like a Layers model.
 */
export function formOfJson(json: unknown): OtherForm | null {
  if (typeof json !== 'object' || json === null) return null;
  const { format, modelTopology, weightsManifest, class_name: className, nodes } = json as Fields;
  if (format === 'graph-model' || Array.isArray((modelTopology as Fields | null | undefined)?.node))
    return {
      is: 'a TensorFlow.js graph model, whose layers can no longer be told apart',
      fix: `convert the model again as a Layers model. To do so, ${KERAS_FIX}`,
    };
  if (modelTopology !== undefined) return isKeras3(modelTopology) ? KERAS_3 : null;
  if (className !== undefined || (json as Fields).model_config !== undefined)
    return {
      is: 'the description of a Keras model alone (`to_json`), without weights',
      fix: KERAS_FIX,
    };
  if (Array.isArray(weightsManifest) || Array.isArray(nodes)) return null;
  if (Array.isArray(json) && json.some((group) => Array.isArray((group as Fields | null)?.paths)))
    return {
      is: 'a list of weights, as old versions of TensorFlow.js wrote it, without the layers',
      fix: KERAS_FIX,
    };
  return null;
}

const KERAS_3: OtherForm = {
  is: 'a Keras 3 model, whose description TensorFlow.js does not read',
  fix: GRAPH_FIX,
};

/** Keras 3 writes a type's policy as an object, the input's `batch_shape`, and calls of layers as `{ args, kwargs }`. */
function isKeras3(topology: unknown): boolean {
  const waiting = [topology];
  for (let looked = 0; waiting.length > 0 && looked < 1e6; looked++) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    const fields = value as Fields;
    if (
      'batch_shape' in fields ||
      fields.class_name === 'DTypePolicy' ||
      fields.class_name === '__keras_tensor__'
    )
      return true;
    waiting.push(...Object.values(fields).slice(0, 1e5));
  }
  return false;
}
