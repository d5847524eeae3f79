// The drawer "What can go wrong": a control for every switch of the sandbox, and how sure we are that Meta does it.

import { h } from "./dom.js";

/** Fill `form` from the sandbox's table; `change(name, value)` follows each change. Returns how many are not normal. */
export function drawFaults(form, { fault_table: table, faults }, change) {
  if (form.childElementCount !== table.length) {
    form.replaceChildren(...table.map((fault) => row(fault, change)));
  }
  for (const fault of table) {
    const control = form.elements[fault.name];
    if (control === document.activeElement && fault.kind !== "bool") continue;
    if (fault.kind === "bool") control.checked = faults[fault.name];
    else control.value = faults[fault.name];
  }
  const rows = [...form.children];
  table.forEach((fault, index) => rows[index].classList.toggle("changed", faults[fault.name] !== fault.default));
  return rows.filter((row) => row.classList.contains("changed")).length;
}

function row(fault, change) {
  const id = `fault-${fault.name}`;
  const help = `${id}-help`;
  return h(
    "div",
    { class: `fault kind-${fault.kind}` },
    h("label", { for: id }, fault.label),
    control(fault, { id, name: fault.name, "aria-describedby": help }, change),
    h("p", { id: help }, fault.help, " ", h("span", { class: `certainty ${fault.certainty}` }, fault.certainty)),
  );
}

function control(fault, attributes, change) {
  if (fault.kind === "bool") {
    return h("input", {
      type: "checkbox",
      ...attributes,
      onchange: ({ target }) => change(fault.name, target.checked),
    });
  }
  if (fault.kind === "choice") {
    const options = fault.choices.map((value) => h("option", { value }, value.replaceAll("_", " ")));
    return h("select", { ...attributes, onchange: ({ target }) => change(fault.name, target.value) }, options);
  }
  const codes = fault.kind === "code" ? { list: "fault-codes" } : {};
  const typed = ({ target }) => target.reportValidity() && change(fault.name, Number(target.value));
  return h("input", { type: "number", min: 0, step: 1, required: true, ...codes, ...attributes, onchange: typed });
}
