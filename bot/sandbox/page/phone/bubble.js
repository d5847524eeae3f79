// One message as WhatsApp draws it: what it answers, its parts, its time and ticks, and what can be tapped.

import { h, icon, iconButton } from "../dom.js";
import { marked, plain } from "../marks.js";
import { local, picture } from "../pictures.js";
import { time } from "../times.js";
import { addressCard, cartCard, catalogueCard, contactCard, documentCard, locationCard } from "./cards.js";
import { canPay, payCard, payTitle } from "./pay.js";

const TICKS = { sent: "tick", delivered: "ticks", read: "ticks" };
const LABELS = { sent: "Sent", delivered: "Delivered", read: "Read", failed: "Not delivered" };

/** `view`: {bubble, first, quoted, reactions, product(id)}; `actions`: what taps do, each given the bubble. */
export function bubbleElement(view, actions) {
  const { bubble } = view;
  const mine = bubble.from === "person";
  const classes = ["bubble", mine ? "out" : "in", view.first && "first", bubble.status === "failed" && "failed"];
  return h(
    "li",
    { class: `row ${mine ? "out" : "in"}` },
    h(
      "article",
      {
        class: classes.filter(Boolean).join(" "),
        oncontextmenu: (event) => actions.menu(bubble, event),
        ...longPress(bubble, actions),
      },
      iconButton("down", "Message options", (event) => actions.menu(bubble, event), { class: "icon-button more" }),
      bubble.revoked ? h("p", { class: "body revoked" }, "This message was deleted") : contents(view, actions),
      meta(bubble),
      bubble.revoked ? null : taps(bubble, actions),
    ),
    view.reactions.length ? h("p", { class: "reactions", "aria-label": "Reactions" }, view.reactions.join(" ")) : null,
  );
}

const HOLD_MS = 500;

/** Touch screens without a context menu of their own open ours by holding a finger on the message. */
function longPress(bubble, actions) {
  let timer;
  const stop = () => clearTimeout(timer);
  return {
    onpointerdown: (event) => {
      if (event.pointerType === "touch") timer = setTimeout(() => actions.menu(bubble, event), HOLD_MS);
    },
    onpointerup: stop,
    onpointermove: stop,
    onpointercancel: stop,
  };
}

function contents(view, actions) {
  const { bubble } = view;
  const parts = [
    bubble.template
      ? h("p", { class: "mark" }, `Template · ${bubble.template.name} (${bubble.template.language})`)
      : null,
    view.quoted ? quote(view.quoted, actions) : null,
    bubble.catalog ? catalogueCard(view) : null,
    bubble.products?.length && !bubble.catalog
      ? h(
          "div",
          { class: "thumbs" },
          bubble.products.slice(0, 4).map((id) => picture(view.product(id), "thumb")),
        )
      : null,
    bubble.cart ? cartCard(view) : null,
    bubble.location ? locationCard(bubble.location) : null,
    bubble.address && bubble.from === "person" ? addressCard(bubble.address) : null,
    bubble.order_details ? payCard(bubble) : null,
    bubble.contacts ? contactCard(bubble.contacts) : null,
    bubble.image ? h("img", { class: "photo", src: local(bubble.image), alt: "Picture" }) : null,
    bubble.document || bubble.file ? documentCard(bubble.document ?? bubble.file) : null,
    bubble.header ? h("p", { class: "heading" }, marked(bubble.header)) : null,
    text(bubble) ? h("p", { class: "body" }, marked(text(bubble))) : null,
    bubble.footer ? h("p", { class: "footer" }, bubble.footer) : null,
  ].filter(Boolean);
  return parts.length ? parts : h("p", { class: "body revoked" }, `(${bubble.type.replaceAll("_", " ")})`);
}

export const text = (bubble) => bubble.body ?? bubble.template?.text ?? "";

/** What a quote, or a phone's summary, says about `bubble`. */
export function summary(bubble) {
  if (text(bubble)) return plain(text(bubble));
  if (bubble.cart) return "Cart";
  if (bubble.location) return "Location";
  if (bubble.address) return "Address";
  return bubble.document?.filename ?? bubble.type;
}

export function quote(quoted, actions) {
  const { bubble, author } = quoted;
  return h(
    "button",
    { type: "button", class: `quote ${bubble.from}`, onclick: () => actions.jump(bubble) },
    h("strong", {}, author),
    h("span", {}, summary(bubble)),
  );
}

function meta(bubble) {
  const failed = bubble.status === "failed";
  const reason = failed && bubble.error ? `${bubble.error.code}: ${bubble.error.title}` : "";
  return h(
    "p",
    { class: "meta" },
    failed ? h("span", { class: "failure" }, icon("warning"), `Not delivered. ${reason}`) : null,
    bubble.edited ? h("span", {}, "Edited") : null,
    h("time", { datetime: bubble.at }, time(bubble.at)),
    TICKS[bubble.status]
      ? h(
          "span",
          {
            class: `ticks ${bubble.status}`,
            role: "img",
            "aria-label": LABELS[bubble.status],
            title: LABELS[bubble.status],
          },
          icon(TICKS[bubble.status]),
        )
      : null,
  );
}

/** The buttons under a message. They stay after a tap: on WhatsApp any of them may be tapped again, weeks later. */
function taps(bubble, actions) {
  const tap = (name, label, onclick) =>
    h("button", { type: "button", class: "tap", onclick }, name && icon(name), label);
  const rows = [];
  if (bubble.cart) rows.push(tap(null, "View sent cart", () => actions.sentCart(bubble)));
  if (bubble.from === "bot") {
    for (const button of bubble.buttons ?? bubble.template?.buttons ?? []) {
      rows.push(tap("reply", button.title, () => actions.tap(bubble, button)));
    }
    if (bubble.rows) rows.push(tap("list", bubble.rows.button, () => actions.list(bubble)));
    if (bubble.catalog) rows.push(tap("shop", "View catalogue", () => actions.catalogue()));
    else if (bubble.products?.length) rows.push(tap("shop", "View items", () => actions.catalogue(bubble.products)));
    if (bubble.address) rows.push(tap("house", "Provide address", () => actions.address(bubble)));
    if (bubble.asks === "location_request_message")
      rows.push(tap("pin", "Send location", () => actions.location(bubble)));
    if (bubble.asks === "request_contact_info")
      rows.push(tap("person", "Share contact", () => actions.contact(bubble)));
    if (bubble.order_details && !bubble.url && canPay(bubble))
      rows.push(tap(null, payTitle(bubble), () => actions.pay(bubble)));
    if (bubble.url) {
      rows.push(
        h(
          "a",
          { class: "tap", href: bubble.url, target: "_blank", rel: "noopener noreferrer" },
          icon("link"),
          bubble.url_title ?? "Open",
        ),
      );
    }
  }
  return rows.length ? h("div", { class: "taps" }, rows) : null;
}
