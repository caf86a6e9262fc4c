#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/time.h"

// Writing and reading JSON as text, the way the portal's PHP does: appended to a string, without a
// tree in between, since one answer holds tens of thousands of fields.

namespace b24::sim {

// A comma, unless the text has just opened an object or array.
void comma(std::string& out);
// `"name":`, after a comma where one is due.
void key(std::string& out, std::string_view name);
// Escapes as json_encode does: all that is not ASCII as \uXXXX, the slash as \/.
void quoted(std::string& out, std::string_view text);
std::string quote(std::string_view text);
void integer(std::string& out, std::int64_t number);
// The shortest spelling; a whole number without a fraction, as in the portal's answers.
void real(std::string& out, double number);
// "2026-11-21T10:00:00+03:00", in quotes.
void time_text(std::string& out, std::int64_t unix_time, seconds offset);

// Follows a path such as {"items", "49", "id"} through JSON text; nothing when it leads nowhere.
// Objects are searched by key, arrays by zero-based index.
std::optional<std::string_view> json_at(std::string_view json, std::string_view step);

}  // namespace b24::sim
