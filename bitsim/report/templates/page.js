"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  const fromAddress = () => {
    const wish = location.hash.slice(1);
    if (wish === "dark" || wish === "light") root.dataset.theme = wish;
    label();
  };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; label(); });
  addEventListener("hashchange", fromAddress);
  systemDark.addEventListener("change", label);
  fromAddress();

  // Tooltips: under the pointer or the finger; in a picture that has the focus, arrow keys go from
  // one part to the next.
  const tip = document.getElementById("tip");
  let part = null; // that the keyboard is at
  const say = (text, x, above, below) => {
    tip.hidden = !text;
    if (tip.hidden) return;
    tip.textContent = text;
    const fits = below + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(8, Math.min(x, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(8, fits ? below : above - tip.offsetHeight) + "px";
  };
  const pointed = (event) => {
    const owner = event.target.closest && event.target.closest("[data-tip]");
    say(owner && owner.dataset.tip, event.clientX + 14, event.clientY - 10, event.clientY + 18);
  };
  const sayPart = () => {
    const box = part.getBoundingClientRect();
    say(part.dataset.tip, box.left, box.top - 6, box.bottom + 6);
  };
  const leave = () => {
    if (part) part.classList.remove("at");
    part = null;
    tip.hidden = true;
  };
  addEventListener("pointermove", pointed, { passive: true });
  addEventListener("pointerdown", pointed, { passive: true });
  addEventListener("scroll", () => { if (part) sayPart(); else tip.hidden = true; }, { passive: true, capture: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
  for (const picture of document.querySelectorAll("svg[role=img]")) {
    const parts = [...picture.querySelectorAll("[data-tip]")].filter((each) => each.dataset.tip);
    if (!parts.length) continue;
    let place = 0;
    const go = (wish) => {
      leave();
      place = Math.min(parts.length - 1, Math.max(0, wish));
      part = parts[place];
      part.classList.add("at");
      part.dispatchEvent(new CustomEvent("part", { bubbles: true }));
      sayPart();
    };
    picture.tabIndex = 0;
    picture.addEventListener("focus", () => { if (picture.matches(":focus-visible")) go(place); });
    picture.addEventListener("blur", leave);
    picture.addEventListener("keydown", (event) => {
      const wishes = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: parts.length };
      if (!(event.key in wishes)) return;
      event.preventDefault();
      go(wishes[event.key]);
    });
  }

  // What scrolls inside the page can be reached by the keyboard, as long as it scrolls.
  const regions = [...document.querySelectorAll(".scroll, q")];
  const reach = () => {
    for (const region of regions) {
      const scrolls = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
      for (const name of ["tabindex", "role", "aria-label"]) region.removeAttribute(name);
      if (!scrolls) continue;
      const heading = region.closest("section").querySelector("h1, h2");
      region.tabIndex = 0;
      region.setAttribute("role", "group");
      region.setAttribute("aria-label", heading.textContent);
    }
  };
  new ResizeObserver(reach).observe(document.body);
  reach();

  const NS = "http://www.w3.org/2000/svg";
  const grouped = (value) => Math.round(value).toLocaleString("en-US");
  const tickStep = (span, most) => {
    const rough = Math.max(1, span / most);
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= rough);
  };
  for (const figure of document.querySelectorAll(".timeline")) {
    const start = Number(figure.dataset.start);
    const total = Math.max(1, Number(figure.dataset.end) - start);
    const clock = Number(figure.dataset.clockMhz);
    const plots = [...figure.querySelectorAll(".plot")];
    const ticks = figure.querySelector(".ticks");
    const output = figure.querySelector("output");
    const least = Math.max(20, total / 4000);
    let from = 0;
    let span = total;
    const draw = () => {
      for (const plot of plots) plot.setAttribute("viewBox", `${from} 0 ${span} 100`);
      ticks.replaceChildren();
      const step = tickStep(span, Math.max(2, ticks.clientWidth / 130));
      for (let at = Math.ceil((start + from) / step) * step; at <= start + from + span; at += step) {
        const share = (at - start - from) / span;
        const text = document.createElementNS(NS, "text");
        text.setAttribute("x", `${100 * share}%`);
        text.setAttribute("y", "13");
        if (share > 0.94) text.setAttribute("class", "end");
        else if (share > 0.06) text.setAttribute("class", "mid");
        text.textContent = grouped(at);
        ticks.append(text);
      }
      const us = span / clock;
      const time = us >= 1000 ? (us / 1000).toPrecision(3) + " ms" : us.toPrecision(3) + " µs";
      output.textContent = `${grouped(span)} cycles, ${time}`;
    };
    const zoom = (newFrom, newSpan) => {
      span = Math.min(total, Math.max(least, newSpan));
      from = Math.min(total - span, Math.max(0, newFrom));
      draw();
    };
    const about = (share, factor) => zoom(from + share * span * (1 - factor), span * factor);
    const shareOf = (event) => {
      const box = plots[0].getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    figure.querySelector(".tools").hidden = false;
    figure.classList.add("live");
    figure.addEventListener("click", (event) => {
      const wish = event.target.dataset && event.target.dataset.zoom;
      if (wish === "in") about(0.5, 0.5);
      if (wish === "out") about(0.5, 2);
      if (wish === "all") zoom(0, total);
      if (wish === "earlier") zoom(from - span / 2, span);
      if (wish === "later") zoom(from + span / 2, span);
    });
    figure.addEventListener("part", (event) => {
      const box = event.target.getBBox();
      const seen = box.x >= from && box.x + box.width <= from + span;
      if (!seen) zoom(box.x + box.width / 2 - span / 2, Math.max(span, box.width));
    });
    figure.addEventListener("dblclick", (event) => {
      if (event.target.closest(".plot")) zoom(0, total);
    });
    figure.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      about(shareOf(event), event.deltaY > 0 ? 1.25 : 0.8);
    }, { passive: false });
    let drag = null;
    figure.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || !event.target.closest(".plot")) return;
      event.preventDefault();
      drag = { at: shareOf(event), from, pan: event.shiftKey, brushes: [] };
    });
    addEventListener("pointermove", (event) => {
      if (!drag) return;
      const now = shareOf(event);
      if (drag.pan) { zoom(drag.from - (now - drag.at) * span, span); return; }
      for (const brush of drag.brushes) brush.remove();
      drag.brushes = plots.map((plot) => {
        const brush = document.createElementNS(NS, "path");
        const left = from + Math.min(now, drag.at) * span;
        const right = from + Math.max(now, drag.at) * span;
        brush.setAttribute("class", "brush");
        brush.setAttribute("d", `M${left} 0H${right}V100H${left}z`);
        plot.append(brush);
        return brush;
      });
    });
    addEventListener("pointerup", (event) => {
      if (!drag) return;
      const now = shareOf(event);
      for (const brush of drag.brushes) brush.remove();
      if (!drag.pan && Math.abs(now - drag.at) > 0.004) {
        zoom(from + Math.min(now, drag.at) * span, Math.abs(now - drag.at) * span);
      }
      drag = null;
    });
    addEventListener("resize", draw);
    draw();
  }

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const sort = () => {
        const up = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up > 0 ? "ascending" : "descending");
        const rows = [...body.rows].map((row, place) => ({ row, place, key: value(row) }));
        const empty = (key) => key === "";
        rows.sort((a, b) => {
          if (empty(a.key) !== empty(b.key)) return empty(a.key) ? 1 : -1;
          const numbers = [Number(a.key), Number(b.key)];
          const order = numbers.some(Number.isNaN)
            ? String(a.key).localeCompare(String(b.key), "en")
            : numbers[0] - numbers[1];
          return up * order || a.place - b.place;
        });
        body.append(...rows.map((each) => each.row));
      };
      button.addEventListener("click", sort);
    });
  }
})();
