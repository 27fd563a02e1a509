// What a mark says, under the pointer, or by arrow keys when its drawing has the focus.
(() => {
  const tip = document.getElementById("tip");
  const dots = JSON.parse(document.getElementById("dots")?.textContent ?? "[]");
  const sheet = JSON.parse(document.getElementById("sheet")?.textContent ?? "null");
  let shown = null;

  const words = (mark) => {
    if (mark.dataset.tip) return mark.dataset.tip;
    const [index, truth, said, sure] = dots[mark.dataset.dot];
    const verdict = truth === said ? "rightly called so" : `called ${said}`;
    return `Test image ${index}: ${truth}, ${verdict}, ${(100 * sure).toFixed(1)} %`;
  };

  const show = (mark) => {
    if (mark === shown) return;
    hide();
    shown = mark;
    mark.classList.add("on");
    if (sheet && mark.dataset.dot) {
      const place = Number(mark.dataset.dot), side = 84;
      const thumb = document.createElement("div");
      thumb.className = "thumb";
      thumb.style.backgroundSize = `${sheet.columns * side}px ${sheet.rows * side}px`;
      thumb.style.backgroundPosition = `-${(place % sheet.columns) * side}px -${Math.floor(place / sheet.columns) * side}px`;
      tip.append(thumb);
    }
    tip.append(words(mark));
    place();
  };

  const place = () => {
    const at = shown.getBoundingClientRect(), size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), innerWidth - size.width - 8);
    const above = at.top - size.height - 10;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : Math.min(at.bottom + 10, innerHeight - size.height - 8)}px`;
  };

  const hide = () => {
    shown?.classList.remove("on");
    shown = null;
    tip.replaceChildren();
  };

  for (const svg of document.querySelectorAll("svg.hover")) {
    const marks = [...svg.querySelectorAll("[data-tip], [data-dot]")];
    let centres = null, current = -1;
    const nearest = (event) => {
      centres ??= marks.map((mark) => { const b = mark.getBBox(); return [b.x + b.width / 2, b.y + b.height / 2, b.width / 2]; });
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = -1, least = 16;
      centres.forEach(([x, y, wide], i) => {
        const far = wide > 6 ? Math.max(0, Math.abs(at.x - x) - wide) : Math.hypot(at.x - x, at.y - y);
        if (far < least) { least = far; best = i; }
      });
      return best;
    };
    const follow = (event) => {
      const found = nearest(event);
      if (found < 0) return hide();
      current = found;
      show(marks[found]);
    };
    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined || !marks.length) return;
      event.preventDefault();
      current = Math.min(marks.length - 1, Math.max(0, current + step));
      show(marks[current]);
    });
  }
  for (const table of document.querySelectorAll("table.hover")) {
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("[data-tip]");
      cell ? show(cell) : hide();
    });
    table.addEventListener("pointerleave", hide);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", () => shown && place(), { passive: true, capture: true });
})();
