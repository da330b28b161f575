"""The errors a user can cause or fix, with the exit status of each.

A message says what happened, what was expected and how to fix it, one line
each. `mnistcli.cli.app` prints these errors without a traceback; any other
exception is a programming mistake and keeps its traceback.
"""

import shlex
import signal

# The signals that ask a process to end, and let it tidy up; Windows has no SIGHUP.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def printable(text: str) -> str:
    r"""Return text as one line that is safe to print, with escapes such as \x1b.

    A file name or a key may hold a line break, a code that moves the cursor or turns the
    text around, or bytes that are not UTF-8, which Python holds as lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return repr(character)[1:-1]


def command_line(*words: object) -> str:
    """Return an mnistcli command to paste into a shell, quoted where necessary."""
    return shell_line("mnistcli", *words)


def shell_line(*words: object) -> str:
    r"""Return a command to paste into a shell, as one line that is safe to print.

    A word with a line break is written as $'a\nb', which bash, zsh and other shells read.
    """
    return " ".join(map(_quote, map(str, words)))


def _quote(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", r"\\").replace("'", r"\'")
    return f"$'{''.join(map(_escape_for_shell, escaped))}'"


def _escape_for_shell(character: str) -> str:
    if not character.isprintable() and "\x80" <= character <= "\xff":
        return rf"\u{ord(character):04x}"  # of \x85 a shell makes a byte, not a character
    return printable(character)


class MnistcliError(Exception):
    """An error that a user can fix; its text can be shown as it is.

    Args:
        message: what happened, one line; `args[0]`.
        hints: what was expected instead, or how to fix it; one line each.
    """

    exit_code = 1

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message, *hints)

    def __str__(self) -> str:
        return "\n  ".join(map(printable, self.args))


class UsageError(MnistcliError):
    """The command line asks for something impossible."""

    exit_code = 2


class ConfigError(MnistcliError):
    """A config file, or an option that overrides it, is wrong."""

    exit_code = 2


class ConfigProblemsError(ConfigError):
    """The problems of a config: one line for each, with its position, and their number."""

    def __str__(self) -> str:
        return "\n".join(map(printable, self.args))


class DataError(MnistcliError):
    """A data set is missing, damaged or in an unknown form."""


class ImageError(MnistcliError):
    """A picture cannot be read, or shows nothing."""


class RunError(MnistcliError):
    """A run directory cannot be used, or its training failed."""


class InterruptedTrainingError(MnistcliError):
    """A signal ended the command; the exit status is 128 plus its number."""

    def __init__(self, signal_number: int, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.exit_code = 128 + signal_number


class StopSignal(BaseException):
    """A signal asks the process to stop; like KeyboardInterrupt, it is not an error."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
