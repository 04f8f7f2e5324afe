// The canister that serves this page. It signs delegations.

/** What is asked for cannot be had, however often one asks. */
export class BadRequest extends Error {}

/** A signed delegation, as the result of `icrc34_delegation`: for `person` at `origin`, with these parameters. */
export async function delegationFor(person, origin, { publicKey, targets, maxTimeToLive }) {
  const wanted = { person, origin, publicKey, targets, maxTimeToLive };
  const { expiration } = await post("/delegation/prepare", wanted);
  return post("/delegation", { ...wanted, expiration });
}

async function post(path, value) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(value) });
  if (response.ok) {
    return response.json();
  }
  // What does not come from the canister is not JSON.
  const { error } = await response.json().catch(() => ({ error: `the network answers with status ${response.status}` }));
  throw response.status === 400 ? new BadRequest(error) : new Error(error);
}
