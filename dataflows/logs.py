"""Structured logs on standard error: readable lines for people, JSON for machines."""

from __future__ import annotations

import logging
import sys

import structlog

from dataflows.settings import Settings


def configure_logging(settings: Settings, **context: object) -> None:
    """Sets the process's logging.

    Args:
        settings: Level and format.
        context: Fields that every line carries, such as the flow and the process.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            # not context variables: the threads of Bytewax and librdkafka have none of ours
            lambda _logger, _method, event: {**context, **event},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        # Asked at each line: standard error may have been turned elsewhere since.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
