// The menu of a message, or of the attach button, inside one phone.

import { h, icon } from "../dom.js";

const REACTIONS = ["👍", "❤️", "😂", "😮", "🙏"];
const EDGE_PX = 8;

/** `items`: {icon, label, run}; `react(emoji)` adds a row of reactions. Opens at the pointer, else at its button. */
export function openMenu(screen, event, { items, react }) {
  const opener = event.currentTarget;
  const close = () => {
    cover.remove();
    if (opener.isConnected) opener.focus?.({ preventScroll: true });
  };
  const entry = (attributes, run, ...inside) =>
    h("button", { type: "button", role: "menuitem", onclick: () => (close(), run()), ...attributes }, inside);
  const menu = h(
    "div",
    { class: "menu", role: "menu", onkeydown: (key) => move(menu, key, close) },
    react
      ? h(
          "div",
          { class: "emojis" },
          REACTIONS.map((emoji) => entry({ "aria-label": `React ${emoji}` }, () => react(emoji), emoji)),
        )
      : null,
    items.map((item) => entry({ class: "item" }, item.run, icon(item.icon), item.label)),
  );
  const cover = h("div", { class: "menu-cover", onclick: (click) => click.target === cover && close() }, menu);
  screen.append(cover);
  place(menu, screen.getBoundingClientRect(), event);
  menu.querySelector("button").focus({ preventScroll: true });
}

function place(menu, screen, event) {
  const anchor = event.currentTarget.getBoundingClientRect();
  const pointed = event.type === "contextmenu" || event.type === "pointerdown";
  const [x, y] = pointed ? [event.clientX, event.clientY] : [anchor.left, anchor.bottom];
  const inside = (at, size, room) => Math.max(EDGE_PX, Math.min(at, room - size - EDGE_PX));
  menu.style.left = `${inside(x - screen.left, menu.offsetWidth, screen.width)}px`;
  menu.style.top = `${inside(y - screen.top, menu.offsetHeight, screen.height)}px`;
}

function move(menu, event, close) {
  const buttons = [...menu.querySelectorAll("button")];
  const index = buttons.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step) {
    event.preventDefault();
    buttons.at((index + step) % buttons.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
  }
}
