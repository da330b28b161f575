"""What a run learned, for other programs: each export is a folder that is checked and described.

`mnistcli.exports.model` loads TensorFlow, and is imported by its own name.
"""

from mnistcli.exports.formats import FORMATS, check_packages
from mnistcli.exports.metrics import export_metrics
from mnistcli.exports.result import MARK, Check, Export, ModelExport

__all__ = [
    "FORMATS",
    "MARK",
    "Check",
    "Export",
    "ModelExport",
    "check_packages",
    "export_metrics",
]
