package classpulse.bench;

import java.util.Arrays;

/** Texts as small numbers: a text that comes again is found by its characters, without a new String. */
public final class Codes {
  private int[] slots = new int[1 << 12];
  private int[] hashes = new int[1 << 11];
  private String[] texts = new String[1 << 11];
  private int size;

  public int of(char[] chars, int offset, int length) {
    int hash = length;
    for (int i = offset; i < offset + length; i++) {
      hash = 31 * hash + chars[i];
    }
    hash ^= hash >>> 15;
    int slot = hash & (slots.length - 1);
    for (int code; (code = slots[slot] - 1) >= 0; slot = slot + 1 & (slots.length - 1)) {
      if (hashes[code] == hash && same(texts[code], chars, offset, length)) {
        return code;
      }
    }
    return add(hash, slot, new String(chars, offset, length));
  }

  public int of(String text) {
    return of(text.toCharArray(), 0, text.length());
  }

  public String text(int code) {
    return texts[code];
  }

  private int add(int hash, int slot, String text) {
    if (size == texts.length) {
      texts = Arrays.copyOf(texts, 2 * size);
      hashes = Arrays.copyOf(hashes, 2 * size);
    }
    texts[size] = text;
    hashes[size] = hash;
    slots[slot] = ++size;
    if (2 * size > slots.length) {
      slots = new int[2 * slots.length];
      for (int code = 0; code < size; code++) {
        int at = hashes[code] & (slots.length - 1);
        while (slots[at] != 0) {
          at = at + 1 & (slots.length - 1);
        }
        slots[at] = code + 1;
      }
    }
    return size - 1;
  }

  private static boolean same(String text, char[] chars, int offset, int length) {
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (text.charAt(i) != chars[offset + i]) {
        return false;
      }
    }
    return true;
  }
}
