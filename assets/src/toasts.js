// Short messages at the edge: those of the server, of answers ("HX-Trigger: toast"), and of the page itself.
import { apply, each, icon, make } from "./page.js";
import { say } from "./words.js";

const ICONS = { success: "met", met: "met", error: "risk", warning: "risk" };

/** Show a message. `kind`: info, success, warning, error (errors stay until they are closed). */
export function toast(text, { kind = "info", detail = "" } = {}) {
  const place = document.getElementById("toasts");
  if (!place || !text) return;
  const body = make("span", { text });
  if (detail) body.append(make("small", { text: detail }));
  const close = make("button", { type: "button", className: "tool tool-icon", title: say("close"), data: { toastClose: "" } }, icon("close"), make("span", { className: "sr-only", text: say("close") }));
  const element = make("div", { className: `toast toast-${kind}`, attributes: { role: kind === "error" ? "alert" : "status" } }, icon(ICONS[kind] ?? "info"), body, close);
  if (place.showPopover) { // above dialogs, too
    place.popover = "manual";
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  place.append(element);
  apply(element);
}

each(".toast", (element) => {
  element.querySelector("[data-toast-close]")?.addEventListener("click", () => element.remove());
  if (element.classList.contains("toast-error")) return;
  let left = 7000 + 60 * element.textContent.length;
  const timer = setInterval(() => {
    if (element.matches(":hover, :focus-within") || document.hidden) return;
    left -= 500;
    if (left <= 0) {
      element.remove();
      clearInterval(timer);
    }
  }, 500);
});

/** A server says `HX-Trigger: {"toast": "text"}` or `{"toast": {"text": …, "kind": …}}`. */
document.addEventListener("toast", (event) => {
  const given = event.detail?.value ?? event.detail;
  if (typeof given === "string") toast(given, { kind: "success" });
  else toast(given?.text, { kind: given?.kind ?? "success" });
});
