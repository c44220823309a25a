// The command palette (Ctrl-K): places and actions of the page, and what the server finds; a combobox with a list.
import { icon, make } from "./page.js";
import { say } from "./words.js";

const plain = (text) => text.normalize("NFKC").toLowerCase();

/** Places and actions: everything in navigation, and what the page offers by hotkey or data-command. */
function commands() {
  const seen = new Set();
  const found = [];
  for (const element of document.querySelectorAll("[data-go], [data-command], [data-hotkey]")) {
    const words = element.cloneNode(true);
    for (const key of words.querySelectorAll("kbd")) key.remove();
    const text = element.dataset.command || words.textContent.trim().replace(/\s+/g, " ") || element.title;
    if (!text || element.closest("dialog") || element.matches("input, textarea, select") || seen.has(text)) continue;
    seen.add(text);
    const sign = [...(element.querySelector(".icon")?.classList ?? [])].find((name) => name.startsWith("icon-"))?.slice(5) ?? "arrow";
    const key = element.dataset.go ? `g ${element.dataset.go}` : element.dataset.hotkey ?? "";
    found.push({ text, sign, key, element });
  }
  return found;
}

function build() {
  const dialog = document.getElementById("palette");
  if (!dialog) return null;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const { url } = dialog.dataset;
  let options = [];
  let at = -1;
  let asked = 0;
  let waiting = 0;
  let stop = new AbortController();

  function choose(index) {
    options[at]?.setAttribute("aria-selected", "false");
    at = options.length ? (index + options.length) % options.length : -1;
    const option = options[at];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }
  function number() {
    options = [...list.querySelectorAll("[role=option]")];
    options.forEach((option, index) => {
      option.id = `palette-${index}`;
      option.tabIndex = -1;
      option.setAttribute("aria-selected", "false");
    });
    choose(0);
  }
  function group(label, members) {
    const title = make("div", { className: "palette-group", text: label, attributes: { "aria-hidden": "true" } });
    return make("div", { attributes: { role: "group", "aria-label": label } }, title, ...members);
  }
  function own(text) {
    const wanted = plain(text).split(/\s+/).filter(Boolean);
    const fitting = commands().filter((one) => wanted.every((word) => plain(one.text).includes(word)));
    return fitting.slice(0, 12).map(({ text: label, sign, key, element }) => {
      const option = make("div", { attributes: { role: "option" } }, icon(sign), make("span", { className: "palette-text", text: label }));
      if (key) option.append(make("kbd", { text: key, attributes: { "aria-hidden": "true" } }));
      option.addEventListener("click", () => { dialog.close(); element.click(); });
      return option;
    });
  }
  function show(text, remote = []) {
    const mine = own(text);
    const parts = [...remote];
    if (mine.length) parts.push(group(say("palette_places"), mine));
    if (!parts.length) parts.push(make("div", { className: "palette-empty", text: say(text.trim() ? "palette_nothing" : "palette_hint") }));
    list.replaceChildren(...parts);
    number();
  }
  async function ask(text) {
    const mine = ++asked;
    stop.abort();
    stop = new AbortController();
    try {
      const answer = await fetch(`${url}?${new URLSearchParams({ q: text })}`, { headers: { "HX-Request": "true" }, signal: stop.signal });
      if (mine !== asked || !answer.ok || answer.status === 204) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const link of page.querySelectorAll("a[href]")) link.setAttribute("role", "option");
      if (page.querySelector("[role=option]")) show(text, [...page.body.children]);
    } catch (error) {
      if (error.name !== "AbortError") show(text, [make("div", { className: "palette-empty", text: say("network_error") })]);
    }
  }
  function changed() {
    const text = input.value;
    show(text);
    clearTimeout(waiting);
    asked += 1;
    if (url && text.trim()) waiting = setTimeout(() => ask(text.trim()), 140);
  }

  input.addEventListener("input", (event) => { if (!event.isComposing) changed(); });
  input.addEventListener("compositionend", changed);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown" || (event.ctrlKey && event.key === "n")) choose(at + 1);
    else if (event.key === "ArrowUp" || (event.ctrlKey && event.key === "p")) choose(at - 1);
    else if (event.key === "Home" && !input.value) choose(0);
    else if (event.key === "Enter") {
      const option = options[at];
      if (option) {
        if (option.href && (event.ctrlKey || event.metaKey)) window.open(option.href, "_blank", "noopener");
        else option.click();
      } else if (dialog.dataset.search && input.value.trim()) location.assign(`${dialog.dataset.search}?${new URLSearchParams({ q: input.value.trim() })}`);
    } else return;
    event.preventDefault();
  });
  list.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && options[at] !== option) choose(options.indexOf(option));
  });
  dialog.addEventListener("close", () => { stop.abort(); asked += 1; });

  return () => {
    if (dialog.open) {
      dialog.close();
      return;
    }
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    input.value = "";
    show("");
    dialog.showModal();
    input.focus();
  };
}

const toggle = build();
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.isComposing || !toggle) return;
  event.preventDefault();
  toggle();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) toggle?.();
});
