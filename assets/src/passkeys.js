// Passkeys: <form data-passkey="create" or "get" data-passkey-options="JSON"> asks the browser for one before it is sent; the answer
// goes with it as `credential`. What may go wrong stands hidden in the form as [data-passkey-problem].
import { each } from "./page.js";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (credentials = []) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

/** What the server asks for, with bytes where the browser wants bytes. */
function wanted({ publicKey }) {
  const made = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) made.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.excludeCredentials) made.excludeCredentials = named(publicKey.excludeCredentials);
  if (publicKey.allowCredentials) made.allowCredentials = named(publicKey.allowCredentials);
  return { publicKey: made };
}

/** The browser's answer as JSON, bytes in base64url. */
function answer({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].filter((name) => response[name]);
  return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(parts.map((name) => [name, text(response[name])])) });
}

each("form[data-passkey]", (form) => {
  const field = form.elements.credential;
  const buttons = form.querySelectorAll("button:not([type=button])");
  const show = (kind) => { for (const one of form.querySelectorAll("[data-passkey-problem]")) one.hidden = one.dataset.passkeyProblem !== kind; };
  let isAsking = false;
  field.value = "";
  if (!window.isSecureContext || !window.PublicKeyCredential || !navigator.credentials) {
    show("unsupported");
    for (const button of buttons) button.disabled = true;
    return;
  }
  form.addEventListener("submit", async (event) => {
    if (field.value) return; // the passkey has answered: now it goes
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    show("");
    try {
      field.value = answer(await navigator.credentials[form.dataset.passkey](wanted(JSON.parse(form.dataset.passkeyOptions))));
      form.requestSubmit(event.submitter);
    } catch (error) {
      show({ InvalidStateError: "known", SecurityError: "unsupported", NotSupportedError: "unsupported" }[error.name] ?? "refused");
    } finally {
      isAsking = false;
    }
  });
});
