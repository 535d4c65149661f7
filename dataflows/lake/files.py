"""What the lake's files are called, and what they hold: rows of `events` as Parquet, and records as they came."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from dataflows.batch import Records
from dataflows.events.full import TEXTS

FRESH: Final = "fresh"
"""Folder of processed files as the flow writes them, by task, and of the hours that are not compacted yet."""
RAW: Final = "raw"
STAGING: Final = "staging"
EVENTS: Final = "events"
"""The folder that plain tools glob: compacted files alone, in `date=…/event_name=…`."""

Compression = Literal["zstd", "snappy", "gzip"]
RawCompression = Literal["zstd", "gzip", "none"]

_TIME: Final = pl.Datetime("us", "UTC")

SCHEMA: Final[dict[str, pl.DataType]] = {
    "event_time": _TIME,
    **{name: pl.String() for name in (*TEXTS, "metadata", "topic")},
    "partition": pl.Int64(),
    "kafka_offset": pl.Int64(),
    "ingested_at": _TIME,
    "watermark_before": _TIME,
}
"""The columns of a processed file: those of table `events`, under the same names.

`partition` is the task and `kafka_offset` the place; `metadata` is JSON text. All that decode needs is there.
"""

_NAME: Final = re.compile(r"/task-(\d+)\.g(\d+)\.(?:[0-9a-f]{8}\.)?\d+-(\d+)\.[^/]*$")

ROW_GROUP: Final = 122_880
_ENDING: Final = {"zstd": ".zst", "gzip": ".gz", "none": ""}
_SUFFIX: Final[dict[RawCompression, Literal["zstd", "gzip", "uncompressed"]]] = {
    "zstd": "zstd",
    "gzip": "gzip",
    "none": "uncompressed",
}


@dataclass(frozen=True, slots=True)
class Name:
    """What a file of the flow is called after.

    Attributes:
        task: The task.
        generation: Under which its worker writes: no two workers write one name.
        first: The place of the first record that it holds, over all topics of the task.
        upto: The place after the last one.
    """

    task: int
    generation: int
    first: int
    upto: int

    @property
    def stem(self) -> str:
        """The name without folder and ending.

        Example:
            >>> Name(3, 12, 500, 750).stem
            'task-003.g000012.500-750'
        """
        return f"task-{self.task:03d}.g{self.generation:06d}.{self.first}-{self.upto}"

    def events_path(self) -> str:
        """Returns the path of its processed file."""
        return f"{FRESH}/task-{self.task:03d}/{self.stem}.parquet"

    def raw_path(self, day: str, compression: RawCompression) -> str:
        """Returns the path of its raw file of a day, `YYYY-MM-DD`."""
        folder = day.replace("-", "/")
        return f"{RAW}/clickstream/{folder}/{self.stem}.jsonl{_ENDING[compression]}"


def writer_of(path: str) -> tuple[int, int, int] | None:
    """Returns task, generation and the place after the last one of a file of the flow; None for any other file.

    Example:
        >>> writer_of("fresh/task-003/task-003.g000012.500-750.parquet"), writer_of("events/date=2026-01-01/a.parquet")
        ((3, 12, 750), None)
    """
    found = _NAME.search(path)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def typed(events: pl.DataFrame) -> pl.DataFrame:
    """Returns rows of `events` with the columns and types of a processed file."""
    times = [name for name, dtype in SCHEMA.items() if dtype == _TIME]
    utc = events.with_columns(
        pl.col(name).dt.replace_time_zone("UTC") for name in times if events.schema[name] == pl.Datetime("ms")
    )
    return utc.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def parquet(events: pl.DataFrame, compression: Compression) -> bytes:
    """Returns a processed file."""
    out = io.BytesIO()
    typed(events).write_parquet(out, compression=compression, row_group_size=ROW_GROUP, statistics=True)
    return out.getvalue()


def json_lines(lines: pl.Series, compression: RawCompression) -> bytes:
    """Returns a raw file of lines, each a JSON object."""
    out = io.BytesIO()
    lines.to_frame("line").write_csv(
        out, include_header=False, quote_style="never", compression=_SUFFIX[compression], check_extension=False
    )
    return out.getvalue()


def raw_lines(records: Records, refused: list[int]) -> pl.DataFrame:
    r"""Returns records as they came, one `line` each, and when they were `appended`; ticks are left out.

    What was accepted is JSON and stands as it is under `value`, its line breaks as blanks; what was refused may be
    anything, and stands in base64 under `base64`.

    Args:
        records: Records of one topic-partition.
        refused: Places of those that decode refused.

    Example:
        >>> records = Records("t", 3, [7, 8], [1760000000000] * 2, [None] * 2, [b'{"a":1}', b"?"])
        >>> print(*raw_lines(records, [8])["line"], sep="\n")
        {"topic":"t","partition":3,"offset":7,"append_ms":1760000000000,"value":{"a":1}}
        {"topic":"t","partition":3,"offset":8,"append_ms":1760000000000,"base64":"Pw=="}
    """
    frame = pl.DataFrame(
        {
            "offset": pl.Series(records.offsets, dtype=pl.Int64),
            "append_ms": pl.Series(records.append_ms, dtype=pl.Int64),
            "value": pl.Series(records.values, dtype=pl.Binary),
        }
    ).with_columns(refused=pl.col("offset").is_in(refused))
    if records.ticks:
        frame = frame.filter(pl.Series([tick is None for tick in records.ticks]))
    text = pl.when(~pl.col("refused")).then(pl.col("value")).cast(pl.String).str.replace_all("[\r\n]", " ")
    coded = pl.concat_str(pl.lit(',"base64":"'), pl.col("value").bin.encode("base64").fill_null(""), pl.lit('"}'))
    return frame.select(
        pl.col("append_ms").cast(pl.Datetime("ms")).alias("appended"),
        pl.concat_str(
            pl.lit(f'{{"topic":{json.dumps(records.topic)},"partition":{records.partition},"offset":'),
            pl.col("offset"),
            pl.lit(',"append_ms":'),
            pl.col("append_ms"),
            pl.when(pl.col("refused")).then(coded).otherwise(pl.concat_str(pl.lit(',"value":'), text, pl.lit("}"))),
        ).alias("line"),
    )
