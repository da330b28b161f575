"""What a run learned, for other programs: each export is a folder that is checked and described.

`mnistcli.exports.model` and `mnistcli.exports.script` load TensorFlow, and are imported by
their own names.
"""

from mnistcli.exports.formats import FORMATS, check_packages
from mnistcli.exports.metrics import export_metrics
from mnistcli.exports.result import MARK, Check, Export, ModelExport, check_script_path

__all__ = [
    "FORMATS",
    "MARK",
    "Check",
    "Export",
    "ModelExport",
    "check_packages",
    "check_script_path",
    "export_metrics",
]
