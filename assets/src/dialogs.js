// Dialogs, menus, and the question before something that is hard to undo.
import { each, make } from "./page.js";
import { say } from "./words.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog && !dialog.open) {
      event.preventDefault();
      opener.closest("details[data-menu]")?.removeAttribute("open");
      dialog.showModal();
    }
    return;
  }
  const dialog = event.target.closest("dialog");
  if (event.target.closest("[data-dialog-close]")) dialog?.close();
  else if (event.target === dialog && !isInside(event, dialog)) dialog.close(); // the ground around it
});
const isInside = (event, element) => {
  const box = element.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
};

/** A dialog that came back with an error opens by itself. */
each("dialog[data-dialog-auto]", (dialog) => {
  dialog.close();
  dialog.showModal();
  dialog.querySelector(".field-wrong :is(input, select, textarea)")?.focus();
});

/** Menus are <details>: they close on Escape, outside, and on a choice; arrows walk through them. */
each("details[data-menu]", (menu) => {
  const items = () => [...menu.querySelectorAll(".menu-body :is(a, button)")].filter((one) => one.offsetParent);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      menu.open = true;
      const all = items();
      const at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      all[(at + all.length) % all.length]?.focus();
    }
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

/** Ask in a dialog of our own. Resolves true for yes. */
export function ask(question, { yes = "", isDanger = true } = {}) {
  return new Promise((resolve) => {
    const no = make("button", { type: "button", className: "button", text: say("cancel"), data: { confirmNo: "" } });
    const ok = make("button", { type: "button", className: `button ${isDanger ? "button-danger" : "button-primary"}`, text: yes || say("confirm"), data: { confirmYes: "" } });
    const title = make("h2", { id: "confirm-title", text: say("confirm_title") });
    const text = make("p", { id: "confirm-text", className: "prose", text: question });
    const dialog = make("dialog", { className: "dialog", attributes: { role: "alertdialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" } },
      make("div", { className: "dialog-head" }, title), make("div", { className: "dialog-body" }, text, make("div", { className: "form-actions" }, no, ok)));
    const end = (answer) => { dialog.close(); dialog.remove(); resolve(answer); }; // at once: its "close" comes with the next frame
    ok.addEventListener("click", () => end(true));
    no.addEventListener("click", () => end(false));
    dialog.addEventListener("close", () => end(false)); // Escape, or a click beside it
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

const agreed = new WeakSet();
const questionOf = (element) => element?.dataset?.confirm;
const lookOf = (element) => ({ yes: element.dataset.confirmYes, isDanger: element.dataset.confirmCalm === undefined });

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const { submitter } = event;
  const asker = questionOf(submitter) ? submitter : questionOf(form) ? form : null;
  if (!asker || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!form.noValidate && !form.reportValidity()) return;
  if (await ask(questionOf(asker), lookOf(asker))) {
    agreed.add(form);
    form.requestSubmit(submitter);
  }
}, true);
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-confirm]");
  if (!link || link.matches("[hx-get], [hx-post], [hx-delete]")) return;
  event.preventDefault();
  if (await ask(questionOf(link), lookOf(link))) location.assign(link.href);
}, true);
document.addEventListener("htmx:confirm", async (event) => {
  const { elt, question } = event.detail;
  const asked = elt.matches("form") ? question : questionOf(elt) ?? question;
  if (!asked) return;
  event.preventDefault();
  if (await ask(asked, lookOf(elt))) event.detail.issueRequest(true);
});
