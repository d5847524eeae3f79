// A sheet that slides over one phone: the rest of that phone rests until it is closed, the other phones do not.

import { h, iconButton } from "../dom.js";

/** Open a sheet in `screen`; returns {sheet, close}. `content` and `foot` are nodes or lists of nodes. */
export function openSheet(screen, { title, content, foot = [], full = false }) {
  const opener = document.activeElement;
  const others = [...screen.children];
  const close = () => {
    others.forEach((element) => (element.inert = false));
    cover.remove();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  };
  const sheet = h(
    "div",
    { class: full ? "sheet full" : "sheet", role: "dialog", "aria-modal": "true", "aria-label": title },
    h("header", {}, iconButton(full ? "back" : "close", "Close", close), h("h2", {}, title)),
    h("div", { class: "sheet-body" }, content),
    foot.length ? h("footer", {}, foot) : null,
  );
  const cover = h(
    "div",
    {
      class: "cover",
      onclick: (event) => event.target === cover && close(),
      onkeydown: (event) => event.key === "Escape" && close(),
    },
    sheet,
  );
  others.forEach((element) => (element.inert = true));
  screen.append(cover);
  (
    sheet.querySelector(".sheet-body :is(input, button, textarea):not(:disabled)") ?? sheet.querySelector("button")
  ).focus({ preventScroll: true });
  return { sheet, close };
}

/** The rows behind a list message: choosing one sends it. */
export function openList(screen, rows, choose) {
  const { close } = openSheet(screen, {
    title: rows.button,
    content: rows.sections
      .map((section) => [
        section.title ? h("h3", {}, section.title) : null,
        h(
          "ul",
          { class: "choices" },
          section.rows.map((row) =>
            h(
              "li",
              {},
              choice(row.title, row.description, () => pick(row)),
            ),
          ),
        ),
      ])
      .flat(),
  });
  const pick = (row) => {
    close();
    choose(row);
  };
}

const PLACES = [
  { name: "Home", address: "14 Nandi Durga Road, Bengaluru 560046", latitude: 12.9989, longitude: 77.5946 },
  { name: "Office", address: "27 Residency Road, Bengaluru 560025", latitude: 12.9698, longitude: 77.6012 },
  { name: "Current location", address: "", latitude: 12.9763, longitude: 77.6033 },
];

export function openLocation(screen, choose) {
  const { close } = openSheet(screen, {
    title: "Send location",
    content: h(
      "ul",
      { class: "choices" },
      PLACES.map((place) =>
        h(
          "li",
          {},
          choice(place.name, place.address || "Without name or address", () => pick(place)),
        ),
      ),
    ),
  });
  const pick = ({ name, address, ...point }) => {
    close();
    choose(address ? { name, address, ...point } : point);
  };
}

export function openSentCart(screen, cart) {
  openSheet(screen, {
    title: "Sent cart",
    content: [
      h(
        "ul",
        { class: "lines" },
        cart.lines.map((line) =>
          h("li", {}, h("span", {}, `${line.quantity} × ${line.title}`), h("span", {}, line.price_text)),
        ),
      ),
      h("p", { class: "total" }, h("span", {}, "Estimated total"), h("strong", {}, cart.total_text)),
    ],
  });
}

function choice(title, description, onclick) {
  return h(
    "button",
    { type: "button", class: "choice", onclick },
    h("strong", {}, title),
    description ? h("span", {}, description) : null,
  );
}
