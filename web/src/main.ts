import "../../engine/pages/templates/tokens.css";
import "./style.css";
import { App } from "./app";
import { decode, fromBase64, type Header } from "./payload";

const block = (id: string) => document.getElementById(id)?.textContent ?? "";
const root = document.getElementById("app")!;

try {
  const header = JSON.parse(block("header")) as Header;
  const data = decode(header, fromBase64(block("data")));
  const app = new App(data, root);
  performance.mark("map-started");
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("map-dots")));
  let pictured = false;
  app.inside.stage.scene.onFirstPictures = () => {
    if (!pictured) performance.mark("map-pictures");
    pictured = true;
  };
  (window as unknown as { houndstooth: App }).houndstooth = app;
} catch (error) {
  root.textContent = "";
  const said = document.createElement("p");
  said.className = "opening";
  said.textContent = `The map cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
  root.append(said);
  throw error;
}
