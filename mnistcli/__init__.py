"""Train handwritten-digit classifiers from a YAML file.

The commands as a library, for a notebook or a script:

    import mnistcli

    config = mnistcli.load_config("configs/quickstart.yaml", ["epochs=2"])
    run = mnistcli.train(config)
    for row in run.metrics:
        print(row["epoch"], row["val_accuracy"])
    print(run.path, run.test_accuracy)
    prediction = mnistcli.predict("digit.png", run)
    print(prediction.digit, prediction.confidence, prediction.uncertain)

Each name is imported as it is first used: `import mnistcli` alone takes no time.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnistcli.config import load_config
    from mnistcli.errors import (
        ConfigError,
        DataError,
        ImageError,
        InterruptedTrainingError,
        MnistcliError,
        RunError,
        UsageError,
    )
    from mnistcli.library import Run, evaluate, load_run, predict, read_picture, train

__version__ = "0.6.0"
__all__ = [
    "ConfigError",
    "DataError",
    "ImageError",
    "InterruptedTrainingError",
    "MnistcliError",
    "Run",
    "RunError",
    "UsageError",
    "__version__",
    "evaluate",
    "load_config",
    "load_run",
    "predict",
    "read_picture",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import one of the names of `__all__` from its module (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'mnistcli' has no attribute {name!r}")
    from importlib import import_module

    module = "config" if name == "load_config" else "errors" if "Error" in name else "library"
    return getattr(import_module(f"mnistcli.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
