// The guided tour of a demonstration: Escape inside its panel ends it, as its button does.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.target.closest?.("[data-tour]")?.querySelector("[data-tour-end]")?.click();
});
