// What the page is made of: elements whose texts only ever become text nodes.

import { sentences } from "./kernel.js";
import { filled } from "./texts.js";

const INSTANT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const LONG = 40; // letters: a hash or a key breaks anywhere, and not after its first hyphen
const MARKS = { holds: "ring", fails: "halt", asked: "unseen", cannot: "warn" };

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function code(value) {
  const text = String(value);
  const name = INSTANT_FORM.test(text) ? "time" : "bdi";
  return element(name, text.length > LONG ? { dir: "ltr", class: "long" } : { dir: "ltr" }, text);
}
// A text with what was read put in; what stands between backticks is typed as it is, from left to right.
export const told = (text, facts = {}) => text.split(/`([^`]+)`/).flatMap((part, at) =>
  at % 2 ? [element("code", { dir: "ltr" }, part)] : filled(part, facts, code));
export const tag = (mark, text) => element("span", { class: `tag ${mark}` }, text);
export const list = (texts) => element("ul", {}, ...texts.map((text) => element("li", {}, ...[text].flat())));
export const section = (heading, ...children) => [element("h3", {}, heading), ...children];

export function stepRow({ name, state, facts, refusal }, words) {
  const text = refusal
    ? refusal.faults.map((one) => element("span", { lang: "en", dir: "ltr", class: "fault" },
      one.rule ? `${one.rule}: ` : "", sentences(one)))
    : told(words.told[[name, state, facts.why].filter(Boolean).join(".")] ?? words.told[`${name}.${state}`], facts);
  return element("div", {}, element("dt", {}, words.step[name]),
    element("dd", {}, tag(MARKS[state], words[state])), element("dd", {}, ...text));
}
