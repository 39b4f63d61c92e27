// The members of an evidence file, each in its one spelling, exactly those that its kind has: verify/evidence/members.

import { isObject, malformed, parseHex, utf8 } from "./kernel.js";
import { parseNote } from "./note.js";

export const AGAIN_EVIDENCE = "Ask whoever made it for another copy";
const MOST_HASHES = 63;

export class Members {
  constructor(value, where) {
    this.value = value;
    this.where = where;
  }

  static of(value, names, where) {
    const whole = isObject(value) && Object.keys(value).length === names.length;
    if (!whole || !names.every((name) => Object.hasOwn(value, name))) {
      throw malformed("this is not evidence of that kind", where, `Write ${names.join(", ")}`);
    }
    return new Members(value, where);
  }

  text(name) {
    const value = this.value[name];
    if (typeof value !== "string") throw this.#wrong(name, "a string");
    return value;
  }

  ascii(name) {
    const text = this.text(name);
    if (!/^[\x00-\x7f]*$/.test(text)) throw this.#wrong(name, "ASCII");
    return utf8(text);
  }

  number(name) {
    const value = this.value[name];
    if (typeof value !== "number" || value < 0) throw this.#wrong(name, "a number from 0");
    return BigInt(value);
  }

  hash(name) {
    return parseHex(this.text(name), 32, `${this.where}.${name}`);
  }

  hashes(name) {
    const texts = this.#list(name, MOST_HASHES);
    if (texts.some((text) => typeof text !== "string")) throw this.#wrong(name, "hashes in hexadecimal");
    return texts.map((text) => parseHex(text, 32, `${this.where}.${name}`));
  }

  note(name) {
    return parseNote(utf8(this.text(name)), `${this.where}.${name}`);
  }

  notes(name) {
    const heads = new Members(this.pair(name), `${this.where}.${name}`);
    return [heads.note(0), heads.note(1)];
  }

  pair(name) {
    const values = this.#list(name, 2);
    if (values.length !== 2) throw this.#wrong(name, "two");
    return values;
  }

  #list(name, most) {
    const values = this.value[name];
    if (!Array.isArray(values) || values.length > most) throw this.#wrong(name, `an array of at most ${most}`);
    return values;
  }

  #wrong(name, words) {
    return malformed(`this is not ${words}`, `${this.where}.${name}`, AGAIN_EVIDENCE);
  }
}
