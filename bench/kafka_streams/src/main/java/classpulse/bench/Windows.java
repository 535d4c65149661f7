package classpulse.bench;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;

/**
 * Runs one of the topologies until it is ended: {@code Windows VARIANT BOOTSTRAP TOPIC OUTPUT STATE WARM ALL GUARANTEE}.
 *
 * <p>A row of the output: key {@code window/scope/id[/task]}, value {@code events/students}.
 */
public final class Windows {
  static final Serde<Event> EVENT =
      Serdes.serdeFrom(
          (topic, event) -> {
            throw new UnsupportedOperationException("events are never written");
          },
          (topic, bytes) -> {
            Event event = Events.decode(bytes);
            Progress.count();
            return event;
          });

  private Windows() {}

  static Topology topology(String variant, String topic, String output) {
    return switch (variant) {
      case "dsl" -> Dsl.topology(topic, output, false);
      case "dsl_memory" -> Dsl.topology(topic, output, true);
      case "heap" -> Processors.onHeap(topic, output);
      case "stores" -> Processors.withStores(topic, output);
      default -> throw new IllegalArgumentException(variant);
    };
  }

  public static void main(String[] arguments) throws InterruptedException {
    String variant = arguments[0];
    Progress.expect(Long.parseLong(arguments[5]), Long.parseLong(arguments[6]));
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + arguments[3]);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[1]);
    config.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, arguments[7]);
    // One core: one thread. All else as large as it helps.
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000L);
    config.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 5_000);
    config.put(StreamsConfig.METRICS_RECORDING_LEVEL_CONFIG, "INFO");
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), 1 << 16);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 50);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 1 << 18);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    KafkaStreams streams = new KafkaStreams(topology(variant, arguments[2], arguments[3]), config);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(streams)));
    streams.start();
    Thread.currentThread().join();
  }

  private static void end(KafkaStreams streams) {
    Progress.late(
        (long)
            streams.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("dropped-records-total"))
                .mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue())
                .sum()
            + Processors.late());
    streams.close(Duration.ofSeconds(10));
  }
}
