"""What runs have in common, in what they differ, and whether a difference is more than chance."""

from mnistcli.comparison.compare import (
    METRICS,
    Comparison,
    Group,
    Verdict,
    compare_groups,
    make_group,
)
from mnistcli.comparison.differences import ABSENT, Difference, find_differences
from mnistcli.comparison.rows import DAMAGED, RunRow, read_row
from mnistcli.comparison.selection import Condition, parse_condition, select
from mnistcli.comparison.verdicts import describe_verdict

__all__ = [
    "ABSENT",
    "DAMAGED",
    "METRICS",
    "Comparison",
    "Condition",
    "Difference",
    "Group",
    "RunRow",
    "Verdict",
    "compare_groups",
    "describe_verdict",
    "find_differences",
    "make_group",
    "parse_condition",
    "read_row",
    "select",
]
