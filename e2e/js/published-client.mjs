// Chats through the published JavaScript client, as an application would use it.
//
//   node published-client.mjs <declarations.mjs> <ic url> <gateway url> <canister id> <number of messages>
//
// Prints one line of JSON: what was received, and how the connection ended.
import { pathToFileURL } from "node:url";
import { Actor, HttpAgent } from "@dfinity/agent";
import { IcWebSocket, createWsConfig, generateRandomIdentity } from "ic-websocket-js";
import { WebSocket } from "ws";

// What a browser has and this Node may lack.
globalThis.WebSocket ??= WebSocket;
globalThis.ErrorEvent ??= class ErrorEvent extends Event {
  constructor(type, init) {
    super(type);
    this.error = init?.error;
  }
};

const [declarations, icUrl, gatewayUrl, canisterId, count] = process.argv.slice(2);
const { idlFactory } = await import(pathToFileURL(declarations));

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

const received = [];
const say = (n) => ws.send({ Command: { Say: { text: `message ${n}` } } });

ws.onopen = () => ws.send({ Command: { Join: { name: "Published" } } });
ws.onerror = (event) => {
  console.error(event.error ?? event);
  process.exit(1);
};
ws.onmessage = ({ data }) => {
  const event = data.Event;
  if (event?.Welcome) {
    say(0);
  } else if (event?.Message) {
    received.push(event.Message.text);
    if (received.length < Number(count)) say(received.length);
    else ws.close();
  }
};
ws.onclose = ({ code, reason }) => {
  console.log(JSON.stringify({ principal: identity.getPrincipal().toText(), received, code, reason }));
  process.exit(0);
};
