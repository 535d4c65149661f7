package classpulse.bench;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Runs one of the jobs until it is ended: {@code Windows VARIANT BOOTSTRAP TOPIC OUTPUT STATE WARM ALL}.
 *
 * <p>Parallelism one, state on the heap, a checkpoint each ten seconds. A row of the output: {@code
 * window/scope/id[/task] events/students}.
 */
public final class Windows {
  /** What was dropped as late: the mini cluster is this process. */
  private static final AtomicLong LATE = new AtomicLong();

  private Windows() {}

  /** An event with the partition that it came from, and the code of a scope. */
  public static final class Item implements Serializable {
    public int partition;
    public long timestamp;
    public int student;
    public int room;

    public Item() {}

    Item(int partition, long timestamp, int student, int room) {
      this.partition = partition;
      this.timestamp = timestamp;
      this.student = student;
      this.room = room;
    }
  }

  public static void main(String[] arguments) throws Exception {
    String variant = arguments[0];
    long warm = Long.parseLong(arguments[5]);
    long all = Long.parseLong(arguments[6]);
    Progress.expect(warm, all);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Progress.late(LATE.get())));
    Configuration config = new Configuration();
    config.setString("execution.checkpointing.dir", "file://" + arguments[4]);
    config.setString("execution.checkpointing.storage", "filesystem");
    config.setString("execution.checkpointing.interval", "10s");
    config.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    config.setString("state.backend.type", "hashmap");
    config.setString("pipeline.object-reuse", "true");
    config.setString("execution.buffer-timeout.interval", "100ms");
    config.setString("taskmanager.memory.network.min", "64mb");
    config.setString("rest.bind-port", "0");
    latest(Path.of(arguments[4])).ifPresent(found -> config.setString("execution.state-recovery.path", found));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, config);
    KafkaSource<Item> source =
        KafkaSource.<Item>builder()
            .setBootstrapServers(arguments[1])
            .setTopics(arguments[2])
            .setGroupId("flink-" + arguments[3])
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setDeserializer(new Decoder())
            .setProperty("max.poll.records", "5000")
            .setProperty("fetch.min.bytes", Integer.toString(1 << 16))
            .setProperty("fetch.max.wait.ms", "50")
            .setProperty("check.crcs", "false")
            .build();
    DataStream<Item> events =
        environment.fromSource(
            source,
            "heap".equals(variant)
                ? WatermarkStrategy.noWatermarks()
                : WatermarkStrategy.<Item>forBoundedOutOfOrderness(Duration.ofMillis(Minutes.GRACE_MS))
                    .withTimestampAssigner((item, unused) -> item.timestamp),
            "events");
    DataStream<String> rows = "heap".equals(variant) ? events.process(new OnHeap()) : windows(events);
    rows.sinkTo(
        KafkaSink.<String>builder()
            .setBootstrapServers(arguments[1])
            .setProperty("linger.ms", "100")
            .setProperty("batch.size", Integer.toString(1 << 18))
            .setProperty("compression.type", "lz4")
            .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setRecordSerializer(new Encoder(arguments[3]))
            .build());
    environment.execute("windows");
  }

  private static Optional<String> latest(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (Stream<Path> found = Files.walk(folder)) {
      return found
          .filter(path -> path.endsWith("_metadata"))
          .max(Comparator.comparingLong(path -> path.toFile().lastModified()))
          .map(path -> path.getParent().toUri().toString());
    }
  }

  /** As one writes it: each event by its class and once by all, keyed, in the windows that Flink has. */
  private static DataStream<String> windows(DataStream<Item> events) {
    OutputTag<Item> late = new OutputTag<>("late", TypeInformation.of(Item.class));
    SingleOutputStreamOperator<String> rows =
        events
        .<Item>flatMap(
            (item, out) -> {
              out.collect(new Item(item.partition, item.timestamp, item.student, -1));
              if (item.room >= 0) {
                out.collect(item);
              }
            })
        .returns(TypeInformation.of(Item.class))
        .keyBy(item -> item.room, Types.INT)
        .window(TumblingEventTimeWindows.of(Duration.ofMillis(Minutes.LENGTH_MS)))
        .sideOutputLateData(late)
        .aggregate(new Count(), new Row(), Types.GENERIC(Tally.class), Types.GENERIC(Tally.class), Types.STRING);
    rows.getSideOutput(late)
        .<String>flatMap(
            (item, out) -> {
              if (item.room < 0) {
                LATE.incrementAndGet();
              }
            })
        .returns(Types.STRING)
        .sinkTo(new DiscardingSink<>());
    return rows;
  }

  /** Events and students of one window. */
  public static final class Tally implements Serializable {
    long events;
    final BitSet students = new BitSet();
  }

  private static final class Count implements AggregateFunction<Item, Tally, Tally> {
    @Override
    public Tally createAccumulator() {
      return new Tally();
    }

    @Override
    public Tally add(Item item, Tally tally) {
      tally.events++;
      tally.students.set(item.student);
      return tally;
    }

    @Override
    public Tally getResult(Tally tally) {
      return tally;
    }

    @Override
    public Tally merge(Tally one, Tally other) {
      one.events += other.events;
      one.students.or(other.students);
      return one;
    }
  }

  private static final class Row extends ProcessWindowFunction<Tally, String, Integer, TimeWindow> {
    @Override
    public void process(Integer room, Context context, Iterable<Tally> tallies, Collector<String> out) {
      Tally tally = tallies.iterator().next();
      String scope = room < 0 ? "all/all" : "class/" + Events.ROOMS.text(room);
      out.collect(context.window().getStart() + "/" + scope + " " + tally.events + "/" + tally.students.cardinality());
    }
  }

  /** As an expert writes it: chained to the source, a task's windows as objects, saved with each checkpoint. */
  private static final class OnHeap extends ProcessFunction<Item, String> implements CheckpointedFunction {
    private transient Minutes[] tasks;
    private transient ListState<byte[]> saved;

    @Override
    public void processElement(Item item, Context context, Collector<String> out) {
      int task = item.partition;
      long before = tasks[task].late();
      tasks[task].add(
          new Event(item.timestamp, item.student, item.room),
          (start, scope, id, events, students) ->
              out.collect(start + "/" + scope + "/" + id + "/" + task + " " + events + "/" + students));
      if (tasks[task].late() != before) {
        LATE.incrementAndGet();
      }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
      saved.clear();
      for (Minutes task : tasks) {
        saved.add(task.save());
      }
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
      saved = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("minutes", byte[].class));
      tasks = new Minutes[64];
      for (int task = 0; task < tasks.length; task++) {
        tasks[task] = new Minutes();
      }
      int task = 0;
      for (byte[] one : saved.get()) {
        tasks[task++].load(one);
      }
    }
  }

  private record Encoder(String topic) implements KafkaRecordSerializationSchema<String> {
    @Override
    public ProducerRecord<byte[], byte[]> serialize(String row, KafkaSinkContext context, Long timestamp) {
      int space = row.lastIndexOf(' ');
      byte[] key = row.substring(0, space).getBytes(StandardCharsets.UTF_8);
      return new ProducerRecord<>(topic, key, row.substring(space + 1).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static final class Decoder implements KafkaRecordDeserializationSchema<Item> {
    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> message, Collector<Item> out) {
      Event event = Events.decode(message.value());
      Progress.count();
      if (event != null) {
        out.collect(new Item(message.partition(), event.timestamp(), event.student(), event.room()));
      }
    }

    @Override
    public TypeInformation<Item> getProducedType() {
      return TypeInformation.of(Item.class);
    }
  }
}
