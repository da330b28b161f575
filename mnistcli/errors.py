"""The errors a user can cause or mend, with the exit status of each.

A message says what happened, what was expected and how to mend it, one line
each. `mnistcli.cli.app` prints them without a traceback; any other exception is
a programming mistake and keeps its own.
"""


class MnistcliError(Exception):
    """Anything that a user can mend; its text is shown as it is.

    Args:
        message: what happened.
        expected: what was expected instead, or how to mend it; one line each.
    """

    exit_code = 1

    def __init__(self, message: str, *expected: str) -> None:
        super().__init__("\n".join((message, *(f"  {line}" for line in expected))))


class UsageError(MnistcliError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class ConfigError(MnistcliError):
    """A config file, or an option that overrides it, is wrong."""

    exit_code = 2


class DataError(MnistcliError):
    """A data set is missing, damaged or of another form."""


class ImageError(MnistcliError):
    """A picture cannot be read, or shows nothing."""


class RunError(MnistcliError):
    """A run directory cannot be used, or its training failed."""


class InterruptedTrainingError(MnistcliError):
    """A signal ended the command; the exit status is 128 plus its number."""

    def __init__(self, signal_number: int, message: str, *expected: str) -> None:
        super().__init__(message, *expected)
        self.exit_code = 128 + signal_number


class StopSignal(BaseException):
    """SIGINT or SIGTERM asks the process to stop; like KeyboardInterrupt, it is no error."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
