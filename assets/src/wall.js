// The wall board: one slide after the other, asked for anew each time; says at once and in large type when it no longer
// knows how things are (no server, old data, no permission). What it cannot see it never shows as good.
import { apply, each, isTyping, make } from "./page.js";
import { spell } from "./countdown.js";

const TIMEOUT = 15_000;
const OLD_AFTER = 120_000; //  an answer that the server itself gave so long ago
const LOST_AFTER = 2; //  failures in a row: one alone may be a hiccup
const AGAIN_AFTER = 5_000;

function read(id, fallback) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : fallback;
}

each("[data-wall]", (wall) => {
  const words = read("wall-words", {});
  const slides = read("wall-slides", [""]);
  const place = wall.querySelector("[data-wall-slide]");
  const alarm = wall.querySelector("[data-wall-alarm]");
  const seen = wall.querySelector("[data-wall-seen]");
  const clock = wall.querySelector("[data-wall-clock]");
  const dots = wall.querySelector("[data-wall-dots]");
  const every = Number(wall.dataset.seconds) * 1000;
  const say = (name, time) => (words[name] ?? name).replace("%(time)s", time).replace("%(n)s", time);
  let index = 0;
  let failures = 0;
  let isEnded = false;
  let isHeld = false;
  let isBusy = false;
  let pressed = 0; //  slides to turn that a key asked for while one was on its way
  let answeredAt = Date.now(); // by our own clock: the server's may differ, ages may not
  let skew = skewOf(place);

  if (slides.length > 1) for (const _slide of slides) dots.append(make("i"));

  /** Milliseconds by which the server's clock is ahead of ours. */
  function skewOf(root) {
    const stamp = Number(root.querySelector("[data-stamp]")?.dataset.stamp);
    return stamp ? stamp * 1000 - Date.now() : 0;
  }

  function age() {
    return Date.now() - answeredAt;
  }

  function ageText() {
    const seconds = Math.round(age() / 1000);
    return seconds < 60 ? say("seconds", seconds) : spell(age());
  }

  function show() {
    const look = isEnded ? "ended" : failures >= LOST_AFTER ? "lost" : age() > Math.max(OLD_AFTER, 3 * every) ? "stale" : "live";
    wall.dataset.look = look;
    const text = look === "live" ? "" : look === "ended" ? say("ended", "") : say(look, ageText());
    if (alarm.textContent !== text) alarm.textContent = text;
    alarm.hidden = !text;
    seen.textContent = look === "live" && age() < 5_000 ? say("live", "") : say("seen", ageText());
    if (isHeld) seen.textContent += ` · ${say("held", "")}`;
    const now = new Date(Date.now() + skew);
    clock.textContent = now.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
    [...dots.children].forEach((dot, at) => dot.classList.toggle("on", at === index));
  }

  async function load(next) {
    if (isBusy || isEnded) return;
    isBusy = true;
    try {
      const address = new URL(wall.dataset.url, location.href);
      if (slides[next]) address.searchParams.set("contract", slides[next]);
      const response = await fetch(address, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(TIMEOUT), headers: { "X-Requested-With": "wall" } });
      if (response.status === 403 || response.status === 404) isEnded = true;
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const slide = page.querySelector("[data-stamp]");
      if (!slide) throw new Error("no slide");
      place.replaceChildren(document.adoptNode(slide));
      apply(place);
      index = next;
      failures = 0;
      answeredAt = Date.now();
      skew = skewOf(place);
    } catch {
      failures += 1;
      if (isEnded) place.replaceChildren(); // what one may no longer see does not stay on the wall
      else if (failures < LOST_AFTER) setTimeout(() => load(index), Math.min(AGAIN_AFTER, every));
    } finally {
      isBusy = false;
      show();
      const by = pressed;
      pressed = 0;
      if (by) step(by);
    }
  }

  const step = (by) => load((((index + by) % slides.length) + slides.length) % slides.length);
  const turn = (by) => { if (isBusy) pressed += by; else step(by); };
  setInterval(() => step(isHeld ? 0 : 1), every);
  setInterval(show, 1000);
  window.addEventListener("online", () => step(0));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { step(0); stayAwake(); } });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = { ArrowRight: () => turn(1), ArrowLeft: () => turn(-1), " ": () => { isHeld = !isHeld; show(); }, f: fullScreen, F: fullScreen };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }, true);

  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  }
  wall.querySelector("[data-wall-full]")?.addEventListener("click", fullScreen);

  /** A screen that goes dark shows nothing; browsers may refuse, and then the system's settings decide. */
  function stayAwake() {
    navigator.wakeLock?.request("screen").catch(() => {});
  }

  let idle = 0;
  function wake() {
    wall.classList.remove("wall-idle");
    clearTimeout(idle);
    idle = setTimeout(() => wall.classList.add("wall-idle"), 4_000);
  }
  document.addEventListener("pointermove", wake);
  wake();
  stayAwake();
  show();
});

/** The link that an administrator made carries the token behind the “#”, which no server and no log sees. */
each("[data-wall-join]", (form) => {
  const token = location.hash.slice(1);
  if (!token.startsWith("yw_")) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.requestSubmit();
});
