// Bundles assets/src into hashed files, each with a gzip twin, and writes manifest.json: source name -> file name.
// Called by the package's build hook (build_hook.py): node build.mjs OUTPUT_FOLDER
import { readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const output = resolve(process.argv[2] ?? join(here, "../src/yunheng/site/static/yunheng/dist"));

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const { metafile } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ["src/main.js", "src/charts.js", "src/main.css"],
  outdir: output,
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  sourcemap: false,
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "dataurl", ".woff2": "file", ".woff": "file" },
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
});

const manifest = {};
for (const [path, made] of Object.entries(metafile.outputs)) {
  const name = basename(path);
  if (made.entryPoint) manifest[basename(made.entryPoint)] = name;
  if (/\.(js|css)$/.test(name)) {
    writeFileSync(join(output, `${name}.gz`), gzipSync(readFileSync(join(output, name)), { level: 9 }));
  }
}
writeFileSync(join(output, "manifest.json"), `${JSON.stringify(manifest, Object.keys(manifest).sort(), 2)}\n`);
