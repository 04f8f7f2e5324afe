// Does with a network what applications do, through one of the published agents with its default options.
//
//   node check.mjs <core | dfinity> <ic url> <module of the canister>
import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// What a browser has and this Node may lack.
globalThis.crypto ??= webcrypto;

const [name, host, path] = process.argv.slice(2);
const agents = await import(`./${name}.mjs`);
const { Actor, AnonymousIdentity, CanisterStatus, Certificate, HttpAgent, IDL, Principal } = agents;
const { DelegationChain, DelegationIdentity, ECDSAKeyIdentity, Ed25519KeyIdentity, Secp256k1KeyIdentity } = agents;

const module = await readFile(path);
const moduleHash = createHash("sha256").update(module).digest("hex");
const owner = Ed25519KeyIdentity.generate();
const agent = await agentOf(owner);
const management = managementOf(agent);
const { canister_id: canisterId } = await management.provisional_create_canister_with_cycles({ amount: [] });
await management.install_code({ mode: { install: null }, canister_id: canisterId, wasm_module: module, arg: [] });

function agentOf(identity, options) {
  return HttpAgent.create({ host, identity, shouldFetchRootKey: true, ...options });
}

function managementOf(agent) {
  const about = { canister_id: IDL.Principal };
  const bytes = IDL.Vec(IDL.Nat8);
  const methods = {
    provisional_create_canister_with_cycles: IDL.Func([IDL.Record({ amount: IDL.Opt(IDL.Nat) })], [IDL.Record(about)]),
    install_code: IDL.Func(
      [IDL.Record({ ...about, mode: IDL.Variant({ install: IDL.Null }), wasm_module: bytes, arg: bytes })],
      [],
    ),
    canister_status: IDL.Func(
      [IDL.Record(about)],
      [
        IDL.Record({
          status: IDL.Variant({ running: IDL.Null, stopping: IDL.Null, stopped: IDL.Null }),
          settings: IDL.Record({ controllers: IDL.Vec(IDL.Principal) }),
          module_hash: IDL.Opt(bytes),
        }),
      ],
    ),
  };
  return Actor.createActor(() => IDL.Service(methods), {
    agent,
    canisterId: "aaaaa-aa",
    callTransform: (_, [argument]) => ({ effectiveCanisterId: argument.canister_id ?? Principal.fromText("aaaaa-aa") }),
  });
}

function canisterOf(agent, id = canisterId) {
  const methods = {
    echo: IDL.Func([IDL.Text], [IDL.Text]),
    echo_query: IDL.Func([IDL.Text], [IDL.Text], ["query"]),
    whoami: IDL.Func([], [IDL.Principal], ["query"]),
    trap: IDL.Func([], []),
    trap_query: IDL.Func([], [], ["query"]),
    reject: IDL.Func([], []),
    missing: IDL.Func([], []),
  };
  return Actor.createActor(() => IDL.Service(methods), { agent, canisterId: id });
}

// A session key that acts for `from` by way of two more keys, at the canisters `targets` only.
async function delegated(from, targets) {
  const [first, second, session] = [0, 1, 2].map(() => Ed25519KeyIdentity.generate());
  const expiry = new Date(Date.now() + 600_000);
  let chain = await DelegationChain.create(from, first.getPublicKey(), expiry);
  chain = await DelegationChain.create(first, second.getPublicKey(), expiry, { previous: chain, targets });
  chain = await DelegationChain.create(second, session.getPublicKey(), expiry, { previous: chain });
  return DelegationIdentity.fromDelegation(session, chain);
}

const p256 = await ECDSAKeyIdentity.generate();
const identities = {
  anonymous: new AnonymousIdentity(),
  "an Ed25519 key": Ed25519KeyIdentity.generate(),
  "a P-256 key": p256,
  "a secp256k1 key": Secp256k1KeyIdentity.generate(),
  "a chain of delegations": await delegated(p256),
  "a chain of delegations with targets": await delegated(p256, [canisterId]),
};
for (const [name, identity] of Object.entries(identities)) {
  test(`updates and queries by ${name}`, async () => {
    const canister = canisterOf(await agentOf(identity));
    assert.equal(await canister.echo("an update"), "an update");
    assert.equal(await canister.echo_query("a query"), "a query");
    assert.equal((await canister.whoami()).toText(), identity.getPrincipal().toText());
  });
}

test("a delegation is worth nothing at other canisters than its targets", async () => {
  const elsewhere = Principal.fromUint8Array(new Uint8Array([7]));
  // Agents try again, whatever the error.
  const agent = await agentOf(await delegated(owner, [elsewhere]), { retryTimes: 0 });
  const canister = canisterOf(agent);
  await assert.rejects(canister.echo("an update"), /target/);
  await assert.rejects(canister.echo_query("a query"), /target/);
});

test("a call that is not waited for is polled for", async () => {
  const arg = IDL.encode([IDL.Text], ["polled"]);
  const call = await agent.call(canisterId, { methodName: "echo", arg, callSync: false });
  assert.equal(call.response.status, 202);
  const { reply } = await agents.pollForResponse(agent, canisterId, call.requestId);
  assert.deepEqual(IDL.decode([IDL.Text], reply), ["polled"]);
});

test("the state tree is certified by the fetched root key", async () => {
  const path = ["canister", canisterId.toUint8Array(), "module_hash"].map((label) =>
    typeof label === "string" ? new TextEncoder().encode(label) : label,
  );
  const { certificate } = await agent.readState(canisterId, { paths: [path] });
  const options = { certificate, ...agents.about(canisterId) };
  const verified = await Certificate.create({ ...options, rootKey: agent.rootKey });
  assert.equal(Buffer.from(agents.lookup(verified, path)).toString("hex"), moduleHash);
  const { rootKey: another } = await HttpAgent.create({ host });
  await assert.rejects(Certificate.create({ ...options, rootKey: another }), /[Ss]ignature verification failed/);
});

test("an agent believes nothing without the network's root key", async () => {
  const canister = canisterOf(await HttpAgent.create({ host, identity: owner }));
  await assert.rejects(canister.echo("an update"), /[Ss]ignature verification failed/);
  await assert.rejects(canister.echo_query("a query"), /[Ss]ignature verification failed/);
});

test("the canister's status is told", async () => {
  const paths = ["time", "controllers", "subnet", "module_hash", "candid"];
  const status = await CanisterStatus.request({ agent, canisterId, paths });
  assert.ok(Math.abs(status.get("time") - Date.now()) < 60_000);
  assert.deepEqual(status.get("controllers").map(String), [owner.getPrincipal().toText()]);
  assert.equal(status.get("module_hash"), moduleHash);
  assert.match(status.get("candid"), /^service : \{/);
  const { subnetId, nodeKeys } = status.get("subnet");
  assert.equal(subnetId, Principal.selfAuthenticating(new Uint8Array(agent.rootKey)).toText());
  assert.equal(nodeKeys.size, 1);
});

test("the subnet's status is told", { skip: !agents.SubnetStatus }, async () => {
  const subnetId = Principal.selfAuthenticating(agent.rootKey);
  const paths = ["time", "canisterRanges", "publicKey", "nodeKeys"];
  const status = await agents.SubnetStatus.request({ agent, subnetId, paths });
  assert.deepEqual(status.get("publicKey"), agent.rootKey);
  assert.equal(status.get("nodeKeys").size, 1);
  const inRange = ([first, last]) => first.compareTo(canisterId) !== "gt" && canisterId.compareTo(last) !== "gt";
  assert.ok(status.get("canisterRanges").some(inRange));
});

test("the management canister creates, installs and tells the status", async () => {
  const { canister_id } = await management.provisional_create_canister_with_cycles({ amount: [1_000_000n] });
  const empty = await management.canister_status({ canister_id });
  assert.deepEqual(empty.module_hash, []);
  const { status, settings, module_hash } = await management.canister_status({ canister_id: canisterId });
  assert.deepEqual(status, { running: null });
  assert.deepEqual(settings.controllers.map(String), [owner.getPrincipal().toText()]);
  assert.equal(Buffer.from(module_hash[0]).toString("hex"), moduleHash);
});

async function rejectionOf(call) {
  try {
    await call();
  } catch (error) {
    return agents.rejection(error);
  }
  throw new Error("the call was not rejected");
}

test("rejections say what was wrong", async () => {
  const canister = canisterOf(agent);
  const stranger = managementOf(await agentOf(Ed25519KeyIdentity.generate()));
  const absent = canisterOf(agent, Principal.fromText("7jkta-eyaaa-aaaaq-aaarq-cai"));
  for (const [call, certified, rejectCode, errorCode, message] of [
    [() => canister.trap(), true, 5, "IC0503", "on purpose"],
    [() => canister.trap_query(), false, 5, "IC0503", "on purpose"],
    [() => canister.reject(), true, 4, "IC0406", "on purpose"],
    [() => canister.missing(), true, 5, "IC0536", "missing"],
    [() => absent.echo_query(""), false, 3, "IC0301", "not found"],
    [() => stranger.canister_status({ canister_id: canisterId }), false, 5, "IC0512", "controllers"],
  ]) {
    const rejection = await rejectionOf(call);
    assert.ok(rejection.message.includes(message), rejection.message);
    assert.deepEqual(rejection, { certified, uncertified: !certified, rejectCode, errorCode, message: rejection.message });
  }
});
