"""Train handwritten-digit classifiers from a YAML file."""

__version__ = "0.4.0"
