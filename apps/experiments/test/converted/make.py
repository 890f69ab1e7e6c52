# Makes the models of this folder: python make.py <images> <labels> <folder>, first with TF_USE_LEGACY_KERAS=1, then without. The images are
# the first 3000 of the procedural digits with seed 1, bytes [3000, 28, 28, 1], as `datasets.digits.load({ seed: 1 })` draws them.
# Then: tensorflowjs_converter --input_format=keras keras-2.h5 keras-2-layers; --input_format=tf_saved_model keras-2 keras-2-graph
#       and keras-3 keras-3-graph; --input_format=keras keras-3.h5 keras-3-layers, of which only model.json is kept.
import json
import os
import sys

import numpy as np

legacy = os.environ.get("TF_USE_LEGACY_KERAS") == "1"
if legacy:
    import tf_keras as keras
else:
    import keras

images, labels, folder = sys.argv[1:]
x = np.fromfile(images, np.uint8).reshape(-1, 28, 28, 1).astype("float32") / 255
y = np.fromfile(labels, np.uint8)
keras.utils.set_random_seed(1)
layers = keras.layers
model = keras.Sequential(
    [
        layers.InputLayer(input_shape=(28, 28, 1)) if legacy else keras.Input((28, 28, 1)),
        layers.Conv2D(4, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(4),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=10, batch_size=64, verbose=0)
name = os.path.join(folder, "keras-2" if legacy else "keras-3")
model.save(name + ".h5")
if legacy:
    model.save(name, save_format="tf")
else:
    model.export(name)
print(json.dumps(model.predict(x[:4], verbose=0).tolist()))
