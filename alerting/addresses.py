"""What an e-mail address and a place in Slack look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_EMAIL: Final = re.compile(r"[^\s@,;<>\"()\\]+@[^\s@,;<>\"()\\]+")
_WEBHOOK: Final = re.compile(r"https?://[^\s/]+/\S+")
_CHANNEL: Final = re.compile(r"#?([^\s#@,;:/]{1,80})")
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{8,}")


def email_address(text: str) -> str:
    """Returns an e-mail address as it is.

    Raises:
        ValueError: It is none.
    """
    if not _EMAIL.fullmatch(text):
        message = "is no e-mail address"
        raise ValueError(message)
    return text


def slack_place(text: str) -> str:
    """Returns an incoming webhook's URL or a channel's id as it is, a channel's name with its #.

    Raises:
        ValueError: It is none of them.

    Example:
        >>> slack_place("7b"), slack_place("C0123456789")
        ('#7b', 'C0123456789')
    """
    if _WEBHOOK.fullmatch(text) or _CHANNEL_ID.fullmatch(text):
        return text
    found = _CHANNEL.fullmatch(text)
    if not found:
        message = "is neither an incoming webhook's URL nor a channel like #7b"
        raise ValueError(message)
    return f"#{found[1].lower()}"


PLACES: Final[dict[str, Callable[[str], str]]] = {"email": email_address, "slack": slack_place}
"""What an address is, by its channel."""

Email = Annotated[str, Field(max_length=254), AfterValidator(email_address)]
