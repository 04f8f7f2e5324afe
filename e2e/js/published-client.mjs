// The published JavaScript client, as an application would use it.
//
//   node published-client.mjs <declarations> <ic url> <gateway url> <canister id>
//
// Each line of input is a message to send, in JSON; the connection is closed when the input ends. Each line of
// output is an event, in JSON: {"opened": principal}, {"message": …}, {"closed": {code, reason}}.
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { Actor, HttpAgent } from "@dfinity/agent";
import { IcWebSocket, createWsConfig, generateRandomIdentity } from "ic-websocket-js";
import { WebSocket } from "ws";

// What a browser has and this Node may lack.
globalThis.crypto ??= webcrypto;
globalThis.WebSocket ??= WebSocket;
globalThis.ErrorEvent ??= class ErrorEvent extends Event {
  constructor(type, init) {
    super(type);
    this.error = init?.error;
  }
};

const [declarations, icUrl, gatewayUrl, canisterId] = process.argv.slice(2);
const { idlFactory } = await import(`data:text/javascript,${encodeURIComponent(declarations)}`);

const identity = generateRandomIdentity();
const agent = await HttpAgent.create({ host: icUrl, identity, shouldFetchRootKey: true });
const ws = new IcWebSocket(
  gatewayUrl,
  undefined,
  createWsConfig({
    canisterId,
    canisterActor: Actor.createActor(idlFactory, { agent, canisterId }),
    identity,
    networkUrl: icUrl,
  }),
);

// Candid's 64-bit numbers are BigInts, which JSON does not know.
const withoutBigInt = (_, value) => (typeof value === "bigint" ? Number(value) : value);
const report = (event) => console.log(JSON.stringify(event, withoutBigInt));

ws.onopen = () => {
  report({ opened: identity.getPrincipal().toText() });
  createInterface({ input: process.stdin })
    .on("line", (line) => ws.send(JSON.parse(line)))
    .on("close", () => ws.close());
};
ws.onmessage = ({ data }) => report({ message: data });
ws.onclose = ({ code, reason }) => {
  report({ closed: { code, reason } });
  process.exit(0);
};
ws.onerror = (event) => {
  console.error(event.error ?? event);
  process.exit(1);
};
