"""The plain Keras script of configs/mlp.yaml, as a tutorial has it: what users would use instead.

It reads MNIST from the folder that MNISTCLI_DATA_DIR names, trains with `fit`, evaluates and
saves; like the config, it holds 5,000 images out for validation.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from mnistcli.data import load_dataset


def main() -> None:
    data = load_dataset("mnist")
    x_train, y_train = data.train_images / 255, data.train_labels
    x_test, y_test = data.test_images / 255, data.test_labels
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    validation = (x_train[:5000], y_train[:5000])
    model.fit(x_train[5000:], y_train[5000:], epochs=5, validation_data=validation, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    model.save(Path(sys.argv[1]))
    print(f"{accuracy:.2%}")


if __name__ == "__main__":
    main()
