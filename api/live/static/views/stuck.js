// Whom to go to first: who looks stuck, why, and the teacher's answers.
import { byId, make, say, sync } from "../elements.js";
import { age, number, text } from "../texts.js";

const ANSWERS = ["seen", "helped", "not_stuck"];

/** Shows the entries; `answer(entry, what)` sends what the teacher says. */
export function showStuck(found, seconds, named, answer) {
  const t = text();
  const beyond = found.waiting - found.items.length;
  say(byId("stuck-what"), found.items.length ? (beyond > 0 ? t.stuckMore(number(beyond)) : "") : t.stuckNobody);
  byId("stuck-what").hidden = !byId("stuck-what").textContent;
  sync(
    byId("stuck"),
    found.items,
    (entry) => `${entry.student_id} ${entry.item_id} ${entry.began_at}`,
    () => entryElement(answer),
    (element, entry) => fillEntry(element, entry, seconds, named),
  );
}

function entryElement(answer) {
  const buttons = ANSWERS.map((what) => make("button", { type: "button", className: "answer", dataset: { answer: what } }));
  const element = make(
    "li",
    { className: "entry" },
    make("span", { className: "place" }),
    make("strong", { className: "name" }),
    make("span", { className: "where" }),
    make("span", { className: "long" }),
    make("span", { className: "why" }),
    make("span", { className: "mates" }),
    make("span", { className: "answers" }, ...buttons),
  );
  for (const button of buttons) {
    button.addEventListener("click", async () => {
      for (const each of buttons) each.disabled = true;
      try {
        await answer(element.entry, button.dataset.answer);
        element.classList.add("answered");
      } catch (refused) {
        for (const each of buttons) each.disabled = false;
        say(byId("stuck-wrong"), refused.message);
      }
    });
  }
  return element;
}

function fillEntry(element, entry, seconds, named) {
  const t = text();
  element.entry = entry;
  const [place, name, where, long, why, mates, answers] = element.children;
  const shown = named ? entry.display_name ?? entry.student_id : t.student(number(entry.place));
  say(place, number(entry.place));
  say(name, shown);
  say(where, entry.item_title ?? entry.item_id);
  say(long, t.waits(age(seconds - Date.parse(entry.began_at) / 1000)));
  say(why, t.lang === "en" ? entry.evidence : t.kinds[entry.kind] ?? entry.evidence);
  say(mates, entry.mates ? t.mates(number(entry.mates_through), number(entry.mates), entry.mates_minutes === null ? null : number(entry.mates_minutes)) : "");
  mates.hidden = !entry.mates;
  for (const button of answers.children) {
    say(button, t.answers[button.dataset.answer]);
    button.setAttribute("aria-label", `${t.answers[button.dataset.answer]}: ${shown}`);
  }
}
