"""The config language: a YAML file with positions -> a checked `Config`."""

from mnistcli.config.changes import find_training_changes
from mnistcli.config.checks import carry_validation, check_sizes
from mnistcli.config.document import Document, Path, Problems, suggest
from mnistcli.config.dump import dump_config
from mnistcli.config.flat import (
    describe_object,
    describe_section,
    flatten,
    format_value,
    is_object,
    parse_dump,
)
from mnistcli.config.loader import ConfigFile, load_config, parse_config
from mnistcli.config.objects import KerasObject, resolve_shares
from mnistcli.config.schema import config_schema
from mnistcli.config.settings import (
    MAXIMUM_SEED,
    Best,
    Checkpoint,
    Config,
    Data,
    EarlyStopping,
    metric_name,
)

__all__ = [
    "MAXIMUM_SEED",
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
    "describe_object",
    "describe_section",
    "dump_config",
    "find_training_changes",
    "flatten",
    "format_value",
    "is_object",
    "load_config",
    "metric_name",
    "parse_config",
    "parse_dump",
    "resolve_shares",
    "suggest",
]
