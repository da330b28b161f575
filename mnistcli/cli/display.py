"""What `train` shows: a row per epoch, and on a terminal two live bars below them."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

from mnistcli.engine import EpochProgress, explain_precision
from mnistcli.execution import Execution
from mnistcli.numbers import format_duration
from mnistcli.training import Preparation, TrainingObserver

# Column of metrics.jsonl, heading, width; the last ones go first where there is no room.
_COLUMNS = (
    ("epoch", "epoch", 5),
    ("loss", "loss", 8),
    ("accuracy", "accuracy", 9),
    ("val_loss", "val loss", 9),
    ("val_accuracy", "val acc", 8),
    ("seconds", "time", 8),
    ("images_per_second", "images/s", 9),
    ("learning_rate", "rate", 8),
)


_LABEL_WIDTH = 11
# Two spaces between the columns, and room for the ^C that a terminal echoes behind them.
_SPARE = 5


def _heading(preparation: Preparation) -> tuple[str, ...]:
    """Return a line each for the machine and the network."""
    config = preparation.file.config
    parameters = preparation.network.model.count_params()
    runtime = preparation.runtime
    thread_count = "1 thread" if runtime.threads == 1 else f"{runtime.threads} threads"
    reason = explain_precision(config)
    precision = f"{config.precision} ({reason})" if reason else config.precision
    return (
        f"{runtime.device}, {thread_count} ({runtime.threads_reason}), {runtime.kernels}"
        f"{_describe_execution(runtime.execution)}",
        f"{parameters:,} parameters in {precision}, seed {config.seed}",
    )


def _describe_execution(execution: Execution) -> str:
    if execution.in_xla:
        return ", compiled by XLA (auto: dense layers)"
    return f", {execution.shards} shards a batch" if execution.shards > 1 else ""


class TrainingDisplay(TrainingObserver):
    """Shows a training on a console; without a terminal, only the rows."""

    def __init__(self, console: Console, quiet: bool, has_heading: bool = True) -> None:
        """Take the console.

        Args:
            console: to show it on.
            quiet: show no progress, only notices.
            has_heading: say what trains, and with what.
        """
        self.console = console
        self.has_heading = has_heading
        self.quiet = quiet
        self.columns = _fitting_columns(console.width)
        self.hidden: list[str] = []  # headings of columns without room
        self.has_headings = False
        self.images = 0
        self.epochs = 0
        self.first_epoch = 1
        self.epochs_before = 0
        figures = _Figures(with_speed=console.width >= 72)
        self.bars = Progress(
            _Label(),
            BarColumn(bar_width=max(4, console.width - _LABEL_WIDTH - figures.width - _SPARE)),
            figures,
            console=console,
            transient=True,
            refresh_per_second=5,  # 10 took 5 % of an epoch of the MLP
            disable=quiet or not console.is_interactive,
        )
        self.epoch_bar = self.bars.add_task("epoch", visible=False)
        self.run_bar = self.bars.add_task("run", visible=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def prepared(self, preparation: Preparation) -> None:
        """Say what trains, and with what."""
        self.images = len(preparation.splits.train)
        self.epochs = preparation.file.config.epochs
        self.bars.update(self.epoch_bar, total=self.images)
        if self.has_heading and not self.quiet:
            self.console.print(*_heading(preparation), "", sep="\n")

    def noticed(self, notice: str) -> None:
        """Say what is to be known of this training."""
        self.console.print(Text(f"note: {notice}", style="yellow"), soft_wrap=True)

    def resumed(self, epoch: int, step: int, notices: list[str]) -> None:
        """Say where the run goes on, and what is to be known of it."""
        for notice in notices:
            self.noticed(notice)
        if not self.quiet and (epoch or step):
            where = f"after epoch {epoch}" if step == 0 else f"in epoch {epoch + 1}, step {step:,}"
            self.console.print(f"resumed {where}", "", sep="\n")

    def training_started(self, first_epoch: int, epochs: int, images: int) -> None:
        """Start the bars."""
        self.first_epoch = first_epoch
        self.bars.update(self.run_bar, total=(epochs - first_epoch + 1) * images, visible=True)
        self.bars.start()

    def epoch_started(self, epoch: int) -> None:
        """Empty the epoch's bar."""
        self.epochs_before = epoch - self.first_epoch
        description = f"epoch {epoch}/{self.epochs}"
        self.bars.reset(self.epoch_bar, visible=True, description=description)

    def epoch_progressed(self, progress: EpochProgress) -> None:
        """Move both bars."""
        self.bars.update(
            self.epoch_bar,
            completed=progress.images,
            loss=progress.loss,
            accuracy=progress.accuracy,
        )
        done = self.epochs_before * self.images + progress.images
        self.bars.update(self.run_bar, completed=done)

    def epoch_finished(self, row: dict[str, Any], is_best: bool) -> None:
        """Print the epoch's row, under headings before the first."""
        if self.quiet:
            return
        if not self.has_headings:
            known = [column for column in _COLUMNS if column[0] in row]
            self.hidden = [column[1] for column in known if column not in self.columns]
            self.columns = [column for column in known if column in self.columns]
            titles = "  ".join(f"{title:>{width}}" for _, title, width in self.columns)
            self.console.print(Text(titles, style="bold"))
            self.has_headings = True
        cells = "  ".join(
            f"{_format_cell(column, row[column], row['epoch']):>{width}}"
            for column, _, width in self.columns
        )
        text = Text(cells)
        if is_best:
            text.append(" *", style="green")
        self.console.print(text, style="dim" if row["epoch"] == 0 else None)

    def stopped_early(self, epoch: int, reason: str) -> None:
        """Say why no more epochs follow."""
        if not self.quiet:
            self.console.print(f"stopped after epoch {epoch}: {reason}")

    def training_finished(self) -> None:
        """Take the bars away."""
        self.bars.stop()
        if not self.quiet:
            self.console.print(Text("* best so far", style="dim"))
            if self.hidden:
                names = ", ".join(self.hidden)
                self.console.print(
                    Text(f"no room for {names}; metrics.jsonl has them", style="dim")
                )
            self.console.print()


class _Label(ProgressColumn):
    """'epoch 2/5', or 'run'."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.description:<{_LABEL_WIDTH}}")


class _Figures(ProgressColumn):
    """Loss, accuracy and speed of the epoch, and the time left, each in its place."""

    def __init__(self, with_speed: bool) -> None:
        super().__init__()
        self.with_speed = with_speed
        self.width = 49 if with_speed else 34

    def render(self, task: Task) -> Text:
        parts = []
        if "loss" in task.fields and task.completed:
            loss, accuracy = task.fields["loss"], task.fields["accuracy"]
            parts = [f"loss {loss:.3f}", f"acc {accuracy:6.2%}"]
            if self.with_speed:
                parts.append(f"{task.speed or 0:7,.0f} img/s")
        left = task.time_remaining
        time_left = "" if left is None else f"{format_duration(left)} left"
        figures = "  ".join(parts)
        return Text(f"{figures}{time_left:>{self.width - len(figures)}}", style="dim")


def _fitting_columns(width: int) -> list[tuple[str, str, int]]:
    """As many columns as the console has room for, two spaces between, two after for '*'."""
    fitting: list[tuple[str, str, int]] = []
    used = 0
    for column in _COLUMNS:
        used += column[2] + 2
        if used > width:
            break
        fitting.append(column)
    return fitting


def _format_cell(column: str, value: float, epoch: int) -> str:
    if column == "epoch":
        return str(value)
    if epoch == 0 and column in ("seconds", "images_per_second", "learning_rate"):
        return ""
    if column.endswith("accuracy"):
        return f"{value:.2%}"
    if column == "seconds":
        return format_duration(value)
    if column == "images_per_second":
        return f"{value:,.0f}"
    return f"{value:.3g}" if column == "learning_rate" else f"{value:.4f}"
