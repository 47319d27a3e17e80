// Builds the component of a project: type check, one file of everything, then the engine around it. Run in the
// project's folder by `quoin build`: node build.mjs <file to write>.

import { existsSync, realpathSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SDK = realpathSync(path.dirname(fileURLToPath(import.meta.url)));
const PROJECT = process.cwd();
const WORK = path.join(PROJECT, "build");
const POWERS = ["check", "discover", "source", "sink", "webhook"];
const IMPORTS = ["log", "http", "clock", "config", "verify"];

const say = (text) => process.stderr.write(`   ${text}\n`);

/** Something is wrong with the project: said in one sentence, without a stack. */
class Wrong extends Error {}

function typeChecked() {
  say("checking types");
  const compiler = createRequire(path.join(PROJECT, "package.json")).resolve("typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "--project", PROJECT], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Wrong("the types do not fit; see above");
}

/** The powers that the connector's module exports. */
async function powersOf(module) {
  const connector = await import(pathToFileURL(module).href);
  const unknown = Object.keys(connector).filter((name) => !POWERS.includes(name));
  if (unknown.length > 0) throw new Wrong(`src/connector.ts exports ${unknown.join(", ")}; a connector exports powers alone: ${POWERS.join(", ")}`);
  const powers = POWERS.filter((name) => name in connector);
  if (powers.length === 0) throw new Wrong(`src/connector.ts exports no power; there are ${POWERS.join(", ")}`);
  return powers;
}

/** The contract, and a world of the powers that there are. */
async function world(powers, folder) {
  const inside = path.join(SDK, "wit");
  const contract = existsSync(inside) ? inside : path.join(SDK, "../../wit");
  for (const name of ["types", "host", "connector"]) {
    await cp(path.join(contract, `${name}@1.0.0`), path.join(folder, "deps", name), { recursive: true });
  }
  const lines = [
    ...IMPORTS.map((name) => `  import quoin:host/${name}@1.0.0;`),
    ...["describe", ...powers].map((name) => `  export quoin:connector/${name}@1.0.0;`),
  ];
  await writeFile(path.join(folder, "world.wit"), `package quoin:built;\nworld component {\n${lines.join("\n")}\n}\n`);
}

/** The connector with the SDK and every package it uses, in one file. */
async function bundled(powers, module, folder) {
  const esbuild = createRequire(path.join(PROJECT, "package.json"))("esbuild");
  const manifest = await readFile(path.join(PROJECT, "connector.toml"), "utf8");
  const entry = path.join(folder, "entry.js");
  await writeFile(
    entry,
    `import { exported } from "quoin-sdk/component";
import * as connector from ${JSON.stringify(module)};
export const { ${["describe", ...powers].join(", ")} } = exported(connector, ${JSON.stringify(manifest)});
`,
  );
  const file = path.join(folder, "bundle.js");
  await esbuild.build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    format: "esm",
    // The engine has the language and none of Node.js.
    platform: "neutral",
    target: "es2022",
    external: ["quoin:*"],
    logLevel: "warning",
  });
  return file;
}

/** A custom section that says which contract and SDK the component was built with. */
function stamped(component, version) {
  const utf8 = (text) => new TextEncoder().encode(text);
  const length = (number) => {
    const bytes = [];
    for (let rest = number; ; rest >>>= 7) {
      if (rest < 128) return Uint8Array.from([...bytes, rest]);
      bytes.push((rest & 127) | 128);
    }
  };
  const name = utf8("quoin:contract");
  const text = utf8(JSON.stringify({ contract: "1.0.0", sdk: version, language: "javascript" }));
  const body = Buffer.concat([length(name.length), name, text]);
  return Buffer.concat([component, Uint8Array.of(0), length(body.length), body]);
}

async function built(target) {
  typeChecked();
  const module = path.join(WORK, "src/connector.js");
  const powers = await powersOf(module);
  const folder = path.join(WORK, "component");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await world(powers, folder);
  say(`bundling ${powers.join(", ")}`);
  const bundle = await bundled(powers, module, folder);
  say("putting the engine around it (about ten seconds)");
  const { componentize } = await import("@bytecodealliance/componentize-js");
  // No part of WASI: everything a connector does goes through the contract.
  const { component } = await componentize({
    sourcePath: bundle,
    witPath: folder,
    worldName: "component",
    disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
  });
  const { version } = JSON.parse(await readFile(path.join(SDK, "package.json"), "utf8"));
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, stamped(component, version));
}

try {
  await built(path.resolve(process.argv[2] ?? "dist/component.wasm"));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Wrong ? thrown.message : (thrown?.stack ?? thrown)}\n`);
  process.exitCode = 1;
}
