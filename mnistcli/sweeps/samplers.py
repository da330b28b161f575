"""Optuna's samplers, made so that a sweep that was killed goes on as if it had not been."""

import warnings
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GridSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, TrialState

from mnistcli.sweeps.plan import SweepPlan


class RepeatableSampler(BaseSampler):
    """Chooses settings by the seed, the number of the trial and the trials before it alone.

    A sampler of Optuna's draws from a generator, which is lost with its process. This one makes a
    sampler for each draw.
    """

    def __init__(self, plan: SweepPlan) -> None:
        self._plan = plan
        is_grid = plan.sampler == "grid"  # else a range may have more values than memory holds
        self._grid = {key: range_.grid() for key, range_ in plan.space.items() if is_grid}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Let a grid choose its point."""
        self._make(trial).before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the settings that are chosen together."""
        return self._make(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Choose these settings together."""
        sampler = self._make(trial)
        sampler.infer_relative_search_space(study, trial)  # some keep what they find
        return sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Choose a setting by itself."""
        sampler = self._make(trial, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Do nothing: a grid would stop a loop of Optuna's, which there is not."""

    def _make(self, trial: FrozenTrial, key: str = "") -> BaseSampler:
        seed = self._plan.seed
        entropy = [seed, trial.number, zlib.crc32(key.encode())]
        draw_seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        match self._plan.sampler:
            case "random":
                return RandomSampler(draw_seed)
            case "grid":
                return GridSampler(self._grid, seed)
            # These two continue one sequence of points, which has the seed of the sweep.
            case "qmc":
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it says that it may change
                    return QMCSampler(
                        seed=seed, scramble=True, independent_sampler=RandomSampler(draw_seed)
                    )
            case "cmaes":
                return CmaEsSampler(seed=seed, independent_sampler=RandomSampler(draw_seed))
        return TPESampler(seed=draw_seed)
