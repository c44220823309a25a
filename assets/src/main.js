// Behaviour that every page has: small in-place actions (htmx), keyboard, filters that apply themselves, print.
import htmx from "htmx.org";

window.htmx = htmx; // the name under which htmx's own attributes expect it

/** Elements marked with data-print open the print dialogue. */
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

/** A filter form marked with data-auto-submit applies as soon as a choice is made; typed text waits for Enter. */
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  if (form && event.target.matches("select, input[type=date], input[type=month]")) form.requestSubmit();
});

/** Empty fields stay out of the address, so that it can be read and shared. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-auto-submit]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-auto-submit] :disabled")) field.disabled = false;
});

/** Details are opened for print, so that nothing is missing on paper. */
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const element of opened) element.open = true;
});
window.addEventListener("afterprint", () => {
  for (const element of opened) element.open = false;
});

// Keyboard: "/" search, "g" then a letter goes to the link marked with data-go, "j" and "k" walk through a list.
let pendingGo = 0;
const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

function step(direction) {
  const rows = [...document.querySelectorAll("[data-row] a[data-row-link]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + direction))];
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "g") {
    pendingGo = Date.now();
    return;
  } else if (pendingGo && Date.now() - pendingGo < 1500) {
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) link.click();
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  pendingGo = 0;
});

/** A process drawing that is wider than its place shows the place of the ticket first. */
for (const frame of document.querySelectorAll(".process-scroll")) {
  const here = frame.querySelector(".process-node-here");
  if (here && frame.scrollWidth > frame.clientWidth) {
    const box = here.getBoundingClientRect();
    frame.scrollLeft = box.left + box.width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
  }
}
