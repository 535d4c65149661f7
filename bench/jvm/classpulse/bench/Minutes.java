package classpulse.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/** The windows of one task on the heap: minutes that are open, with events and students of each class and of all. */
public final class Minutes {
  public static final long LENGTH_MS = 60_000;
  public static final long GRACE_MS = 60_000;
  private static final int ALL = -1;

  /** Takes a final row. */
  public interface Rows {
    void row(long windowStart, String scope, String id, long events, long students);
  }

  private static final class Count {
    long events;
    final BitSet students = new BitSet();

    void add(int student) {
      events++;
      students.set(student);
    }
  }

  private static final class Minute {
    final Count all = new Count();
    Count[] rooms = new Count[1024];

    Count of(int room) {
      if (room >= rooms.length) {
        rooms = java.util.Arrays.copyOf(rooms, Math.max(room + 1, 2 * rooms.length));
      }
      Count found = rooms[room];
      return found != null ? found : (rooms[room] = new Count());
    }
  }

  private final TreeMap<Long, Minute> open = new TreeMap<>();
  private long lastStart = -1;
  private Minute last;
  private long streamTime = -1;
  private long closesAt = Long.MAX_VALUE;
  private long late;

  public long late() {
    return late;
  }

  /** Counts an event, and gives out the windows that it closes. */
  public void add(Event event, Rows rows) {
    long start = event.timestamp() - event.timestamp() % LENGTH_MS;
    if (event.timestamp() > streamTime) {
      streamTime = event.timestamp();
      if (streamTime >= closesAt) {
        close(rows);
      }
    }
    if (start + LENGTH_MS + GRACE_MS <= streamTime) {
      late++;
      return;
    }
    if (start != lastStart) {
      last = open.computeIfAbsent(start, unused -> new Minute());
      lastStart = start;
      closesAt = open.firstKey() + LENGTH_MS + GRACE_MS;
    }
    last.all.add(event.student());
    if (event.room() >= 0) {
      last.of(event.room()).add(event.student());
    }
  }

  private void close(Rows rows) {
    while (!open.isEmpty() && open.firstKey() + LENGTH_MS + GRACE_MS <= streamTime) {
      Map.Entry<Long, Minute> closed = open.pollFirstEntry();
      Minute minute = closed.getValue();
      long start = closed.getKey();
      rows.row(start, "all", "all", minute.all.events, minute.all.students.cardinality());
      for (int room = 0; room < minute.rooms.length; room++) {
        Count count = minute.rooms[room];
        if (count != null) {
          rows.row(start, "class", Events.ROOMS.text(room), count.events, count.students.cardinality());
        }
      }
    }
    lastStart = -1;
    closesAt = open.isEmpty() ? Long.MAX_VALUE : open.firstKey() + LENGTH_MS + GRACE_MS;
  }

  /** Returns the open windows as bytes; codes become texts, for another process has others. */
  public byte[] save() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(streamTime);
    out.writeLong(late);
    out.writeInt(open.size());
    for (Map.Entry<Long, Minute> entry : open.entrySet()) {
      out.writeLong(entry.getKey());
      save(out, ALL, entry.getValue().all);
      Count[] rooms = entry.getValue().rooms;
      for (int room = 0; room < rooms.length; room++) {
        if (rooms[room] != null) {
          save(out, room, rooms[room]);
        }
      }
      out.writeBoolean(false);
    }
    return bytes.toByteArray();
  }

  private static void save(DataOutputStream out, int room, Count count) throws IOException {
    out.writeBoolean(true);
    out.writeBoolean(room == ALL);
    out.writeUTF(room == ALL ? "" : Events.ROOMS.text(room));
    out.writeLong(count.events);
    out.writeInt(count.students.cardinality());
    for (int i = count.students.nextSetBit(0); i >= 0; i = count.students.nextSetBit(i + 1)) {
      out.writeUTF(Events.STUDENTS.text(i));
    }
  }

  /** Goes on from what {@link #save} returned. */
  public void load(byte[] saved) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(saved));
    streamTime = in.readLong();
    late = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      Minute minute = new Minute();
      open.put(in.readLong(), minute);
      while (in.readBoolean()) {
        boolean all = in.readBoolean();
        String room = in.readUTF();
        Count count = all ? minute.all : minute.of(Events.ROOMS.of(room));
        count.events = in.readLong();
        for (int students = in.readInt(); students > 0; students--) {
          count.students.set(Events.STUDENTS.of(in.readUTF()));
        }
      }
    }
    closesAt = open.isEmpty() ? Long.MAX_VALUE : open.firstKey() + LENGTH_MS + GRACE_MS;
  }
}
