// What a bubble may hold beside words: a cart, a place, an address, a file.

import { h, icon } from "../dom.js";
import { local, picture } from "../pictures.js";

export function catalogueCard({ bubble, product }) {
  const shown = product(bubble.catalog.thumbnail);
  return h(
    "div",
    { class: "card catalogue-card" },
    picture(shown, "front"),
    h("span", {}, shown?.title ?? "Catalogue"),
  );
}

export function cartCard({ bubble, product }) {
  const { lines, total_text: total } = bubble.cart;
  const items = lines.reduce((sum, line) => sum + line.quantity, 0);
  return h(
    "div",
    { class: "card cart-card" },
    picture(product(lines[0]?.id), "thumb"),
    h(
      "div",
      {},
      h("strong", {}, icon("cart"), `${items} ${items === 1 ? "item" : "items"}`),
      h("span", {}, `${total} (estimated total)`),
    ),
  );
}

export function locationCard(location) {
  const { latitude, longitude, name, address } = location;
  return h(
    "div",
    { class: "card location-card" },
    h("div", { class: "map" }, icon("pin")),
    h("strong", {}, name || "Location"),
    h("span", {}, address || `${latitude}, ${longitude}`),
  );
}

export function addressCard(values) {
  const { name, phone_number: phone, in_pin_code: pin, ...rest } = values;
  const place = [...Object.values(rest), pin].filter(Boolean).join(", ");
  return h(
    "div",
    { class: "card address-card" },
    icon("house"),
    h("div", {}, h("strong", {}, name), h("span", {}, place), h("span", {}, phone)),
  );
}

export function contactCard(contacts) {
  const names = contacts.map((contact) => contact.name?.formatted_name ?? "Contact").join(", ");
  return h("div", { class: "card contact-card" }, icon("person"), h("strong", {}, names));
}

export function documentCard({ filename, url }) {
  const inside = [icon("file"), h("span", {}, filename || "Document")];
  return url
    ? h("a", { class: "card document-card", href: local(url), target: "_blank", rel: "noopener" }, inside)
    : h("div", { class: "card document-card" }, inside);
}
