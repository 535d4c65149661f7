// Chapters by minutes: a table whose cells carry their numbers, tinted by them.
import { byId, make } from "../elements.js";
import { clock, number, text } from "../texts.js";

export function showHeatmap({ minutes, items }) {
  const t = text();
  const shown = items.slice(0, 12);
  if (!shown.length) return byId("heat").replaceChildren(make("p", { className: "quiet" }, t.noChapters));
  const most = Math.max(1, ...shown.flatMap((chapter) => chapter.active_5m));
  const head = make("tr", {}, make("th", { scope: "col" }, t.chapter), ...minutes.map((minute) => hour(clock(new Date(minute)))));
  const rows = shown.map((chapter) =>
    make("tr", {}, make("th", { scope: "row" }, chapter.title ?? chapter.chapter_id), ...chapter.active_5m.map((count) => cell(count, most))),
  );
  const table = make("table", {}, make("caption", { className: "unseen" }, t.chapters), make("thead", {}, head), make("tbody", {}, ...rows));
  return byId("heat").replaceChildren(table);
}

/** A column's head: its minute for the eye, the whole time for the ear. */
function hour(time) {
  const shown = make("span", {}, `:${time.slice(-2)}`);
  shown.setAttribute("aria-hidden", "true");
  return make("th", { scope: "col" }, shown, make("span", { className: "unseen" }, time));
}

function cell(count, most) {
  const words = count === null ? text().few : number(count);
  const element = make("td", {}, words);
  const share = (count ?? 1) / most;
  // two ranges with a gap between, so that the number can be read on every tint
  const strong = share > 0.6;
  element.style.setProperty("--share", `${Math.round(strong ? 85 + (share - 0.6) * 37.5 : share * 55)}%`);
  element.className = count === 0 ? "none" : strong ? "strong" : "";
  return element;
}
