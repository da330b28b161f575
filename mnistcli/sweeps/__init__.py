"""Sweeps: the settings of a config are searched, and each trial is a run.

What is here needs neither TensorFlow nor Optuna. `mnistcli.sweeps.study`, which imports Optuna,
and `mnistcli.sweeps.trials`, which trains, must be imported by their own names.
"""

from mnistcli.sweeps.plan import PRUNERS, SAMPLERS, Confirm, SweepPlan, load_plan, plan_search
from mnistcli.sweeps.ranges import Choices, Numbers, Range, parse_range

__all__ = [
    "PRUNERS",
    "SAMPLERS",
    "Choices",
    "Confirm",
    "Numbers",
    "Range",
    "SweepPlan",
    "load_plan",
    "parse_range",
    "plan_search",
]
