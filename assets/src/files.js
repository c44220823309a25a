// Files to send: what was chosen is listed and can be taken out again; dropping and pasting add to it; limits are told at once.
import { each, icon, make } from "./page.js";
import { say } from "./words.js";

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
const endingOf = (name) => (name.includes(".") ? `.${name.split(".").pop().toLowerCase()}` : "");

each("input[type=file][data-files]", (input) => {
  const field = input.closest("[data-dropzone], .field, form") ?? input.parentElement;
  const zone = input.closest("[data-dropzone]") ?? field;
  const list = zone.parentElement.querySelector("[data-files-list]") ?? zone.insertAdjacentElement("afterend", make("ul", { className: "file-list" }));
  const largest = Number(input.dataset.size || 20 * 1024 * 1024);
  const most = input.multiple ? Number(input.dataset.max || 10) : 1;
  const endings = input.accept.split(",").map((one) => one.trim().toLowerCase()).filter((one) => one.startsWith("."));
  let chosen = [];
  list.setAttribute("aria-live", "polite");

  function problem(file, count) {
    if (count >= most) return say("files_too_many", { n: most });
    if (file.size > largest) return say("file_too_large", { name: file.name, size: size(largest) });
    if (!file.size) return say("file_empty", { name: file.name });
    if (endings.length && !endings.includes(endingOf(file.name))) return say("file_wrong_kind", { name: file.name });
    return "";
  }
  function show(problems = []) {
    const transfer = new DataTransfer();
    for (const file of chosen) transfer.items.add(file);
    input.files = transfer.files;
    list.replaceChildren(
      ...chosen.map((file) => {
        const remove = make("button", { type: "button", className: "tool tool-icon", title: say("file_remove", { name: file.name }) }, icon("close"), make("span", { className: "sr-only", text: say("file_remove", { name: file.name }) }));
        remove.addEventListener("click", () => { chosen = chosen.filter((one) => one !== file); show(); input.focus(); });
        return make("li", {}, make("span", { text: file.name, title: file.name }), make("span", { className: "quiet nowrap", text: size(file.size) }), remove);
      }),
      ...problems.map((text) => make("li", { className: "error-text" }, icon("risk"), make("span", { className: "file-wrong", text }))),
    );
  }
  function add(files) {
    const problems = [];
    if (!input.multiple) chosen = [];
    for (const file of files) {
      if (chosen.some((one) => one.name === file.name && one.size === file.size && one.lastModified === file.lastModified)) continue;
      const wrong = problem(file, chosen.length);
      if (wrong) problems.push(wrong);
      else chosen.push(file);
    }
    show([...new Set(problems)]);
  }

  input.addEventListener("change", () => add([...input.files]));
  input.form?.addEventListener("reset", () => { chosen = []; show(); });
  for (const kind of ["dragover", "dragenter"]) zone.addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); zone.classList.add("is-over"); } });
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  input.form?.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, "");
    add(files.map((file) => (/^image\.\w+$/.test(file.name) ? new File([file], `${stamp}-${file.name}`, { type: file.type }) : file)));
  });
});
