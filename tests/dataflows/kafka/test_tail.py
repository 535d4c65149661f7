"""How far the event time of a topic has come."""

from __future__ import annotations

from dataflows.kafka.producer import Publisher
from dataflows.kafka.tail import TAIL_RECORDS, newest_event_ms
from dataflows.kafka.ticks import tick_targets
from dataflows.settings import Settings

TICK_MS = 1_760_000_000_000


def test_the_newest_time_of_a_topic_is_that_of_events_and_ticks_whatever_lies_between(mock_kafka: str) -> None:
    settings = Settings(kafka_bootstrap_servers=mock_kafka)
    publisher = Publisher(settings)
    tick_targets(settings)
    for offset in (5, 9, 7):
        publisher.send("clickstream_events", b"a", f'{{"timestamp":{TICK_MS + offset}}}'.encode())
    for junk in (b"nope", b'{"timestamp":"29/02/18"}', b"[]", None):
        publisher.send("clickstream_events", b"a", junk)
    publisher.send_to("module_quiz_events", 2, [("classpulse-tick", str(TICK_MS + 3).encode())])
    publisher.flush(10)
    newest = newest_event_ms(settings, ["clickstream_events", "module_quiz_events", "chapter_view_events", "none"])
    assert newest == {"clickstream_events": TICK_MS + 9, "module_quiz_events": TICK_MS + 3}


def test_a_time_ahead_of_its_append_time_counts_as_that(mock_kafka: str) -> None:
    settings = Settings(kafka_bootstrap_servers=mock_kafka)
    publisher = Publisher(settings)
    publisher.send("clickstream_events", b"a", b'{"timestamp":4000000000000}')
    publisher.flush(10)
    assert newest_event_ms(settings, ["clickstream_events"])["clickstream_events"] < 4_000_000_000_000


def test_only_the_end_of_a_long_topic_is_read(mock_kafka: str) -> None:
    settings = Settings(kafka_bootstrap_servers=mock_kafka)
    publisher = Publisher(settings)
    for number in range(TAIL_RECORDS * 3):
        publisher.send("clickstream_events", b"a", f'{{"timestamp":{TICK_MS - number}}}'.encode())
    publisher.flush(30)
    assert newest_event_ms(settings, ["clickstream_events"]) == {"clickstream_events": TICK_MS - TAIL_RECORDS * 2}
