"""The windows by Quix Streams, in an environment of its own: `quix_job.py BOOTSTRAP TOPIC OUTPUT STATE WARM ALL`.

Keyed by student, as the topic is, so that nothing is repartitioned; a window closes by its partition's time. Each row
is what one student did in one minute; the comparison adds students up.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


class Decode:
    """JSON by orjson, the fastest that Python has; counts the events."""

    def __init__(self, loads: Any, marks: set[int]) -> None:  # noqa: ANN401
        """`marks`: after how many events it says what this process has used."""
        self._loads, self._marks, self.events = loads, marks, 0

    def __call__(self, value: bytes) -> Any:  # noqa: ANN401
        """Returns the event."""
        self.events += 1
        if self.events in self._marks:
            print(json.dumps({"events": self.events, "cpu_s": time.process_time()}), flush=True)
        return self._loads(value)


class Late:
    """Counts what is late, silently."""

    def __init__(self) -> None:
        """Starts at none."""
        self.events = 0

    def __call__(self, *_args: Any) -> bool:  # noqa: ANN401
        """Counts one more; it is not to be logged."""
        self.events += 1
        return False


def first(event: dict[str, Any]) -> dict[str, int]:
    """Begins a student's minute."""
    return {event["class_id"]: 1}


def more(minute: dict[str, int], event: dict[str, Any]) -> dict[str, int]:
    """Counts one more."""
    minute[event["class_id"]] = minute.get(event["class_id"], 0) + 1
    return minute


def main() -> None:
    """Runs until it is ended."""
    import orjson  # type: ignore[import-not-found]  # noqa: PLC0415 (in an environment of its own)
    from quixstreams import Application  # type: ignore[import-not-found]  # noqa: PLC0415
    from quixstreams.models import Deserializer  # type: ignore[import-not-found]  # noqa: PLC0415

    bootstrap, topic, output, state, warm, everything = sys.argv[1:]
    decode, late = Decode(orjson.loads, {int(warm), int(everything)}), Late()

    class Json(Deserializer):  # type: ignore[misc]
        def __call__(self, value: bytes, ctx: Any) -> Any:  # noqa: ANN401, ARG002
            return decode(value)

    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{output}",
        auto_offset_reset="earliest",
        state_dir=state,
        commit_interval=10.0,
        loglevel="WARNING",
        consumer_extra_config={"fetch.queue.backoff.ms": 10},
        producer_extra_config={"linger.ms": 100, "compression.type": "lz4"},
    )
    source = app.topic(
        topic,
        value_deserializer=Json(),
        timestamp_extractor=lambda value, _headers, _timestamp, _kind: value["timestamp"],
    )
    windows = app.dataframe(source).tumbling_window(60_000, grace_ms=60_000, on_late=late)
    windows.reduce(more, first).final(closing_strategy="partition").to_topic(app.topic(output, value_serializer="json"))
    app.run()
    print(json.dumps({"late": late.events}), flush=True)


if __name__ == "__main__":
    main()
