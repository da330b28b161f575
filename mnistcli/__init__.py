"""Train handwritten-digit classifiers from a YAML file."""

__version__ = "0.5.0"
