// SPDX-License-Identifier: BSD-3-Clause
// Tables with keyed rows: existing rows are kept and only changed cells are written.
import { id, make, put } from "./format.js";

// cell: a string, or {text, small, title, state, class}.
function cellWrite(element, cell) {
  const { text, small = "", title = "", state = "", class: more = "" } = typeof cell === "string" ? { text: cell } : cell;
  const base = element.dataset.base || "";
  const wanted = `${base} ${more}`.trim();
  if (element.className !== wanted) element.className = wanted;
  if (element.title !== title) element.title = title;
  if (element.childElementCount === 0) element.append(make("span"), make("span", { class: "small" }));
  const [first, second] = element.children;
  put(first, text);
  put(second, small);
  second.hidden = small === "";
  first.className = state ? "state" : "";
  if (state) first.dataset.state = state;
}

function rowMake(headings, key) {
  const cells = headings.map((heading) => make("td", { data: { base: heading.className, label: heading.textContent } }));
  return make("tr", { data: { key } }, ...cells);
}

// rows: [{key, cells}], in display order. Shows the section's "empty" paragraph if there are none.
export function tableWrite(name, rows) {
  const table = id(name);
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const before = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const empty = table.closest("section").querySelector(":scope > .empty");
  rows.forEach(({ key, cells }, at) => {
    const row = before.get(key) || rowMake(headings, key);
    before.delete(key);
    cells.forEach((cell, i) => cellWrite(row.cells[i], cell));
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] || null);
  });
  for (const row of before.values()) row.remove();
  table.hidden = rows.length === 0;
  if (empty) empty.hidden = rows.length > 0;
}

// A definition list: [[term, text, id?], ...].
export function factsWrite(name, facts) {
  const list = id(name);
  if (list.childElementCount !== facts.length * 2) {
    list.replaceChildren(...facts.flatMap(() => [make("dt"), make("dd")]));
  }
  facts.forEach(([term, text, mark], i) => {
    put(list.children[2 * i], term);
    put(list.children[2 * i + 1], text);
    if (mark) list.children[2 * i + 1].id = mark;
  });
}
