// Where a person types: Enter sends, a quote above the text shows what it answers or changes.

import { h, icon, iconButton } from "../dom.js";
import { quote, text } from "./bubble.js";

export class Composer {
  #about = null; // {kind: "reply" or "edit", bubble}: what the next text answers or replaces

  /** `send(message)` resolves to whether it was taken; `attach(button)` opens the menu of other things to send. */
  constructor({ id, label, send, attach }) {
    this.send = send;
    this.input = h("textarea", {
      id,
      rows: 1,
      placeholder: "Message",
      "aria-label": label,
      onkeydown: (event) => this.#key(event),
    });
    this.bar = h("div", { class: "about-bar", hidden: true });
    this.element = h(
      "form",
      { class: "composer", onsubmit: (event) => this.#submit(event) },
      this.bar,
      iconButton("attach", "Attach", (event) => attach(event.currentTarget), { "aria-haspopup": "menu" }),
      this.input,
      h("button", { type: "submit", class: "icon-button send", "aria-label": "Send", title: "Send" }, icon("send")),
    );
  }

  /** The next text answers `bubble` of `author`. */
  reply(bubble, author, actions) {
    this.#refer({ kind: "reply", bubble }, quote({ bubble, author }, actions));
  }

  /** The next text replaces that of `bubble`. */
  edit(bubble, actions) {
    this.#refer({ kind: "edit", bubble }, quote({ bubble, author: "Editing" }, actions));
    this.input.value = text(bubble);
  }

  /** Empties the box and returns what was in it. */
  take() {
    const words = this.input.value.trim();
    this.input.value = "";
    return words;
  }

  #refer(about, shown) {
    this.#about = about;
    this.bar.replaceChildren(
      shown,
      iconButton("close", "Do not refer to it", () => this.#forget()),
    );
    this.bar.hidden = false;
    this.input.focus();
  }

  #forget() {
    this.#about = null;
    this.bar.hidden = true;
    this.bar.replaceChildren();
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#submit(event);
    else if (event.key === "Escape") this.#forget();
  }

  async #submit(event) {
    event.preventDefault();
    const about = this.#about;
    const words = this.take();
    if (!words) return;
    this.#forget();
    const type = about?.kind === "edit" ? "edit" : "text";
    const sent = await this.send({ type, text: words, reply_to: about?.bubble.wamid });
    if (!sent && !this.input.value) this.input.value = words;
  }
}
