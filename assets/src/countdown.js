// How far off a due moment is by the wall clock, live: <span data-countdown="ISO due" [data-warn="ISO or seconds before"]>; looks at risk and breached at the moment.
import { each } from "./page.js";
import { say } from "./words.js";

const TICK = 15_000;
const LOOKS = ["running", "risk", "breached"];
const alive = new Set();

/** Milliseconds as people say them: "42 min", "3 h 12 min", "4 d 3 h". */
export function spell(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  const hours = Math.floor(minutes / 60);
  const parts = (...all) => all.filter(([number]) => number).map(([number, unit]) => say(unit, { n: number })).join(" ");
  if (!minutes) return say("under_a_minute");
  if (hours >= 48) return parts([Math.floor(hours / 24), "days"], [hours % 24, "hours"]);
  return parts([hours, "hours"], [minutes % 60, "minutes"]);
}

function warnAt(element, due) {
  const given = element.dataset.warn;
  if (!given) return Infinity;
  return /^\d+$/.test(given) ? due - Number(given) * 1000 : Date.parse(given);
}

function show(element) {
  const due = Date.parse(element.dataset.countdown);
  if (Number.isNaN(due)) return;
  const now = Date.now();
  const look = now > due ? "breached" : now >= warnAt(element, due) ? "risk" : "running";
  const text = element.querySelector("[data-countdown-text]") ?? element;
  const sentence = say(look === "breached" ? "past_due" : "due_in", { time: spell(due - now) });
  if (text.textContent !== sentence) text.textContent = sentence;
  const mark = element.closest(".state, [data-look]") ?? element;
  if (mark.dataset.look === look) return;
  mark.dataset.look = look;
  for (const one of LOOKS) mark.classList.toggle(`state-${one}`, one === look && mark.classList.contains("state"));
  const sign = mark.querySelector(".icon");
  if (sign) for (const one of LOOKS) sign.classList.toggle(`icon-${one}`, one === look);
  const row = element.closest("[data-row], .card-link");
  if (row) row.dataset.look = look;
}

function tick() {
  for (const element of alive) {
    if (element.isConnected) show(element);
    else alive.delete(element);
  }
}

each("[data-countdown]", (element) => {
  element.setAttribute("aria-live", "off");
  alive.add(element);
  show(element);
});
setInterval(tick, TICK);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
