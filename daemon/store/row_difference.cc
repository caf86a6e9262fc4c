#include "daemon/store/row_difference.h"

#include <nlohmann/json.hpp>

namespace b24 {
namespace {

// 90 and 90.0 are the same rate: a REAL column gives back the second.
bool same(const Value& a, const Value& b) {
  if (a == b) return true;
  const auto x = as_number(a);
  const auto y = as_number(b);
  return a.index() != b.index() && x && y && *x == *y;
}

// A field without a column, as a value.
Value value_of(const nlohmann::json& json) {
  if (json.is_null()) return {};
  if (json.is_boolean()) return std::int64_t{json.get<bool>()};
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json object_of(const std::string& text) {
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : nlohmann::json::object();
}

void add_extra(const std::string& before, const std::string& after,
               std::vector<FieldDifference>& found) {
  const nlohmann::json was = object_of(before);
  const nlohmann::json is = object_of(after);
  for (const auto& [field, value] : is.items()) {
    const auto known = was.find(field);
    Value here = known == was.end() ? Value{} : value_of(*known);
    Value there = value_of(value);
    if (!same(here, there)) found.push_back({field, std::move(here), std::move(there)});
  }
  for (const auto& [field, value] : was.items()) {
    if (!is.contains(field) && !value.is_null()) found.push_back({field, value_of(value), {}});
  }
}

}  // namespace

std::vector<FieldDifference> row_differences(const EntitySpec& spec, const Run& stored, int first,
                                             const Record& record) {
  std::vector<FieldDifference> found;
  int column = first;
  for (std::size_t i = 0; i < spec.fields.size(); ++i, ++column) {
    Value here = stored.value(column);
    if (same(here, record.values[i])) continue;
    found.push_back({std::string{spec.fields[i].column}, std::move(here), record.values[i]});
  }
  const std::string extra = stored.is_null(column) ? std::string{} : stored.text(column);
  if (extra != record.extra) add_extra(extra, record.extra, found);
  return found;
}

}  // namespace b24
