// Counts, and relays: what Motoko's own way of calling, timing and upgrading asks of a network.
import Prim "mo:⛔";

persistent actor Relay {
  type Listener = actor {
    take_note : Text -> async ();
    fail : Text -> async Text;
  };

  var count : Nat = 0;
  transient var ticks : Nat = 0;

  public func increment() : async Nat {
    count += 1;
    count;
  };

  public func increment_and_trap() : async () {
    count += 1;
    assert false;
  };

  public query func counted() : async Nat { count };

  public shared ({ caller }) func whoami() : async Principal { caller };

  public func relay(listener : Text, text : Text) : async () {
    await (actor (listener) : Listener).take_note(text);
  };

  // The reason of the failure that it asks for.
  public func relay_failure(listener : Text, reason : Text) : async Text {
    count += 1;
    try { await (actor (listener) : Listener).fail(reason) } catch (error) {
      Prim.errorMessage(error);
    };
  };

  public func tick_every(ns : Nat64) : async () {
    ignore Prim.setTimer(ns, true, func() : async () { ticks += 1 });
  };

  public query func ticked() : async Nat { ticks };
};
