#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "connectors/bitrix24/entities.h"

// Pages of lists as text, and what became of them.

namespace b24 {

inline Result<Page> parse(Entity entity, std::string text) {
  const std::size_t size = text.size();
  text.append(64, ' ');
  return parse_page(spec(entity), std::string_view(text).substr(0, size));
}

inline Value column(const Record& record, Entity entity, std::string_view name) {
  const auto fields = spec(entity).fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].column == name) return record.values.at(i);
  }
  ADD_FAILURE() << "no column " << name;
  return {};
}

inline std::string shown(const Value& value) {
  return std::holds_alternative<std::monostate>(value) ? "NULL" : as_text(value);
}

inline std::int64_t unix_of(const char* text) { return to_unix(*parse_time(text)); }

// The answer of the documentation's example, or nothing when the examples are not at hand.
inline std::optional<std::string> documented(const std::string& method) {
  std::ifstream file(std::string(B24_SOURCE_DIR "/../shared/bitrix24/examples/") + method +
                     ".json");
  if (!file) return std::nullopt;
  return nlohmann::ordered_json::parse(file).at("response").at("result").dump();
}

}  // namespace b24
