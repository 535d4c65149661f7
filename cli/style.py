"""One style for the help of all commands: names of values in capitals, paragraphs that flow, examples on their own."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer._click.core import Command

_TYPES: dict[type, str] = {int: "NUMBER", float: "NUMBER", Path: "PATH", datetime: "DATE", str: "TEXT"}


def in_one_style(command: Command) -> Command:
    """Returns the command, and those below it, with their help in the house's style."""
    if command.help:
        command.help = flowing(command.help)
    for parameter in command.params:
        if isinstance(parameter, TyperArgument):
            parameter.metavar = (parameter.metavar or singular(parameter.name or "")).strip("[.]").upper()
            parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]  # noqa: ARG005
        elif isinstance(parameter, TyperOption) and parameter.metavar is None:
            parameter.metavar = _metavar(parameter)
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            in_one_style(below)
    return command


def flowing(text: str) -> str:
    r"""Returns a docstring with one line a paragraph: terminals are of many widths.

    Example:
        >>> flowing("Do it.\n\nAll of it,\nat once.\n\nExample: classpulse x\n")
        'Do it.\n\nAll of it, at once.\n\nExample: classpulse x'
    """
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def singular(name: str) -> str:
    """Returns the name of one value of several.

    Example:
        >>> singular("files"), singular("class")
        ('file', 'class')
    """
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _metavar(option: TyperOption) -> str | None:
    """Returns what stands for an option's value; nothing for a flag, and choices are left to speak for themselves."""
    if option.is_flag:
        return ""
    described: Any = option.type_descriptor
    if described.is_choice:
        return None
    kind = described.annotation
    return next((name for each, name in _TYPES.items() if each is kind or str(each.__name__) in str(kind)), "TEXT")
