// The sentence, the four numbers and the bar: who is here.
import { byId, say } from "../elements.js";
import { age, number, text } from "../texts.js";

const SPOKEN_EVERY_MS = 60_000;
let spokenAt = 0;
let spoken = "";

/** Returns what is to be said of a state, large and beside it. */
function words(now, seconds) {
  const t = text();
  const [present, enrolled] = [number(now.present), number(now.enrolled)];
  const counts = t.activeOf(number(now.active_students), number(now.idle_students));
  const last = now.last_active_at ? t.state.lastAgo(age(seconds - Date.parse(now.last_active_at) / 1000)) : t.state.lastNever;
  switch (now.state) {
    case "no_data":
    case "unknown":
      return [t.state[now.state], ""];
    case "stalled":
      return [t.state.stalled(age(now.lag_seconds)), ""];
    case "quiet":
      return [now.enrolled ? t.nobodyOf(enrolled) : t.nobody, t.state.quiet(last)];
    case "no_roster":
      return [t.hereOnly(present), `${counts} ${t.state.no_roster}`];
    default:
      return [t.here(number(now.enrolled - now.absent), enrolled), counts];
  }
}

/** Shows the numbers of a message; `seconds` is the gateway's now. */
export function showHeadline(now, seconds) {
  const [sentence, beside] = words(now, seconds);
  say(byId("sentence"), sentence);
  say(byId("beside"), now.is_replay ? `${beside} ${text().state.replay}` : beside);
  byId("board").dataset.state = now.state;
  for (const each of byId("counts").querySelectorAll("[data-number]")) {
    say(each, number(now[each.dataset.number]));
    each.closest("div").dataset.none = String(!now[each.dataset.number]);
  }
  byId("meter").value = now.engagement_score ?? 0;
  const [active, idle, absent] = byId("split").children;
  active.style.flexGrow = now.active_students;
  idle.style.flexGrow = now.idle_students;
  absent.style.flexGrow = now.absent;
  speak(`${sentence}. ${beside}`, now.state);
}

// A screen reader hears a change of state at once, and numbers once a minute: they change each second.
let spokenState = "";
function speak(words, state) {
  const now = Date.now();
  if (words === spoken || (state === spokenState && now - spokenAt < SPOKEN_EVERY_MS)) return;
  [spoken, spokenAt, spokenState] = [words, now, state];
  say(byId("spoken"), words);
}
