// Writes the script of the page that replays recorded frames, with all that it imports but this project's client, to the
// standard output.
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["replay/page.js"],
  bundle: true,
  minify: true,
  format: "esm",
  external: ["/replay.js"],
  define: { global: "globalThis", "process.env": "{}" },
  write: false,
});
process.stdout.write(outputFiles[0].contents);
