// What is said of an evidence file, below its steps.

import { code, element, list, section, told } from "./nodes.js";

const MOST_OF_A_KEY = 200; // an ML-DSA key has thousands of letters

export function evidenceSections({ verdict, shown, brought }, words) {
  const { says, ...texts } = words.ofEvidence;
  if (verdict === "disproved") return section(words.provesNot, list(texts.fails));
  if (verdict === "unable") return section(words.provesNot, list(texts.unable));
  const sentences = (several) => list(several.map(({ name, facts }) => told(says[name], facts)));
  const needs = shown.needs ? section(texts.takes, sentences(shown.needs), element("p", {}, ...told(texts.command))) : [];
  const keys = shown.keys.map((key) => [code(key.length < MOST_OF_A_KEY ? key : `${key.slice(0, MOST_OF_A_KEY)}…`)]);
  return [
    ...section(shown.proved ? words.proves : texts.shows, sentences(shown.proves)),
    ...needs,
    ...section(texts.rests, list(keys), element("p", { class: "small" }, brought ? texts.yours : texts.chosen)),
    ...section(words.provesNot, sentences(shown.leavesOpen)),
  ];
}
