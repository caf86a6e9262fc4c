#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/time.h"

// Parameters as PHP sees them: form bodies and query strings with brackets, numbers read from the
// start of any text, dates in several spellings.

namespace b24::sim {

// Parameters keep the order in which they came: tasks.task.* binds by it.
using Json = nlohmann::ordered_json;

std::string url_decode(std::string_view text);

// "filter[>ID]=5&select[]=ID" -> {"filter":{">ID":"5"},"select":["ID"]}. Maps whose keys are
// 0, 1, 2 ... become arrays, which is all PHP knows about lists.
Json parse_form(std::string_view text);

// (int)$text: leading digits, otherwise 0. "$result[c0][49][ID]" is 0.
std::int64_t php_int(std::string_view text);
// Numbers and texts as PHP would cast them; null, "" and containers are 0.
std::int64_t to_int(const Json& value);
double to_real(const Json& value);
// A scalar as text; true is "Y"; null and containers are "".
std::string to_text(const Json& value);
// true, "true", "Y", "1", 1.
bool to_flag(const Json& value);

// ISO with an offset, or a date or date and time in the portal's own zone ("2026-11-21",
// "2026-11-21 10:00:00", "21.11.2026", "21.11.2026 10:00:00").
std::optional<std::int64_t> to_time(std::string_view text, seconds offset);

// Finds a top-level parameter, whatever its letter case; null when it is missing.
const Json& param(const Json& params, std::string_view name);

}  // namespace b24::sim
