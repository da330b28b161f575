"""What a sweep shows while it runs: on a terminal a table of the best trials, and a bar."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from mnistcli.cli.sweep_views import format_settings, format_value_of, trials_table
from mnistcli.config import ConfigFile
from mnistcli.numbers import format_duration
from mnistcli.sweeps import SweepPlan
from mnistcli.sweeps.study import SweepStudy
from mnistcli.sweeps.trial import State, Trial
from mnistcli.sweeps.trials import SweepObserver

SHOWN_TRIALS = 10
STYLES = {State.FAILED: "red", State.PRUNED: "dim"}


class SweepDisplay(SweepObserver):
    """Shows a sweep on a console; without a terminal, a line for each trial."""

    def __init__(self, console: Console, quiet: bool, plan: SweepPlan) -> None:
        """Take the console."""
        self.console, self.quiet, self.plan = console, quiet, plan
        self.sign = 1
        self.machine: str | None = None
        self.trials: dict[int, Trial] = {}
        self.doing = self.epoch = ""
        self.epochs = plan.config.epochs
        confirmed = plan.confirm.best * plan.confirm.seeds if plan.confirm else 0
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", style="dim"),
            console=console,
            expand=True,
        )
        total = plan.trials + confirmed
        self.task = self.bar.add_task("sweep", total=total, left="")
        self.live = Live(
            console=console, refresh_per_second=4, transient=True, get_renderable=self._render
        )
        self.is_live = console.is_interactive and not quiet

    def show(self, study: SweepStudy) -> None:
        """Take the trials that there are already."""
        self.sign = -1 if study.higher_is_better else 1
        self.machine = study.machine
        self.trials = {trial.number: trial for trial in study.trials()}
        finished = sum(trial.is_finished for trial in self.trials.values())
        surplus = max(0, len(self.trials) - self.plan.trials)
        self.bar.update(self.task, completed=finished)
        self.bar.update(self.task, total=(self.bar.tasks[0].total or 0) + surplus)
        if finished and not self.quiet:
            word = "joined" if self.machine and self._is_new() else "resumed"
            self.console.print(f"{word}: {finished} of {self.plan.trials} trials are behind it")

    def _is_new(self) -> bool:
        return all(trial.machine != self.machine for trial in self.trials.values())

    def __enter__(self) -> Self:
        if self.is_live:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.live.stop()

    def noticed(self, notice: str) -> None:
        """Say what is to be known of a training."""
        self.console.print(Text(f"note: {notice}", style="yellow"), soft_wrap=True)

    def resumed(self, epoch: int, step: int, notices: list[str]) -> None:
        """Say what is to be known of a run that goes on."""
        for notice in notices:
            self.noticed(notice)

    def trial_started(self, trial: Trial, config: ConfigFile | None) -> None:
        """Show the settings of a trial."""
        self.trials[trial.number] = trial
        self.epochs = config.config.epochs if config else 0
        self.doing = f"trial {trial.number}: {format_settings(self.plan, trial)}"
        self.epoch = ""

    def epoch_started(self, epoch: int) -> None:
        """Show the epoch."""
        self.epoch = f", epoch {epoch}/{self.epochs}"

    def trial_finished(self, trial: Trial) -> None:
        """Show the result of a trial."""
        known = self.trials.get(trial.number)
        if known and known.is_finished:
            return
        self.trials[trial.number] = trial
        self._advance()
        if not (self.quiet or self.is_live):
            best = self._ranking()[:1]
            text = Text(self._describe(trial), style=STYLES.get(trial.state, ""))
            text.append(" *" if trial in best else "", style="green")
            self.console.print(text, soft_wrap=True)

    def waiting(self, doing: str) -> None:
        """Show what other machines do."""
        shown = f"waiting for other machines to {doing}"
        if shown != self.doing and not (self.quiet or self.is_live):
            self.console.print(shown, soft_wrap=True)
        self.doing, self.epoch = shown, ""

    def confirmation_started(self, trial: Trial, seed: int) -> None:
        """Show what is trained again."""
        self.doing = f"trial {trial.number} again, with seed {seed}"
        self.epochs, self.epoch = self.plan.config.epochs, ""

    def confirmation_finished(self, trial: Trial, seed: int, value: float | None) -> None:
        """Show the result with another seed."""
        self._advance()
        if not (self.quiet or self.is_live):
            shown = format_value_of(self.plan.goal, value)
            self.console.print(f"trial {trial.number} with seed {seed}: {shown}")

    def _advance(self) -> None:
        self.bar.advance(self.task)
        task = self.bar.tasks[0]
        # Of the trainings of this process: those before may have been on another machine.
        speed = task.speed
        left = f"{format_duration((task.remaining or 0) / speed)} left" if speed else ""
        self.bar.update(self.task, left=left)

    def _ranking(self) -> list[Trial]:
        completed = [each for each in self.trials.values() if each.state is State.COMPLETED]
        return sorted(completed, key=lambda each: self.sign * (each.value or 0.0))

    def _describe(self, trial: Trial) -> str:
        result = f": {self.plan.goal} {format_value_of(self.plan.goal, trial.value)}"
        if trial.state is State.FAILED:
            result = f" failed: {trial.reason}"
        elif trial.state is State.PRUNED:
            result += f", pruned {trial.reason}"
        settings = format_settings(self.plan, trial)
        time_ = format_duration(trial.seconds)
        place = f" on {trial.machine}" if trial.machine != self.machine else ""
        return f"trial {trial.number}{result}, {time_}{place}; {settings}"

    def _render(self) -> RenderableType:
        parts: list[Any] = []
        if ranking := self._ranking()[:SHOWN_TRIALS]:
            parts.append(trials_table(self.plan, ranking))
        failed = sum(each.state is State.FAILED for each in self.trials.values())
        if failed:
            parts.append(Text(f"{failed} failed", style="red"))
        if self.doing:
            parts.append(Text(self.doing + self.epoch, style="cyan"))
        return Group(*parts, self.bar)
