"""The config language: a YAML file with positions -> a checked `Config`."""

from mnistcli.config.changes import find_training_changes
from mnistcli.config.checks import carry_validation, check_sizes
from mnistcli.config.document import Document, Path, Problems, suggest
from mnistcli.config.dump import dump_config
from mnistcli.config.loader import ConfigFile, load_config, parse_config
from mnistcli.config.objects import KerasObject, resolve_shares
from mnistcli.config.schema import config_schema
from mnistcli.config.settings import Best, Checkpoint, Config, Data, EarlyStopping, metric_name

__all__ = [
    "Best",
    "Checkpoint",
    "Config",
    "ConfigFile",
    "Data",
    "Document",
    "EarlyStopping",
    "KerasObject",
    "Path",
    "Problems",
    "carry_validation",
    "check_sizes",
    "config_schema",
    "dump_config",
    "find_training_changes",
    "load_config",
    "metric_name",
    "parse_config",
    "resolve_shares",
    "suggest",
]
