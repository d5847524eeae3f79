// WhatsApp's marks in a text: *bold*, _italic_, ~strike~, `code`, ```block``` and addresses of pages, as nodes.

import { h } from "./dom.js";

const around = (mark) =>
  `(?<![\\p{L}\\p{N}${mark}])${mark}(?=\\S)([^${mark}\\n]*[^${mark}\\s])${mark}(?![\\p{L}\\p{N}${mark}])`;
const MARKS = new RegExp(
  [
    "```([\\s\\S]+?)```",
    "`([^`\\n]+)`",
    around("\\*"),
    around("_"),
    around("~"),
    '(https?://[^\\s<>"]*[^\\s<>".,;:!?)\\]])',
  ].join("|"),
  "gu",
);

export function marked(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    const [whole, block, code, bold, italic, strike, address] = match;
    nodes.push(text.slice(end, match.index));
    if (address) nodes.push(h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    else if (block || code) nodes.push(h("code", {}, block ?? code));
    else nodes.push(h(bold ? "strong" : italic ? "em" : "s", {}, marked(bold ?? italic ?? strike)));
    end = match.index + whole.length;
  }
  return [...nodes, text.slice(end)].filter((node) => node !== "");
}

/** One line of `text` without its marks, for quotes. */
export const plain = (text) => h("span", {}, marked(text)).textContent.replace(/\s+/g, " ");
