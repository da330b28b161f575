"""The errors a user can cause or mend, with the exit status of each.

A message says what happened, what was expected and how to mend it, one line
each. `mnistcli.cli.app` prints them without a traceback; any other exception is
a programming mistake and keeps its own.
"""

import shlex
import signal

# Those that ask a process to end, and let it tidy up; Windows has no SIGHUP.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def printable(text: str) -> str:
    """One line that a terminal shows as it is, with escapes such as \\x1b for anything else.

    A file name or a key may hold a line break, a code that moves the cursor or turns the
    text around, or bytes that are no UTF-8, which Python holds as lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def command_line(*words: object) -> str:
    """Return an mnistcli command as one types it, with what a shell would split in quotes."""
    return shlex.join(["mnistcli", *map(str, words)])


class MnistcliError(Exception):
    """Anything that a user can mend; its text can be shown as it is.

    Args:
        message: what happened, one line; `args[0]`.
        expected: what was expected instead, or how to mend it; one line each.
    """

    exit_code = 1

    def __init__(self, message: str, *expected: str) -> None:
        super().__init__(message, *expected)

    def __str__(self) -> str:
        return "\n  ".join(map(printable, self.args))


class UsageError(MnistcliError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class ConfigError(MnistcliError):
    """A config file, or an option that overrides it, is wrong."""

    exit_code = 2


class ConfigProblemsError(ConfigError):
    """Lines that each tell of a place in a config, or count them."""

    def __str__(self) -> str:
        return "\n".join(map(printable, self.args))


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
    """A signal asks the process to stop; like KeyboardInterrupt, it is no error."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
