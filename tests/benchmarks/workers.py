"""One measurement each, in a process of its own: `workers.py ENGINE MODEL EPOCHS`.

Prints one JSON document: seconds of each epoch after the first, peak memory in bytes, and
the threads in use. All engines train on the same 60,000 images with the same batches' size;
none validates.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

# Layers, optimizer, batch size.
MODELS: dict[str, tuple[str, str, int]] = {
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
}


def config_text(model: str, precision: str, extra: str = "") -> str:
    layers, optimizer, batch_size = MODELS[model]
    return (
        f"layers: {layers}\noptimizer: {optimizer}\nbatch_size: {batch_size}\n"
        f"precision: {precision}\ndata: {{validation: test}}\n{extra}"
    )


def measure_mnistcli(model: str, precision: str, epochs: int, copies: int = 1) -> dict[str, Any]:
    """Epochs of mnistcli's own loop."""
    import tempfile

    from mnistcli.config import load_config
    from mnistcli.data import load_dataset, permutation
    from mnistcli.training import prepare

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(config_text(model, precision), encoding="utf-8")
        file = load_config(path)
    dataset = load_dataset("mnist")
    if copies > 1:
        import dataclasses

        drawn = permutation(60_000, 0)
        order = np.concatenate([drawn] * copies)
        dataset = dataclasses.replace(
            dataset,
            train_images=dataset.train_images[order],
            train_labels=dataset.train_labels[order],
        )
    preparation = prepare(file, dataset)
    images = len(preparation.splits.train)
    seconds = []
    for epoch in range(epochs + 1):
        order = permutation(images, (0, epoch)).astype(np.int32)
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
        "evaluation_seconds": evaluation,
    }


def measure_fit(model: str, precision: str, epochs: int) -> dict[str, Any]:
    """Epochs of `keras.Model.fit` on arrays scaled to [0, 1], as the tutorials have it."""
    import keras
    from keras import layers

    from mnistcli.data import load_dataset

    keras.config.set_dtype_policy(precision)
    dataset = load_dataset("mnist")
    x = (dataset.train_images[..., None] / 255).astype("float32")
    y = dataset.train_labels
    softmax = {"activation": "softmax", "dtype": "float32"}
    built = {
        "dense128": [
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, **softmax),
        ],
        "dense512": [
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, **softmax),
        ],
        "convnet": [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, **softmax),
        ],
    }[model]
    _, optimizer, batch_size = MODELS[model]
    network = keras.Sequential([keras.Input((28, 28, 1)), *built])
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    seconds = []
    for _ in range(epochs + 1):
        started = time.perf_counter()
        network.fit(x, y, batch_size=batch_size, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "threads": os.cpu_count()}


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


def main() -> None:
    engine, model, precision, epochs, copies = (*sys.argv[1:5], sys.argv[5:])
    measure = {"mnistcli": measure_mnistcli, "fit": measure_fit, "jax": measure_jax}[engine]
    extra = {"copies": int(copies[0])} if copies else {}
    result = measure(model, precision, int(epochs), **extra)
    result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
