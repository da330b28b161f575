"""Keras' "Simple MNIST convnet" example, to its first 99 % of the test images, then saved.

    python tests/benchmarks/keras_convnet.py FILE.keras

The model, optimizer and batch size are those of https://keras.io/examples/vision/mnist_convnet/;
the test images are looked at after each epoch, to stop at the first one that reaches 99 %.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from mnistcli.data import load_dataset

MOST_EPOCHS = 15


def main() -> None:
    data = load_dataset("mnist")
    x_train = data.train_images[..., np.newaxis].astype("float32") / 255
    x_test = data.test_images[..., np.newaxis].astype("float32") / 255
    y_train = keras.utils.to_categorical(data.train_labels, 10)
    y_test = keras.utils.to_categorical(data.test_labels, 10)
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(1, MOST_EPOCHS + 1):
        model.fit(x_train, y_train, batch_size=128, epochs=1, validation_split=0.1, verbose=0)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        print(f"epoch {epoch}: {accuracy:.2%}", flush=True)
        if accuracy >= 0.99:
            break
    model.save(sys.argv[1])


if __name__ == "__main__":
    main()
