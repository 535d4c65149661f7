// Class by class, for who may count several.
import { byId, make, say, sync } from "../elements.js";
import { number, text } from "../texts.js";

export function showClasses(items, choose) {
  const sorted = [...items].sort((a, b) => (b.idle_share ?? -1) - (a.idle_share ?? -1) || b.present - a.present || a.class_id.localeCompare(b.class_id));
  sync(
    byId("rooms"),
    sorted,
    (room) => room.class_id,
    (room) => make("li", {}, button(room, choose)),
    (element, room) => {
      const t = text();
      const [name, counts, split, score] = element.firstElementChild.children;
      say(name, room.title ?? room.class_id);
      say(counts, `${number(room.active_students)} ${t.active.toLowerCase()} · ${number(room.idle_students)} ${t.idle.toLowerCase()} · ${number(room.absent)} ${t.absent.toLowerCase()}`);
      const [active, idle, absent] = split.children;
      active.style.flexGrow = room.active_students;
      idle.style.flexGrow = room.idle_students;
      absent.style.flexGrow = room.absent;
      say(score, `${t.score} ${number(room.engagement_score)}`);
    },
  );
}

function button(room, choose) {
  const split = make("span", { className: "split" }, make("i", { className: "active" }), make("i", { className: "idle" }), make("i", { className: "absent" }));
  split.setAttribute("aria-hidden", "true");
  const element = make("button", { type: "button" }, make("span", { className: "name" }), make("span", { className: "what" }), split, make("span", { className: "of-score" }));
  element.addEventListener("click", () => choose(room.class_id));
  return element;
}
