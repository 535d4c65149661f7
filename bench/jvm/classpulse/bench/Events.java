package classpulse.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Events out of JSON, by Jackson's streaming parser: the whole text is checked, three fields are taken. */
public final class Events {
  /** The codes of this process: one thread decodes. */
  public static final Codes STUDENTS = new Codes();

  public static final Codes ROOMS = new Codes();
  private static final JsonFactory JSON = new JsonFactory();

  private Events() {}

  /** Returns the event, or null where the text is none. */
  public static Event decode(byte[] value) {
    if (value == null) {
      return null;
    }
    try (JsonParser parser = JSON.createParser(value)) {
      long timestamp = -1;
      int student = -1;
      int room = -1;
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      for (String name; (name = parser.nextFieldName()) != null; ) {
        JsonToken token = parser.nextToken();
        if (name == "timestamp" || name.equals("timestamp")) {
          timestamp = parser.getLongValue();
        } else if (name == "student_id" || name.equals("student_id")) {
          student = code(parser, STUDENTS);
        } else if (name == "class_id" || name.equals("class_id")) {
          room = code(parser, ROOMS);
        } else if (token.isStructStart()) {
          parser.skipChildren();
        }
      }
      return timestamp < 0 || student < 0 ? null : new Event(timestamp, student, room);
    } catch (IOException error) {
      return null;
    }
  }

  private static int code(JsonParser parser, Codes codes) throws IOException {
    return codes.of(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
  }
}
