package classpulse.bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.DslStoreSuppliers;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The windows in the DSL, as its documentation advises: aggregate by the key that the topic has, then group by what is
 * asked; final results by {@code suppress(untilWindowCloses)}.
 */
final class Dsl {
  private static final TimeWindows MINUTES =
      TimeWindows.ofSizeAndGrace(Duration.ofMillis(Minutes.LENGTH_MS), Duration.ofMillis(Minutes.GRACE_MS));

  private Dsl() {}

  static Topology topology(String topic, String output, boolean inMemory) {
    DslStoreSuppliers stores =
        inMemory ? new BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers() : new BuiltInDslStoreSuppliers.RocksDBDslStoreSuppliers();
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, events())
        .groupByKey(Grouped.with(Serdes.ByteArray(), Windows.EVENT))
        .windowedBy(MINUTES)
        .aggregate(
            Rooms::new,
            (student, event, rooms) -> rooms.plus(event.room()),
            Materialized.<byte[], Rooms, WindowStore<Bytes, byte[]>>as("student-minutes")
                .withKeySerde(Serdes.ByteArray())
                .withValueSerde(Rooms.SERDE)
                .withStoreType(stores))
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
        .toStream()
        .flatMap((window, rooms) -> scopes(rooms))
        .groupByKey(Grouped.with("scopes", Serdes.String(), Sum.SERDE))
        .windowedBy(MINUTES)
        .aggregate(
            Sum::new,
            (scope, one, sum) -> sum.plus(one),
            Materialized.<String, Sum, WindowStore<Bytes, byte[]>>as("scope-minutes")
                .withKeySerde(Serdes.String())
                .withValueSerde(Sum.SERDE)
                .withStoreType(stores))
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
        .toStream()
        .map((window, sum) -> KeyValue.pair(window.window().start() + "/" + window.key(), sum.events + "/" + sum.students))
        .to(output, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build(optimised());
  }

  /** Events of a student by session: a gap, then so much grace; final results. */
  static Topology sessions(String topic, String output, Duration gap, Duration grace) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, events())
        .groupByKey(Grouped.with(Serdes.ByteArray(), Windows.EVENT))
        .windowedBy(SessionWindows.ofInactivityGapAndGrace(gap, grace))
        .aggregate(
            () -> 0L,
            (student, event, count) -> count + 1,
            (student, one, other) -> one + other,
            Materialized.<byte[], Long, SessionStore<Bytes, byte[]>>as("sessions")
                .withKeySerde(Serdes.ByteArray())
                .withValueSerde(Serdes.Long()))
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
        .toStream()
        .map(Dsl::counted)
        .to(output, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  /** Events of a student by hopping windows; final results. */
  static Topology hopping(String topic, String output, TimeWindows windows) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, events())
        .groupByKey(Grouped.with(Serdes.ByteArray(), Windows.EVENT))
        .windowedBy(windows)
        .count(counts())
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
        .toStream()
        .map(Dsl::counted)
        .to(output, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  /** Events of a student by sliding windows; final results. */
  static Topology sliding(String topic, String output, SlidingWindows windows) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, events())
        .groupByKey(Grouped.with(Serdes.ByteArray(), Windows.EVENT))
        .windowedBy(windows)
        .count(counts())
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
        .toStream()
        .map(Dsl::counted)
        .to(output, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  private static Materialized<byte[], Long, WindowStore<Bytes, byte[]>> counts() {
    return Materialized.<byte[], Long, WindowStore<Bytes, byte[]>>as("counts")
        .withKeySerde(Serdes.ByteArray())
        .withValueSerde(Serdes.Long());
  }

  private static KeyValue<String, String> counted(Windowed<byte[]> window, Long events) {
    String student = new String(window.key(), StandardCharsets.UTF_8);
    String key = window.window().start() + "/" + window.window().end() + "/" + student;
    return KeyValue.pair(key, events == null ? "gone" : Long.toString(events));
  }

  private static Consumed<byte[], Event> events() {
    return Consumed.with(Serdes.ByteArray(), Windows.EVENT)
        .withTimestampExtractor((message, partitionTime) -> message.value() == null ? -1 : ((Event) message.value()).timestamp());
  }

  private static List<KeyValue<String, Sum>> scopes(Rooms rooms) {
    List<KeyValue<String, Sum>> scopes = new ArrayList<>(rooms.codes.length + 1);
    scopes.add(KeyValue.pair("all/all", new Sum(rooms.total(), 1)));
    for (int i = 0; i < rooms.codes.length; i++) {
      if (rooms.codes[i] >= 0) {
        scopes.add(KeyValue.pair("class/" + Events.ROOMS.text(rooms.codes[i]), new Sum(rooms.events[i], 1)));
      }
    }
    return scopes;
  }

  private static Properties optimised() {
    Properties config = new Properties();
    config.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    return config;
  }
}
