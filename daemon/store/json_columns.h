#pragma once

#include <map>
#include <string>
#include <vector>

#include "rules/alert.h"

// Lists and maps that live in one column as JSON text. Types of values survive the round trip;
// text that is not UTF-8 comes back with U+FFFD in place of what could not be read. Text that is no
// such JSON reads as empty.

namespace b24 {

std::string fields_to_json(const std::map<std::string, Value>& fields);
std::map<std::string, Value> fields_from_json(const std::string& text);
std::string items_to_json(const std::vector<Item>& items);
std::vector<Item> items_from_json(const std::string& text);
std::string keys_to_json(const std::vector<AlertKey>& keys);
std::vector<AlertKey> keys_from_json(const std::string& text);
// "[5, 7]", as the mirror keeps lists of ids.
std::vector<std::int64_t> ids_from_json(const std::string& text);

}  // namespace b24
