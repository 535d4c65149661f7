"""What became of a message that was sent to see whether it gets there."""

from __future__ import annotations

import re
from typing import Final

from health.finding import Finding, State, wrong

_URL: Final = re.compile(r"(https?://[^\s/\"']+)[^\s\"']*")

ADVICE: Final = {
    "slack": "Is the webhook's URL right (CLASSPULSE_SLACK_URL, or the staff's in the roster), and does it answer?",
    "email": "Are the mail server and the address right (CLASSPULSE_SMTP_…, GF_SMTP_… of a Grafana of your own)?",
}


def without_secrets(text: str) -> str:
    """Returns an error without the paths of URLs: of a webhook they are the secret.

    Example:
        >>> without_secrets('Post "https://hooks.slack.com/services/T/B/x": EOF')
        'Post "https://hooks.slack.com/…": EOF'
    """
    return _URL.sub(r"\1/…", text)


def lines(findings: list[Finding]) -> list[str]:
    """Returns a line for each place, with what to do where something is wrong."""
    signs = {State.OK: "✓", State.NOTE: "•", State.WRONG: "✗"}
    shown = []
    for one in findings:
        shown.append(f"{signs[one.state]} {one.part}: {one.check}: {one.detail}")
        if one.advice:
            shown.append(f"  → {one.advice}")
    return shown


def not_taken(part: str, check: str, kind: str, error: str) -> Finding:
    """Returns that a place of a kind (`slack`, `email`) did not take a message."""
    return wrong(part, check, without_secrets(error), ADVICE.get(kind, "Read the server's log."))
