#include "tests/portal/filter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace b24::sim {
namespace {

constexpr std::pair<std::string_view, Op> kOperators[] = {
    {"!=%", Op::not_pattern}, {"!%=", Op::not_pattern},
    {"!><", Op::not_between}, {"!@", Op::not_in},
    {"!%", Op::not_contains}, {"!=", Op::not_equal},
    {"=%", Op::pattern},      {"%=", Op::pattern},
    {"><", Op::between},      {">=", Op::greater_equal},
    {"<=", Op::less_equal},   {"!", Op::not_equal},
    {">", Op::greater},       {"<", Op::less},
    {"=", Op::equal},         {"@", Op::in},
    {"%", Op::contains},      {"?", Op::contains},
};

// SQL's LIKE with % and _, bytes for characters; letter case is kept apart, as in binary LIKE.
bool like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

bool is_empty(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::null:
      return true;
    case Cell::Kind::text:
      return cell.text.empty();
    case Cell::Kind::time:
    case Cell::Kind::date:
    case Cell::Kind::integer:
    case Cell::Kind::digits:
      return cell.number == 0;
    case Cell::Kind::json:
      return cell.text == "[]";
    default:
      return false;
  }
}

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

bool in_json_list(std::string_view list, const std::string& wanted) {
  std::size_t at = 1;
  while (at < list.size()) {
    std::size_t end = std::min(list.find_first_of(",]", at), list.size());
    std::string_view item = list.substr(at, end - at);
    if (item.size() >= 2 && item.front() == '"') item = item.substr(1, item.size() - 2);
    if (item == wanted) return true;
    at = end + 1;
  }
  return false;
}

// Less, equal, greater: -1, 0, 1; nothing when the two cannot be compared, and then no condition
// holds.
std::optional<int> compare(const Cell& cell, const Operand& with) {
  switch (cell.kind) {
    case Cell::Kind::null:
      return std::nullopt;
    case Cell::Kind::integer:
    case Cell::Kind::digits:
      return order(cell.number, with.number);
    case Cell::Kind::real:
      return order(cell.real, with.real);
    case Cell::Kind::text:
      return order(cell.text, std::string_view{with.text});
    case Cell::Kind::flag:
    case Cell::Kind::truth: {
      const bool yes = with.text == "Y" || with.text == "1" || with.text == "true";
      return order(cell.number, std::int64_t{yes ? 1 : 0});
    }
    case Cell::Kind::time:
    case Cell::Kind::date:
      if (cell.number == 0 || !with.time) return std::nullopt;
      return order(cell.number, *with.time);
    case Cell::Kind::json:
      return in_json_list(cell.text, with.text) ? 0 : 1;
  }
  return std::nullopt;
}

bool equals(const Cell& cell, const Operand& with) {
  if (with.empty) {
    const bool yes_or_no = cell.kind == Cell::Kind::flag || cell.kind == Cell::Kind::truth;
    return is_empty(cell) || (yes_or_no && cell.number == 0);
  }
  return compare(cell, with) == 0;
}

std::string as_text(const Cell& cell) {
  return cell.kind == Cell::Kind::text ? std::string{cell.text} : std::to_string(cell.number);
}

bool any_of(const Cell& cell, const std::vector<Operand>& with) {
  return std::any_of(with.begin(), with.end(), [&](const Operand& o) { return equals(cell, o); });
}

bool contains(const Cell& cell, const std::vector<Operand>& with) {
  const std::string text = as_text(cell);
  return std::any_of(with.begin(), with.end(),
                     [&](const Operand& o) { return text.find(o.text) != std::string::npos; });
}

bool between(const Cell& cell, const std::vector<Operand>& with) {
  if (with.size() != 2) return false;
  const auto low = compare(cell, with[0]);
  const auto high = compare(cell, with[1]);
  return low && high && *low >= 0 && *high <= 0;
}

}  // namespace

std::optional<SplitKey> split_key(std::string_view key, std::string_view family_operators) {
  std::size_t letters = 0;
  while (letters < key.size() &&
         std::string_view{"!=%<>@?"}.find(key[letters]) != std::string_view::npos) {
    ++letters;
  }
  const std::string_view prefix = key.substr(0, letters);
  std::string field{key.substr(letters)};
  if (prefix.empty()) return SplitKey{Op::equal, std::move(field)};
  const std::string known = ' ' + std::string{family_operators} + ' ';
  if (known.find(' ' + std::string{prefix} + ' ') == std::string::npos) return std::nullopt;
  for (const auto& [text, op] : kOperators) {
    if (text == prefix) return SplitKey{op, std::move(field)};
  }
  return std::nullopt;
}

std::vector<Operand> operands(const Json& value, seconds offset) {
  std::vector<Operand> list;
  const auto add = [&](const Json& item) {
    Operand operand;
    operand.text = to_text(item);
    operand.number = to_int(item);
    operand.real = to_real(item);
    operand.time = to_time(operand.text, offset);
    operand.empty = item.is_null() || operand.text.empty() || item == Json(false);
    list.push_back(std::move(operand));
  };
  if (value.is_array() || value.is_object()) {
    for (const auto& item : value) add(item);
  } else {
    add(value);
  }
  return list;
}

bool holds(const Cell& cell, Op op, const std::vector<Operand>& with) {
  const auto compared = [&](auto accepts) {
    if (with.empty()) return false;
    const auto result = compare(cell, with.front());
    return result && accepts(*result);
  };
  switch (op) {
    case Op::equal:
    case Op::in:
      return any_of(cell, with);
    case Op::not_equal:
    case Op::not_in:
      return !any_of(cell, with);
    case Op::less:
      return compared([](int r) { return r < 0; });
    case Op::less_equal:
      return compared([](int r) { return r <= 0; });
    case Op::greater:
      return compared([](int r) { return r > 0; });
    case Op::greater_equal:
      return compared([](int r) { return r >= 0; });
    case Op::contains:
      return contains(cell, with);
    case Op::not_contains:
      return !contains(cell, with);
    case Op::pattern:
      return !with.empty() && like(as_text(cell), with.front().text);
    case Op::not_pattern:
      return with.empty() || !like(as_text(cell), with.front().text);
    case Op::between:
      return between(cell, with);
    case Op::not_between:
      return !between(cell, with);
  }
  return false;
}

}  // namespace b24::sim
