// Sentences of the scripts in the reader's language: a JSON block that the frame renders.
const block = document.getElementById("shell-words");
const words = (block && JSON.parse(block.textContent)) || {};

/** The sentence `key`, with its %(name)s filled in. */
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}
