package classpulse.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The windows by the Processor API: a task counts its own students, nothing is repartitioned. */
final class Processors {
  private static final String STORE = "student-minutes";
  private static final List<OnHeap> MADE = new ArrayList<>();
  private static final TimestampExtractor TIME =
      (message, partitionTime) -> message.value() == null ? -1 : ((Event) message.value()).timestamp();
  private static long lateInStores;

  private Processors() {}

  static Topology onHeap(String topic, String output) {
    return read(topic)
        .addProcessor("windows", OnHeap::new, "events")
        .addSink("rows", output, new StringSerializer(), new StringSerializer(), "windows");
  }

  static Topology withStores(String topic, String output) {
    return read(topic)
        .addProcessor("windows", WithStores::new, "events")
        .addStateStore(
            Stores.windowStoreBuilder(
                    Stores.persistentWindowStore(STORE, Duration.ofMinutes(5), Duration.ofMillis(Minutes.LENGTH_MS), false),
                    Serdes.ByteArray(),
                    Rooms.SERDE)
                .withCachingEnabled(),
            "windows")
        .addSink("rows", output, new StringSerializer(), new StringSerializer(), "windows");
  }

  static long late() {
    return lateInStores + MADE.stream().mapToLong(made -> made.minutes.late()).sum();
  }

  private static Topology read(String topic) {
    return new Topology()
        .addSource(
            Topology.AutoOffsetReset.EARLIEST,
            "events",
            TIME,
            Serdes.ByteArray().deserializer(),
            Windows.EVENT.deserializer(),
            topic);
  }

  /** State in objects: as fast as Java goes, and gone with the process. */
  private static final class OnHeap extends ContextualProcessor<byte[], Event, String, String> {
    private final Minutes minutes = new Minutes();
    private String task;

    @Override
    public void init(ProcessorContext<String, String> context) {
      super.init(context);
      task = "/" + context.taskId().partition();
      MADE.add(this);
    }

    @Override
    public void process(Record<byte[], Event> message) {
      minutes.add(message.value(), this::row);
    }

    private void row(long start, String scope, String id, long events, long students) {
      context().forward(new Record<>(start + "/" + scope + "/" + id + task, events + "/" + students, start));
    }
  }

  /** State in a store with a cache and a changelog: it comes back after a crash. */
  private static final class WithStores extends ContextualProcessor<byte[], Event, String, String> {
    private final TreeSet<Long> open = new TreeSet<>();
    private WindowStore<byte[], Rooms> store;
    private String task;
    private long streamTime = -1;

    @Override
    public void init(ProcessorContext<String, String> context) {
      super.init(context);
      task = "/" + context.taskId().partition();
      store = context.getStateStore(STORE);
      streamTime = context.currentStreamTimeMs();
      try (KeyValueIterator<Windowed<byte[]>, Rooms> kept = store.all()) {
        while (kept.hasNext()) {
          long start = kept.next().key.window().start();
          if (start + Minutes.LENGTH_MS + Minutes.GRACE_MS > streamTime) {
            open.add(start);
          }
        }
      }
    }

    @Override
    public void process(Record<byte[], Event> message) {
      Event event = message.value();
      long start = event.timestamp() - event.timestamp() % Minutes.LENGTH_MS;
      streamTime = Math.max(streamTime, event.timestamp());
      while (!open.isEmpty() && open.first() + Minutes.LENGTH_MS + Minutes.GRACE_MS <= streamTime) {
        close(open.pollFirst());
      }
      if (start + Minutes.LENGTH_MS + Minutes.GRACE_MS <= streamTime) {
        lateInStores++;
        return;
      }
      open.add(start);
      Rooms rooms = store.fetch(message.key(), start);
      store.put(message.key(), (rooms == null ? new Rooms() : rooms).plus(event.room()), start);
    }

    private void close(long start) {
      Map<Integer, Sum> sums = new HashMap<>();
      Sum all = new Sum();
      try (KeyValueIterator<Windowed<byte[]>, Rooms> students = store.fetchAll(start, start)) {
        while (students.hasNext()) {
          KeyValue<Windowed<byte[]>, Rooms> student = students.next();
          all = all.plus(new Sum(student.value.total(), 1));
          for (int i = 0; i < student.value.codes.length; i++) {
            sums.merge(student.value.codes[i], new Sum(student.value.events[i], 1), Sum::plus);
          }
        }
      }
      row(start, "all", "all", all);
      sums.forEach(
          (room, sum) -> {
            if (room >= 0) {
              row(start, "class", Events.ROOMS.text(room), sum);
            }
          });
    }

    private void row(long start, String scope, String id, Sum sum) {
      String key = start + "/" + scope + "/" + id + task;
      context().forward(new Record<>(key, sum.events + "/" + sum.students, start));
    }
  }
}
