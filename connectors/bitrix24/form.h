#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

// What the portal posts: form-encoded fields, named as PHP writes them: "data[FIELDS][ID]".

namespace b24 {

using Fields = std::map<std::string, std::string, std::less<>>;

// Nothing for what is no form, or longer than any event is.
std::optional<Fields> read_form(std::string_view body);
// Empty when it is missing.
std::string_view field(const Fields& fields, std::string_view name);

}  // namespace b24
