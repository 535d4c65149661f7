package classpulse.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * What Kafka Streams answers to a recorded log, by its own test driver: a driver a partition, as a task has one.
 *
 * <p>The arguments are topologies, none is all. Reads lines {@code partition TAB key TAB value}; writes lines {@code topology TAB partition TAB key TAB value}, the
 * last value of each key.
 */
public final class Answers {
  private static final Duration HALF_HOUR = Duration.ofMinutes(30);
  private static final Duration INSTANT = Duration.ofMillis(1);

  private Answers() {}

  private static Map<String, BiFunction<String, String, Topology>> topologies() {
    Map<String, BiFunction<String, String, Topology>> all = new LinkedHashMap<>();
    all.put("dsl", (in, out) -> Dsl.topology(in, out, true));
    all.put("heap", Processors::onHeap);
    all.put("stores", Processors::withStores);
    all.put("sessions", (in, out) -> Dsl.sessions(in, out, HALF_HOUR, Duration.ofHours(1)));
    // A gap of half an hour less an instant: ClassPulse parts at half an hour, Kafka Streams after it.
    all.put("sessions_instant", (in, out) -> Dsl.sessions(in, out, HALF_HOUR.minus(INSTANT), Duration.ofHours(1)));
    all.put(
        "hopping",
        (in, out) ->
            Dsl.hopping(
                in, out, TimeWindows.ofSizeAndGrace(Duration.ofMinutes(10), Duration.ofMinutes(1)).advanceBy(Duration.ofMinutes(5))));
    all.put(
        "sliding",
        (in, out) ->
            Dsl.sliding(
                in, out, SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(10).minus(INSTANT), Duration.ofMinutes(1))));
    return all;
  }

  public static void main(String[] arguments) throws IOException {
    Map<String, StringBuilder> logs = new TreeMap<>();
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null; ) {
        String[] parts = line.split("\t", 2);
        logs.computeIfAbsent(parts[0], unused -> new StringBuilder()).append(parts[1]).append('\n');
      }
    }
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Map<String, BiFunction<String, String, Topology>> chosen = topologies();
    if (arguments.length > 0) {
      chosen.keySet().retainAll(List.of(arguments));
    }
    chosen
        .forEach(
            (name, topology) ->
                logs.forEach(
                    (partition, log) ->
                        answers(topology.apply("events", "rows"), log.toString())
                            .forEach((key, value) -> out.println(String.join("\t", name, partition, key, value)))));
    out.flush();
  }

  private static Map<String, String> answers(Topology topology, String log) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "answers");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    Map<String, String> rows = new TreeMap<>();
    try (TopologyTestDriver driver = new TopologyTestDriver(topology, config)) {
      TestInputTopic<byte[], byte[]> in =
          driver.createInputTopic("events", Serdes.ByteArray().serializer(), Serdes.ByteArray().serializer());
      TestOutputTopic<String, String> out =
          driver.createOutputTopic("rows", Serdes.String().deserializer(), Serdes.String().deserializer());
      log.lines()
          .forEach(
              line -> {
                String[] parts = line.split("\t", 2);
                in.pipeInput(parts[0].getBytes(StandardCharsets.UTF_8), parts[1].getBytes(StandardCharsets.UTF_8));
              });
      for (KeyValue<String, String> row : out.readKeyValuesToList()) {
        rows.put(row.key, row.value);
      }
    }
    return rows;
  }
}
