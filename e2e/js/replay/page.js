// Gives recorded frames to this project's client and to the published one, and says how many milliseconds each takes, for
// each recording: {"name": {"ours": …, "published": …}}.
import { Actor, HttpAgent } from "@dfinity/agent";
import { Principal } from "@dfinity/principal";
import { IcWebSocket, createWsConfig, generateRandomIdentity } from "ic-websocket-js";
import init, { Replay } from "/replay.js";

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
const now = () => BigInt(Date.now()) * 1_000_000n;

// What the published client looks at: the type of the application's messages.
const idlFactory = ({ IDL }) => {
  const talk = IDL.Variant({ Ping: IDL.Nat64, Pong: IDL.Nat64 });
  return IDL.Service({ ws_message: IDL.Func([IDL.Record({}), IDL.Opt(talk)], [], []) });
};

function ours({ canister, rootKey, principal, nonce, opening, frames }) {
  const client = new Replay(canister, bytes(rootKey), principal, BigInt(nonce), now());
  for (const frame of opening) client.take(frame, now());
  const start = performance.now();
  for (const frame of frames) {
    if (!client.take(frame, now())) throw new Error("a frame is not a message");
  }
  return performance.now() - start;
}

async function published({ canister, icUrl, principal, nonce, opening, frames }) {
  let socket;
  // Nothing is sent, and what comes was recorded.
  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() {
      socket = this;
    }
    send() {}
    close(code, reason) {
      this.onclose({ code, reason });
    }
  };
  const identity = generateRandomIdentity();
  const agent = await HttpAgent.create({ host: icUrl, identity });
  const config = createWsConfig({
    canisterId: canister,
    canisterActor: Actor.createActor(idlFactory, { agent, canisterId: canister }),
    identity,
    networkUrl: icUrl,
  });
  const client = new IcWebSocket("ws://recorded", undefined, config);
  // Two things that an application need not do: to wait for the root key, and to be whom the frames were recorded for.
  await client._httpAgent.fetchRootKey();
  client._clientKey = {
    client_principal: Principal.fromText(principal),
    client_nonce: BigInt(nonce),
  };
  return new Promise((resolve, reject) => {
    const receive = (frame) => socket.onmessage({ data: frame.buffer });
    let start;
    let left = frames.length;
    client.onopen = () => {
      start = performance.now();
      frames.forEach(receive);
    };
    client.onmessage = () => {
      left -= 1;
      if (left === 0) resolve(performance.now() - start);
    };
    client.onerror = ({ error }) => reject(error);
    client.onclose = ({ reason }) => reject(new Error(reason));
    socket.onopen();
    opening.forEach(receive);
  });
}

async function measure(recording) {
  const [opening, frames] = [recording.opening, recording.frames].map((all) => all.map(bytes));
  const replayed = { ...recording, opening, frames };
  const fastest = { ours: Infinity, published: Infinity };
  for (let turn = 0; turn < recording.turns; turn += 1) {
    fastest.ours = Math.min(fastest.ours, ours(replayed));
    fastest.published = Math.min(fastest.published, await published(replayed));
  }
  return fastest;
}

async function outcome() {
  await init({ module_or_path: "/replay_bg.wasm" });
  const recordings = await (await fetch("/recordings.json")).json();
  const measured = {};
  for (const [name, recording] of Object.entries(recordings)) {
    measured[name] = await measure(recording);
  }
  return { measured };
}

const shown = document.createElement("output");
shown.textContent = JSON.stringify(await outcome().catch((error) => ({ error: `${error}` })));
document.body.append(shown);
