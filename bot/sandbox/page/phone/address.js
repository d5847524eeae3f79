// India's address form, as an address message asks for it.

import { h } from "../dom.js";
import { openSheet } from "./sheet.js";

const FIELDS = [
  { name: "name", label: "Name", group: "Contact", required: true, autocomplete: "name" },
  { name: "phone_number", label: "Phone number", required: true, inputmode: "tel" },
  { name: "in_pin_code", label: "Pin code", group: "Address", required: true, inputmode: "numeric", maxlength: 6 },
  { name: "house_number", label: "Flat or house number" },
  { name: "building_name", label: "Building name" },
  { name: "address", label: "Area, street", required: true },
  { name: "landmark_area", label: "Landmark" },
  { name: "city", label: "City", required: true },
  { name: "state", label: "State", required: true },
];

const EXAMPLE = {
  in_pin_code: "560046",
  house_number: "14",
  building_name: "Lakshmi Nilaya",
  address: "Nandi Durga Road, Benson Town",
  landmark_area: "Opposite the post office",
  city: "Bengaluru",
  state: "Karnataka",
};

/** The number a person gives away: someone who hides theirs from WhatsApp's businesses has one all the same. */
export const phoneOf = (person) => `+${person.wa_id ?? "919800000003"}`;

/** `request` is the message's address part: values to begin with, errors of an earlier try, addresses saved before. */
export function openAddress(screen, { request, person, send }) {
  const inputs = new Map();
  const fill = (values) => inputs.forEach((input, name) => (input.value = values[name] ?? input.value));
  const example = { ...EXAMPLE, name: person.name, phone_number: phoneOf(person) };
  const form = h(
    "form",
    { class: "address", id: `address-${person.id}`, onsubmit: (event) => submit(event) },
    (request.saved_addresses ?? []).map(({ value }) =>
      h(
        "button",
        { type: "button", class: "choice", onclick: () => finish(value) },
        h("strong", {}, "Saved address"),
        h("span", {}, Object.values(value).join(", ")),
      ),
    ),
    FIELDS.map((field) => [
      field.group ? h("h3", {}, field.group) : null,
      entry(field, request.validation_errors?.[field.name], inputs, person.id),
    ]).flat(),
  );
  fill(request.values ?? {});
  const { close } = openSheet(screen, {
    title: "Delivery address",
    full: true,
    content: form,
    foot: [
      h("button", { type: "button", class: "quiet", onclick: () => fill(example) }, "Fill in an example"),
      h("button", { type: "submit", class: "primary", form: form.id }, "Send address"),
    ],
  });
  const submit = (event) => {
    event.preventDefault();
    finish(
      Object.fromEntries([...inputs].map(([name, input]) => [name, input.value.trim()]).filter(([, value]) => value)),
    );
  };
  const finish = (values) => {
    close();
    send(values);
  };
}

function entry({ name, label, group: _, ...attributes }, error, inputs, personId) {
  const id = `${name}-${personId}`;
  const input = h("input", {
    id,
    name,
    autocomplete: "off",
    "aria-invalid": error ? "true" : null,
    "aria-describedby": error ? `${id}-error` : null,
    ...attributes,
  });
  inputs.set(name, input);
  return h(
    "label",
    { class: "field", for: id },
    h("span", {}, label),
    input,
    error ? h("em", { id: `${id}-error` }, error) : null,
  );
}
