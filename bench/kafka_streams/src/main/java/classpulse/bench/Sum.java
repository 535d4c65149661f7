package classpulse.bench;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** Events and students that are added up. */
final class Sum {
  static final Serde<Sum> SERDE =
      Serdes.serdeFrom(
          (topic, sum) ->
              sum == null ? null : ByteBuffer.allocate(16).putLong(sum.events).putLong(sum.students).array(),
          (topic, bytes) ->
              bytes == null ? null : new Sum(ByteBuffer.wrap(bytes).getLong(), ByteBuffer.wrap(bytes).getLong(8)));

  long events;
  long students;

  Sum() {}

  Sum(long events, long students) {
    this.events = events;
    this.students = students;
  }

  Sum plus(Sum other) {
    return new Sum(events + other.events, students + other.students);
  }
}
