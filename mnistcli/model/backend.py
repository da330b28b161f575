"""Keras and TensorFlow, as a config means them: every module imports them from here.

A config means one network on every machine. The user's own settings (KERAS_BACKEND, and the
backend, the layout of images and the precision in keras.json) would make another of it, silently.
"""

import os

from mnistcli.errors import MnistcliError
from mnistcli.execution import ONEDNN_SETTING, processor_has

__all__ = ["cpu_kernels", "keras", "tf"]

_settings = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": os.devnull}  # no file can be in it
if processor_has("avx2") and ONEDNN_SETTING not in os.environ:
    _settings[ONEDNN_SETTING] = (
        "1"  # what pays for most networks, unless `request_kernels` was called
    )
_user_settings = {name: os.environ.get(name) for name in _settings}
os.environ.update(_settings)
try:
    # TensorFlow imports Keras, too.
    import keras
    import tensorflow as tf
finally:
    for _name, _value in _user_settings.items():
        if _value is None:
            del os.environ[_name]
        else:
            os.environ[_name] = _value

# A program that imported Keras before has its settings still.
if keras.config.backend() != "tensorflow":
    raise MnistcliError(
        f"Keras was started with {keras.config.backend()} in this program",
        "expected TensorFlow: start anew with KERAS_BACKEND=tensorflow in the environment",
    )
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")


def cpu_kernels() -> str:
    """Return whose matrix products and convolutions TensorFlow uses on a CPU.

    Returns:
        "oneDNN", "Eigen", or "unknown": TensorFlow tells only its own tests, which may change.
    """
    try:
        from tensorflow.python.util import _pywrap_util_port

        return "oneDNN" if _pywrap_util_port.IsMklEnabled() else "Eigen"
    except (ImportError, AttributeError):
        return "unknown"
