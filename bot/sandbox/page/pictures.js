// Pictures of products. The feed names them by the shop's public address, which may not be the one that this page was
// opened at: the sandbox's own are asked for relative to the page.

import { h, icon } from "./dom.js";

const OURS = /\/sandbox\/(.+)$/;
export const local = (address) => address.match(OURS)?.[1] ?? address;

export function picture(product, className) {
  if (!product?.image) return h("span", { class: `${className} blank` }, icon("shop"));
  return h("img", { class: className, src: local(product.image), alt: "", loading: "lazy" });
}
