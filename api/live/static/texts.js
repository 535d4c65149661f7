// The language of the page: what was chosen last, else what the browser prefers.
import { de } from "./texts/de.js";
import { en } from "./texts/en.js";
import { kept, keep } from "./kept.js";

const known = { de, en };
const preferred = navigator.languages?.some((each, place) => place === 0 && each.startsWith("de")) ? "de" : "en";

let language = known[kept("language")] ? kept("language") : preferred;

/** The texts of the language. */
export const text = () => known[language];

export function switchLanguage() {
  language = language === "de" ? "en" : "de";
  keep("language", language);
}

export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);

export const clock = (date, seconds = false) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(seconds ? { second: "2-digit" } : {}) }).format(date);

/** A duration in the largest unit that says enough. */
export function age(seconds) {
  const t = text();
  const s = Math.max(0, seconds);
  if (s < 60) return t.seconds(number(Math.floor(s)));
  if (s < 5400) return t.minutes(number(Math.floor(s / 60)));
  if (s < 172800) return t.hours(number(Math.round(s / 3600)));
  return t.days(number(Math.round(s / 86400)));
}

/** Fills what the page's HTML leaves to the language. */
export function fill(root = document) {
  const t = text();
  document.documentElement.lang = t.lang;
  for (const each of root.querySelectorAll("[data-text]")) each.textContent = t[each.dataset.text];
  for (const each of root.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t[each.dataset.label]);
}
