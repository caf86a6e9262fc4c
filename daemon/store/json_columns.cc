#include "daemon/store/json_columns.h"

#include <nlohmann/json.hpp>

namespace b24 {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parsed(const std::string& text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>)
          return nullptr;
        else
          return held;
      },
      value);
}

Value to_value(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  return {};
}

Json to_json(const std::map<std::string, Value>& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = to_json(value);
  return json;
}

std::map<std::string, Value> to_fields(const Json& json) {
  std::map<std::string, Value> fields;
  if (!json.is_object()) return fields;
  for (const auto& [name, value] : json.items()) fields.emplace(name, to_value(value));
  return fields;
}

}  // namespace

std::string fields_to_json(const std::map<std::string, Value>& fields) {
  return text_of(to_json(fields));
}

std::map<std::string, Value> fields_from_json(const std::string& text) {
  return to_fields(parsed(text));
}

std::string items_to_json(const std::vector<Item>& items) {
  Json json = Json::array();
  for (const Item& item : items) {
    json.push_back({{"id", item.id}, {"fields", to_json(item.fields)}});
  }
  return text_of(json);
}

std::vector<Item> items_from_json(const std::string& text) {
  std::vector<Item> items;
  const Json json = parsed(text);
  if (!json.is_array()) return items;
  for (const Json& item : json) {
    if (!item.is_object() || !item.contains("id") || !item["id"].is_number_integer()) continue;
    items.push_back({item["id"].get<std::int64_t>(), to_fields(item.value("fields", Json{}))});
  }
  return items;
}

std::string keys_to_json(const std::vector<AlertKey>& keys) {
  Json json = Json::array();
  for (const AlertKey& key : keys) json.push_back(to_string(key));
  return text_of(json);
}

std::vector<AlertKey> keys_from_json(const std::string& text) {
  std::vector<AlertKey> keys;
  const Json json = parsed(text);
  if (!json.is_array()) return keys;
  for (const Json& word : json) {
    if (!word.is_string()) continue;
    if (const auto key = parse_alert_key(word.get<std::string>())) keys.push_back(*key);
  }
  return keys;
}

std::vector<std::int64_t> ids_from_json(const std::string& text) {
  std::vector<std::int64_t> ids;
  const Json json = parsed(text);
  if (!json.is_array()) return ids;
  for (const Json& id : json) {
    if (id.is_number_integer()) ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

}  // namespace b24
