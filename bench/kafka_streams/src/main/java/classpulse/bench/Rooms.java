package classpulse.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** How many events a student has in each class, of one minute; nearly always it is one class. */
final class Rooms {
  static final Serde<Rooms> SERDE = Serdes.serdeFrom((topic, rooms) -> write(rooms), (topic, bytes) -> read(bytes));
  private static final int NONE = -1;

  int[] codes = {};
  long[] events = {};

  Rooms plus(int room) {
    for (int i = 0; i < codes.length; i++) {
      if (codes[i] == room) {
        events[i]++;
        return this;
      }
    }
    codes = Arrays.copyOf(codes, codes.length + 1);
    events = Arrays.copyOf(events, events.length + 1);
    codes[codes.length - 1] = room;
    events[events.length - 1] = 1;
    return this;
  }

  long total() {
    long total = 0;
    for (long count : events) {
      total += count;
    }
    return total;
  }

  private static byte[] write(Rooms rooms) {
    if (rooms == null) {
      return null;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(24);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (int i = 0; i < rooms.codes.length; i++) {
        out.writeUTF(rooms.codes[i] == NONE ? "" : Events.ROOMS.text(rooms.codes[i]));
        out.writeLong(rooms.events[i]);
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return bytes.toByteArray();
  }

  private static Rooms read(byte[] bytes) {
    if (bytes == null) {
      return null;
    }
    Rooms rooms = new Rooms();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      while (in.available() > 0) {
        String room = in.readUTF();
        rooms.plus(room.isEmpty() ? NONE : Events.ROOMS.of(room));
        rooms.events[rooms.events.length - 1] = in.readLong();
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return rooms;
  }
}
