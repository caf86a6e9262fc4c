#include "tests/portal/php.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

namespace b24::sim {
namespace {

// Bounds of one form, so that a hostile body cannot build a huge tree.
constexpr std::size_t kFormPairs = 20'000;
constexpr std::size_t kFormDepth = 16;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "filter[>ID]" -> {"filter", ">ID"}; "select[]" -> {"select", ""}.
std::vector<std::string> split_name(std::string_view name) {
  std::vector<std::string> steps;
  const std::size_t open = name.find('[');
  steps.emplace_back(name.substr(0, open));
  std::size_t at = open;
  while (at < name.size() && name[at] == '[' && steps.size() < kFormDepth) {
    const std::size_t close = name.find(']', at);
    if (close == std::string_view::npos) break;
    steps.emplace_back(name.substr(at + 1, close - at - 1));
    at = close + 1;
  }
  return steps;
}

std::string free_index(const Json& map) {
  std::int64_t next = 0;
  for (const auto& [name, value] : map.items()) next = std::max(next, php_int(name) + 1);
  return std::to_string(map.empty() ? 0 : next);
}

void put(Json& root, const std::vector<std::string>& steps, std::string value) {
  Json* at = &root;
  for (const std::string& step : steps) {
    if (!at->is_object()) *at = Json::object();
    const bool append = step.empty() && at != &root;
    at = &(*at)[append ? free_index(*at) : step];
  }
  *at = std::move(value);
}

void lists_to_arrays(Json& value) {
  if (!value.is_object()) return;
  std::size_t index = 0;
  bool list = !value.empty();
  for (auto& [name, child] : value.items()) {
    lists_to_arrays(child);
    list = list && name == std::to_string(index++);
  }
  if (!list) return;
  Json array = Json::array();
  for (auto& [name, child] : value.items()) array.push_back(std::move(child));
  value = std::move(array);
}

std::optional<std::int64_t> from_parts(std::string_view date, std::string_view clock,
                                       seconds offset) {
  std::string iso{date};
  iso += 'T';
  iso += clock.empty() ? std::string_view{"00:00:00"} : clock;
  iso += 'Z';
  const auto local = parse_time(iso);
  if (!local) return std::nullopt;
  return to_unix(*local) - offset.count();
}

}  // namespace

std::string url_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 &&
               hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Json parse_form(std::string_view text) {
  Json root = Json::object();
  for (std::size_t pairs = 0; !text.empty() && pairs < kFormPairs; ++pairs) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string name = url_decode(pair.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? std::string{} : url_decode(pair.substr(equals + 1));
    put(root, split_name(name), value);
  }
  for (auto& [name, value] : root.items()) lists_to_arrays(value);
  return root;
}

std::int64_t php_int(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '+')) text.remove_prefix(1);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::int64_t to_int(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return static_cast<std::int64_t>(value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_string()) return php_int(value.get_ref<const std::string&>());
  return 0;
}

double to_real(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return std::strtod(value.get_ref<const std::string&>().c_str(), nullptr);
  return 0;
}

std::string to_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "Y" : "N";
  if (value.is_number()) return value.dump();
  return {};
}

bool to_flag(const Json& value) {
  const std::string text = to_text(value);
  return text == "Y" || text == "1" || text == "true";
}

std::optional<std::int64_t> to_time(std::string_view text, seconds offset) {
  if (const auto instant = parse_time(text)) return to_unix(*instant);
  if (text.size() < 10 || (text.size() != 10 && text.size() != 19 && text.size() != 16)) {
    return std::nullopt;
  }
  std::string date{text.substr(0, 10)};
  if (date[2] == '.' && date[5] == '.') {
    date = date.substr(6, 4) + '-' + date.substr(3, 2) + '-' + date.substr(0, 2);
  }
  std::string clock{text.size() > 10 ? text.substr(11) : std::string_view{}};
  if (clock.size() == 5) clock += ":00";
  return from_parts(date, clock, offset);
}

const Json& param(const Json& params, std::string_view name) {
  static const Json kNone;
  if (!params.is_object()) return kNone;
  const auto same = [&](std::string_view other) {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) ==
             std::tolower(static_cast<unsigned char>(b));
    });
  };
  for (const auto& [key, value] : params.items()) {
    if (same(key)) return value;
  }
  return kNone;
}

}  // namespace b24::sim
