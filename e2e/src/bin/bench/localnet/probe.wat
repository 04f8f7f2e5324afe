;; The canister that is measured: it does little, so that what is measured is the network.
(module
  (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 16) ;; 1 MiB
  ;; Heap: 0 the counter, 8 the argument, 16 a result.

  (func (export "canister_update increment")
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $append (i32.const 0) (i32.const 4))
    (call $reply))

  (func (export "canister_query read")
    (call $append (i32.const 0) (i32.const 4))
    (call $reply))

  ;; Grows the heap to as many Wasm pages as the argument (32 bits) says, and writes to every 4 KiB of it.
  (func (export "canister_update grow")
    (local $at i32)
    (call $arg (i32.const 8) (i32.const 0) (i32.const 4))
    (drop (memory.grow (i32.sub (i32.load (i32.const 8)) (memory.size))))
    (local.set $at (i32.mul (memory.size) (i32.const 65536)))
    (loop $again
      (local.set $at (i32.sub (local.get $at) (i32.const 4096)))
      (i32.store offset=64 (local.get $at) (local.get $at))
      (br_if $again (local.get $at)))
    (call $reply))

  ;; Reads in 16 places all over the heap, which are at least 64 KiB apart: so much the kernel maps at once.
  (func (export "canister_query look_around")
    (local $at i32) (local $step i32) (local $sum i32)
    (local.set $step (i32.mul (memory.size) (i32.const 4096)))
    (local.set $at (i32.mul (local.get $step) (i32.const 16)))
    (loop $again
      (local.set $at (i32.sub (local.get $at) (local.get $step)))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=64 (local.get $at))))
      (br_if $again (local.get $at)))
    (i32.store (i32.const 16) (local.get $sum))
    (call $append (i32.const 16) (i32.const 4))
    (call $reply))

  ;; Goes round as many times as the argument (32 bits) says.
  (func $spin
    (local $rounds i32)
    (call $arg (i32.const 8) (i32.const 0) (i32.const 4))
    (local.set $rounds (i32.load (i32.const 8)))
    (loop $again
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds)))
    (call $reply))
  (func (export "canister_query spin") (call $spin))
  (func (export "canister_update spin_long") (call $spin)))
