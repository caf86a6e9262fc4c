#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "rules/base/entity.h"

// Values as JSON and as cells of a table for people.

namespace b24 {

using OrderedJson = nlohmann::ordered_json;

// A whole number is written as one: 7, not 7.0.
inline OrderedJson number_json(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::trunc(value) && std::abs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

inline OrderedJson value_json(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* s = std::get_if<std::string>(&value)) return *s;
  return nullptr;
}

// JSON that never throws on broken UTF-8 from outside.
inline std::string dump(const OrderedJson& json, int indent = -1) {
  return json.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

// Rows under headings, columns padded by characters, long cells cut.
std::string format_table(const Table& table);

}  // namespace b24
