// Choosing several rows: <form data-bulk> with checkboxes; [data-bulk-all], [data-bulk-bar], [data-bulk-count], [data-bulk-clear].
import { each } from "./page.js";
import { say } from "./words.js";

each("form[data-bulk]", (form) => {
  const name = form.dataset.bulk || "number";
  const boxes = () => [...form.elements].filter((field) => field.type === "checkbox" && field.name === name);
  const part = (selector) => form.querySelector(selector) ?? document.querySelector(`${selector}[data-for="${form.id}"]`);
  let last = null;

  function show() {
    const all = boxes();
    const chosen = all.filter((box) => box.checked);
    const bar = part("[data-bulk-bar]");
    const every = part("[data-bulk-all]");
    if (bar) bar.hidden = !chosen.length;
    const count = part("[data-bulk-count]");
    if (count) count.textContent = say("chosen", { n: chosen.length });
    if (every) {
      every.checked = all.length > 0 && chosen.length === all.length;
      every.indeterminate = chosen.length > 0 && chosen.length < all.length;
    }
  }
  function set(isOn) {
    for (const box of boxes()) box.checked = isOn;
    show();
  }

  part("[data-bulk-count]")?.setAttribute("aria-live", "polite");
  part("[data-bulk-all]")?.addEventListener("change", (event) => set(event.target.checked));
  part("[data-bulk-clear]")?.addEventListener("click", () => set(false));
  const choose = (event) => {
    if (!boxes().includes(event.target)) return;
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
    last = event.target;
    show();
  };
  document.addEventListener("click", choose);
  form.addEventListener("change", show);
  form.addEventListener("reset", () => setTimeout(show));
  window.addEventListener("pageshow", show);
  document.addEventListener("htmx:afterSettle", () => { if (form.isConnected) show(); });
  show();
});
