// How the page that has opened this window speaks with it: by ICRC-29, or as `@dfinity/auth-client` does.

/** How long the other page may be silent, once it has its answer, before this window closes. */
const SILENCE_MS = 5_000;

let lastHeard = 0;

/**
 * Calls `onRequest` with the requests of the first page that speaks up, and of no other: its `origin`, the `method` and
 * its `params`, and how to answer, by `resolve(result)` or `reject(code, message)`.
 */
export function listen(onRequest) {
  let peer;
  addEventListener("message", ({ data, source, origin }) => {
    if (!peer && isGreeting(data, source, origin)) {
      peer = { source, origin };
    }
    if (source !== peer?.source || origin !== peer?.origin) {
      return;
    }
    lastHeard = Date.now();
    const send = (message) => source.postMessage(message, origin);
    if (isLegacyRequest(data)) {
      onRequest(legacyRequest(data, origin, send));
    } else if (isRequest(data)) {
      const { id, method, params } = data;
      const reply = (outcome) => send({ jsonrpc: "2.0", id, ...outcome });
      if (method === "icrc29_status") {
        reply({ result: "ready" });
      } else {
        const resolve = (result) => reply({ result });
        const reject = (code, message) => reply({ error: { code, message } });
        onRequest({ origin, method, params, resolve, reject });
      }
    }
  });
  // What `@dfinity/auth-client` waits for.
  window.opener?.postMessage({ kind: "authorize-ready" }, "*");
}

/**
 * Closes this window when the other page has fallen silent. As long as it asks for the status it may ask for more, and it
 * is for it to close the window.
 */
export function closeWhenSilent() {
  lastHeard = Date.now();
  setInterval(() => {
    if (Date.now() - lastHeard > SILENCE_MS) {
      window.close();
    }
  }, 500);
}

/** Whether a message may begin a conversation. Pages that are no site's, as files, have the origin "null". */
function isGreeting(data, source, origin) {
  const isStatus = isRequest(data) && data.method === "icrc29_status";
  const isLegacy = isLegacyRequest(data) && source === window.opener;
  return source !== null && origin !== "null" && (isStatus || isLegacy);
}

function isRequest(data) {
  return data?.jsonrpc === "2.0" && typeof data.method === "string" && ["string", "number"].includes(typeof data.id);
}

function isLegacyRequest(data) {
  return data?.kind === "authorize-client" && data.sessionPublicKey instanceof Uint8Array;
}

function legacyRequest({ sessionPublicKey, maxTimeToLive, derivationOrigin }, origin, send) {
  return {
    origin,
    method: "icrc34_delegation",
    params: {
      publicKey: toBase64(sessionPublicKey),
      maxTimeToLive: maxTimeToLive?.toString(),
      icrc95DerivationOrigin: derivationOrigin,
    },
    resolve: ({ publicKey, signerDelegation }) =>
      send({
        kind: "authorize-client-success",
        userPublicKey: fromBase64(publicKey),
        delegations: signerDelegation.map(({ delegation: { pubkey, expiration }, signature }) => ({
          delegation: { pubkey: fromBase64(pubkey), expiration: BigInt(expiration) },
          signature: fromBase64(signature),
        })),
        authnMethod: "passkey",
      }),
    reject: (_, text) => send({ kind: "authorize-client-failure", text }),
  };
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
