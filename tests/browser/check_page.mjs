// Opens pages that Clickproof makes as a reader would: in headless Chromium, at three widths, in light and dark, and for print.
// Fails where the console shows an error, a request leaves the page, the page is wider than its window, a table that should wrap
// on a phone does not fit, a script runs, text is too small to read, or axe-core finds a serious fault.
//
// usage: node check_page.mjs [--screenshots DIR] PAGE.html...
//
// Packages are looked for in the folder CLICKPROOF_NODE_MODULES, or beside this file. Chromium is /usr/bin/chromium, or what
// CHROMIUM names.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.CLICKPROOF_NODE_MODULES ? join(process.env.CLICKPROOF_NODE_MODULES, "x.js") : import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [400, 800, 1280];
const SCHEMES = ["light", "dark"];

const args = process.argv.slice(2);
let shots = null;
if (args[0] === "--screenshots") {
  shots = args[1];
  mkdirSync(shots, { recursive: true });
  args.splice(0, 2);
}
if (args.length === 0) {
  console.error("usage: node check_page.mjs [--screenshots DIR] PAGE.html...");
  process.exit(2);
}

const faults = [];

// What can be measured on a page, of elements that a reader sees.
function measure() {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".scroll"));
    faults.push(`is ${root.scrollWidth} px wide in a window of ${window.innerWidth} px: ${wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" | ")}`);
  }
  for (const table of document.querySelectorAll("table.wrap")) {
    const room = table.parentElement.clientWidth;
    if (window.innerWidth <= 640 && table.scrollWidth > room + 1) faults.push(`has a table of ${table.scrollWidth} px in ${room} px: ${table.caption.textContent}`);
  }
  if (document.querySelector("script")) faults.push("holds a script");
  if (window.hacked) faults.push("ran a stranger's script");
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (hasText && size < 11) faults.push(`has text of ${size} px: ${element.outerHTML.slice(0, 80)}`);
  }
  return faults;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--force-color-profile=srgb"] });
for (const file of args) {
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const where = `${basename(file)}, ${width} px, ${colorScheme}`;
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, deviceScaleFactor: 1, bypassCSP: false });
      const page = await context.newPage();
      const url = pathToFileURL(resolve(file)).href;
      page.on("console", (message) => { if (["error", "warning"].includes(message.type())) faults.push(`${where}: console: ${message.text()}`); });
      page.on("pageerror", (error) => faults.push(`${where}: ${error.message}`));
      page.on("dialog", (dialog) => { faults.push(`${where}: opened a dialog`); dialog.dismiss(); });
      page.on("request", (request) => {
        if (request.url() !== url && !request.url().startsWith("data:")) faults.push(`${where}: asked for ${request.url()}`);
      });
      await page.goto(url, { waitUntil: "load" });
      faults.push(...(await page.evaluate(measure)).map((fault) => `${where}: ${fault}`));
      if (shots) await page.screenshot({ path: join(shots, `${basename(file, ".html")}-${width}-${colorScheme}.png`), fullPage: true });
      // Tables behind charts are part of the page.
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
      faults.push(...(await page.evaluate(measure)).map((fault) => `${where}, all open: ${fault}`));
      await context.close();
      // The page's own policy forbids scripts, axe among them: it runs where that policy is lifted.
      const lifted = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      const examined = await lifted.newPage();
      await examined.goto(url, { waitUntil: "load" });
      await examined.evaluate(axe);
      const found = await examined.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      for (const violation of found.violations) {
        const target = violation.nodes[0];
        const text = `${where}: axe ${violation.impact} ${violation.id}: ${violation.help}; ${violation.nodes.length} times, first ${target.html.slice(0, 160)}`;
        if (["serious", "critical"].includes(violation.impact)) faults.push(text);
        else console.log(`note: ${text}`);
      }
      await lifted.close();
    }
  }
  const context = await browser.newContext({ colorScheme: "light" });
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(file)).href);
  const pdf = await page.pdf({ format: "A4" });
  if (pdf.length < 1000) faults.push(`${basename(file)}: prints nothing`);
  if (shots) (await import("node:fs")).writeFileSync(join(shots, `${basename(file, ".html")}.pdf`), pdf);
  await context.close();
}
await browser.close();

const checked = `${args.length} pages, ${WIDTHS.join("/")} px, ${SCHEMES.join(" and ")}`;
if (faults.length) {
  console.error(`${faults.length} faults on ${checked}:\n${[...new Set(faults)].slice(0, 40).join("\n")}`);
  process.exit(1);
}
console.log(`no fault on ${checked}`);
