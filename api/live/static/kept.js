// What this device remembers of how the page is shown. Never the token: that lies in a cookie which no script reads.
const PREFIX = "classpulse.";

export function kept(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is switched off
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // then it lasts as long as the page
  }
}
