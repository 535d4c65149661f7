"""The micro-batch source on a real broker, and on the mock where it can do as much."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from dataflows.claim import READABLE_VERSIONS, SNAPSHOT_VERSION, Claim, RefusedError, Seed
from dataflows.eras import ERA
from dataflows.kafka import watch
from dataflows.kafka.flush_timer import FlushTimer
from dataflows.kafka.log import LogFacts, PartitionCountError
from dataflows.kafka.partition import TaskPartition
from dataflows.kafka.pending import Pending
from dataflows.kafka.source import KafkaSource
from dataflows.kafka.start import position
from dataflows.kafka.topics import timestamp_types
from dataflows.kafka.watch import LogWatch
from dataflows.settings import Settings
from local.kafka import Kafka
from tests.conftest import start
from tests.dataflows.kafka import reading
from tests.dataflows.kafka.reading import (
    FLOW,
    UNCLAIMED,
    drain,
    offsets,
    partition_counts,
    poll,
    read_until,
    settings,
    source,
    values,
    write,
)
from tests.waiting import until

CLICKS, CHAPTERS, ALIAS = "clickstream_events", "chapter_view_events", "lms_clickstream"
REBUILD = "classpulse rebuild engagement"


@pytest.fixture(params=["mock_kafka", "kafka"])
def here(request: pytest.FixtureRequest, topic_prefix: str) -> Settings:
    """Settings for a broker of each kind, with two input topics of two partitions at least."""
    found = settings(request.getfixturevalue(request.param), topic_prefix, batch_records=10)
    if request.param == "kafka":
        reading.make(found.kafka_bootstrap_servers, {topic_prefix + name: 2 for name in (CLICKS, CHAPTERS)})
    return found


@pytest.fixture
def real(kafka: str, topic_prefix: str) -> Settings:
    """Settings for the real broker, with one input topic of two partitions."""
    reading.make(kafka, {topic_prefix + CLICKS: 2})
    return settings(kafka, topic_prefix, batch_records=10)


def numbers(count: int, since: int = 0) -> list[bytes | None]:
    return [str(number).encode() for number in range(since, since + count)]


def test_until_caught_up_reads_every_topic_of_the_task_to_its_end_as_it_was_and_then_ends(here: Settings) -> None:
    servers, clicks, chapters = here.kafka_bootstrap_servers, here.topic(CLICKS), here.topic(CHAPTERS)
    write(servers, clicks, numbers(35), partition=1)
    write(servers, clicks, numbers(3, since=900), partition=0)
    write(servers, chapters, numbers(4, since=500), partition=1)
    part = source(here, [CLICKS, CHAPTERS], until=True).build_part("source", "001", None)
    batches = drain(part)
    assert values(batches, clicks) == numbers(35)
    assert values(batches, chapters) == numbers(4, since=500)
    assert offsets(batches, clicks) == list(range(35))
    assert {batch.task for batch in batches} == {1}
    assert max(sum(len(r.offsets) for r in batch.records) for batch in batches) <= 10
    assert batches[-1].offsets == {clicks: 35, chapters: 4}
    assert batches[-1].flush


def test_parts_are_named_so_that_their_sorted_order_is_that_of_the_partitions(here: Settings) -> None:
    write(here.kafka_bootstrap_servers, here.topic(CLICKS), [b"1"])
    names = source(here, [CLICKS]).list_parts()
    assert names == sorted(names) == [f"{task:03d}" for task in range(len(names))]


def test_a_snapshot_holds_the_offsets_of_what_was_emitted_and_a_resumed_part_goes_on_from_there(here: Settings) -> None:
    servers, clicks = here.kafka_bootstrap_servers, here.topic(CLICKS)
    write(servers, clicks, numbers(57))
    first = source(here, [CLICKS]).build_part("source", "000", None)
    before = read_until(first, clicks, 20)
    first._fetch()  # polled, and not emitted yet
    state = first.snapshot()
    first.close()
    assert state["offsets"] == {clicks: len(offsets(before, clicks))}
    committed = replace(UNCLAIMED, offsets=state["written"])  # where a flush has come meanwhile
    second = source(here, [CLICKS], committed, until=True).build_part("source", "000", state)
    assert values([*before, *drain(second)], clicks) == numbers(57)


def test_rows_of_history_are_due_at_the_first_flush_then_after_their_interval_and_at_the_end(here: Settings) -> None:
    write(here.kafka_bootstrap_servers, here.topic(CLICKS), [b"1"])
    rarely = here.model_copy(update={"history_interval_s": 3600.0})
    part = source(rarely, [CLICKS]).build_part("source", "001", None)
    flushes = [until(lambda: poll(part))[0] for _ in range(3)]
    part.close()
    assert [batch.history for batch in flushes if batch.flush] == [True, False, False]
    often = here.model_copy(update={"history_interval_s": 1e-9})
    part = source(often, [CLICKS]).build_part("source", "001", None)
    flushes = [until(lambda: poll(part))[0] for _ in range(3)]
    part.close()
    assert all(batch.history for batch in flushes)
    ended = drain(source(rarely, [CLICKS], until=True).build_part("source", "000", None))
    assert (ended[-1].flush, ended[-1].history) == (True, True)


def test_a_flush_without_records_is_a_batch_too(here: Settings) -> None:
    write(here.kafka_bootstrap_servers, here.topic(CLICKS), [b"1"])
    part = source(here, [CLICKS]).build_part("source", "001", None)
    [batch] = until(lambda: poll(part))
    part.close()
    assert batch.flush
    assert batch.records == []
    assert batch.offsets == {here.topic(CLICKS): 0}


def test_of_tasks_for_which_something_has_always_come_each_is_written_at_every_flush(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.make(kafka, {topic_prefix + CLICKS: 4})
    busy = settings(kafka, topic_prefix)
    for task in range(4):
        write(kafka, busy.topic(CLICKS), numbers(5000), partition=task)
    monkeypatch.setattr(Pending, "room", lambda _self: 1)  # a poll leaves something for the next one
    made = source(busy, [CLICKS])
    parts = [made.build_part("source", f"{task:03d}", None) for task in range(4)]
    for part in parts:
        until(part._fetch)
    flushes = [0] * 4

    def flushed() -> int:
        for task, part in enumerate(parts):
            flushes[task] += sum(batch.flush for batch in part.next_batch())
        return parts[0]._timer.number >= 8

    until(flushed)
    assert all(part._fetch() for part in parts), "a log has been read to its end"
    for part in parts:
        part.close()
    assert min(flushes) >= 7, flushes


def test_ticks_are_told_from_tombstones_and_from_events(here: Settings) -> None:
    servers, clicks = here.kafka_bootstrap_servers, here.topic(CLICKS)
    write(servers, clicks, [b"{}", None])
    write(servers, clicks, [None], tick=b"1700000000000")
    for broken in (b"soon", b"-5", b"", b"1" * 16):
        write(servers, clicks, [None], tick=broken)
    write(servers, clicks, [b"{}"], tick=b"1700000000000")
    found = drain(source(here, [CLICKS], until=True).build_part("source", "000", None))
    ticks = [tick for batch in found for records in batch.records for tick in records.ticks or [None] * 99]
    assert values(found, clicks) == [b"{}", *[None] * 6, b"{}"]
    assert ticks[:8] == [None, None, 1_700_000_000_000, *[None] * 5]


def test_append_times_are_the_brokers(real: Settings) -> None:
    write(real.kafka_bootstrap_servers, real.topic(CLICKS), [b"1"])
    batches = drain(source(real, [CLICKS], until=True).build_part("source", "000", None))
    [records] = [records for batch in batches for records in batch.records]
    assert abs(records.append_ms[0] - time.time() * 1000) < 60_000


def test_another_name_of_a_topic_is_read_where_it_exists(real: Settings) -> None:
    servers, alias = real.kafka_bootstrap_servers, real.topic(ALIAS)
    assert drain(source(real, [CLICKS], optional=[ALIAS], until=True).build_part("s", "000", None))[-1].offsets == {
        real.topic(CLICKS): 0
    }
    reading.make(servers, {alias: 2})
    write(servers, alias, [b"1", b"2"])
    part = source(real, [CLICKS], optional=[ALIAS], until=True).build_part("s", "000", None)
    assert values(drain(part), alias) == [b"1", b"2"]


def test_offsets_are_told_to_the_consumer_group_after_a_snapshot(real: Settings) -> None:
    write(real.kafka_bootstrap_servers, real.topic(CLICKS), numbers(7))
    part = source(real, [CLICKS]).build_part("source", "000", None)
    read_until(part, real.topic(CLICKS), 7)
    part.snapshot()
    group = Consumer({"bootstrap.servers": real.kafka_bootstrap_servers, "group.id": f"classpulse-{FLOW}"})
    place = TopicPartition(real.topic(CLICKS), 0)
    until(lambda: poll(part) is not None and group.committed([place], timeout=10)[0].offset == 7)
    group.close()
    part.close()


def test_topics_that_are_missing_or_of_unequal_counts_are_refused_with_advice(real: Settings) -> None:
    with pytest.raises(PartitionCountError, match="`classpulse topics`"):
        source(real, [CLICKS, CHAPTERS]).list_parts()
    reading.make(real.kafka_bootstrap_servers, {real.topic(CHAPTERS): 3})
    with pytest.raises(PartitionCountError, match="equal partition counts.*CLASSPULSE_TOPIC_PREFIX"):
        source(real, [CLICKS, CHAPTERS]).list_parts()


def test_topics_with_their_producers_times_are_refused_with_how_to_alter_them(real: Settings) -> None:
    admin, topic = AdminClient({"bootstrap.servers": real.kafka_bootstrap_servers}), real.topic(CLICKS)

    def become(kind: str) -> None:
        entry = ConfigEntry("message.timestamp.type", kind, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        for altered in admin.incremental_alter_configs([resource]).values():
            altered.result(15)
        until(lambda: timestamp_types(admin, [topic]) == {topic: kind})

    become("CreateTime")
    with pytest.raises(
        RefusedError, match=f"(?s){re.escape(topic)}: .*kafka-configs.sh.*--entity-name {re.escape(topic)} "
    ):
        source(real, [CLICKS]).list_parts()
    become("LogAppendTime")
    assert source(real, [CLICKS]).list_parts() == ["000", "001"]


def test_a_partition_count_that_changes_while_the_flow_runs_is_refused_with_advice(real: Settings) -> None:
    part = source(real, [CLICKS]).build_part("source", "000", None)
    add_partitions(real, 3)
    with pytest.raises(PartitionCountError, match="changed from 2 to 3.*CLASSPULSE_TOPIC_PREFIX"):
        until(lambda: poll(part) and False, timeout_s=20)
    part.close()


def test_a_partition_count_that_changed_since_the_snapshot_is_refused_with_advice(real: Settings) -> None:
    part = source(real, [CLICKS]).build_part("source", "000", None)
    state = part.snapshot()
    part.close()
    add_partitions(real, 3)
    with pytest.raises(RefusedError, match="2 partitions.*now 3.*CLASSPULSE_TOPIC_PREFIX"):
        source(real, [CLICKS]).build_part("source", "000", state)


def test_a_partition_count_that_changed_since_results_were_written_is_refused_though_the_store_is_lost(
    real: Settings,
) -> None:
    topic = real.topic(CLICKS)
    claim = replace(UNCLAIMED, offsets={topic: 0}, partitions={topic: 2, "of another flow": 7})
    source(real, [CLICKS], claim).build_part("source", "000", None).close()
    add_partitions(real, 3)
    for task in ("000", "002"):  # a new partition's worker may be the only one to meet this
        with pytest.raises(RefusedError, match="2 partitions.*now 3.*CLASSPULSE_TOPIC_PREFIX"):
            source(real, [CLICKS], claim).build_part("source", task, None)


def test_of_a_snapshot_and_what_a_rebuild_left_the_newer_wins(real: Settings) -> None:
    topic = real.topic(CLICKS)
    write(real.kafka_bootstrap_servers, topic, numbers(5))
    facts = LogFacts.read(real, [topic], [])
    left = Seed(position(facts, {topic: 2}, {topic: 2}, 8), {"step": b"rebuilt"})

    def begun(generation: int) -> list[int]:
        """Where a task begins whose snapshot is of a generation."""
        claim = Claim(generation + 9, {topic: 2}, facts.cluster_id, facts.topic_ids)
        taken = position(facts, {topic: 3}, {topic: 2}, generation)
        seed = lambda _flow, _task, after: left if after < 8 else None  # noqa: E731
        made = KafkaSource(real, FLOW, [topic], [], lambda *_: claim, seed=seed, until_caught_up=True)
        batches = drain(made.build_part("source", "000", taken))
        assert bool(batches[0].seed) == (generation < 8)
        return offsets(batches, topic)

    assert (begun(7), begun(8), begun(9)) == ([2, 3, 4], [3, 4], [3, 4])


def test_a_snapshot_of_a_claim_that_the_database_lost_is_refused(real: Settings) -> None:
    part = source(real, [CLICKS]).build_part("source", "000", None)
    state = part.snapshot() | {"generation": 1 << 40}
    part.close()
    with pytest.raises(RefusedError, match=f"restored from an older backup.*{REBUILD}"):
        source(real, [CLICKS]).build_part("source", "000", state)


def test_a_snapshot_of_another_version_of_the_code_is_refused_naming_rebuild(real: Settings) -> None:
    part = source(real, [CLICKS]).build_part("source", "000", None)
    assert part.snapshot()["version"] == SNAPSHOT_VERSION
    state = part.snapshot() | {"version": min(READABLE_VERSIONS) - 1}
    part.close()
    for known in READABLE_VERSIONS:
        source(real, [CLICKS]).build_part("source", "000", state | {"version": known}).close()
    with pytest.raises(
        RefusedError, match=f"another version of the code. Delete the recovery store and run `{REBUILD}`"
    ):
        source(real, [CLICKS]).build_part("source", "000", state)


def add_partitions(here: Settings, count: int) -> None:
    admin = AdminClient({"bootstrap.servers": here.kafka_bootstrap_servers})
    topic = here.topic(CLICKS)
    admin.create_partitions([NewPartitions(topic, count)])[topic].result(15)
    until(lambda: partition_counts(admin)[topic] == count)


@pytest.mark.parametrize("remembered_by", ["database", "snapshot"])
def test_a_topic_that_was_made_again_is_refused(real: Settings, remembered_by: str) -> None:
    topic = real.topic(CLICKS)
    part = source(real, [CLICKS], until=True).build_part("source", "000", None)
    state = part.snapshot()
    part.close()
    claim = replace(UNCLAIMED, cluster_id=state["cluster_id"], topic_ids=state["topic_ids"])
    source(real, [CLICKS], claim).build_part("source", "000", state).close()  # the same topic is taken
    make_again(real, topic)
    by_database = remembered_by == "database"
    with pytest.raises(RefusedError, match=f"made again since the {remembered_by} was written.*`classpulse adopt`"):
        source(real, [CLICKS], claim if by_database else UNCLAIMED).build_part(
            "source", "000", None if by_database else state
        )


@pytest.mark.parametrize("records", [0, 3, 40], ids=["empty", "shorter", "longer"])
def test_a_topic_that_is_made_again_under_a_running_worker_is_refused_and_nothing_of_it_is_written(
    real: Settings, records: int
) -> None:
    topic, servers = real.topic(CLICKS), real.kafka_bootstrap_servers
    write(servers, topic, numbers(10))
    part = source(real, [CLICKS]).build_part("source", "000", None)
    batches = read_until(part, topic, 10)
    until(lambda: [*poll(part), batches[-1]][0].writes)
    make_again(real, topic)
    write(servers, topic, numbers(records, since=100))
    written = [{topic: 10}]

    def go_on() -> None:
        written.extend(batch.offsets for batch in poll(part) if batch.writes)

    with pytest.raises(RefusedError, match="was deleted and made again while it was read.*`classpulse adopt`"):
        until(go_on)
    part.close()
    assert written[-1] == {topic: 10}


def test_a_log_that_lost_its_end_and_has_grown_beyond_what_was_read_is_refused(real: Settings) -> None:
    topic, servers = real.topic(CLICKS), real.kafka_bootstrap_servers
    write(servers, topic, numbers(40))
    part = source(real, [CLICKS]).build_part("source", "000", None)
    read_until(part, topic, 10)
    state = part.snapshot()
    part.close()
    assert state["epochs"].keys() == {topic}
    again = source(real, [CLICKS], replace(UNCLAIMED, offsets=state["written"]), until=True)
    assert offsets(drain(again.build_part("source", "000", state)), topic)[-1] == 39, "the log that was read is taken"
    # What was read was of a leader that this log has never had.
    of_a_lost_leader = state | {"epochs": {topic: state["epochs"][topic] + 5}}
    part = again.build_part("source", "000", of_a_lost_leader | {"generation": 0})
    with pytest.raises(RefusedError, match="has lost its end.*grown again.*`classpulse adopt --lost-end`"):
        until(lambda: poll(part) and False)
    part.close()


def test_a_topic_that_is_deleted_under_a_running_worker_is_refused(
    real: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_GONE_S", 0.2)
    topic = real.topic(CLICKS)
    part = source(real, [CLICKS]).build_part("source", "000", None)
    read_until(part, topic, 0)
    admin = AdminClient({"bootstrap.servers": real.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result(15)
    with pytest.raises(RefusedError, match="was deleted while it was read.*`classpulse adopt`"):
        until(lambda: poll(part) and False)
    part.close()


def make_again(here: Settings, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": here.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result(15)
    until(lambda: topic not in partition_counts(admin))
    reading.make(here.kafka_bootstrap_servers, {topic: 2})


def test_results_of_another_cluster_are_refused(real: Settings) -> None:
    claim = replace(UNCLAIMED, cluster_id="elsewhere")
    with pytest.raises(RefusedError, match="holds results of Kafka cluster elsewhere"):
        source(real, [CLICKS], claim).build_part("source", "000", None)


def test_a_log_begun_anew_is_read_from_its_beginning_and_stands_after_the_old_one(real: Settings) -> None:
    topic, servers = real.topic(CLICKS), real.kafka_bootstrap_servers
    write(servers, topic, numbers(5))
    facts = LogFacts.read(real, [topic], [])
    begin = {topic: ERA}
    claim = Claim(1, begin, facts.cluster_id, facts.topic_ids, begin)
    seed = Seed(position(facts, begin, begin, 0), {"step": b"state"})
    of_the_old_log = seed.position | {"cluster_id": "elsewhere", "offsets": {topic: 99}, "written": {topic: 99}}
    made = KafkaSource(real, FLOW, [topic], [], lambda *_: claim, seed=lambda *_: seed, until_caught_up=True)
    part = made.build_part("source", "000", of_the_old_log)
    batches = drain(part)
    assert (batches[0].seed, batches[0].records) == (seed.states, []), "ahead of all records, and of any snapshot"
    assert values(batches, topic) == numbers(5)
    assert offsets(batches, topic) == list(range(ERA, ERA + 5))
    assert batches[-1].ends == {topic: ERA + 5}

    again = source(real, [CLICKS], claim, until=True).build_part(
        "source", "000", seed.position | {"offsets": {topic: ERA + 3}}
    )
    assert values(drain(again), topic) == numbers(2, since=3)


def test_offsets_beyond_the_logs_end_are_refused(here: Settings) -> None:
    topic = here.topic(CLICKS)
    write(here.kafka_bootstrap_servers, topic, numbers(3))
    claim = replace(UNCLAIMED, offsets={topic: 4})
    with pytest.raises(RefusedError, match="ends at offset 3, but offset 4 was already read"):
        source(here, [CLICKS], claim).build_part("source", "000", None)
    source(here, [CLICKS], replace(UNCLAIMED, offsets={topic: 3})).build_part("source", "000", None).close()


def test_a_log_whose_start_is_gone_is_refused_naming_rebuild_unless_it_is_a_first_start_that_may(
    real: Settings,
) -> None:
    topic = real.topic(CLICKS)
    state = trimmed(real, count=9, upto=4)
    for offset in (0, 3):
        state["offsets"] = {topic: offset}
        with pytest.raises(
            RefusedError, match=re.escape(f"begins at offset 4, results need {offset}") + f".*{REBUILD}"
        ):
            source(real, [CLICKS], from_oldest=True).build_part("source", "000", state)
    with pytest.raises(RefusedError, match="results need 0.*--from-oldest"):
        source(real, [CLICKS]).build_part("source", "000", None)
    with pytest.raises(RefusedError, match="results need 0"):
        claim = replace(UNCLAIMED, offsets={topic: 5})
        source(real, [CLICKS], claim, from_oldest=True).build_part("source", "000", None)
    part = source(real, [CLICKS], from_oldest=True, until=True).build_part("source", "000", None)
    assert offsets(drain(part), topic) == [4, 5, 6, 7, 8]
    state["offsets"] = {topic: 6}
    assert offsets(drain(source(real, [CLICKS], until=True).build_part("source", "000", state)), topic) == [6, 7, 8]


def test_a_log_that_loses_what_was_not_read_yet_while_the_flow_runs_is_refused_naming_rebuild(real: Settings) -> None:
    trimmed(real, count=9, upto=4)
    facts = LogFacts.read(real, [real.topic(CLICKS)], [])
    places = {real.topic(CLICKS): 1}
    part = TaskPartition(
        real, FLOW, 0, facts, UNCLAIMED, places, FlushTimer(0.05, LogWatch(real, facts)), until_caught_up=False
    )
    with pytest.raises(RefusedError, match=f"no longer has offset.*{REBUILD}"):
        until(lambda: poll(part) and False, timeout_s=20)
    part.close()


def trimmed(here: Settings, count: int, upto: int) -> dict[str, object]:
    """Writes `count` records, deletes those below `upto`; returns a snapshot of the source."""
    topic = here.topic(CLICKS)
    write(here.kafka_bootstrap_servers, topic, numbers(count))
    part = source(here, [CLICKS]).build_part("source", "000", None)
    state = part.snapshot()
    part.close()
    admin = AdminClient({"bootstrap.servers": here.kafka_bootstrap_servers})
    place = TopicPartition(topic, 0, upto)
    admin.delete_records([place])[place].result(15)
    return state


@pytest.mark.long
def test_a_broker_that_restarts_costs_nothing_but_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    broker = Kafka(tmp_path_factory.mktemp("broker"))
    start("kafka", broker)
    try:
        here = settings(broker.bootstrap, batch_records=10)
        topic = here.topic(CLICKS)
        reading.make(broker.bootstrap, {topic: 1})
        write(broker.bootstrap, topic, numbers(20))
        part = source(here, [CLICKS]).build_part("source", "000", None)
        batches = read_until(part, topic, 20)
        until(lambda: [*poll(part), batches[-1]][0].writes)  # the broker has told that they are of its topic
        broker.stop()
        flushes = 0

        def has_flushed() -> bool:
            nonlocal flushes
            flushes += sum(batch.flush for batch in poll(part))
            return flushes >= 5

        until(has_flushed)  # away: the pulse goes on, nothing is raised
        assert part.snapshot()["offsets"] == {topic: 20}
        broker.start()
        write(broker.bootstrap, topic, numbers(20, since=20))
        batches += read_until(part, topic, 20)
        part.close()
        assert values(batches, topic) == numbers(40)
    finally:
        broker.destroy()


def in_transaction(servers: str, topic: str, events: list[bytes | None], *, commits: bool) -> None:
    """Sends a transaction, and commits it or gives it up."""
    producer = Producer({"bootstrap.servers": servers, "transactional.id": f"{topic}-{events[0]!r}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in events:
        producer.produce(topic, value=value, partition=0)
    producer.flush(30)
    (producer.commit_transaction if commits else producer.abort_transaction)(30)


@pytest.mark.parametrize(
    ("transactions", "given", "end"),
    [
        ([(3, True)], 3, 4),
        ([(3, False)], 0, 4),
        ([(3, True), (2, False)], 3, 7),
        ([(2, False), (3, True)], 3, 7),
        ([(1, True), (2, False), (1, True), (1, False), (1, False)], 2, 11),
    ],
    ids=["committed", "given up alone", "given up at the end", "given up first", "many"],
)
def test_transactions_are_read_to_their_end_which_is_no_record(
    real: Settings, transactions: list[tuple[int, bool]], given: int, end: int
) -> None:
    clicks, sent = real.topic(CLICKS), 0
    for count, commits in transactions:
        in_transaction(real.kafka_bootstrap_servers, clicks, numbers(count, since=sent), commits=commits)
        sent += count
    batches = drain(source(real, [CLICKS], until=True).build_part("source", "000", None))
    assert len(values(batches, clicks)) == given
    assert batches[-1].offsets == {clicks: end}
    # A worker that goes on from there, and one that runs without an end, know that nothing is left to read.
    part = source(real, [CLICKS], replace(UNCLAIMED, offsets={clicks: end})).build_part("source", "000", None)
    until(lambda: any(batch.offsets == {clicks: end} for batch in poll(part)))
    part.close()


def test_a_compacted_log_is_read_to_its_end_over_its_gaps(kafka: str, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix, batch_records=10)
    topic, admin = here.topic(CLICKS), AdminClient({"bootstrap.servers": kafka})
    config = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}
    config |= {"message.timestamp.type": "LogAppendTime", "min.compaction.lag.ms": "0", "delete.retention.ms": "0"}
    [made] = admin.create_topics([NewTopic(topic, 1, 1, config=config)]).values()
    made.result(30)
    producer = Producer({"bootstrap.servers": kafka})

    def has_gaps() -> bool:
        producer.produce(topic, key=b"same", value=b"again")
        producer.flush(30)
        batches = drain(source(here, [CLICKS], until=True).build_part("source", "000", None))
        [end] = batches[-1].offsets.values()
        assert end == LogFacts.read(here, [topic], []).ends(0)[topic]
        return len(values(batches, topic)) < end

    until(has_gaps, timeout_s=90)
