// Building elements. Text from outside only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

/** An element with `attributes` (functions become listeners, false and null are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, onclick, attributes = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes },
    icon(name),
  );
}

/** Make `list` show `rows` ({key, signature, build}); what has not changed stays. Returns how many are new. */
export function reconcile(list, rows) {
  const old = new Map([...list.children].map((element) => [element.dataset.key, element]));
  let added = 0;
  rows.forEach((row, index) => {
    let element = old.get(row.key);
    if (!element || element.signature !== row.signature) {
      if (!element) added += 1;
      const fresh = row.build();
      fresh.dataset.key = row.key;
      fresh.signature = row.signature;
      if (element) swap(element, fresh);
      element = fresh;
    }
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  while (list.children.length > rows.length) list.lastElementChild.remove();
  return added;
}

const TARGETS = "button, a";

/** Replace `old` with `fresh` without taking the keyboard away from whoever is on one of its buttons. */
function swap(old, fresh) {
  const held = [...old.querySelectorAll(TARGETS)].indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (held >= 0) fresh.querySelectorAll(TARGETS)[held]?.focus({ preventScroll: true });
}
