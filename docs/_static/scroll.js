"use strict";
// What is wider than the page scrolls inside itself; with this the keyboard reaches it, too.
addEventListener("DOMContentLoaded", () => {
  const regions = new Map();
  const add = (region, label) => regions.set(region, label);
  for (const table of document.querySelectorAll(".table-wrapper")) {
    const heading = table.closest("section")?.querySelector("h1,h2,h3,h4")?.firstChild;
    add(table, `Table: ${heading?.textContent ?? ""}`);
  }
  for (const code of document.querySelectorAll(".highlight pre, .output pre")) add(code, "Code");
  for (const output of document.querySelectorAll(".cell_output")) add(output, "Output");
  for (const image of document.querySelectorAll("article p > img")) add(image.parentElement, image.alt);

  const update = () => {
    for (const [region, label] of regions) {
      const scrolls = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
      region.toggleAttribute("tabindex", false);
      if (scrolls) region.tabIndex = 0;
      if (region.tagName === "PRE") continue;
      if (scrolls) {
        region.setAttribute("role", "group");
        region.setAttribute("aria-label", label);
      } else {
        region.removeAttribute("role");
        region.removeAttribute("aria-label");
      }
    }
  };
  const observer = new ResizeObserver(update);
  observer.observe(document.body);
  addEventListener("load", update);
});
