// Light, dark, or as the device has it.
import { keep, kept } from "./kept.js";

const ORDER = ["auto", "light", "dark"];
let theme = ORDER.includes(kept("theme")) ? kept("theme") : "auto";

export function applyTheme() {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  return theme;
}

export function nextTheme() {
  theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
  keep("theme", theme);
  return applyTheme();
}
