"""One measurement each, in a process of its own: `workers.py ENGINE MODEL EPOCHS`.

Prints one JSON document: seconds of each epoch after the first, peak memory in bytes, and
the threads in use. All engines train on the same 60,000 images with the same batches' size;
none validates.
"""

import dataclasses
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

CONFIGS = Path(__file__).parents[2] / "configs"

# A config of mnistcli's, or layers, optimizer, and batch size.
MODELS: dict[str, str | tuple[str, str, int]] = {
    "dense128": (
        "[Flatten, {Dense: {units: 128, activation: relu}}, {Dropout: {rate: 0.2}}, "
        "{Dense: {units: 10, activation: softmax}}]",
        "adam",
        32,
    ),
    "dense512": (
        "[Flatten, {Dense: {units: 512, activation: relu}}, "
        "{Dense: {units: 10, activation: softmax}}]",
        "rmsprop",
        128,
    ),
    "convnet": (
        "[{Conv2D: {filters: 32, kernel_size: 3, activation: relu}}, MaxPooling2D, "
        "{Conv2D: {filters: 64, kernel_size: 3, activation: relu}}, MaxPooling2D, Flatten, "
        "{Dropout: {rate: 0.5}}, {Dense: {units: 10, activation: softmax}}]",
        "adam",
        128,
    ),
    "fast": "fast.yaml",
    "lenet5": "papers/lenet5.yaml",
    "robust": "robust.yaml",
}


def config_text(model: str, precision: str) -> str:
    description = MODELS[model]
    if isinstance(description, str):
        return (CONFIGS / description).read_text(encoding="utf-8")
    layers, optimizer, batch_size = description
    return (
        f"layers: {layers}\noptimizer: {optimizer}\nbatch_size: {batch_size}\n"
        f"precision: {precision}\n"
    )


def load_model_config(model: str, precision: str, augmented: bool) -> Any:
    """The config of a model that trains on all images."""
    from mnistcli.config import load_config

    overrides = ["data.validation=test"]
    if not augmented:
        overrides.append("augment=[]")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(config_text(model, precision), encoding="utf-8")
        return load_config(path, overrides)


def measure_mnistcli(
    model: str, precision: str, epochs: int, copies: int = 1, augmented: bool = False
) -> dict[str, Any]:
    """Epochs of mnistcli's own loop."""
    from mnistcli.data import align, load_dataset, permutation
    from mnistcli.execution import preferred_kernels, request_kernels

    file = load_model_config(model, precision, augmented)
    dataset = load_dataset("mnist")
    if copies > 1:
        drawn = permutation(60_000, 0)
        order = np.concatenate([drawn] * copies)
        images = align(np.empty((len(order), 28, 28), np.uint8))  # as data is loaded
        np.take(dataset.train_images, order, axis=0, out=images, mode="clip")
        dataset = dataclasses.replace(
            dataset, train_images=images, train_labels=dataset.train_labels[order]
        )
    request_kernels(preferred_kernels(file.config))
    from mnistcli.training import prepare

    preparation = prepare(file, dataset)
    count = len(preparation.splits.train)
    seconds = []
    for epoch in range(epochs + 1):
        order = permutation(count, (0, epoch)).astype(np.int32)
        started = time.perf_counter()
        for _ in preparation.training.run_epoch(order):
            pass
        seconds.append(time.perf_counter() - started)
    test = dataset.test
    preparation.evaluation.evaluate(test.images, test.labels)
    started = time.perf_counter()
    preparation.evaluation.evaluate(test.images, test.labels)
    evaluation = time.perf_counter() - started
    return {
        "seconds": seconds[1:],
        "threads": preparation.runtime.threads,
        "kernels": preparation.runtime.kernels,
        "evaluation_seconds": evaluation,
    }


def measure_fit(model: str, precision: str, epochs: int, augmented: bool = False) -> dict[str, Any]:
    """Epochs of `keras.Model.fit`, as the tutorials have it: arrays, or a `tf.data` pipeline."""
    # First of all, so that TensorFlow chooses its kernels as it does for everybody.
    import keras
    import tensorflow as tf

    from mnistcli.data import load_dataset
    from mnistcli.model import build_network
    from mnistcli.model.backend import cpu_kernels

    dataset = load_dataset("mnist")
    x = dataset.train_images[..., None].astype("float32")
    y = dataset.train_labels
    file = load_model_config(model, precision, augmented)
    batch_size = file.config.batch_size
    # The very layers of the config; what trains them is Keras.
    network = build_network(file, 10, total_steps=len(y) // batch_size * (epochs + 1))
    if network.loss_takes_one_hot:
        y = keras.utils.to_categorical(y, 10)
    network.model.compile(network.optimizer, network.loss, metrics=["accuracy"])
    data: dict[str, Any] = {"x": x, "y": y, "batch_size": batch_size}
    if augmented:

        def augment(images: Any, labels: Any) -> tuple[Any, Any]:
            for layer in network.augment:
                if layer in network.label_mixers:
                    mixed = layer({"images": images, "labels": labels}, training=True)
                    images, labels = mixed["images"], mixed["labels"]
                else:
                    images = layer(images, training=True)
            return images, labels

        data["x"] = (
            tf.data.Dataset.from_tensor_slices((x, y))
            .shuffle(len(y))
            .batch(batch_size)
            .map(augment, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
        )
        del data["y"], data["batch_size"]
    seconds = []
    for _ in range(epochs + 1):
        started = time.perf_counter()
        network.model.fit(**data, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "threads": os.cpu_count(), "kernels": cpu_kernels()}


def measure_pytorch(model: str, precision: str, epochs: int) -> dict[str, Any]:
    """Epochs of PyTorch, channels last, data on the device, batches by index."""
    import torch
    from torch import nn

    from mnistcli.data import load_dataset

    def normalized(channels: int) -> list[Any]:
        return [nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), nn.ReLU()]

    layers, batch_size = {
        "convnet": (
            [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
             nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)],
            128,
        ),
        "fast": (
            [nn.Conv2d(1, 24, 5, 2, bias=False), *normalized(24),
             nn.Conv2d(24, 48, 3, 2, bias=False), *normalized(48),
             nn.Conv2d(48, 96, 3, bias=False), *normalized(96), nn.Flatten(), nn.Linear(864, 10)],
            80,
        ),
        "lenet5": (
            [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5),
             nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
             nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)],
            128,
        ),
    }[model]  # fmt: skip
    network = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters())
    loss = nn.CrossEntropyLoss()
    dataset = load_dataset("mnist")
    images = torch.from_numpy(dataset.train_images.copy())[:, None]
    labels = torch.from_numpy(dataset.train_labels.astype(np.int64))
    seconds = []
    for _ in range(epochs + 1):
        started = time.perf_counter()
        for batch in torch.randperm(len(labels)).split(batch_size):
            x = (images[batch].float() / 255).to(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            loss(network(x), labels[batch]).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "threads": torch.get_num_threads()}


def measure_products(model: str, precision: str, epochs: int) -> dict[str, Any]:
    """As many steps as an epoch has, of nothing but matrix products: the arithmetic of `convnet`.

    Those that its convolutions and its dense layer are, forward and backward, on what the
    images would be laid out as; a shard of the batch on each thread.
    """
    from mnistcli.engine import start_runtime
    from mnistcli.execution import request_kernels

    request_kernels("oneDNN")
    from mnistcli.model.backend import tf

    config = load_model_config(model, precision, augmented=False).config
    runtime = start_runtime(config)
    shards, batch = runtime.execution.shards, config.batch_size // runtime.execution.shards
    # Rows, columns inside, columns of each product.
    layers = [(batch * 26 * 26, 9, 32), (batch * 11 * 11, 288, 64), (batch, 1600, 10)]
    products = []
    for i, (n, k, m) in enumerate(layers):
        products += [((n, k), (k, m)), ((k, n), (n, m))]
        if i:  # no gradient flows to the images
            products.append(((n, m), (m, k)))
    operands = [
        [(tf.random.normal(a), tf.random.normal(b)) for a, b in products] for _ in range(shards)
    ]

    @tf.function(autograph=False)
    def run(steps: tf.Tensor) -> tf.Tensor:
        def step(i: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # What depends on the step is computed anew in each.
            results = [tf.matmul(a, b + total) for pairs in operands for a, b in pairs]
            return i + 1, total + tf.add_n([each[0, 0] for each in results]) * 1e-30

        _, total = tf.while_loop(lambda i, _: i < steps, step, (tf.constant(0), tf.constant(0.0)))
        return total

    seconds = []
    for _ in range(epochs + 1):
        started = time.perf_counter()
        run(tf.constant(-(-60_000 // config.batch_size))).numpy()
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "threads": runtime.threads}


def measure_jax(model: str, precision: str, epochs: int) -> dict[str, Any]:
    """Epochs of JAX with the whole epoch in one `lax.scan`, data on the device; MLPs only."""
    import jax
    import jax.numpy as jnp

    from mnistcli.data import load_dataset

    hidden, batch_size = (128, 32) if model == "dense128" else (512, 128)
    dropout = 0.2 if model == "dense128" else 0.0
    dataset = load_dataset("mnist")
    x = jnp.asarray(dataset.train_images.reshape(-1, 784) / 255, jnp.float32)
    y = jnp.asarray(dataset.train_labels, jnp.int32)
    key = jax.random.key(0)
    shapes = {"w1": (784, hidden), "b1": (hidden,), "w2": (hidden, 10), "b2": (10,)}
    parameters = {
        name: jax.random.normal(jax.random.fold_in(key, i), shape) * 0.05
        for i, (name, shape) in enumerate(shapes.items())
    }

    def loss_of(p: Any, images: Any, labels: Any, step_key: Any) -> Any:
        hidden_units = jax.nn.relu(images @ p["w1"] + p["b1"])
        if dropout:
            kept = jax.random.bernoulli(step_key, 1 - dropout, hidden_units.shape)
            hidden_units = jnp.where(kept, hidden_units / (1 - dropout), 0)
        logits = jax.nn.log_softmax(hidden_units @ p["w2"] + p["b2"])
        return -jnp.take_along_axis(logits, labels[:, None], 1).mean()

    def apply(p: Any, m: Any, v: Any, g: Any, t: Any) -> Any:
        if model == "dense512":  # RMSprop
            v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, v, g)
            p = jax.tree.map(lambda p, v, g: p - 1e-3 * g / jnp.sqrt(v + 1e-7), p, v, g)
            return p, m, v
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v)
        return p, m, v

    @jax.jit
    def epoch(p: Any, m: Any, v: Any, t: Any, order: Any, epoch_key: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            p, m, v, t = carry
            step_key = jax.random.fold_in(epoch_key, t)
            loss, g = jax.value_and_grad(loss_of)(p, x[batch], y[batch], step_key)
            p, m, v = apply(p, m, v, g, t + 1)
            return (p, m, v, t + 1), loss

        return jax.lax.scan(step, (p, m, v, t), order)

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.asarray(0))
    seconds = []
    for number in range(epochs + 1):
        rng = np.random.default_rng(number)
        order = rng.permutation(60_000)[: 60_000 // batch_size * batch_size]
        started = time.perf_counter()
        state, losses = epoch(*state, order.reshape(-1, batch_size), jax.random.key(number))
        losses.block_until_ready()
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "threads": os.cpu_count()}


def main(arguments: Sequence[str]) -> None:
    engine, model, precision, epochs, *options = arguments
    engines: dict[str, Callable[..., dict[str, Any]]] = {
        "mnistcli": measure_mnistcli,
        "fit": measure_fit,
        "jax": measure_jax,
        "PyTorch": measure_pytorch,
        "products": measure_products,
    }
    extra: dict[str, Any] = {}
    if "augmented" in options:
        extra["augmented"] = True
    for option in options:
        if option.isdigit():
            extra["copies"] = int(option)
    result = engines[engine](model, precision, int(epochs), **extra)
    result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
