;; Gives its argument back, says in Candid who calls, and fails in several ways.
(module
  (@custom "icp:public candid:service" "service : {}")
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "msg_caller_size" (func $caller_size (result i32)))
  (import "ic0" "msg_caller_copy" (func $caller_copy (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reject" (func $reject (param i32 i32)))
  (import "ic0" "debug_print" (func $log (param i32 i32)))
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (memory 1)
  (data (i32.const 0) "on purpose")
  (data (i32.const 64) "echoed")
  ;; The Candid header of one principal; its length and bytes follow.
  (data (i32.const 16) "DIDL\00\01\68\01")

  (func $echo (export "canister_update echo") (export "canister_query echo_query")
    (call $log (i32.const 64) (i32.const 6))
    (call $arg_copy (i32.const 1024) (i32.const 0) (call $arg_size))
    (call $append (i32.const 1024) (call $arg_size))
    (call $reply))

  (func (export "canister_query whoami")
    (i32.store8 (i32.const 24) (call $caller_size))
    (call $caller_copy (i32.const 25) (i32.const 0) (call $caller_size))
    (call $append (i32.const 16) (i32.add (i32.const 9) (call $caller_size)))
    (call $reply))

  (func (export "canister_update trap") (export "canister_query trap_query")
    (call $trap (i32.const 0) (i32.const 10)))

  (func (export "canister_update reject")
    (call $reject (i32.const 0) (i32.const 10))))
