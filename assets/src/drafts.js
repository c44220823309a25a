// Typed text outlives a reload, a lost network and an expired session: <form data-draft="key"> keeps it in this tab until it is sent.
import { each, make } from "./page.js";
import { say } from "./words.js";

const reader = document.body.dataset.reader ?? "";
const PREFIX = "draft:";
const nameOf = (form) => `${PREFIX}${reader}:${form.dataset.draft}`;
const isKept = (field) => field.name && field.name !== "csrfmiddlewaretoken" && !["hidden", "password", "file", "submit", "button", "reset"].includes(field.type) && !field.closest("[data-draft-skip]");

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}
function write(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // a full or forbidden store keeps no drafts; the form works all the same
  }
}

const isChanged = (field) => {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") {
    const options = [...field.options];
    const offered = options.filter((option) => option.defaultSelected);
    if (!offered.length && !field.multiple && options.length) offered.push(options[0]); // what a browser shows of itself
    return options.some((option) => option.selected !== offered.includes(option));
  }
  return field.value !== field.defaultValue;
};
const valueOf = (field) => {
  if (field.type === "checkbox" || field.type === "radio") return field.checked;
  return field.multiple && field.options ? [...field.selectedOptions].map((option) => option.value) : field.value;
};
const keyOf = (field) => (field.type === "checkbox" || field.type === "radio" ? `${field.name}=${field.value}` : field.name);

/** Put a value back. False where the page offers that choice no longer. */
function fill(field, value) {
  if (field.tagName === "SELECT" && ![value].flat().every((one) => [...field.options].some((option) => option.value === one))) return false;
  if (field.type === "checkbox" || field.type === "radio") field.checked = value === true;
  else if (Array.isArray(value)) for (const option of field.options) option.selected = value.includes(option.value);
  else field.value = value;
  return true;
}

let isSigningOut = false;
const arrived = new WeakSet(); // forms that the server took, until somebody types again

function keep(form) {
  if (isSigningOut || arrived.has(form)) return;
  const fields = {};
  for (const field of form.elements) if (isKept(field) && (isChanged(field) || field.dataset.drafted)) fields[keyOf(field)] = valueOf(field);
  if (Object.keys(fields).length) write(nameOf(form), { fields, at: Date.now() });
  else sessionStorage.removeItem(nameOf(form));
}

function restore(form) {
  const draft = read(nameOf(form));
  if (!draft) return;
  let count = 0;
  for (const field of form.elements) {
    const value = isKept(field) ? draft.fields[keyOf(field)] : undefined;
    if (value === undefined) continue;
    field.dataset.drafted = "1"; // kept on, also where the server has put it back already
    if (JSON.stringify(value) === JSON.stringify(valueOf(field))) continue;
    if (!fill(field, value)) continue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    count += 1;
  }
  if (!count) return;
  const time = new Date(draft.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  const discard = make("button", { type: "button", className: "tool", text: say("draft_discard") });
  const note = make("p", { className: "draft-note", attributes: { role: "status" } }, make("span", { text: say("draft_restored", { time }) }), discard);
  discard.addEventListener("click", () => {
    sessionStorage.removeItem(nameOf(form));
    form.reset();
    for (const field of form.elements) delete field.dataset.drafted;
    form.dispatchEvent(new Event("input"));
    note.remove();
  });
  form.prepend(note);
}

const pending = new Map(); // forms with something typed that is not kept yet -> their timers
function keepNow(form) {
  clearTimeout(pending.get(form));
  pending.delete(form);
  keep(form);
}
function later(form) {
  clearTimeout(pending.get(form));
  pending.set(form, setTimeout(() => keepNow(form), 250));
}

/** Sent, but not known to have arrived: the next page tells. */
const SENT = "sent:";
function markSent(form) {
  keepNow(form);
  write(SENT + nameOf(form), location.pathname + location.search);
}
function forget(name) {
  sessionStorage.removeItem(SENT + name);
  sessionStorage.removeItem(name);
}

/** A form that came back with its errors was not accepted: its draft lives on. */
const REFUSED = ".error-text, .field-error, .errorlist, .banner-error, .banner-conflict, .note-error";
const isRefused = (name) => [...document.querySelectorAll("form[data-draft]")].some((form) => nameOf(form) === name && form.querySelector(REFUSED));

/** What this page says about the forms that were sent from the one before. */
function conclude() {
  const isOutside = Boolean(document.querySelector(".bare"));
  const status = performance.getEntriesByType("navigation")[0]?.responseStatus || 200;
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) && reader && !key.startsWith(`${PREFIX}${reader}:`)) sessionStorage.removeItem(key); // another person's
    if (!key.startsWith(SENT)) continue;
    const name = key.slice(SENT.length);
    const from = read(key);
    if (isOutside || status >= 400 || isRefused(name)) sessionStorage.removeItem(key);
    else forget(name);
    const next = document.querySelector("form:has(input[type=password]) input[name=next]");
    if (isOutside && next && ["", "/"].includes(next.value) && from) next.value = from; // come back to the form after signing in
  }
}
conclude(); // before drafts are put back

each("form[data-draft]", (form) => {
  restore(form);
  form.addEventListener("input", () => {
    arrived.delete(form);
    later(form);
  });
  form.addEventListener("change", () => later(form));
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) keepNow(form); // on its way by htmx, or held back by a question
    else markSent(form);
  });
});
window.addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form[data-draft]")) if (!sessionStorage.getItem(SENT + nameOf(form))) keep(form);
});

// The form that was sent; where its answer replaced it, the event tells of what stands around it.
const formSent = ({ detail }) => (detail.requestConfig?.verb === "get" ? null : (detail.requestConfig?.elt ?? detail.elt).closest?.("form[data-draft]"));
const isTaken = ({ detail: { xhr } }) => xhr.status >= 200 && xhr.status < 400 && !(xhr.getResponseHeader("HX-Redirect") ?? "").startsWith("/sign-in");

/** What the server took is no draft any more: before the answer stands on the page, where the empty form would find it. */
document.addEventListener("htmx:beforeOnLoad", (event) => {
  for (const one of [...pending.keys()]) keepNow(one); // an answer may replace the form that somebody is typing in
  const form = formSent(event);
  if (!form || !isTaken(event)) return;
  arrived.add(form);
  forget(nameOf(form));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = formSent(event);
  if (form && !isTaken(event)) sessionStorage.removeItem(SENT + nameOf(form));
});

/** Who signs out leaves nothing in the tab. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-sign-out]")) return;
  isSigningOut = true;
  sessionStorage.clear();
});

/** Text that is not kept anywhere asks before it is lost. */
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard]:not([data-sending])")) if ([...form.elements].some((field) => isKept(field) && isChanged(field))) event.preventDefault();
});
