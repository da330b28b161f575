"""`mnistcli completion`: what a shell completes after Tab.

The script of a shell calls `mnistcli LINE` with the shell's name in `SHELL_VARIABLE`. Typer has
scripts of its own, but in zsh and fish they import Rich at each Tab, which takes as long as all
the rest, and after `--set epochs=` each adds a space. What finds the completions is private to
Typer, whose version pyproject.toml bounds.
"""

import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
    split_arg_string,
)

SHELL_VARIABLE = "MNISTCLI_COMPLETION"
HELP_WIDTH = 60  # of a description


class Shell(StrEnum):
    """A shell with a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SCRIPTS = {
    Shell.BASH: r"""# In ~/.bashrc: source <(mnistcli completion bash)
_mnistcli() {
  local IFS=$'\n'
  COMPREPLY=($(MNISTCLI_COMPLETION=bash "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  [[ ${COMPREPLY-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _mnistcli mnistcli
""",
    Shell.ZSH: r"""#compdef mnistcli
# In ~/.zshrc, after compinit: source <(mnistcli completion zsh)
_mnistcli() {
  local -a items settings
  items=("${(@f)$(MNISTCLI_COMPLETION=zsh $words[1] "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
  items=(${items:#})
  settings=(${(M)items:#*=})
  items=(${items:#*=})
  (( $#settings )) && compadd -S '' -a settings
  (( $#items )) && _describe mnistcli items
  (( $#settings + $#items )) || _files
}
if [ "$funcstack[1]" = "_mnistcli" ]; then
  _mnistcli "$@"
else
  compdef _mnistcli mnistcli
fi
""",
    Shell.FISH: r"""# In ~/.config/fish/config.fish: mnistcli completion fish | source
function __mnistcli_complete
    set -l line (commandline -cp | string collect)
    set -l items (env MNISTCLI_COMPLETION=fish mnistcli "$line" 2>/dev/null)
    if test (count $items) -gt 0
        printf '%s\n' $items
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command mnistcli --no-files --arguments '(__mnistcli_complete)'
""",
}


def completion_command(
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)
    ],
) -> None:
    """Print a script that completes commands in a shell."""
    typer.echo(SCRIPTS[shell], nl=False)


def print_completions(command: Any, shell: str, line: str) -> None:
    """Print what may follow a command line, one completion a line.

    Args:
        command: the whole command, of Typer.
        shell: whose script asks.
        line: the command line up to the cursor.
    """
    if completions := _Completion(command, shell, line).complete():
        typer.echo(completions)


class _Completion(ShellComplete):
    """Finds the completions as Typer does, and writes them for a script above."""

    def __init__(self, command: Any, shell: str, line: str) -> None:
        super().__init__(command, {}, "mnistcli", SHELL_VARIABLE)
        self.shell, self.line = shell, line
        words = split_arg_string(line)[1:]
        self.word = words.pop() if words and not line[-1].isspace() else ""
        self.words = words

    def get_completion_args(self) -> tuple[list[str], str]:
        return self.words, self.word

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        # With an option that still lacks its value, no argument before it would be read.
        whole = args[:-1] if args and args[-1].startswith("-") else args
        context = _resolve_context(self.cli, self.ctx_args, self.prog_name, whole)
        parameter, incomplete = _resolve_incomplete(context, args, incomplete)
        return parameter.shell_complete(context, incomplete)

    def format_completion(self, item: CompletionItem) -> str:
        value, description = str(item.value), " ".join((item.help or "").split())[:HELP_WIDTH]
        if self.shell == Shell.BASH:
            # To bash, a word begins behind `=` and `:`.
            return value[max(self.word.rfind("="), self.word.rfind(":")) + 1 :]
        if self.shell == Shell.ZSH:
            value = value.replace(":", r"\:")
        return value + (":\t"[self.shell == Shell.FISH] + description if description else "")

    def source_vars(self) -> dict[str, Any]:
        return {}


def complete_names() -> list[str]:
    """Return the names of the configs that come with mnistcli."""
    from mnistcli.gallery import list_names

    return list_names()


def complete_configs(incomplete: str) -> list[str]:
    """Return the configs that come with mnistcli, and YAML files."""
    folder, start = os.path.split(incomplete)
    files = [
        os.path.join(folder, path.name)  # noqa: PTH118  # of ./a, pathlib would make a
        for pattern in ("*.yaml", "*.yml")
        for path in sorted(Path(folder).glob(pattern))
        if path.name.startswith(start)
    ]
    return [*complete_names(), *files]


def complete_runs(incomplete: str) -> list[str]:
    """Return the runs in the runs folder that begin so."""
    from mnistcli.runs import list_folders

    return [name for name in list_folders() if name.startswith(incomplete)]


def complete_settings(context: typer.Context, incomplete: str) -> list[str]:
    """Return the keys of the config that the command line names, as `--set` takes them."""
    from mnistcli.config import Config, dump_config, flatten, load_config, parse_dump
    from mnistcli.errors import MnistcliError

    names = context.params.get("configs") or [context.params.get("config")]
    keys = list(Config.model_fields)
    if names[0] and str(names[0]) != "-":
        with suppress(MnistcliError):
            keys = list(flatten(parse_dump(dump_config(load_config(names[0]).config))))
    return [f"{key}=" for key in keys if f"{key}=".startswith(incomplete)]
