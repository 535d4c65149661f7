// The students of a class, those first that may need someone.
import { byId, make, say, sync } from "../elements.js";
import { age, number, text } from "../texts.js";

const GROUPS = ["idle", "active", "absent"];

/** Shows students in the order in which they came. */
export function showPeople(items, seconds, named) {
  const t = text();
  const numbered = items.map((student, place) => ({ ...student, name: named ? student.display_name ?? student.student_id : t.student(number(place + 1)) }));
  const groups = GROUPS.map((status) => ({ status, items: numbered.filter((student) => student.status === status) })).filter((group) => group.items.length);
  sync(
    byId("people"),
    groups,
    (group) => group.status,
    (group) => make("section", { className: `group ${group.status}` }, make("h3", {}, make("span"), make("small")), make("ul", { className: "tiles" })),
    (element, group) => {
      const [heading, list] = element.children;
      say(heading.firstChild, `${t[group.status]} · ${number(group.items.length)}`);
      say(heading.lastChild, t.howLong[group.status]);
      sync(list, group.items, (student) => student.student_id, tile, (each, student) => fillTile(each, student, seconds));
    },
  );
}

function tile(student) {
  return make(
    "li",
    { className: `tile ${student.status}` },
    make("span", { className: "sign" }),
    make("span", { className: "name" }),
    make("span", { className: "long" }, make("span"), make("span", { className: "unseen" })),
    make("span", { className: "what" }),
  );
}

function fillTile(element, student, seconds) {
  const [sign, name, long, what] = element.children;
  sign.setAttribute("aria-hidden", "true");
  say(name, student.name);
  const [shown, spoken] = duration(student, seconds);
  long.firstChild.setAttribute("aria-hidden", "true");
  say(long.firstChild, shown);
  say(long.lastChild, spoken);
  say(what, doing(student));
}

/** Returns how long, as it is shown and as it is read aloud. */
function duration(student, seconds) {
  const t = text();
  const instant = student.status === "active" ? student.on_item_since : student.last_active_at;
  if (!instant) return student.status === "absent" ? [t.notSeen, t.notSeen] : ["", ""];
  const long = age(seconds - Date.parse(instant) / 1000);
  return [student.status === "absent" ? t.ago(long) : long, t.spokenLong[student.status](long)];
}

function doing(student) {
  const t = text();
  const did = student.current_activity && (t.events[student.current_activity] ?? student.current_activity.replaceAll("_", " "));
  return [student.chapter_title ?? student.chapter_id, did, student.is_enrolled ? null : t.guest].filter(Boolean).join(" · ");
}
