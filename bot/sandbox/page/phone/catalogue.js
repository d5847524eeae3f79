// The shop's catalogue on one phone, and the cart that is filled from it and sent as one message.

import { h, icon, iconButton } from "../dom.js";
import { picture } from "../pictures.js";
import { openSheet } from "./sheet.js";

const MOST = 99; // Meta: units of one item in a cart

export class Cart {
  note = "";
  #quantities = new Map();

  quantity(id) {
    return this.#quantities.get(id) ?? 0;
  }

  set(id, quantity) {
    if (quantity > 0) this.#quantities.set(id, Math.min(quantity, MOST));
    else this.#quantities.delete(id);
  }

  get lines() {
    return [...this.#quantities].map(([id, quantity]) => ({ id, quantity }));
  }

  get items() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  clear() {
    this.#quantities.clear();
    this.note = "";
  }
}

/** `order`: {shop, catalogue, ids?, cart, changed(), send()}; with `ids` only those products are offered. */
export function openCatalogue(screen, order) {
  const { shop, catalogue, ids, cart } = order;
  const view = h("button", { type: "button", class: "primary", onclick: () => openCart() });
  const refresh = () => {
    view.replaceChildren(icon("cart"), `View cart · ${cart.items} · ${total(catalogue, cart)}`);
    view.hidden = cart.items === 0;
    order.changed();
  };
  const offered = ids ? catalogue.filter((product) => ids.includes(product.id)) : catalogue;
  const { close } = openSheet(screen, {
    title: `${shop} · Catalogue`,
    full: true,
    content: h(
      "ul",
      { class: "products" },
      offered.map((product) => item(product, cart, refresh)),
    ),
    foot: [view],
  });
  const openCart = () => {
    close();
    openCartSheet(screen, order);
  };
  refresh();
}

function openCartSheet(screen, order) {
  const { catalogue, cart } = order;
  const chosen = catalogue.filter((product) => cart.quantity(product.id));
  const sum = h("strong");
  const button = h(
    "button",
    { type: "button", class: "primary", onclick: () => leave(order.send) },
    icon("send"),
    "Send cart",
  );
  const refresh = () => {
    sum.textContent = total(catalogue, cart);
    button.disabled = cart.items === 0;
    order.changed();
  };
  const note = h("input", {
    id: `note-${screen.dataset.person}`,
    maxlength: 1024,
    placeholder: "A word to the shop",
    oninput: () => (cart.note = note.value),
  });
  note.value = cart.note;
  const { close } = openSheet(screen, {
    title: "Your cart",
    full: true,
    content: [
      h(
        "ul",
        { class: "products" },
        chosen.map((product) => item(product, cart, refresh)),
      ),
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => leave(() => openCatalogue(screen, order)) },
        icon("plus"),
        "Add more items",
      ),
      h("label", { class: "field", for: note.id }, h("span", {}, "Note (optional)"), note),
      h("p", { class: "total" }, h("span", {}, "Estimated total"), sum),
    ],
    foot: [button],
  });
  const leave = (next) => {
    close();
    next();
  };
  refresh();
  button.focus({ preventScroll: true });
}

function item(product, cart, changed) {
  const sold = product.availability !== "in stock";
  return h(
    "li",
    { class: sold ? "product sold-out" : "product" },
    picture(product, "thumb"),
    h(
      "div",
      { class: "about" },
      h("strong", {}, product.title),
      h("span", { class: "words" }, product.description),
      h("span", { class: "price" }, product.price_text, product.brand ? h("small", {}, product.brand) : null),
      product.duration ? h("span", { class: "service" }, `Service · ${product.duration}`) : null,
    ),
    sold ? h("span", { class: "gone" }, "Out of stock") : stepper(product, cart, changed),
  );
}

function stepper(product, cart, changed) {
  const count = h("output", { "aria-live": "polite" });
  const less = iconButton("minus", `Fewer: ${product.title}`, () => step(-1));
  const more = iconButton("plus", `Add ${product.title}`, () => step(1));
  const show = () => {
    const quantity = cart.quantity(product.id);
    count.textContent = quantity || "";
    if (quantity === 0 && document.activeElement === less) more.focus();
    less.hidden = count.hidden = quantity === 0;
    more.disabled = quantity >= MOST;
  };
  const step = (by) => {
    cart.set(product.id, cart.quantity(product.id) + by);
    show();
    changed();
  };
  show();
  return h("div", { class: "stepper" }, less, count, more);
}

function total(products, cart) {
  const sum = products.reduce((so, product) => so + product.price * cart.quantity(product.id), 0);
  const currency = products.find((product) => cart.quantity(product.id))?.currency ?? products[0]?.currency ?? "INR";
  return new Intl.NumberFormat("en-IN", { style: "currency", currency }).format(sum);
}
