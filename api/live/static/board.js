// The board of one class, or of all: listens to the numbers, and asks for the rest as often as it changes.
import { byId, say } from "./elements.js";
import * as gateway from "./gateway.js";
import { age, clock, number, text } from "./texts.js";
import { showClasses } from "./views/classes.js";
import { showFeed } from "./views/feed.js";
import { showHeadline } from "./views/headline.js";
import { showHeatmap } from "./views/heatmap.js";
import { showPeople } from "./views/people.js";
import { showStuck } from "./views/stuck.js";
import { showTrend } from "./views/trend.js";

const LAGS_FROM_S = 5;
const SILENT_MS = 5000;
const TICK_MS = 1000;

export class Board {
  /** `of` is the class as `/engagement/classes` lists it, or null for all; `seesAll`: whether events of all may be seen. */
  constructor(of, { seesAll, named, choose, signedOut }) {
    Object.assign(this, { of, classId: of?.class_id ?? null, seesAll, named, choose, signedOut });
    this.found = {};
    this.behind = null; // the gateway's clock less ours, ms; null until an answer tells it
    this.heardAt = Date.now();
    this.level = "wait";
    const sees = of ? of.sees_students : false;
    byId("people-card").hidden = !sees;
    byId("stuck-card").hidden = !sees;
    say(byId("stuck-wrong"), "");
    byId("heat-card").hidden = !of;
    byId("feed-card").hidden = !(of ? sees : seesAll);
    byId("classes-card").hidden = Boolean(of);
    this.parts = [
      [5, "trend", () => gateway.trend(this.classId)],
      ...(of ? [[5, "heatmap", () => gateway.heatmap(this.classId)]] : [[3, "rooms", gateway.headcount]]),
      ...(sees ? [[2, "stuck", () => gateway.stuck(this.classId)], [2, "people", () => gateway.students(this.classId)]] : []),
      ...((of ? sees : seesAll) ? [[5, "feed", () => gateway.latest(this.classId)]] : []),
    ];
  }

  start() {
    this.beats = 0;
    this.open();
    this.timer = setInterval(() => this.beat(), TICK_MS);
    this.beat();
  }

  /** Nobody looks at a hidden page: it asks for nothing. */
  open() {
    this.close?.();
    this.close = gateway.listen(this.classId, {
      kpis: (now) => this.heard(now),
      problem: () => this.setLevel("away"),
      lost: (forGood) => (forGood ? this.lostForGood() : this.setLevel("lost")),
    });
  }

  stop() {
    clearInterval(this.timer);
    this.close?.();
    this.close = null;
    this.stopped = true;
  }

  heard(now) {
    if (this.stopped) return;
    this.heardAt = Date.now();
    this.found.now = now;
    this.setClock(now);
    this.setLevel(now.state === "stalled" || now.state === "no_data" ? "stalled" : now.lag_seconds > LAGS_FROM_S ? "behind" : "live");
    this.show("now");
  }

  /** Takes the gateway's clock from whatever answer says it: a replayed log has a time of its own. */
  setClock(answer) {
    if (answer.as_of) this.behind = Date.parse(answer.as_of) + answer.lag_seconds * 1000 - Date.now();
  }

  get seconds() {
    return (Date.now() + this.behind) / 1000;
  }

  beat() {
    if (document.hidden) {
      this.close?.();
      this.close = null;
      return;
    }
    if (!this.close) this.open();
    if (this.level !== "away" && Date.now() - this.heardAt > SILENT_MS) this.setLevel("lost");
    for (const [every, name, ask] of this.parts) if (this.beats % every === 0) this.ask(name, ask);
    this.beats += 1;
    this.show("people");
    this.show("stuck");
  }

  async ask(name, ask) {
    try {
      this.found[name] = await ask();
      if (this.behind === null) this.setClock(this.found[name]); // before the first number of the stream
      if (!this.stopped) this.show(name);
    } catch (refused) {
      if (refused.status === 401) this.signedOut();
      else if (refused.status === 503) this.setLevel("away");
    }
  }

  async lostForGood() {
    this.close = null; // the next beat tries again
    this.setLevel("lost");
    await gateway.classes().catch((refused) => refused.status === 401 && this.signedOut());
  }

  show(name) {
    const found = this.found[name];
    if (!found) return;
    if (name === "now") showHeadline(found, this.seconds);
    else if (name === "trend") showTrend(found.items, this.seconds);
    else if (name === "heatmap") showHeatmap(found);
    else if (name === "people") showPeople(found.items, this.seconds, this.named());
    else if (name === "stuck") showStuck(found, this.seconds, this.named(), (entry, what) => this.answer(entry, what));
    else if (name === "feed") showFeed(found.items, this.named());
    else if (name === "rooms") showClasses(found.items, this.choose);
  }

  /** Tells the gateway what the teacher says of an entry; it goes from the list once it has been counted. */
  async answer(entry, what) {
    say(byId("stuck-wrong"), "");
    await gateway.answerStuck(this.classId, entry, what);
    await this.ask("stuck", () => gateway.stuck(this.classId));
  }

  showAll() {
    for (const name of Object.keys(this.found)) this.show(name);
    this.setLevel(this.level);
  }

  setLevel(level) {
    this.level = level;
    const t = text();
    const now = this.found.now;
    byId("fresh").dataset.level = level;
    const at = now?.as_of ? ` · ${t.asOf(clock(new Date(now.as_of), true))}` : "";
    const words = {
      live: () => t.fresh.live(t.seconds(number(now.lag_seconds, 1))) + at,
      behind: () => t.fresh.behind(age(now.lag_seconds)) + at,
      stalled: () => (now.as_of ? t.fresh.behind(age(now.lag_seconds)) : t.fresh.wait) + at,
      lost: () => t.fresh.lost + at,
      away: () => t.fresh.away + at,
      wait: () => t.fresh.wait,
    }[level]();
    say(byId("fresh-text"), words);
  }
}
