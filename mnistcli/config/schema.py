"""The JSON Schema of the config language, from `Config` and Keras' own signatures."""

from collections.abc import Iterable
from typing import Any

from mnistcli.config import keras_api
from mnistcli.config.objects import family_of_argument
from mnistcli.config.settings import Config

_FAMILIES = (
    "layers",
    "optimizers",
    "losses",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "optimizers.schedules",
)
_SHARE_OF_RUN = {"type": "string", "pattern": r"^\d+(\.\d+)?%$"}
_PLAIN_VALUE = {"type": ["number", "array", "null"]}


def config_schema() -> dict[str, Any]:
    """Return the schema, of draft 2020-12, by which an editor completes and checks a config."""
    schema = Config.model_json_schema()
    properties = schema["properties"]
    properties["layers"]["items"] = _reference("layers")
    distortions = _family_schema("augmentation", keras_api.distortion_classes())
    properties["augment"]["items"] = {"anyOf": [_reference("layers"), distortions]}
    properties["metrics"]["items"] = {"anyOf": [{"const": "accuracy"}, _reference("metrics")]}
    for key, family in {"optimizer": "optimizers", "loss": "losses"}.items():
        properties[key] = _reference(family) | {"description": properties[key]["description"]}
    definitions = schema["$defs"]
    del definitions["KerasObject"]
    definitions["activation"] = {"enum": [*sorted(keras_api.functions("activations")), None]}
    for family in _FAMILIES:
        definitions[family] = _family_schema(family, keras_api.classes(family))
        definitions[f"{family} or value"] = {"anyOf": [_reference(family), _PLAIN_VALUE]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _family_schema(family: str, class_names: Iterable[str]) -> dict[str, Any]:
    """Return the schema of an object of a family: a class name, or a mapping with one key."""
    names = sorted(class_names)
    return {
        "anyOf": [
            # The names are for completion; Keras knows more spellings, such as adam or mse.
            {"enum": names},
            {"type": "string"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {
                    name: _arguments_schema(family, keras_api.describe_class(family, name))
                    for name in names
                },
            },
        ]
    }


def _arguments_schema(family: str, keras_class: keras_api.KerasClass) -> dict[str, Any]:
    arguments = keras_class.arguments.values()
    properties = {argument.name: _argument_schema(family, argument) for argument in arguments}
    if family == "layers":
        properties["inputs"] = {
            "type": ["string", "array", "object"],
            "items": {"type": "string"},
            "properties": {
                name: {"type": "string"} for name in keras_api.call_arguments(keras_class.name)
            },
            "additionalProperties": False,
        }
    required_names = [argument.name for argument in arguments if argument.is_required]
    schema: dict[str, Any] = {
        "type": "object" if required_names else ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"required": required_names} if required_names else {})


def _argument_schema(family: str, argument: keras_api.Argument) -> dict[str, Any]:
    nested_family = family_of_argument(argument.name)
    if argument.name.endswith("activation"):
        schema = _reference("activation")
    elif nested_family:
        schema = _reference(f"{nested_family} or value")
    elif argument.kinds:
        schema = {"type": sorted(argument.kinds | {"null"})}
        if family == "optimizers.schedules" and argument.name.endswith("steps"):
            schema = {"anyOf": [schema, _SHARE_OF_RUN]}
    else:
        schema = {}
    if argument.default is None:
        return schema
    default = argument.default
    return schema | {"default": list(default) if isinstance(default, tuple) else default}
