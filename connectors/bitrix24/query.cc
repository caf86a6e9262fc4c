#include <nlohmann/json.hpp>

#include "connectors/bitrix24/client.h"

namespace b24 {
namespace {

void append_encoded(std::string& to, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      to += c;
    } else {
      to += '%';
      to += kHex[byte >> 4U];
      to += kHex[byte & 0xFU];
    }
  }
}

std::string scalar(const Params& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  return value.dump();
}

// PHP leaves out nulls and empty containers; so do we.
void append(std::string& query, const std::string& name, const Params& value) {
  if (value.is_null()) return;
  if (value.is_structured()) {
    std::size_t index = 0;
    for (const auto& item : value.items()) {
      std::string inner = name + "%5B";
      append_encoded(inner, value.is_array() ? std::to_string(index++) : item.key());
      append(query, inner + "%5D", item.value());
    }
    return;
  }
  if (!query.empty()) query += '&';
  query += name + "=";
  append_encoded(query, scalar(value));
}

}  // namespace

std::string to_query(const Params& params) {
  std::string query;
  if (!params.is_object()) return query;
  for (const auto& item : params.items()) {
    std::string name;
    append_encoded(name, item.key());
    append(query, name, item.value());
  }
  return query;
}

}  // namespace b24
