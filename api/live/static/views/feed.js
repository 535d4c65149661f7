// What happened last.
import { byId, make, say, sync } from "../elements.js";
import { clock, text } from "../texts.js";

export function showFeed(items, named) {
  const t = text();
  const list = byId("feed");
  if (!items.length) return list.replaceChildren(make("li", { className: "quiet" }, t.noEvents));
  return sync(
    list,
    items,
    (event) => event.event_id,
    (event) => make("li", {}, make("time", { dateTime: event.event_time }), make("span", { className: "who" }), make("span", { className: "did" }), make("span", { className: "where" })),
    (element, event) => {
      const [time, who, did, where] = element.children;
      say(time, clock(new Date(event.event_time), true));
      say(who, named ? event.display_name ?? event.student_id : t.someone);
      say(did, t.events[event.event_name] ?? event.event_name.replaceAll("_", " "));
      say(where, event.chapter_id ?? "");
    },
  );
}
