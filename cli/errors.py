"""The one handler of errors: a sentence that says what to do, and an exit code of the table in docs/operations.md."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from typer._click.exceptions import ClickException

from dataflows.errors import Exit
from dataflows.explain import explain

DEFECT = (
    "this is a defect of ClassPulse and not of yours. Please report it with what stands above and what "
    "`classpulse --version` says."
)


@contextmanager
def errors_in_words(command: str) -> Iterator[None]:
    """Ends the command for whatever goes wrong within, with words instead of a traceback where words suffice.

    Args:
        command: As it was typed, such as `classpulse migrate`.

    Raises:
        typer.Exit: With the code that says of which kind it was.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, ClickException):
        raise
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:  # whoever reads our output has seen enough; typer ends quietly
        raise
    except Exception as error:
        found = explain(error)
        if found is None:
            traceback.print_exception(error)
            typer.secho(f"{command}: {DEFECT}", fg="red", err=True)
            raise typer.Exit(Exit.WRONG) from error
        typer.secho(f"{command}: {found.text}", fg="red", err=True)
        raise typer.Exit(found.code) from None
