// Reads a picture on its standard input with the parser of Mermaid itself, and tells how many nodes and edges it has.

import { JSDOM } from "jsdom";

// Mermaid cleans labels with the help of a browser.
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");

let text = "";
for await (const piece of process.stdin) {
  text += piece;
}
await mermaid.parse(text);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
const vertices = db.getVertices();
console.log(`${vertices.size ?? Object.keys(vertices).length} ${db.getEdges().length}`);
