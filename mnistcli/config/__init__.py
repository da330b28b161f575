"""The config language: a YAML file with positions -> a checked `Config`."""

from mnistcli.config.changes import find_training_changes
from mnistcli.config.checks import carry_validation, check_sizes
from mnistcli.config.document import (
    Document,
    Path,
    Position,
    Problems,
    config_error,
    describe_value,
    fold_name,
    suggest,
)
from mnistcli.config.dump import dump_config
from mnistcli.config.flat import (
    describe_object,
    describe_section,
    flatten,
    format_value,
    is_object,
    parse_dump,
    to_yaml,
)
from mnistcli.config.loader import (
    STANDARD_INPUT,
    ConfigFile,
    find_setting,
    load_config,
    parse_config,
    read_text,
    suggest_config,
)
from mnistcli.config.objects import KerasObject, add_defaults, parse_share, resolve_shares
from mnistcli.config.schema import config_schema
from mnistcli.config.settings import (
    MAXIMUM_SEED,
    Best,
    Checkpoint,
    Config,
    Data,
    EarlyStopping,
    Extra,
    metric_name,
)
from mnistcli.config.yaml_reader import read_yaml

__all__ = [
    "MAXIMUM_SEED",
    "STANDARD_INPUT",
    "Best",
    "Checkpoint",
    "Config",
    "ConfigFile",
    "Data",
    "Document",
    "EarlyStopping",
    "Extra",
    "KerasObject",
    "Path",
    "Position",
    "Problems",
    "add_defaults",
    "carry_validation",
    "check_sizes",
    "config_error",
    "config_schema",
    "describe_object",
    "describe_section",
    "describe_value",
    "dump_config",
    "find_setting",
    "find_training_changes",
    "flatten",
    "fold_name",
    "format_value",
    "is_object",
    "load_config",
    "metric_name",
    "parse_config",
    "parse_dump",
    "parse_share",
    "read_text",
    "read_yaml",
    "resolve_shares",
    "suggest",
    "suggest_config",
    "to_yaml",
]
