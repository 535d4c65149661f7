"""Routes of the roster's staff: read, written for Grafana, read again by it, and seen to be in force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import typer

from alerting.delivery import folder as files
from alerting.delivery.files import Document
from alerting.delivery.grafana_settings import DeliverySettings
from alerting.routing import FILE, PREFIX, Address, route_file
from alerting.server import Server, ServerError, ServerSettings, UnreachableError
from alerting.staff import staff
from alerting.times import Times
from dataflows.errors import UserError
from dataflows.settings import Settings

RELOAD = "/admin/provisioning/alerting/reload"
RELOAD_S = 600.0  # it writes every contact point anew: 200 of them in 19 s, and twice as many in four times that


def route(folder: Path | None, *, complete: bool, dry_run: bool, starting: bool) -> None:
    """Does what `classpulse alerts route` says.

    Raises:
        UserError: With the reason.
    """
    bot = bool(DeliverySettings().slack_token.get_secret_value())
    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        addresses, unusable = staff(connection)
    if dry_run or folder is None:
        _list(addresses)
    _sum_up(addresses, unusable, bot=bot)
    if dry_run or folder is None:
        typer.echo("nothing was written" if dry_run else "nothing was written: --folder says where to")
        return
    document = route_file(addresses, Times(), known=files.known_uids(folder / FILE), bot=bot)
    _write(folder, document, complete=complete)
    _tell(document, starting=starting)


def _list(addresses: Mapping[str, frozenset[Address]]) -> None:
    for class_id, places in sorted(addresses.items()):
        reported = ", ".join(shown(place) for place in sorted(places)) or "the contact point of all teachers"
        typer.echo(f"{class_id}: {reported}")


def _sum_up(addresses: Mapping[str, frozenset[Address]], unusable: list[str], *, bot: bool) -> None:
    own = sum(map(bool, addresses.values()))
    typer.echo(f"{own} class(es) with staff of their own; all others go to the contact point of all teachers")
    for fault in unusable:
        typer.echo(f"note: {fault}", err=True)
    named = {place for places in addresses.values() for place in places if place.channel == "slack"}
    if not bot and any(not place.is_webhook for place in named):
        typer.echo(
            "note: channels by name need CLASSPULSE_SLACK_TOKEN: a Slack app's webhook posts to its own channel only",
            err=True,
        )


def shown(address: Address) -> str:
    """Returns an address as it may be shown: of a webhook, which is a secret, the host alone.

    Example:
        >>> shown(Address("slack", "https://hooks.slack.com/services/T/B/secret"))
        'a webhook of hooks.slack.com'
    """
    return f"a webhook of {urlsplit(address.target).hostname}" if address.is_webhook else address.target


def _write(folder: Path, document: Document, *, complete: bool) -> None:
    if not folder.is_dir():
        message = f"{folder} is no folder"
        raise UserError(message)
    changed = files.put(folder / FILE, files.written(document))
    others = files.put_shipped(folder) if complete else 0
    typer.echo(f"{folder / FILE}: {'written' if changed else 'as before'}; {others} other file(s) written")


def _tell(document: Document, *, starting: bool) -> None:
    settings = ServerSettings()
    if not settings.url:
        typer.echo("Grafana was not told (GRAFANA_URL is not set): it reads the files when it starts")
        return
    server = Server(settings, RELOAD_S)
    try:
        server.post(RELOAD)
    except UnreachableError:
        if not starting:
            raise
        typer.echo(f"{server.url} does not answer yet: it reads the files when it starts")
        return
    wanted = _shape(document["policies"][0])
    if _shape(server.get("/v1/provisioning/policies")) != wanted:
        message = f"{server.url} read its files again, and not these: the folder must be its provisioning/alerting"
        raise ServerError(message)
    points = {point["name"] for point in document["contactPoints"]}
    typer.echo(f"Grafana knows the routes: {len(points)} contact point(s) of staff ({PREFIX}…)")


def _shape(route: dict[str, Any]) -> tuple[Any, ...]:
    """Returns who hears of what and when it is muted; Grafana writes durations in other words than we do."""
    matchers = sorted(tuple(matcher) for matcher in route.get("object_matchers") or [])
    return (
        route["receiver"],
        [(name, sign, value.replace("$$", "$")) for name, sign, value in matchers],
        route.get("mute_time_intervals") or [],
        [_shape(child) for child in route.get("routes") or []],
    )
