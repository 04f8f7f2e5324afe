// A page that people sign in to: by the words of the protocol itself, and with what others published.
import { AuthClient } from "@icp-sdk/auth/client";
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { AuthClient as OlderAuthClient } from "@dfinity/auth-client";

const parameters = new URLSearchParams(location.search);
const identityProvider = parameters.get("provider");
const outcome = document.getElementById("outcome");


const ways = {
  async protocol() {
    const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const der = new Uint8Array(await crypto.subtle.exportKey("spki", key.publicKey));
    const params = { publicKey: btoa(String.fromCharCode(...der)), maxTimeToLive: "3600000000000" };
    return ask("icrc34_delegation", params);
  },
  standards: () => ask("icrc25_supported_standards"),
  unknown: () => ask("icrc49_call_canister", {}),
  bad: () => ask("icrc34_delegation", { publicKey: "no key" }),
  async "@icp-sdk/auth"() {
    const identity = await new AuthClient({ identityProvider }).signIn();
    const agent = await HttpAgent.create({ host: parameters.get("network"), identity, shouldFetchRootKey: true });
    const interface_ = () => IDL.Service({ echo: IDL.Func([IDL.Text], [IDL.Text]) });
    const canister = Actor.createActor(interface_, { agent, canisterId: parameters.get("canister") });
    return { principal: identity.getPrincipal().toText(), echo: await canister.echo("an update") };
  },
  async "@dfinity/auth-client"() {
    const client = await OlderAuthClient.create();
    await new Promise((onSuccess, onError) => client.login({ identityProvider, onSuccess, onError }));
    return { principal: client.getIdentity().getPrincipal().toText() };
  },
};

for (const [name, way] of Object.entries(ways)) {
  const button = document.createElement("button");
  button.textContent = name;
  button.value = name;
  button.addEventListener("click", async () => {
    outcome.textContent = "";
    const done = await way().catch((error) => ({ error: { code: error?.code, message: error?.message ?? error } }));
    outcome.textContent = JSON.stringify(done);
  });
  document.body.append(button);
}

/** One request by ICRC-29, in a window of its own; gives the response. */
function ask(method, params) {
  const signer = open(identityProvider, "signer");
  const { origin } = new URL(identityProvider);
  return new Promise((resolve) => {
    let asked = false;
    const status = setInterval(() => signer.postMessage({ jsonrpc: "2.0", id: "status", method: "icrc29_status" }, "*"), 100);
    const listener = (event) => {
      if (event.source !== signer || event.origin !== origin) {
        return;
      }
      // Several may be answered: a window that is slow to open has them all waiting.
      if (event.data.id === "status" && event.data.result === "ready" && !asked) {
        asked = true;
        clearInterval(status);
        signer.postMessage({ jsonrpc: "2.0", id: 1, method, params }, origin);
      } else if (event.data.id === 1) {
        removeEventListener("message", listener);
        if (!parameters.has("leave-open")) {
          signer.close();
        }
        resolve(event.data);
      }
    };
    addEventListener("message", listener);
  });
}
