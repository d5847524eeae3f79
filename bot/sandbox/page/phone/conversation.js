// What a list of messages amounts to on a phone: who wrote them, what is new, and the rows of the chat.

import { h } from "../dom.js";
import { day, dayName } from "../times.js";
import { bubbleElement, text } from "./bubble.js";

/** The bot's messages that have arrived and were not opened. */
export const unread = (bubbles) =>
  bubbles.filter(({ from, status }) => from === "bot" && (status === "sent" || status === "delivered"));

export const authorOf = (bubble, backend, person) => (bubble.from === "bot" ? backend.state.number.name : person.name);

/** The rows of a chat, for `reconcile`: bubbles, the days between them, and what WhatsApp itself says. */
export function rowsOf(bubbles, person, backend, actions) {
  const now = backend.now();
  const product = (id) => backend.product(id);
  const rows = [];
  let before = null;
  for (const view of views(bubbles, person, backend)) {
    const { bubble } = view;
    if (bubble.type === "system") {
      rows.push(notice(bubble.wamid, text(bubble)));
      continue;
    }
    const newDay = !before || day(before.at) !== day(bubble.at);
    if (newDay) rows.push(notice(`day of ${bubble.wamid}`, dayName(bubble.at, now)));
    const drawn = { ...view, first: newDay || before.from !== bubble.from };
    rows.push({
      key: bubble.wamid,
      signature: JSON.stringify(drawn),
      build: () => bubbleElement({ ...drawn, product }, actions),
    });
    before = bubble;
  }
  return rows;
}

const notice = (key, words) => ({
  key,
  signature: words,
  build: () => h("li", { class: "day" }, h("span", {}, words)),
});

/** A reaction is no bubble of its own, and a message that was edited or taken back stays where it was. */
function views(bubbles, person, backend) {
  const shown = new Map();
  for (const bubble of bubbles) {
    if (bubble.type === "reaction") {
      shown.get(bubble.to)?.reactions.set(bubble.from, bubble.reaction);
      continue;
    }
    const answered = shown.get(bubble.reply_to)?.bubble;
    const quoted = answered && { bubble: answered, author: authorOf(answered, backend, person) };
    const reactions = shown.get(bubble.wamid)?.reactions ?? new Map();
    shown.set(bubble.wamid, { bubble, quoted, reactions });
  }
  return [...shown.values()].map((view) => ({ ...view, reactions: [...view.reactions.values()].filter(Boolean) }));
}
