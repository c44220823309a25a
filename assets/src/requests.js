// What htmx does beyond its configuration: signs of work, answers that are refusals, a lost network, an expired session.
import htmx from "htmx.org";
import { toast } from "./toasts.js";
import { say } from "./words.js";

window.htmx = htmx; // the name under which htmx's own attributes expect it

const isPolling = (element) => /\bevery\b/.test(element?.getAttribute?.("hx-trigger") ?? "");
let running = 0;
let timer = 0;

/** One more or one fewer request under way; the line at the top shows after 80 ms, so that quick answers do not flicker. */
function work(change) {
  running = Math.max(0, running + change);
  clearTimeout(timer);
  if (!running) delete document.documentElement.dataset.busy;
  else timer = setTimeout(() => { document.documentElement.dataset.busy = ""; }, 80);
}

const buttonOf = (detail) => {
  const pressed = detail.requestConfig?.triggeringEvent?.submitter ?? detail.elt;
  return pressed?.matches?.("button, a.button") ? pressed : null;
};

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPolling(event.detail.elt)) return;
  work(1);
  buttonOf(event.detail)?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (isPolling(event.detail.elt)) return;
  work(-1);
  buttonOf(event.detail)?.removeAttribute("aria-busy");
});

/** A session that ended: sign in, and come back to this page, where the drafts wait. */
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const target = event.detail.xhr.getResponseHeader("HX-Redirect");
  if (!target) return;
  const url = new URL(target, location.href);
  if (url.origin !== location.origin || !url.pathname.startsWith("/sign-in")) return;
  event.preventDefault();
  url.searchParams.set("next", location.pathname + location.search);
  location.assign(url);
});

/** A whole error page is no fragment: it is told as a message, and what was typed stays where it is. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  const page = /<!doctype html/i.test(xhr.responseText.slice(0, 200)) ? new DOMParser().parseFromString(xhr.responseText, "text/html") : null;
  const error = page?.querySelector("[data-error-page]");
  if (!error) return;
  event.detail.shouldSwap = false;
  event.detail.isError = false;
  const reference = error.querySelector("[data-reference]")?.textContent ?? "";
  const sentences = [...error.querySelectorAll("[data-error-text]")].map((one) => one.textContent.trim());
  toast([error.querySelector("h1")?.textContent, ...sentences].filter(Boolean).join(" "), { kind: "error", detail: reference && say("reference", { reference }) });
});
document.addEventListener("htmx:responseError", (event) => {
  if (!isPolling(event.detail.elt)) toast(say("server_error"), { kind: "error", detail: String(event.detail.xhr.status) });
});

let isOffline = false;
function lost(event) {
  if (isPolling(event.detail.elt) && isOffline) return;
  isOffline = true;
  toast(say("network_error"), { kind: "error" });
}
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:timeout", lost);
document.addEventListener("htmx:afterOnLoad", () => { isOffline = false; });

/** A form that is on its way is not sent twice, and its button turns. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]") || event.submitter?.matches("[hx-post]")) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  work(1);
  setTimeout(() => release(form), 10_000); // a download leaves the page where it is
});
function release(form) {
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  work(-1);
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) release(form);
});
