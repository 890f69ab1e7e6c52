import { Buffer } from 'node:buffer';
import * as tf from '@tensorflow/tfjs';

/**
 * A model in tfjs's own quantised form, a byte a weight: v = q · scale + min. The model's weights become what will be read,
 * so that what is measured afterwards is what is shown.
 */
export async function quantised(model) {
  let stored;
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const values = new Float32Array(tf.io.CompositeArrayBuffer.join(weightData));
      const bytes = new Uint8Array(values.length);
      let start = 0;
      const specs = weightSpecs.map(({ name, shape }) => {
        const end = start + tf.util.sizeFromShape(shape);
        const part = values.subarray(start, end);
        const min = part.reduce((a, b) => Math.min(a, b));
        const scale = (part.reduce((a, b) => Math.max(a, b)) - min) / 255 || 1;
        part.forEach((value, i) => (bytes[start + i] = Math.round((value - min) / scale)));
        start = end;
        return {
          name,
          shape,
          dtype: 'float32',
          quantization: { dtype: 'uint8', min, scale },
        };
      });
      stored = { modelTopology, weightSpecs: specs, weights: Buffer.from(bytes).toString('base64') };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weights } = stored;
  const weightData = Uint8Array.from(Buffer.from(weights, 'base64')).buffer;
  const read = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  model.setWeights(read.getWeights());
  read.dispose();
  return stored;
}
