#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

// Values as the portal's PHP may write them: a number as a text, true as "Y", nothing as [] or
// false. For what reads an answer as a tree.

namespace b24::php {

using Json = nlohmann::json;

// Null when there is no such member, or `object` is none.
const Json* member(const Json& object, const char* name);

// true, 1, "1" or "Y".
bool is_on(const Json& object, const char* name, bool otherwise);

// Empty for what is no text.
std::string text_in(const Json& object, const char* name);

std::optional<std::int64_t> to_number(std::string_view text);

// 17 or "17".
std::optional<std::int64_t> number_in(const Json& object, const char* name);

}  // namespace b24::php
