// Compiles a Motoko actor, and writes the module to standard output.
//
//   node compile-motoko.mjs <file.mo>
import { readFileSync } from "node:fs";
import motoko from "motoko";

// With 32-bit memory: the local network has no other.
motoko.compiler.gcFlags("classicOP");
motoko.write("main.mo", readFileSync(process.argv[2], "utf8"));
process.stdout.write(motoko.wasm("main.mo", "ic").wasm);
