// What the page's modules answer, in values that Python can compare. `probe` takes many questions at once.

const raw = (text) => bytesOfLatin1(atob(text));

async function asked(work) {
  try {
    return { said: await work() };
  } catch (error) {
    if (!(error instanceof Refusal)) return { defect: String(error.stack) };
    const name = error instanceof Malformed ? "Malformed" : "Disproved";
    return { refused: name, faults: error.faults.map(({ message, where, step, rule }) => [message, where, step, rule]) };
  }
}

async function judgedNote(note, known, isHead) {
  let parsed;
  try {
    parsed = parseNote(note);
    if (isHead) parseCheckpoint(parsed.text);
  } catch {
    return ["malformed", []];
  }
  const keys = [];
  for (const text of known) keys.push(await parseKey(text));
  if (new Set(keys.map(({ publicKey }) => hex(publicKey))).size < keys.length) return ["ambiguous-key", []];
  const signed = keys.filter((key) => linesOf(parsed, key).length);
  const plain = signed.filter((key) => key.type === ED25519);
  try {
    await requireSigned(parsed, plain);
    const { times } = await cosignedBy(parsed, signed.filter((key) => key.type !== ED25519));
    const found = [...plain, ...times.keys()].map((key) => `${key.name}+${hex(key.keyId)}`);
    return [found.length ? "ok" : "unverified", found];
  } catch {
    return ["invalid-signature", []];
  }
}

const questions = {
  ed25519: ({ key, message, signature }) => verifyEd25519(raw(key), raw(message), raw(signature)),
  async entry({ entry, key }) {
    const { leaf, kid, payload, ...parts } = await parseEntry(raw(entry));
    return [leaf, kid, key ? await verifyEntry({ ...parts }, raw(key)) : null, canonical(payload)];
  },
  canonical: ({ text }) => canonical(parseCanonical(raw(text))),
  async reveal({ entry, disclosure }) {
    const { line, name, value } = await reveal((await parseEntry(raw(entry))).payload, disclosure);
    return [line, name, value];
  },
  async vkey({ text }) {
    const key = await parseKey(text);
    return [key.name, hex(key.keyId), key.type, key.publicKey.length, printKey(key)];
  },
  note: ({ note, known, head }) => judgedNote(raw(note), known, head),
  head({ note }) {
    const parsed = parseNote(raw(note));
    const { origin, size, root, extensions } = parseCheckpoint(parsed.text);
    return [origin, String(size), hex(root), extensions, parsed.signatures.map((line) => String(claimedTime(line)))];
  },
  claimed({ blob }) {
    const time = claimedTime({ blob: raw(blob) });
    return time === null ? null : String(time);
  },
  messages: ({ name, time, origin, start, end, root }) => hex(subtreeMessage({
    cosigner: name, time: BigInt(time), origin, start: BigInt(start), end: BigInt(end), root: raw(root),
  })),
  signed: ({ text, time }) => textOf(ed25519Message(text, BigInt(time))),
  async quorums({ policy, asked: names }) {
    const { quorum } = await parsePolicy(raw(policy));
    return names.map((some) => isMetBy(quorum, some));
  },
  async receipt({ receipt, entry, policy }) {
    const held = parseReceipt(raw(receipt));
    const believed = await parsePolicy(raw(policy));
    const signed = await checkHead(believed, held.note);
    const { size, root } = signed.head;
    await verifyInclusion(await leafHash(raw(entry)), { index: held.index, size, proof: held.proof, root });
    const time = timeOf(believed, signed);
    return [time === null ? "logged" : "cosigned", String(held.index), time === null ? null : String(time)];
  },
  async evidence({ evidence, policy }) {
    const read = parseEvidence(raw(evidence));
    const own = await checkAlone(read);
    const shown = policy === null ? own : await checkUnder(read, await parsePolicy(raw(policy)));
    const inEnglish = (several) =>
      several.map(({ name, facts }) => filled(TEXTS.en.ofEvidence.says[name], facts).join("").replaceAll("’", "'"));
    return {
      proved: shown.proved, proves: inEnglish(shown.proves), keys: shown.keys,
      does_not_prove: inEnglish(shown.leavesOpen), needs: inEnglish(shown.needs ?? []),
    };
  },
  async consistency({ oldSize, oldRoot, size, root, proof }) {
    const parts = { oldSize: BigInt(oldSize), oldRoot: raw(oldRoot), size: BigInt(size), root: raw(root) };
    await verifyConsistency({ ...parts, proof: proof.map(raw) });
    return true;
  },
  async inclusion({ leaf, index, size, proof, root }) {
    const parts = { index: BigInt(index), size: BigInt(size), proof: proof.map(raw), root: raw(root) };
    await verifyInclusion(raw(leaf), parts);
    return true;
  },
  hashes: async ({ leaves }) => {
    const hashed = [];
    for (const leaf of leaves) hashed.push(await leafHash(raw(leaf)));
    return [hashed.map(hex), hex(await nodeHash(hashed[0], hashed[1]))];
  },
  kinds: () => Object.fromEntries(Object.entries(KINDS).map(([name, { shapes }]) => [
    name,
    Object.fromEntries(Object.entries(shapes).map(([claim, { words, optional: may }]) => [claim, [words, may]])),
  ])),
  async examined(given) {
    const bytes = Object.entries(given).map(([name, value]) => [name, value === null ? null : raw(value)]);
    const { verdict, steps } = await examine(Object.fromEntries(bytes));
    return [verdict, steps.map(({ name, state }) => `${name} ${state}`)];
  },
};

globalThis.probe = async (batch) => {
  const answers = [];
  for (const [name, given] of batch) answers.push(await asked(() => questions[name](given)));
  return answers;
};
