// What is paid in the chat: its card in the bubble, and the sheet on which a person reviews and pays it.

import { h } from "../dom.js";
import { openSheet } from "./sheet.js";

const STATES = {
  open: "To be paid",
  pending: "Payment under way",
  failed: "Payment failed; it can be tried again",
  paid: "Paid",
  canceled: "Canceled",
};

export const canPay = ({ paying }) => ["open", "pending", "failed"].includes(paying);
export const payTitle = ({ order_details: details }) =>
  details.order.type === "quick_pay" ? "Pay now" : "Review and pay";

function amount({ value, offset }, currency) {
  return new Intl.NumberFormat("en-IN", { style: "currency", currency }).format(value / offset);
}

const stands = ({ paying, order_is: order }) =>
  paying === "paid" && order && order !== "pending" ? `Paid · ${order}` : STATES[paying];

export function payCard(bubble) {
  const { order, currency, total_amount: total } = bubble.order_details;
  const pieces = order.items.reduce((sum, item) => sum + item.quantity, 0);
  return h(
    "div",
    { class: "card pay-card" },
    h("span", {}, `${pieces} ${pieces === 1 ? "item" : "items"}`),
    h("strong", {}, amount(total, currency)),
    h("span", { role: "status" }, stands(bubble)),
  );
}

function line(name, value) {
  return h("li", {}, h("span", {}, name), h("span", {}, value));
}

/** `pay(how)`: "pay", "fail" or "wait". */
export function openPay(screen, { bubble, pay }) {
  const { order, currency, total_amount: total } = bubble.order_details;
  const parts = ["tax", "shipping", "discount"].filter((name) => order[name]?.value);
  const finish = (how) => {
    close();
    pay(how);
  };
  const does = (how, label, kind) => h("button", { type: "button", class: kind, onclick: () => finish(how) }, label);
  const { close } = openSheet(screen, {
    title: payTitle(bubble),
    content: h(
      "ul",
      { class: "bill" },
      order.items.map((item) =>
        line(`${item.quantity} × ${item.name}`, amount(item.sale_amount ?? item.amount, currency)),
      ),
      parts.map((name) => line(name[0].toUpperCase() + name.slice(1), amount(order[name], currency))),
      line("Total", amount(total, currency)),
    ),
    foot: [
      does("fail", "Let it fail", "quiet"),
      does("wait", "Leave it under way", "quiet"),
      does("pay", `Pay ${amount(total, currency)}`, "primary"),
    ],
  });
}
