// The page: what is given, by pasting, choosing or dropping; what came of it.

import { evidenceSections } from "./evidence_page.js";
import { printInstant, utf8 } from "./kernel.js";
import { enrols, examine, recognised } from "./examine.js";
import { element, list, section, stepRow, tag, told } from "./nodes.js";
import { canCheck } from "./signature.js";
import { filled, LANGUAGES, RIGHT_TO_LEFT, TEXTS } from "./texts.js";

const FIELDS = ["record", "receipt", "evidence", "policy", "key"];
const MOST = 1024 * 1024;
const GRADES = { cosigned: "ring", logged: "ring", proves: "ring", fails: "halt", disproved: "halt", unable: "warn" };

const byId = (id) => document.getElementById(id);
const files = new Map(); // the bytes of a file, and the text that the field showed of them
let language = wanted();
let examined = null;
let turns = 0;
const words = () => TEXTS[language];

function wanted() {
  const asked = [new URLSearchParams(location.search).get("lang") ?? "", ...navigator.languages];
  return asked.map((name) => name.split("-")[0]).find((name) => Object.hasOwn(TEXTS, name)) ?? "en";
}

// What stands in a field: a file's bytes as they are; of a pasted text, the white space around it is the paste's.
function given(field) {
  const { value } = byId(field);
  const file = files.get(field);
  if (file && file.text === value) return file.bytes;
  if (!value.trim()) return null;
  const whole = field === "receipt" || field === "policy";
  const text = whole ? value.replace(/^\s+/, "").replace(/\n+$/, "") : value.trim();
  return utf8(whole || field === "evidence" ? `${text}\n` : text);
}

async function take(list) {
  const [read, complaints] = [[], []];
  for (const file of list) {
    const bytes = file.size > MOST ? null : new Uint8Array(await file.arrayBuffer());
    const field = bytes && (await fieldFor(bytes));
    if (!field) {
      complaints.push(filled(words()[bytes ? "unread" : "tooLong"], { file: file.name }).join(""));
      continue;
    }
    put(field, bytes);
    read.push(`${file.name} → ${words()[field]}`);
  }
  if (read.length) complaints.unshift(filled(words().taken, { files: read.join(", ") }).join(""));
  byId("said").textContent = complaints.join(" ");
  if (read.length) await check();
}

function put(field, bytes) {
  byId(field).value = new TextDecoder().decode(bytes);
  files.set(field, { bytes, text: byId(field).value });
}

// Of two records, one may have enrolled the key of the other; they come in any order.
async function fieldFor(bytes) {
  const field = recognised(bytes);
  const other = given("record");
  if (field !== "record" || !other) return field;
  if (await enrols(bytes, other)) return "key";
  if (await enrols(other, bytes)) put("key", other);
  return "record";
}

// What stood here before is gone first: no result is ever shown beside other files than its own.
async function check() {
  const turn = forget();
  let found;
  try {
    found = await examine(Object.fromEntries(FIELDS.map((field) => [field, given(field)])));
  } catch (error) {
    byId("said").textContent = filled(words().defect, { error: String(error) }).join("");
    throw error;
  }
  if (turn !== turns) return;
  examined = found;
  show();
  byId("verdict").focus();
}

function forget() {
  examined = null;
  show();
  return ++turns;
}

function show() {
  const result = byId("result");
  result.hidden = !examined;
  if (!examined) return;
  const { verdict, steps, kind } = examined;
  const heading = element("h2", { tabindex: "-1", id: "verdict" }, words().result);
  const mark = tag(GRADES[verdict] ?? "unseen", "");
  const said = kind
    ? filled(words().verdict[verdict], { what: words().ofEvidence.kind[kind] })
    : told(words().verdict[verdict], headOf(examined));
  result.replaceChildren(heading, element("p", { class: "say" }, mark, ...said));
  if (!steps.length) return;
  const rows = steps.map((step) => stepRow(step, words()));
  result.append(...section(words().steps, element("dl", { class: "status" }, ...rows)));
  result.append(...("shown" in examined ? evidenceSections(examined, words()) : recordSections(examined)));
}

const headOf = ({ index, time, signed }) =>
  ({ index, origin: signed?.head.origin, time: time ? printInstant(time) : "" });

function recordSections(found) {
  const { proved, unproved } = meaning(found);
  return [
    ...(found.entry ? section(words().says, claims(found.entry)) : []),
    ...(proved.length ? section(words().proves, list(proved)) : []),
    ...section(words().provesNot, list(unproved)),
  ];
}

function claims({ payload, leaf, revealed }) {
  const rows = [["evt", payload.evt], ["iss", payload.iss], ["iat", printInstant(payload.iat)], ["psg", payload.psg]];
  const shown = [...rows, ["leaf", leaf]].filter(([, value]) => value !== undefined)
    .map(([name, value]) => [words().claim[name], value]);
  const opened = revealed.map(({ line, name, value }) =>
    [`${line === null ? "" : `lines.${line}.`}${name} (${words().private})`, typeof value === "string" ? value : JSON.stringify(value)]);
  return element("dl", { class: "claims" }, ...[...shown, ...opened].map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", { dir: "auto" }, String(value)))));
}

// Which sentences are true of what was found.
function meaning({ verdict, steps, entry }) {
  const { proof, not } = words();
  if (verdict === "fails") return { proved: [], unproved: not.fails };
  if (verdict === "unsigned") return { proved: [], unproved: [...not.always, ...not.policy] };
  const holds = (name) => steps.some((step) => step.name === name && step.state === "holds");
  const sealed = verdict === "logged" || verdict === "cosigned";
  const signed = holds("signature");
  return {
    proved: [
      ...(sealed ? [...(verdict === "cosigned" ? proof.cosigned : []), ...proof.logged] : proof[verdict]),
      ...(signed ? proof.signature : []),
      ...(holds("disclosure") ? proof.disclosure : []),
    ],
    unproved: [
      ...not.always,
      ...(entry ? (signed ? not.key : not.unsignedRecord) : []),
      ...(sealed ? not[verdict] : []),
      ...(holds("log") ? not.policy : not.record),
    ],
  };
}

function speak() {
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
  document.title = words().title;
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = words()[one.dataset.t];
  byId("languages").replaceChildren(...Object.entries(LANGUAGES).filter(([name]) => name !== language).map(([name, word]) => {
    const button = element("button", { type: "button", lang: name, class: "plain" }, word);
    button.addEventListener("click", () => {
      language = name;
      speak();
    });
    return button;
  }));
  show();
}

function clear() {
  files.clear();
  byId("form").reset();
  byId("said").textContent = "";
  forget();
  byId("files").focus();
}

async function start() {
  speak();
  byId("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await check();
  });
  byId("form").addEventListener("input", forget);
  byId("clear").addEventListener("click", clear);
  byId("files").addEventListener("change", async (event) => {
    await take(event.target.files);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer.files.length) return; // a text goes into the field under it
    event.preventDefault();
    await take(event.dataTransfer.files);
  });
  byId("form").hidden = !(await canCheck());
  byId("unable").hidden = !byId("form").hidden;
}

await start();
