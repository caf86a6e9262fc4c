#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/portal/text.h"
#include "tests/portal/world.h"

// One field of a row: what it is called in a request and in an answer, its value, and how the
// family of methods writes it (portal docs: each family in its own letter case and types).

namespace b24::sim {

struct Cell {
  enum class Kind : std::uint8_t {
    null,
    integer,  // 17
    digits,   // "17"
    real,     // 999.9
    text,
    flag,   // "Y"/"N", by `number`
    truth,  // true/false, by `number`
    time,   // ISO with the portal's offset; 0 is null
    date,   // a date as the portal writes it: midnight UTC in the portal's offset; 0 is null
    json,   // `text` is JSON already: "[]"
  };
  Kind kind = Kind::null;
  std::int64_t number = 0;
  double real = 0;
  std::string_view text;
};

inline Cell null_cell() { return {}; }
inline Cell integer_cell(std::int64_t n) { return {Cell::Kind::integer, n, 0, {}}; }
inline Cell digits_cell(std::int64_t n) { return {Cell::Kind::digits, n, 0, {}}; }
inline Cell real_cell(double r) { return {Cell::Kind::real, 0, r, {}}; }
inline Cell text_cell(std::string_view t) { return {Cell::Kind::text, 0, 0, t}; }
inline Cell flag_cell(bool f) { return {Cell::Kind::flag, f ? 1 : 0, 0, {}}; }
inline Cell truth_cell(bool f) { return {Cell::Kind::truth, f ? 1 : 0, 0, {}}; }
inline Cell time_cell(Unix t) { return {Cell::Kind::time, t, 0, {}}; }
inline Cell date_cell(Unix t) { return {Cell::Kind::date, t, 0, {}}; }
inline Cell json_cell(std::string_view t) { return {Cell::Kind::json, 0, 0, t}; }

// What a getter may look at besides its row, and room for a text it makes; a cell's text stays
// readable until the next getter is called.
struct Scratch {
  const World& world;
  std::string text;
};

template <class Row>
struct Field {
  std::string_view name;    // in select, filter and order
  std::string_view answer;  // in the row
  Cell (*get)(const Row&, Scratch&);
  // Where it is known: in filter, order and select; not in filters; neither there nor by name,
  // since it comes with the whole row alone; not in filters, and by name alone.
  enum class In : std::uint8_t { every, select_only, whole, named } in = In::every;
};

inline void write_cell(std::string& out, const Cell& cell, seconds offset) {
  switch (cell.kind) {
    case Cell::Kind::null:
      out += "null";
      return;
    case Cell::Kind::integer:
      integer(out, cell.number);
      return;
    case Cell::Kind::digits:
      out += '"';
      integer(out, cell.number);
      out += '"';
      return;
    case Cell::Kind::real:
      real(out, cell.real);
      return;
    case Cell::Kind::text:
      quoted(out, cell.text);
      return;
    case Cell::Kind::flag:
      out += cell.number != 0 ? "\"Y\"" : "\"N\"";
      return;
    case Cell::Kind::truth:
      out += cell.number != 0 ? "true" : "false";
      return;
    case Cell::Kind::time:
    case Cell::Kind::date:
      if (cell.number == 0) {
        out += "null";
      } else {
        time_text(out, cell.number, offset);
      }
      return;
    case Cell::Kind::json:
      out += cell.text;
      return;
  }
}

}  // namespace b24::sim
