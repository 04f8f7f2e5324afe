// What pages may ask of a signer: ICRC-25, and of its extensions ICRC-34, delegations.

/** The codes of JSON-RPC and ICRC-25. */
export const INVALID_PARAMS = -32602;
export const NOT_SUPPORTED = 2000;
export const ABORTED = 3001;

const TOPICS = "https://github.com/dfinity/wg-identity-authentication/blob/main/topics";
const supportedStandards = [
  { name: "ICRC-25", url: `${TOPICS}/icrc_25_signer_interaction_standard.md` },
  { name: "ICRC-29", url: `${TOPICS}/icrc_29_window_post_message_transport.md` },
  { name: "ICRC-34", url: `${TOPICS}/icrc_34_delegation.md` },
];
// Nothing is granted once and for all: people choose each time who they are.
const scopes = [{ scope: { method: "icrc34_delegation" }, state: "ask_on_use" }];

/** Answers what can be answered at once, and calls `onSignIn` with what somebody has to decide. */
export function serve(request, onSignIn) {
  switch (request.method) {
    case "icrc25_supported_standards":
      return request.resolve({ supportedStandards });
    case "icrc25_permissions":
    case "icrc25_request_permissions":
      return request.resolve({ scopes });
    case "icrc34_delegation":
      return signIn(request, onSignIn);
    default:
      return request.reject(NOT_SUPPORTED, `This signer does not support ${request.method}`);
  }
}

function signIn(request, onSignIn) {
  const { publicKey, maxTimeToLive, targets, icrc95DerivationOrigin } = request.params ?? {};
  const isText = (value) => typeof value === "string";
  if (!isText(publicKey)) {
    return request.reject(INVALID_PARAMS, "`publicKey` has to be the session's public key, DER in base64");
  }
  if (maxTimeToLive !== undefined && !isText(maxTimeToLive)) {
    return request.reject(INVALID_PARAMS, "`maxTimeToLive` has to be a text with a number of nanoseconds");
  }
  if (targets !== undefined && !(Array.isArray(targets) && targets.every(isText))) {
    return request.reject(INVALID_PARAMS, "`targets` has to be an array of canister ids");
  }
  if (icrc95DerivationOrigin !== undefined && icrc95DerivationOrigin !== request.origin) {
    return request.reject(NOT_SUPPORTED, "This local stand-in supports no derivation origin but the page's own");
  }
  return onSignIn(request);
}
