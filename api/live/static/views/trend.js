// Ten bars: a list, so that it reads well aloud, drawn as columns.
import { byId, make, say, sync } from "../elements.js";
import { clock, number, text } from "../texts.js";

const SHOWN = 10;
const BEGUN_S = 20;

/**
 * Shows the last ten minutes. One that has only just begun is left out: not every task has counted in it yet, and it would
 * look as if the class had gone.
 */
export function showTrend(all, seconds) {
  const begun = all.filter((minute) => seconds - Date.parse(minute.minute) / 1000 >= BEGUN_S);
  const items = begun.slice(-SHOWN);
  const most = Math.max(1, ...items.map((minute) => minute.active_5m));
  sync(
    byId("trend"),
    items,
    (minute) => minute.minute,
    () => make("li", {}, make("span", { className: "unseen" }), bar()),
    (element, minute) => {
      const at = clock(new Date(minute.minute));
      const [words, column] = element.children;
      say(words, text().bar(at, number(minute.active_5m), minute.is_final));
      element.classList.toggle("open", !minute.is_final);
      const [value, fill, time] = column.children;
      say(value, number(minute.active_5m));
      fill.style.height = `${(100 * minute.active_5m) / most}%`;
      say(time, at);
    },
  );
}

function bar() {
  const column = make("span", { className: "bar" }, make("b"), make("i"), make("small"));
  column.setAttribute("aria-hidden", "true");
  return column;
}
