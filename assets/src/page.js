// The ground of every behaviour: run a set-up once for each element that fits, now and after every swap; make elements.
const setups = [];
const done = new WeakMap();

/** Run the set-ups for what stands in `root`, itself included. */
export function apply(root) {
  for (const [selector, setup] of setups) {
    const found = [...root.querySelectorAll(selector)];
    if (root instanceof Element && root.matches(selector)) found.unshift(root);
    for (const element of found) {
      const known = done.get(element) ?? new Set();
      if (known.has(setup)) continue;
      done.set(element, known.add(setup));
      setup(element);
    }
  }
}

/** Call `setup(element)` for each element that fits `selector`: those on the page, and those that come later. */
export function each(selector, setup) {
  setups.push([selector, setup]);
  if (document.readyState !== "loading") apply(document);
}

document.addEventListener("DOMContentLoaded", () => apply(document));
document.addEventListener("htmx:load", (event) => apply(event.detail.elt));

/** make("span", {className: "x", text: "…"}, child, …): an element; texts are never read as HTML. */
export function make(tag, { text, data, attributes, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) element.textContent = text;
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const icon = (name) => make("span", { className: `icon icon-${name}`, attributes: { "aria-hidden": "true" } });

/** Whether a key belongs to a field, or to an input method that is still composing. */
export const isTyping = (event) =>
  event.isComposing || event.keyCode === 229 || Boolean(event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
