// Writes the script of the page that people sign in to, with all that it imports, to the standard output.
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["sign-in/page.js"],
  bundle: true,
  format: "esm",
  define: { global: "globalThis" },
  write: false,
});
process.stdout.write(outputFiles[0].contents);
