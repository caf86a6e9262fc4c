#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/bitrix24/entities.h"

// One value of an answer, as the portal writes it, into one value of the mirror. Pure.

namespace b24 {

struct Cell {
  enum class Kind { null, boolean, number, text, container };
  Kind kind = Kind::null;
  // "true"/"false", the digits, the unescaped text, or the JSON text of an object or array.
  std::string_view text;
};

// Writes the value to `to`: NULL when it is one of the portal's ways to write "nothing". False, and
// `to` as it was, when it does not fit the type.
[[nodiscard]] bool to_value(FieldType type, const Cell& cell, Value& to);

// An id of IdStyle::code; nothing for a code that is empty, too long or not of visible ASCII.
std::optional<std::int64_t> id_of_code(std::string_view code);
// The code such an id was made of: "RUB".
std::string code_of_id(std::int64_t id);

// An id: 17 or "17", zero included.
std::optional<std::int64_t> to_id(const Cell& cell);

}  // namespace b24
