// An evidence file, step by step, in the order of `safeconduct evidence check`; steps as in examine.js. It holds under
// the policy that stands in it, and under the one that was brought.

import { Refusal, Unable } from "./kernel.js";
import { checkAlone, checkUnder, parseEvidence } from "./evidence.js";
import { parsePolicy } from "./policy.js";

export async function examineEvidence(bytes, brought) {
  const steps = [];
  const attempt = async (name, work, factsOf = () => ({})) => {
    try {
      const result = await work();
      steps.push({ name, state: "holds", facts: factsOf(result) });
      return result;
    } catch (error) {
      if (error instanceof Unable) steps.push({ name, state: "cannot", facts: {} });
      else if (error instanceof Refusal) steps.push({ name, state: "fails", facts: {}, refusal: error });
      else throw error;
      return null;
    }
  };
  const evidence = await attempt("evidence", () => parseEvidence(bytes), ({ kind }) => ({ kind }));
  const policy = brought ? await attempt("policy", () => parsePolicy(brought), believed) : null;
  const own = evidence && (await attempt("own", () => checkAlone(evidence)));
  if (own && !brought) steps.push({ name: "under", state: "asked", facts: {} });
  const under = own && policy ? await attempt("under", () => checkUnder(evidence, policy)) : null;
  const shown = brought ? under : own;
  for (const witness of shown?.unchecked ?? []) {
    steps.push({ name: "cosignature", state: "cannot", facts: { witness, why: "evidence" } });
  }
  return { steps, verdict: verdictOfEvidence(steps, shown), kind: evidence?.kind, shown, brought: Boolean(brought) };
}

export const believed = ({ logs, witnesses }) =>
  ({ logs: logs.map(({ name }) => name).join(", "), witnesses: witnesses.length });

// One step that fails is the whole verdict.
function verdictOfEvidence(steps, shown) {
  if (steps.some(({ state }) => state === "fails")) return "disproved";
  if (!shown) return "unable";
  return shown.proved ? "proves" : "alone";
}
