package classpulse.bench;

/** What the windows need of an event. Student and class are codes of {@link Events}. */
public record Event(long timestamp, int student, int room) {}
