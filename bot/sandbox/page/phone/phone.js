// One person's phone with the shop's chat open: it shows their conversation and sends what they do.

import { h, icon, iconButton } from "../dom.js";
import { soon } from "../times.js";
import { openAddress, phoneOf } from "./address.js";
import { openPay } from "./pay.js";
import { Cart, openCatalogue } from "./catalogue.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { authorOf, rowsOf, unread } from "./conversation.js";
import { base64, pickFile } from "./files.js";
import { openMenu } from "./menu.js";
import { openList, openLocation, openSentCart } from "./sheet.js";

const ACCOUNT = "Business account";
const TYPING_MS = 25_000; // Meta: the indicator goes away with the next message, at the latest after 25 seconds

export class Phone {
  #cart = new Cart();
  #seen = new Set();
  #inView = false;
  #typing;

  /** `say(error)` shows what went wrong; `counted()` after the number of unread messages changed. */
  constructor(personId, backend, { say, counted, closed }) {
    Object.assign(this, { personId, backend, say, counted });
    const { name } = this.person;
    this.chat = new Chat(`Messages of ${name}`, () => this.#look());
    this.composer = new Composer({
      id: `say-${personId}`,
      label: `Message from ${name} to the shop`,
      send: (message) => this.#send(message),
      attach: (button) => this.#attach(button),
    });
    this.element = this.#build(closed);
    this.#watch();
  }

  get person() {
    return this.backend.person(this.personId);
  }

  get bubbles() {
    return this.backend.bubbles(this.personId);
  }

  get unread() {
    return unread(this.bubbles).filter(({ wamid }) => !this.#seen.has(wamid)).length;
  }

  #build(closed) {
    this.caption = h("span");
    this.window = h("span", { class: "window" });
    this.shop = h("strong");
    this.account = h("span", {}, ACCOUNT);
    this.cartCount = h("span", { class: "badge", hidden: true });
    const catalogue = iconButton("shop", "Catalogue", () => this.openCatalogue());
    catalogue.append(this.cartCount);
    const title = h("div", { class: "shop" }, this.shop, this.account);
    this.screen = h(
      "div",
      { class: "screen", "data-person": this.personId },
      h("header", { class: "bar" }, h("span", { class: "avatar" }, icon("shop")), title, catalogue),
      this.chat.list,
      this.chat.jump,
      this.composer.element,
    );
    const putAway = iconButton("close", "Put this phone away", closed);
    return h(
      "section",
      { class: "phone", id: `phone-${this.personId}`, "aria-label": `Phone of ${this.person.name}` },
      h("header", { class: "owner" }, this.caption, this.window, putAway),
      this.screen,
    );
  }

  #watch() {
    const seen = ([entry]) => {
      this.#inView = entry.isIntersecting;
      this.#look();
    };
    new IntersectionObserver(seen, { threshold: 0.5 }).observe(this.element);
    document.addEventListener("visibilitychange", () => this.#look());
  }

  typing() {
    this.account.textContent = "typing…";
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => (this.account.textContent = ACCOUNT), TYPING_MS);
  }

  draw() {
    const { backend, person, bubbles } = this;
    const number = person.wa_id ? `+${person.wa_id}` : "number hidden";
    this.shop.textContent = backend.state.number.name;
    this.caption.replaceChildren(h("strong", {}, person.name), ` ${person.role}, ${number}`);
    this.#drawWindow();
    const added = this.chat.show(bubbles.length ? rowsOf(bubbles, person, backend, this.#actions) : [this.#welcome()]);
    if (added && bubbles.at(-1)?.from === "person") this.chat.toEnd();
    if (added && bubbles.at(-1)?.from === "bot") this.account.textContent = ACCOUNT;
    this.#look();
  }

  #drawWindow() {
    const now = this.backend.now();
    const until = this.backend.state.window[this.personId];
    const open = Boolean(until) && new Date(until) > now;
    const words = open ? `until ${soon(until, now)}` : "closed: templates only";
    this.window.textContent = `24-hour window ${words}`;
    this.window.classList.toggle("open", open);
  }

  /** What an empty chat offers: the shortest way to a first order. */
  #welcome() {
    const tap = (name, label, onclick) => h("button", { type: "button", class: "tap", onclick }, icon(name), label);
    const customer = () => [
      h("p", {}, "This is a customer’s phone. Look around the shop, or just say hello."),
      tap("shop", "Open the catalogue", () => this.openCatalogue()),
      tap("reply", "Say hello", () => this.#send({ type: "text", text: "Hi" })),
    ];
    const staff = () => [
      h("p", {}, "This phone belongs to the shop’s staff. Orders are announced here, and commands are typed here."),
      tap("reply", "Send “help”", () => this.#send({ type: "text", text: "help" })),
    ];
    const { role } = this.person;
    const build = () => h("li", { class: "welcome" }, role === "customer" ? customer() : staff());
    return { key: "welcome", signature: role, build };
  }

  /** What can be tapped on a bubble. */
  #actions = {
    tap: (bubble, button) => this.#tap(bubble, button),
    list: (bubble) => openList(this.screen, bubble.rows, (row) => this.#tap(bubble, row)),
    catalogue: (ids) => this.openCatalogue(ids),
    sentCart: (bubble) => openSentCart(this.screen, bubble.cart),
    location: (bubble) => this.#openLocation(bubble.wamid),
    contact: () => this.#sendContact(),
    address: (bubble) => this.#openAddress(bubble),
    pay: (bubble) => {
      const pay = (how) => this.#send({ type: "pay", text: how, reply_to: bubble.wamid });
      openPay(this.screen, { bubble, pay });
    },
    jump: (bubble) => this.chat.jumpTo(bubble.wamid),
    menu: (bubble, event) => this.#openMenu(bubble, event),
  };

  openCatalogue(ids) {
    const { state } = this.backend;
    openCatalogue(this.screen, {
      ids,
      shop: state.number.name,
      catalogue: state.catalogue,
      cart: this.#cart,
      changed: () => this.#countCart(),
      send: () => this.#sendCart(),
    });
  }

  #openLocation(wamid) {
    openLocation(this.screen, (place) => this.#send({ type: "location", ...place, reply_to: wamid }));
  }

  #openAddress({ wamid, address }) {
    const send = (values) => this.#send({ type: "address", values, reply_to: wamid });
    openAddress(this.screen, { request: address, person: this.person, send });
  }

  #openMenu(bubble, event) {
    event.preventDefault();
    const author = authorOf(bubble, this.backend, this.person);
    const mine = bubble.from === "person" && !bubble.revoked;
    const reply = () => this.composer.reply(bubble, author, this.#actions);
    const edit = () => this.composer.edit(bubble, this.#actions);
    const revoke = () => this.#send({ type: "revoke", reply_to: bubble.wamid });
    const react = (emoji) => this.#send({ type: "reaction", text: emoji, reply_to: bubble.wamid });
    const items = [
      { icon: "reply", label: "Reply", run: reply },
      mine && bubble.type === "text" && { icon: "file", label: "Edit", run: edit },
      mine && { icon: "close", label: "Delete for everyone", run: revoke },
    ];
    openMenu(this.screen, event, { items: items.filter(Boolean), react });
  }

  #attach(button) {
    const items = [
      { icon: "shop", label: "Catalogue", run: () => this.openCatalogue() },
      { icon: "pin", label: "Location", run: () => this.#openLocation() },
      { icon: "photo", label: "Photo", run: () => this.#sendFile("image", "image/*") },
      { icon: "file", label: "Document", run: () => this.#sendFile("document", "") },
      { icon: "person", label: "My contact card", run: () => this.#sendContact() },
    ];
    openMenu(this.screen, { currentTarget: button }, { items });
  }

  #tap(bubble, { id, title }) {
    return this.#send({ type: "tap", id, title, reply_to: bubble.wamid });
  }

  async #sendCart() {
    const { lines, note } = this.#cart;
    if (await this.#send({ type: "cart", lines, note: note.trim() })) this.#cart.clear();
    this.#countCart();
  }

  #countCart() {
    this.cartCount.textContent = this.#cart.items;
    this.cartCount.hidden = this.#cart.items === 0;
  }

  #sendContact() {
    return this.#send({ type: "contacts", contacts: [{ name: this.person.name, phone: phoneOf(this.person) }] });
  }

  /** What is in the box becomes the caption. */
  async #sendFile(type, accept) {
    const file = await pickFile(accept);
    const about = { filename: file.name, mime_type: file.type || "application/octet-stream" };
    await this.#send({ type, ...about, data: await base64(file), text: this.composer.take() });
  }

  /** Whether the sandbox took it. */
  async #send(message) {
    try {
      await this.backend.send(this.personId, message);
      return true;
    } catch (error) {
      this.say(error);
      return false;
    }
  }

  /** Whatever is on a phone in view, scrolled to its end, has been read. */
  #look() {
    if (this.chat.atEnd && this.#inView && !document.hidden && this.unread) {
      unread(this.bubbles).forEach(({ wamid }) => this.#seen.add(wamid));
      this.backend.look(this.personId).catch(this.say);
    }
    this.chat.unread = this.unread;
    this.counted();
  }
}
