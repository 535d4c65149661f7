"""The entry of the `classpulse` command; each command lives in the file of its name and is imported when called."""

from __future__ import annotations

import importlib
import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cli.errors import errors_in_words
from cli.style import in_one_style

if TYPE_CHECKING:
    from typer._click.core import Command, Context

# command -> (module, what `--help` lists); the module has an `app: typer.Typer` or a function `command`
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("cli.demo", "The whole path on the embedded default, with a live view."),
    "doctor": ("cli.doctor", "What can be reached, what is wrong, what to do."),
    "migrate": ("cli.migrate", "Bring the database at DATABASE_URL to the current schema."),
    "topics": ("cli.topics", "Create or check the Kafka topics."),
    "flows": ("cli.flows", "List the flows, or write a new one."),
    "run": ("cli.run", "Run flows; `flows list` names them."),
    "member": ("cli.member", "Run one pod of a flow's cluster, whose size may change."),
    "rebuild": ("cli.rebuild", "Recompute results from the archive and the topics."),
    "nightly": ("cli.nightly", "Add late events to their days; roll up or delete what is old."),
    "adopt": ("cli.adopt", "Go on with new topics in the same database, after Kafka was lost."),
    "replay": ("cli.replay", "Publish a log file to Kafka."),
    "simulate": ("cli.simulate", "Publish a realistic, reproducible school day."),
    "serve": ("cli.serve", "The gateway: events in over HTTP, answers out."),
    "token": ("cli.token", "Make, list and revoke tokens of the gateway."),
    "tick": ("cli.tick", "Write progress ticks to every partition."),
    "roster": ("cli.roster", "Load classes, students, staff, timetable and terms."),
    "content": ("cli.content", "Load courses' items: expected times, due dates, pass marks."),
    "calibrate": ("cli.calibrate", "Fit the chance to pass to your own quizzes."),
    "features": ("cli.features", "Rows to learn from, by what was known when each day ended."),
    "predict": ("cli.predict", "Models: train, judge, run."),
    "schema": ("cli.schema", "Print the JSON Schema of an event."),
    "docs": ("cli.docs", "Write the pages about views and tables from the database."),
    "dashboards": ("cli.dashboards", "Build the dashboards' JSON, or check that it is current."),
    "access": ("cli.access", "Who may what in SQL and Grafana: logins, classes, organisations."),
    "student": ("cli.student", "Give a student a copy of all that is kept about them."),
    "lake": ("cli.lake", "Every event as files: list, ask in SQL, compact."),
    "explain": ("cli.explain", "How a number came about: formula, inputs, watermark, final or not."),
    "verify": ("cli.verify", "Recompute class-days from the lake and compare them with the tables."),
    "report": ("cli.report", "A class as a document: PDF, HTML, CSV."),
    "alerts": ("cli.alerts", "Build, backtest, route and try the learning alerts."),
    "remind": ("cli.remind", "Tell students once a day what is due for review."),
    "inbox": ("cli.inbox", "Show what would have gone to Slack, where no Slack is set."),
    "services": ("cli.services", "Start and stop the real parts on loopback, without Docker."),
    "bench": ("cli.bench", "Measure: what docs/performance.md and others claim."),
}


class LazyGroup(TyperGroup):
    """Imports a command's module only when that command is called, so that `--help` stays instant."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Returns the commands in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Returns the command's click object, or None where there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module_name, summary = COMMANDS[cmd_name]
        module: Any = importlib.import_module(module_name)
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.short_help = summary
        return in_one_style(command)

    def invoke(self, ctx: Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Runs the command; whatever goes wrong in it is told in words (`cli.errors`)."""
        with errors_in_words(" ".join([ctx.command_path, *ctx._protected_args])):
            return super().invoke(ctx)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    help="ClassPulse: real-time student-engagement analytics.",
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"classpulse {os.environ.get('CLASSPULSE_VERSION') or version('classpulse')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    show_version: Annotated[  # noqa: ARG001 - `_version` does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """ClassPulse: real-time student-engagement analytics.

    Example: classpulse doctor
    """


if __name__ == "__main__":
    app()
