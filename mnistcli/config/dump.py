"""A `Config` -> YAML with every default written out."""

import re
from typing import Any

import yaml

from mnistcli.config.settings import Config
from mnistcli.config.yaml_reader import FLOAT, INTEGER


def dump_config(config: Config) -> str:
    """Return YAML that loads as the same config, even if a later version has other defaults."""
    return yaml.dump(
        config.model_dump(), Dumper=_Dumper, sort_keys=False, width=96, allow_unicode=True
    )


class _Dumper(yaml.SafeDumper):
    """Writes sections and lists of layers as blocks, and each layer on one line."""

    def serialize_node(self, node: yaml.Node, parent: Any, index: Any) -> None:
        if isinstance(node, yaml.MappingNode) and isinstance(parent, yaml.MappingNode):
            is_section = not any(isinstance(value, yaml.MappingNode) for _, value in node.value)
            node.flow_style = not (is_section and index.value in Config.model_fields)
        if isinstance(node, yaml.SequenceNode):
            is_section = isinstance(parent, yaml.MappingNode) and index.value in Config.model_fields
            node.flow_style = not (node.value and is_section)
        super().serialize_node(node, parent, index)


# Texts that look like numbers in YAML 1.2, but not in YAML 1.1, need quotes. PyYAML matches the
# pattern at the beginning of a text, hence the `$`: 75% is not a number.
_NUMBER = re.compile(rf"(?:{INTEGER.pattern}|{FLOAT.pattern})$")
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789"))
