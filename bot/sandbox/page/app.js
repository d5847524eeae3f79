// The page: which phones are on the table, the clock, the fault drawer, and word of what is not answering.

import { Backend, Refused } from "./backend.js";
import { h, icon, reconcile } from "./dom.js";
import { drawFaults } from "./faults.js";
import { unread } from "./phone/conversation.js";
import { Phone } from "./phone/phone.js";
import { clock } from "./times.js";

const NOTICE_MS = 6000;
const CLOCK_MS = 1000;
const SLOW_MS = 8000;
const LONG_AGO_MS = 600_000; // the clock was moved, or it will not be delivered any more

const $ = (id) => document.getElementById(id);
const phones = new Map();
const backend = new Backend(changed, answering);
let answers = true;
let refusal = "";
let notice;

function changed(kind, personId) {
  if (kind === "state") layPhones();
  if (kind === "state" || kind === "faults") faults();
  if (kind === "typing") return phones.get(personId)?.typing();
  if (kind === "bubble" || kind === "status") phones.get(personId)?.draw();
  else phones.forEach((phone) => phone.draw());
  tick();
  people();
}

/** The address names the phones on the table (`#asha,priya`), so that a reload or a link brings them back. */
function wanted() {
  const { people: all } = backend.state;
  const named = location.hash
    .slice(1)
    .split(",")
    .filter((id) => backend.person(id));
  const first = [all.find(({ role }) => role === "customer"), all.find(({ role }) => role !== "customer")];
  return named.length ? named : first.filter(Boolean).map(({ id }) => id);
}

function layPhones() {
  const ids = wanted();
  for (const [id, phone] of phones) {
    if (ids.includes(id)) continue;
    phone.element.remove();
    phones.delete(id);
  }
  for (const id of ids) {
    if (phones.has(id)) continue;
    const phone = new Phone(id, backend, {
      say,
      counted: people,
      closed: () => lay(ids.filter((other) => other !== id)),
    });
    phones.set(id, phone);
    $("phones").append(phone.element);
    phone.draw();
  }
}

function lay(ids) {
  history.replaceState(null, "", `#${ids.join(",")}`);
  layPhones();
  people();
}

function show(id) {
  if (!phones.has(id)) lay([...phones.keys(), id]);
  phones.get(id).element.scrollIntoView({ inline: "center", block: "nearest", behavior: "smooth" });
}

function people() {
  const rows = backend.state.people.map(({ id, name, role }) => {
    const open = phones.has(id);
    const count = phones.get(id)?.unread ?? unread(backend.bubbles(id)).length;
    const label = [name, role, open && "on the table", count && `${count} unread`].filter(Boolean).join(", ");
    const build = () =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: open ? "open" : null, "aria-label": label, onclick: () => show(id) },
          icon("person"),
          name,
          h("small", {}, role),
          count ? h("span", { class: "badge" }, count) : null,
        ),
      );
    return { key: id, signature: label, build };
  });
  reconcile($("people"), rows);
}

/** An id as WhatsApp gives one to everybody: a country and digits. */
const newBsuid = () => `IN.${crypto.getRandomValues(new BigUint64Array(1))[0] % 10n ** 16n}`;

function tick() {
  if (!backend.state.clock) return;
  const now = backend.now();
  const words = clock(now);
  if ($("clock").textContent !== words) $("clock").textContent = words;
  warn();
}

function faults() {
  const { state } = backend;
  const active = drawFaults($("fault-form"), state, (name, value) => backend.setFault(name, value).catch(say));
  const badge = $("faults-toggle").querySelector(".badge");
  badge.hidden = active === 0;
  badge.textContent = active;
}

function say(error) {
  if (!(error instanceof Refused)) return answering(false);
  refusal = error.message;
  clearTimeout(notice);
  notice = setTimeout(() => ((refusal = ""), warn()), NOTICE_MS);
  warn();
}

function answering(yes) {
  answers = yes;
  warn();
}

/** The most important thing that is wrong right now. */
function warn() {
  let words = refusal;
  if (!answers) words = "The sandbox is not answering. Is the program still running? This page tries again by itself.";
  else if (!words && waits())
    words = "Your bot has not taken the last message yet. Is it running? It will be tried again, as Meta does.";
  if ($("banner").textContent !== words) $("banner").textContent = words;
  $("banner").hidden = !words;
}

/** Whether somebody's last message has one tick for longer than a bot should take. */
function waits() {
  const now = backend.now();
  return backend.state.people.some(({ id }) => {
    const last = backend.bubbles(id).findLast(({ from }) => from === "person");
    const age = last?.status === "sent" ? now - new Date(last.at) : 0;
    return age > SLOW_MS && age < LONG_AGO_MS;
  });
}

$("faults-toggle").addEventListener("click", ({ currentTarget }) => {
  $("faults").hidden = !$("faults").hidden;
  currentTarget.setAttribute("aria-expanded", String(!$("faults").hidden));
});
$("faults-clear").addEventListener("click", () => backend.clearFaults().catch(say));
$("fault-form").addEventListener("submit", (event) => event.preventDefault());
document
  .querySelectorAll("[data-advance]")
  .forEach((button) =>
    button.addEventListener("click", () => backend.advance(Number(button.dataset.advance)).catch(say)),
  );

const dialog = $("new-person");
$("add-person").addEventListener("click", () => dialog.showModal());
dialog.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
dialog.querySelector("form").addEventListener("submit", ({ target }) => {
  const { name, wa_id: number } = Object.fromEntries(new FormData(target));
  const digits = number.replace(/\D/g, "");
  backend.addPerson({ name, wa_id: digits || null, bsuid: newBsuid() }).catch(say);
  target.reset();
});
addEventListener("hashchange", () => changed("state"));
setInterval(tick, CLOCK_MS);
backend.connect();
