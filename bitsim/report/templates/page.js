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

  const tip = document.getElementById("tip");
  const show = (event) => {
    const owner = event.target.closest && event.target.closest("[data-tip]");
    tip.hidden = !owner || !owner.dataset.tip;
    if (tip.hidden) return;
    tip.textContent = owner.dataset.tip;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18;
    const fits = below + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = (fits ? below : event.clientY - tip.offsetHeight - 10) + "px";
  };
  addEventListener("pointermove", show, { passive: true });
  addEventListener("pointerdown", show, { passive: true });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

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
      head.classList.add("sortable");
      head.tabIndex = 0;
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
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }
})();
