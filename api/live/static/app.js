// The entry: who reads, which class, and how the page is shown.
import { Board } from "./board.js";
import { byId, make, say } from "./elements.js";
import * as gateway from "./gateway.js";
import { keep, kept } from "./kept.js";
import { fill, switchLanguage, text } from "./texts.js";
import { applyTheme, nextTheme } from "./theme.js";

let board = null;
let known = { items: [], counts_everybody: false };
let hidesNames = kept("names") === "hidden";

/** The address says which class, and may bring a token along; that one goes from it at once. */
const address = () => new URLSearchParams(location.hash.slice(1));

function setAddress(classId) {
  const hash = classId === null ? "" : `#${new URLSearchParams({ class: classId })}`;
  history.replaceState(null, "", location.pathname + location.search + hash);
}

async function start() {
  applyTheme();
  fill();
  labels();
  const token = address().get("token");
  if (token) {
    setAddress(address().get("class"));
    if (await enter(token, false)) return;
  }
  await enterAs();
}

/** Signs in with a token; returns whether it did. */
async function enter(token, remember) {
  try {
    await gateway.logIn(token, remember);
  } catch (refused) {
    showLogin(refused.status === 403 ? text().tokenForbidden : refused.status === 401 ? text().tokenWrong : refused.message);
    return false;
  }
  await enterAs();
  return true;
}

async function enterAs() {
  try {
    known = await gateway.classes();
  } catch (refused) {
    showLogin(refused.status === 401 ? "" : refused.status === 403 ? text().tokenForbidden : refused.message);
    return;
  }
  byId("login").hidden = true;
  byId("top").hidden = false;
  byId("board").hidden = false;
  listClasses();
  const wanted = address().get("class") ?? kept("class");
  const only = known.items.length === 1 && !known.counts_everybody ? known.items[0].class_id : null;
  open(known.items.some((each) => each.class_id === wanted) ? wanted : only);
}

function showLogin(wrong) {
  board?.stop();
  board = null;
  byId("top").hidden = true;
  byId("board").hidden = true;
  byId("login").hidden = false;
  say(byId("login-wrong"), wrong);
  byId("token").setAttribute("aria-invalid", String(Boolean(wrong)));
  byId("token").focus();
}

function listClasses() {
  const t = text();
  const all = known.counts_everybody ? t.wholeSchool : t.myClasses;
  const options = known.items.map((each) => make("option", { value: `=${each.class_id}` }, each.title ?? each.class_id));
  if (known.counts_everybody || known.items.length > 1) options.unshift(make("option", { value: "" }, all));
  byId("class").replaceChildren(...options);
}

function open(classId) {
  board?.stop();
  const of = known.items.find((each) => each.class_id === classId) ?? null;
  setAddress(of ? classId : null);
  keep("class", of ? classId : "");
  byId("class").value = of ? `=${classId}` : "";
  name(of);
  for (const id of ["stuck", "people", "trend", "heat", "feed", "rooms"]) byId(id).replaceChildren();
  const seesAll = known.items.length > 0 && known.items.every((each) => each.sees_students);
  board = new Board(of, { seesAll, named: () => !hidesNames, choose: open, signedOut: () => showLogin("") });
  board.start();
}

function name(of) {
  const title = of ? of.title ?? of.class_id : byId("class").selectedOptions[0]?.textContent ?? "";
  say(byId("title"), title);
  document.title = `${title} · ClassPulse`;
}

function labels() {
  const t = text();
  say(byId("names"), hidesNames ? t.namesHidden : t.namesShown);
  byId("names").setAttribute("aria-pressed", String(hidesNames));
  say(byId("theme"), t[{ auto: "themeAuto", light: "themeLight", dark: "themeDark" }[applyTheme()]]);
  for (const id of ["language", "login-language"]) {
    say(byId(id), t.other);
    byId(id).lang = t.lang === "de" ? "en" : "de";
  }
}

function changeLanguage() {
  switchLanguage();
  fill();
  labels();
  if (!board) return;
  const chosen = byId("class").value;
  listClasses();
  byId("class").value = chosen;
  name(known.items.find((each) => `=${each.class_id}` === chosen) ?? null);
  board.showAll();
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(byId("token").value, byId("remember").checked).then((entered) => {
    byId("token").value = "";
    if (entered) byId("main").focus();
  });
});
byId("class").addEventListener("change", (event) => open(event.target.value ? event.target.value.slice(1) : null));
byId("names").addEventListener("click", () => {
  hidesNames = !hidesNames;
  keep("names", hidesNames ? "hidden" : "shown");
  labels();
  board?.showAll();
});
byId("theme").addEventListener("click", () => {
  nextTheme();
  labels();
});
byId("language").addEventListener("click", changeLanguage);
byId("login-language").addEventListener("click", changeLanguage);
byId("leave").addEventListener("click", () => gateway.logOut().finally(() => showLogin("")));
document.addEventListener("visibilitychange", () => document.hidden || board?.beat());
addEventListener("hashchange", () => {
  const wanted = address().get("class");
  if (board && wanted !== board.classId) open(wanted);
});
start();
