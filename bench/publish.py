"""A publisher of load: `python -m bench.publish --events 2000000` or `--rate 5000 --seconds 300`.

Prints one JSON object: what was sent, how many were repeats, and the CPU that it took.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time

from bench.load import Stamps, templates
from bench.studying import Shifts
from dataflows.kafka.producer import Publisher
from dataflows.settings import Settings

_STEP_S = 0.02


def fast(publisher: Publisher, topic: str, stamps: Stamps | Shifts, events: int, per_s: float) -> None:
    """Writes a whole log at once; its event times end now, `per_s` events a second."""
    start_ms = time.time() * 1000 - events / per_s * 1000
    step_ms = 1000 / per_s
    for number in range(events):
        publisher.send(topic, *stamps.next(int(start_ms + number * step_ms)))


def paced(  # noqa: PLR0913
    publisher: Publisher, topic: str, stamps: Stamps | Shifts, rate: float, stop: threading.Event, seconds: float
) -> None:
    """Publishes `rate` events a second, stamped with the current time, in small even steps."""
    began, sent = time.monotonic(), 0
    while (past := time.monotonic() - began) < seconds and not stop.is_set():
        due = int(past * rate)
        now_ms = int(time.time() * 1000)
        for _ in range(due - sent):
            publisher.send(topic, *stamps.next(now_ms))
        sent = max(sent, due)
        publisher.producer.poll(0)
        stop.wait(_STEP_S)


def main() -> None:
    """Publishes and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=0, help="write so many at once")
    parser.add_argument("--per-s", type=float, default=2000, help="their density in event time")
    parser.add_argument("--rate", type=float, default=5000, help="else: events a second")
    parser.add_argument("--seconds", type=float, default=60, help="for so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--load", choices=("plain", "studying"), default="plain")
    args = parser.parse_args()
    settings = Settings()
    publisher = Publisher(settings, {"linger.ms": 5 if not args.events else 50})
    stamps = Shifts(seed=args.seed) if args.load == "studying" else Stamps(templates(), args.seed)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    topic = settings.topic("clickstream_events")
    cpu, wall = time.process_time(), time.monotonic()
    if args.events:
        fast(publisher, topic, stamps, args.events, args.per_s)
    else:
        paced(publisher, topic, stamps, args.rate, stop, args.seconds)
    left = publisher.flush()
    wall_s = time.monotonic() - wall
    report = {
        "sent": publisher.sent,
        "distinct": publisher.sent - stamps.repeats,
        "not_delivered": left + publisher.failed,
        "bytes_an_event": round(stamps.bytes / max(1, publisher.sent)),
        "cpu_share": round((time.process_time() - cpu) / wall_s, 3),
        "events_a_s": round(publisher.sent / wall_s),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
