// Small behaviours of forms and pages: filters that apply themselves, errors told to screen readers, copy, print.
import { each } from "./page.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

/** A filter form marked with data-auto-submit applies as soon as a choice is made; typed text waits for Enter. */
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  if (form && event.target.matches("select, input[type=date], input[type=month], input[type=checkbox], input[type=radio]")) form.requestSubmit();
});

/** Empty fields stay out of the address, so that it can be read and shared. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-auto-submit]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-auto-submit] :disabled")) field.disabled = false;
});

/** The error and the help of a field are its description; the first wrong field has the focus. */
each(".field", (field) => {
  const notes = [...field.querySelectorAll(".field-help[id], .error-text[id], .field-error[id]")].map((one) => one.id);
  const isWrong = Boolean(field.querySelector(".error-text, .field-error"));
  const label = field.querySelector(":scope > label[for]");
  if (label && !document.getElementById(label.htmlFor)) { // the control has an id of its own
    const own = field.querySelectorAll("input:not([type=hidden]), select, textarea");
    if (own.length === 1 && own[0].id) label.htmlFor = own[0].id;
  }
  for (const control of field.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (notes.length && !control.hasAttribute("aria-describedby")) control.setAttribute("aria-describedby", notes.join(" "));
    if (isWrong && !field.matches("fieldset")) control.setAttribute("aria-invalid", "true");
  }
});
each("form", (form) => {
  if (form.contains(document.activeElement) && document.activeElement !== document.body) return;
  form.querySelector(".field-wrong :is(input:not([type=hidden]), select, textarea)")?.focus({ preventScroll: false });
});

/** data-copy="text" or "#id of the element whose text it is". */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const wanted = button.dataset.copy;
  const source = wanted.startsWith("#") ? document.querySelector(wanted) : null;
  const text = source ? source.value ?? source.textContent.trim() : wanted;
  try {
    await navigator.clipboard.writeText(text);
    toast(say("copied"), { kind: "success" });
  } catch {
    if (source) getSelection().selectAllChildren(source);
    toast(say("copy_failed"), { kind: "warning" });
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

/** An act that is opened by mouse, key or palette waits with the cursor in its first field; a finger chooses where to type. */
document.addEventListener("click", (event) => {
  const act = event.target.closest("details:is(.act, .side-act) > summary")?.parentElement;
  if (!act || act.open) return;
  for (let around = act.parentElement.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  if (matchMedia("(pointer: coarse)").matches) return;
  act.addEventListener("toggle", () => {
    if (act.open) [...act.querySelectorAll("input:not([type=hidden], [type=file]), select, textarea")].find((one) => one.checkVisibility())?.focus();
  }, { once: true });
});

/** Details are opened for print, so that nothing is missing on paper. */
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open], [data-menu])")];
  for (const element of opened) element.open = true;
});
window.addEventListener("afterprint", () => {
  for (const element of opened) element.open = false;
});

/** What scrolls sideways and holds nothing to step on can be reached by keyboard, too. */
each(".scroll, .band-scroll, .process-scroll", (frame) => {
  const hasStep = () => [...frame.querySelectorAll("a[href], button, input, select, summary")].some((one) => one.getClientRects().length && !one.disabled);
  const show = () => {
    if (frame.scrollWidth > frame.clientWidth && !hasStep()) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  };
  new ResizeObserver(show).observe(frame);
});

/** What is wider than its place shows where one is first: the ticket's place in a process, the tab, the list. */
each(".process-scroll, .tabs, nav.chips", (frame) => {
  const here = frame.querySelector(".process-node-here, [aria-current]");
  if (here && frame.scrollWidth > frame.clientWidth) {
    const box = here.getBoundingClientRect();
    frame.scrollLeft = box.left + box.width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
  }
});

/** <a data-jump-to="id of a textarea" data-line="12" [data-column="5"]>: the line is chosen and scrolled to. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-jump-to]");
  const area = link && document.getElementById(link.dataset.jumpTo);
  if (!area) return;
  event.preventDefault();
  const lines = area.value.split("\n");
  const line = Math.min(lines.length, Math.max(1, Number(link.dataset.line) || 1));
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const column = Math.min(lines[line - 1].length, Math.max(0, (Number(link.dataset.column) || 1) - 1));
  area.focus();
  area.setSelectionRange(start + column, start + lines[line - 1].length);
  const height = Number.parseFloat(getComputedStyle(area).lineHeight) || 20;
  area.scrollTop = Math.max(0, (line - 1) * height - area.clientHeight / 3);
});

/** Whoever is ticked in <div data-found="#chosen"> moves there, so that the next look keeps them. */
document.addEventListener("change", (event) => {
  const box = event.target, found = box.closest("[data-found]");
  if (!found || !box.checked) return;
  const chosen = document.querySelector(found.dataset.found), label = box.closest("label");
  const known = chosen.querySelector(`input[value="${CSS.escape(box.value)}"]`);
  if (known) {
    known.checked = true;
    label.remove();
  } else {
    chosen.append(label);
  }
  (known ?? box).focus();
});

/** Whoever is ticked already is found as ticked, and is not to be ticked once more, until the tick is taken away. */
function followChosen(found) {
  for (const again of found.querySelectorAll("input")) {
    const known = document.querySelector(`${found.dataset.found} input[value="${CSS.escape(again.value)}"]`);
    if (known) again.checked = again.disabled = known.checked;
  }
}
document.addEventListener("htmx:afterSwap", (event) => {
  const found = event.target.closest("[data-found]");
  if (found) followChosen(found);
});
document.addEventListener("change", (event) => {
  for (const found of document.querySelectorAll("[data-found]")) {
    if (event.target.closest(found.dataset.found)) followChosen(found);
  }
});
