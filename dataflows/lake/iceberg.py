"""The lake as an Iceberg table, for whoever reads that: a projection of the manifest, catalogued in the database.

It owns no file: what the manifest names is added, what it no longer names is taken out, in one commit. So it may be
thrown away and made again at any time, and to project twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import psycopg
from psycopg import conninfo

from dataflows.errors import UserError
from dataflows.lake.query import current
from dataflows.lake.store import Store
from dataflows.settings import Settings

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table

SCHEMA: Final = "lake_catalog"
NAME: Final = ("classpulse", "events")
MISSING: Final = "Iceberg needs two more packages: pip install 'classpulse[lake]'"


def is_installed() -> bool:
    """Whether the packages of the extra `lake` are there."""
    from importlib.util import find_spec  # noqa: PLC0415

    return all(find_spec(name) is not None for name in ("pyiceberg", "pyarrow"))


def catalog(settings: Settings, store: Store) -> SqlCatalog:
    """Returns the catalogue, which lies in schema `lake_catalog` of the database.

    Raises:
        UserError: Where the extra `lake` is not installed.
    """
    if not is_installed():
        raise UserError(MISSING)
    from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 (of the extra `lake`)

    return SqlCatalog(
        "classpulse",
        uri=_uri(settings.database_url.get_secret_value()),
        warehouse=f"{_place(store)}/iceberg",
        init_catalog_tables="false",
        **_access(store),
    )


def project(connection: psycopg.Connection[Any], store: Store, settings: Settings) -> tuple[int, int]:
    """Brings the table to what the manifest names now; returns how many files were added and taken out.

    Call it under the lake's lock (`sweep.alone`), which `classpulse lake compact` does.
    """
    table = _table(catalog(settings, store), store)
    wanted = {f"{_place(store)}/{path}" for path in current(connection)}
    snapshot = table.current_snapshot()
    held = {} if snapshot is None else {task.file.file_path: task.file for task in table.scan().plan_files()}
    gone, added = held.keys() - wanted, sorted(wanted - held.keys())
    if not gone and not added:
        return 0, 0
    with table.transaction() as change:
        if gone:
            with change.update_snapshot().overwrite() as removal:
                for path in gone:
                    removal.delete_data_file(held[path])
        if added:
            change.add_files(added, check_duplicate_files=False)
    return len(added), len(gone)


def forget(store: Store, settings: Settings) -> None:
    """Removes the table and all that its past snapshots say: the bounds of a column name students."""
    found = catalog(settings, store)
    if found.table_exists(NAME):
        found.drop_table(NAME)
    for stored in list(store.list("iceberg")):
        store.delete(stored.path)


def _table(found: SqlCatalog, store: Store) -> Table:
    from pyiceberg.schema import Schema  # noqa: PLC0415 (of the extra `lake`)
    from pyiceberg.types import LongType, NestedField, StringType, TimestamptzType  # noqa: PLC0415

    from dataflows.lake.files import SCHEMA as COLUMNS  # noqa: PLC0415

    kinds = {"String": StringType(), "Int64": LongType()}
    fields = [
        NestedField(number, name, kinds.get(str(dtype), TimestamptzType()), required=False)
        for number, (name, dtype) in enumerate(COLUMNS.items(), 1)
    ]
    found.create_namespace_if_not_exists(NAME[0])
    return found.create_table_if_not_exists(NAME, Schema(*fields), location=f"{_place(store)}/iceberg/events")


def _place(store: Store) -> str:
    return f"file://{store.root}" if store.is_local else store.root


def _uri(database_url: str) -> str:
    """Returns SQLAlchemy's URL of the database, with the catalogue's schema first."""
    parts = {k: str(v) for k, v in conninfo.conninfo_to_dict(database_url).items() if v is not None}
    parts["options"] = f"{parts.get('options', '')} -c search_path={SCHEMA}".strip()
    return "postgresql+psycopg://?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())


def _access(store: Store) -> dict[str, str]:
    names = {
        "endpoint": "s3.endpoint",
        "region": "s3.region",
        "access_key_id": "s3.access-key-id",
        "secret_access_key": "s3.secret-access-key",
    }
    return {names[name]: str(value) for name, value in store.options.items() if name in names}
