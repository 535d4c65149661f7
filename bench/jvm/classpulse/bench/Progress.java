package classpulse.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Says on standard output what this process has used, once it is warm and once it has taken all events. */
public final class Progress {
  private static long warm;
  private static long all;
  private static long events;

  private Progress() {}

  public static void expect(long warmAt, long allAt) {
    warm = warmAt;
    all = allAt;
  }

  public static void count() {
    events++;
    if (events == warm || events == all) {
      OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      double used = system.getProcessCpuTime() / 1e9;
      System.out.println("{\"events\": " + events + ", \"cpu_s\": " + used + "}");
      System.out.flush();
    }
  }

  public static void late(long total) {
    System.out.println("{\"late\": " + total + "}");
    System.out.flush();
  }
}
