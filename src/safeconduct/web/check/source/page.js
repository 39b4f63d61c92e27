// The page: what is given, by pasting, choosing or dropping; what came of it. Texts only ever become text nodes.

import { printInstant, sentences, utf8 } from "./kernel.js";
import { enrols, examine, recognised } from "./examine.js";
import { canCheck } from "./signature.js";
import { filled, LANGUAGES, RIGHT_TO_LEFT, TEXTS } from "./texts.js";

const FIELDS = ["record", "receipt", "policy", "key"];
const MOST = 1024 * 1024;
const MARKS = { holds: "ring", fails: "halt", asked: "unseen", cannot: "warn" };
const GRADES = { cosigned: "ring", logged: "ring", fails: "halt" };

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

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const INSTANT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const code = (value) => element(INSTANT_FORM.test(value) ? "time" : "bdi", { dir: "ltr" }, String(value));
const told = (text, facts) => filled(text, facts, code);
const tag = (mark, text) => element("span", { class: `tag ${mark}` }, text);

// What stands in a field: a file's bytes as they are; of a pasted text, the white space around it is the paste's.
function given(field) {
  const { value } = byId(field);
  const file = files.get(field);
  if (file && file.text === value) return file.bytes;
  if (!value.trim()) return null;
  const whole = field === "receipt" || field === "policy";
  return utf8(whole ? `${value.replace(/^\s+/, "").replace(/\n+$/, "")}\n` : value.trim());
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
  const { verdict, steps, entry, index, time, signed } = examined;
  const facts = { index, origin: signed?.head.origin, time: time === null ? "" : printInstant(time) };
  const heading = element("h2", { tabindex: "-1", id: "verdict" }, words().result);
  const grade = element("p", { class: "say" }, tag(GRADES[verdict] ?? "unseen", ""), ...told(words().verdict[verdict], facts));
  result.replaceChildren(heading, grade);
  if (verdict === "nothing") return;
  result.append(element("h3", {}, words().steps), element("dl", { class: "status" }, ...steps.map(stepRow)));
  if (entry) result.append(element("h3", {}, words().says), claims(entry));
  const { proved, unproved } = meaning(examined);
  if (proved.length) result.append(element("h3", {}, words().proves), list(proved));
  result.append(element("h3", {}, words().provesNot), list(unproved));
}

const list = (texts) => element("ul", {}, ...texts.map((text) => element("li", {}, text)));

function stepRow({ name, state, facts, refusal }) {
  const text = refusal
    ? refusal.faults.map((one) => element("span", { lang: "en", dir: "ltr", class: "fault" },
      one.rule ? `${one.rule}: ` : "", sentences(one)))
    : told(words().told[[name, state, facts.why].filter(Boolean).join(".")] ?? words().told[`${name}.${state}`], facts);
  return element("div", {}, element("dt", {}, words().step[name]),
    element("dd", {}, tag(MARKS[state], words()[state])), element("dd", {}, ...text));
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
