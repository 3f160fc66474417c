import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const TEMPLATE = here("../engine/pages/built/map.html");

/** Puts script and style into the one HTML template that engine/pages/map.py fills in. */
function oneTemplate(): Plugin {
  return {
    name: "one-template",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const script = files.find((file) => file.type === "chunk")?.code.trim();
      const style = files.find((file) => file.type === "asset" && file.fileName.endsWith(".css"));
      if (!script || style?.type !== "asset") throw new Error("the build made no script or no style");
      const code = script.replaceAll("</script", "<\\/script");
      const digest = createHash("sha256").update(code).digest("base64");
      const html = readFileSync(here("map.html"), "utf8")
        .replace("%STYLE%", () => String(style.source).trim())
        .replace("%SCRIPT_HASH%", () => `sha256-${digest}`)
        .replace("%SCRIPT%", () => code);
      mkdirSync(here("../engine/pages/built"), { recursive: true });
      writeFileSync(TEMPLATE, html);
      for (const name of Object.keys(bundle)) delete bundle[name];
    },
  };
}

export default defineConfig({
  plugins: [oneTemplate()],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    cssCodeSplit: false,
    write: true,
    emptyOutDir: false,
    outDir: here("node_modules/.built"),
    lib: { entry: here("src/main.ts"), formats: ["iife"], name: "houndstooth_map", fileName: () => "map.js" },
  },
  test: { include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
