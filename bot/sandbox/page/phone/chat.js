// The scrolling part of a phone: rows that stay where they are, an end that is followed, a way back to it.

import { h, iconButton, reconcile } from "../dom.js";

const NEAR_END_PX = 80;
const FLASH_MS = 1200;

export class Chat {
  atEnd = true;

  /** `moved()` is called after every scrolling. */
  constructor(label, moved) {
    this.moved = moved;
    this.list = h("ol", {
      class: "chat",
      role: "log",
      "aria-label": label,
      tabindex: "0",
      onscroll: () => this.#scrolled(),
    });
    this.count = h("span", { class: "badge" });
    this.jump = iconButton("down", "To the newest message", () => this.toEnd(), {
      class: "icon-button jump",
      hidden: true,
    });
    this.jump.append(this.count);
    // Pictures that arrive and screens that shrink leave whoever is at the end at the end.
    const stay = () => this.atEnd && this.toEnd();
    this.list.addEventListener("load", stay, true);
    new ResizeObserver(stay).observe(this.list);
  }

  /** Show `rows` (see `reconcile`); returns whether some of them are new. */
  show(rows) {
    const added = reconcile(this.list, rows) > 0;
    if (this.atEnd) this.toEnd();
    return added;
  }

  /** How many messages wait below. */
  set unread(count) {
    this.jump.hidden = this.atEnd;
    this.count.textContent = count;
    this.count.hidden = count === 0;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.atEnd = true;
  }

  jumpTo(key) {
    const row = [...this.list.children].find((element) => element.dataset.key === key);
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: "smooth" });
    row.classList.add("flash");
    setTimeout(() => row.classList.remove("flash"), FLASH_MS);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.moved();
  }
}
