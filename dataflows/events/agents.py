"""From a browser's user agent to device type, system and browser, in a small and stable vocabulary."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ua_parser import Parser, Result
from ua_parser.basic import Resolver
from ua_parser.loaders import load_lazy_builtins

LONGEST: Final = 512
"""Characters that are read: real ones are shorter, and patterns take time."""
CACHED: Final = 4096
"""User agents that are remembered; a school has some hundreds, and one costs a millisecond."""
SPELLINGS: Final = ("user_agent", "userAgent")
"""The names that a user agent goes by, the better one first."""
OTHER: Final = "Other"
"""A system or browser that is known and has no name of its own here."""

_SYSTEMS: Final = {
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "Chrome OS": "ChromeOS",
    "iOS": "iOS",
    "Android": "Android",
    **dict.fromkeys(
        ("Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "CentOS", "SUSE", "Arch Linux", "Linux Mint", "Gentoo"),
        "Linux",
    ),
}
_DESKTOPS: Final = frozenset({"Windows", "macOS", "ChromeOS", "Linux"})
_BROWSERS: Final = (  # the first that the family contains: "Chrome Mobile WebView", "Mobile Safari UI/WKWebView"
    ("Edge", "Edge"),
    ("Samsung", "Samsung Internet"),
    ("Opera", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SCRIPTS: Final = frozenset(
    {"curl", "Wget", "Python Requests", "Python-urllib", "Python aiohttp", "Go-http-client", "Apache-HttpClient"}
    | {"Java", "libwww-perl", "HeadlessChrome", "PhantomJS"}
)
_TV: Final = re.compile(r"\b(smart-?tv|hbbtv|apple ?tv|tvos|google ?tv|android ?tv|bravia|crkey|roku|tv)\b", re.I)
_CONSOLE: Final = re.compile(r"\b(playstation|xbox|nintendo)\b", re.I)
_TABLET: Final = re.compile(r"\b(ipad|tablet|kindle|silk)\b", re.I)
_PHONE: Final = re.compile(r"\b(mobile|iphone|ipod|phone|blackberry|bb10|kaios|opera mini)\b", re.I)


class Agent(NamedTuple):
    """What a user agent says.

    Attributes:
        device_type: `desktop`, `mobile`, `tablet`, `tv`, `console` or `bot`.
        os: `Windows`, `macOS`, `ChromeOS`, `Linux`, `iOS`, `Android` or `Other`.
        browser: `Chrome`, `Edge`, `Firefox`, `Safari`, `Opera`, `Samsung Internet`, `Internet Explorer` or `Other`.
    """

    device_type: str | None
    os: str | None
    browser: str | None


def agent_of(user_agent: str) -> Agent:
    """Returns what a user agent says; None where it does not say it.

    Example:
        >>> agent_of("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0")
        Agent(device_type='desktop', os='Linux', browser='Firefox')
        >>> agent_of("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").device_type
        'bot'
    """
    return _agent_of(user_agent[:LONGEST])


def user_agent_in(metadata: dict[str, Any] | None) -> str | None:
    """Returns the user agent among an event's metadata, where fields and parts without a place of their own end up.

    Example:
        >>> user_agent_in({"userAgent": "curl/8.0"}), user_agent_in({"device": {"user_agent": "curl/8.0"}})
        ('curl/8.0', 'curl/8.0')
    """
    for part in (metadata, (metadata or {}).get("device")):
        if isinstance(part, dict):
            for name in SPELLINGS:
                if name in part:
                    text = part[name]
                    return text.replace("\0", "") or None if isinstance(text, str) else None
    return None


@lru_cache(maxsize=CACHED)
def _agent_of(text: str) -> Agent:
    found = _parser().parse(text)
    os = _SYSTEMS.get(found.os.family, OTHER) if found.os else None
    return Agent(_device_type(text, found, os), os, _browser(found))


@lru_cache(maxsize=1)
def _parser() -> Parser:
    # The plain resolver, whatever else is installed: what is read must not depend on the machine.
    return Parser(Resolver(load_lazy_builtins()))


def _browser(found: Result) -> str | None:
    if found.user_agent is None:
        return None
    family = found.user_agent.family
    if family in {"IE", "IE Mobile"}:
        return "Internet Explorer"
    return next((name for part, name in _BROWSERS if part in family), OTHER)


def _device_type(text: str, found: Result, os: str | None) -> str | None:
    if (found.device and found.device.family == "Spider") or (found.user_agent and found.user_agent.family in _SCRIPTS):
        return "bot"
    if _TV.search(text):
        return "tv"
    if _CONSOLE.search(text):
        return "console"
    # Browsers of Android say Mobile on phones and nothing on tablets; apps say nothing at all.
    if _TABLET.search(text) or (os == "Android" and text.startswith("Mozilla") and not _PHONE.search(text)):
        return "tablet"
    if os in {"iOS", "Android"} or _PHONE.search(text):
        return "mobile"
    return "desktop" if os in _DESKTOPS else None
