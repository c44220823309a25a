// Keys: "/" search, "?" help, "g" and a letter go, "j k" walk through a list, "o" opens, "x" chooses, data-hotkey presses what it names.
import { isTyping } from "./page.js";

let goPressedAt = -Infinity; // when "g" was pressed, on the clock of events
const isShown = (element) => element.offsetParent !== null || element.getClientRects().length > 0;

const links = () => [...document.querySelectorAll("[data-row] a[data-row-link]")].filter(isShown);
const rowOf = (element) => element?.closest?.("[data-row]");

function step(direction) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => rowOf(link) === rowOf(document.activeElement) && rowOf(link));
  const next = all[Math.min(all.length - 1, Math.max(0, at + direction))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const target = [...document.querySelectorAll(`[data-hotkey="${CSS.escape(key)}"]`)].find(isShown);
  if (!target) return false;
  if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) target.focus();
  else target.click();
  return true;
}

const actions = {
  "/": () => {
    const search = [...document.querySelectorAll("main [data-search], [data-search]")].find(isShown);
    if (search) {
      search.focus();
      search.select();
    } else {
      [...document.querySelectorAll("[data-palette]")].find(isShown)?.click(); // where the bar has no room for a field
    }
    return true;
  },
  "?": () => {
    const help = document.getElementById("keys");
    if (help && !help.open) help.showModal();
    return Boolean(help);
  },
  j: () => step(1),
  k: () => step(-1),
  o: () => { rowOf(document.activeElement)?.querySelector("a[data-row-link]")?.click(); },
  x: () => { rowOf(document.activeElement)?.querySelector("input[type=checkbox]")?.click(); },
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isTyping(event) && !event.isComposing && !event.target.closest("dialog")) {
    event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("dialog[open]")) return;
  const isGo = event.timeStamp - goPressedAt < 1500;
  goPressedAt = -Infinity;
  if (isGo) {
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") {
    goPressedAt = event.timeStamp;
    return;
  }
  if (press(event.key) || actions[event.key]?.()) event.preventDefault();
});
