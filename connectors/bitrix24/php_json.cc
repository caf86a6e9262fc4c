#include "connectors/bitrix24/php_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace b24::php {

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool is_on(const Json& object, const char* name, bool otherwise) {
  const Json* value = member(object, name);
  if (value == nullptr || value->is_null()) return otherwise;
  return *value == Json(true) || *value == Json(1) || *value == Json("1") || *value == Json("Y");
}

std::string text_in(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> number_in(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  return value->is_string() ? to_number(value->get_ref<const std::string&>()) : std::nullopt;
}

}  // namespace b24::php
