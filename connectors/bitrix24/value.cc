#include "connectors/bitrix24/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace b24 {
namespace {

using Kind = Cell::Kind;

std::string_view trimmed(std::string_view text) {
  if (text.empty() || (text.front() > ' ' && text.back() > ' ')) return text;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// An empty PHP map is [] or {}, and an unserialised date is {}.
bool is_empty_container(std::string_view text) {
  return text.size() >= 2 && trimmed(text.substr(1, text.size() - 2)).empty();
}

bool is_nothing(FieldType type, const Cell& cell) {
  switch (cell.kind) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return type != FieldType::flag && cell.text == "false";
    case Kind::number:
      return false;
    case Kind::text:
      return trimmed(cell.text).empty();
    case Kind::container:
      return is_empty_container(cell.text);
  }
  return true;
}

std::optional<double> read_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && fault == std::errc{} && end == text.data() + text.size()) return value;
  const auto real = read_number(text);  // "17.00"
  if (!real || std::trunc(*real) != *real || std::abs(*real) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

// A decimal number: its digits without the point, and the power of ten they are to be taken by.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

constexpr int kMostExponent = 400;

std::string_view take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

bool take(char c, std::string_view& text) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// "-1.5", ".5", "1e3", "1.5E-2": as JSON and PHP write numbers.
std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal number;
  number.negative = take('-', text);
  if (!number.negative) take('+', text);
  number.whole = take_digits(text);
  if (take('.', text)) number.fraction = take_digits(text);
  if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
  if (take('e', text) || take('E', text)) {
    take('+', text);
    const auto [end, fault] =
        std::from_chars(text.data(), text.data() + text.size(), number.exponent);
    if (text.empty() || fault != std::errc{} || std::abs(number.exponent) > kMostExponent) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return text.empty() ? std::optional(number) : std::nullopt;
}

// FieldType::money. Rounding looks at the first digit that is left out: what is half or more of a
// hundredth begins with a five.
std::optional<std::int64_t> read_money(std::string_view text) {
  const auto number = read_decimal(trimmed(text));
  if (!number) return std::nullopt;
  const auto size = static_cast<std::int64_t>(number->whole.size() + number->fraction.size());
  const auto digit = [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    if (at < 0 || at >= size) return 0;
    const std::size_t whole = number->whole.size();
    return (i < whole ? number->whole[i] : number->fraction[i - whole]) - '0';
  };
  const std::int64_t kept = static_cast<std::int64_t>(number->whole.size()) + number->exponent + 2;
  std::int64_t value = 0;
  for (std::int64_t at = 0; at < kept; ++at) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, digit(at), &value)) {
      return std::nullopt;
    }
  }
  if (digit(kept) >= 5 && __builtin_add_overflow(value, 1, &value)) return std::nullopt;
  return number->negative ? -value : value;
}

std::optional<std::int64_t> read_flag(const Cell& cell) {
  const std::string_view text = trimmed(cell.text);
  if (text == "true" || text == "Y" || text == "y" || text == "1") return 1;
  if (text == "false" || text == "N" || text == "n" || text == "0") return 0;
  return std::nullopt;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "2026-11-21…" or the portal's "21.11.2026…" as "2026-11-21".
std::optional<std::string> day(std::string_view text) {
  text = trimmed(text).substr(0, 10);
  if (text.size() != 10) return std::nullopt;
  if (text[4] == '-' && text[7] == '-' && is_digits(text.substr(0, 4)) &&
      is_digits(text.substr(5, 2)) && is_digits(text.substr(8, 2))) {
    return std::string(text);
  }
  if (text[2] == '.' && text[5] == '.' && is_digits(text.substr(0, 2)) &&
      is_digits(text.substr(3, 2)) && is_digits(text.substr(6, 4))) {
    return fmt::format("{}-{}-{}", text.substr(6, 4), text.substr(3, 2), text.substr(0, 2));
  }
  return std::nullopt;
}

// "No date" is also written as the year 9999 or 0000, wherever the year stands.
bool is_no_date(std::string_view text) {
  text = trimmed(text).substr(0, 10);
  if (text.size() != 10) return false;
  const auto none = [](std::string_view year) { return year == "9999" || year == "0000"; };
  return (none(text.substr(0, 4)) || none(text.substr(6))) && day(text);
}

template <class T>
bool put(std::optional<T> value, Value& to) {
  if (value) to = std::move(*value);
  return value.has_value();
}

bool put_time(const Cell& cell, Value& to) {
  if (cell.kind != Kind::text) return false;
  if (is_no_date(cell.text)) {
    to = {};
    return true;
  }
  const auto time = parse_time(trimmed(cell.text));
  if (time) to = to_unix(*time);
  return time.has_value();
}

bool put_date(const Cell& cell, Value& to) {
  if (cell.kind != Kind::text) return false;
  if (is_no_date(cell.text)) {
    to = {};
    return true;
  }
  return put(day(cell.text), to);
}

// [1,2], ["1","2"], 5 or "5" as "[1,2]"; an object's values count, its keys do not.
std::optional<std::string> as_id_list(const Cell& cell) {
  std::string_view rest = cell.text;
  const bool keyed = cell.kind == Kind::container && rest.front() == '{';
  if (cell.kind == Kind::container) rest = rest.substr(1, rest.size() - 2);
  std::string list = "[";
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view item = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (keyed) {
      const auto colon = item.rfind(':');
      if (colon == std::string_view::npos) return std::nullopt;
      item = trimmed(item.substr(colon + 1));
    }
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"') {
      item = item.substr(1, item.size() - 2);
    }
    const auto id = read_integer(item);
    if (!id) return std::nullopt;
    list += (list.size() > 1 ? "," : "") + std::to_string(*id);
  }
  return list + "]";
}

// The portal's number of a kind of object by the code in its links (portal docs: tasks/fields.md,
// crm/data-types.md); nothing for an unknown one.
std::optional<int> crm_type_of(std::string_view code) {
  constexpr std::pair<std::string_view, int> kCodes[] = {{"L", 1},  {"D", 2}, {"C", 3},
                                                         {"CO", 4}, {"Q", 7}, {"SI", 31}};
  for (const auto& [known, type] : kCodes) {
    if (known == code) return type;
  }
  if (code.size() < 2 || code.front() != 'T') return std::nullopt;
  int type = 0;  // of a smart process, in hexadecimal
  const auto [end, fault] = std::from_chars(code.data() + 1, code.data() + code.size(), type, 16);
  if (fault != std::errc{} || end != code.data() + code.size()) return std::nullopt;
  return type;
}

// ["D_5","L_7"], {"0":"D_5"} or "D_5" as "[[2,5]]".
std::optional<std::string> as_crm_links(const Cell& cell) {
  if (cell.kind != Kind::container && cell.kind != Kind::text) return std::nullopt;
  std::string_view rest = cell.text;
  std::string links = "[";
  while (!rest.empty()) {
    const auto end = rest.find_first_of(",]}");
    std::string_view item = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (const auto colon = item.rfind(':'); colon != item.npos) item = item.substr(colon + 1);
    const auto first = item.find_first_not_of("[ \"");
    if (first == item.npos) continue;
    item = item.substr(first, item.find_last_not_of(" \"") - first + 1);
    const auto border = item.find('_');
    const auto type = crm_type_of(item.substr(0, border));
    const auto id = border == item.npos ? std::nullopt : read_integer(item.substr(border + 1));
    if (type && id) links += fmt::format("{}[{},{}]", links.size() > 1 ? "," : "", *type, *id);
  }
  // Of links to nothing we know the portal's own words say more.
  if (links.size() == 1) return std::nullopt;
  return links + "]";
}

// "+7 (999) 123-45-67 доб. 5" and "8 999 123 45 67" as "9991234567"; an extension "105" as it is.
std::optional<std::string> as_phone(const Cell& cell) {
  std::string digits;
  for (const char c : cell.text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (std::string_view{"+-() .\t"}.find(c) == std::string_view::npos) {
      break;
    }
  }
  if (digits.empty()) return std::nullopt;
  constexpr std::size_t kNational = 10;
  return digits.size() > kNational ? digits.substr(digits.size() - kNational) : digits;
}

}  // namespace

std::optional<std::int64_t> id_of_code(std::string_view code) {
  constexpr std::size_t kMostLetters = 6;
  if (code.empty() || code.size() > kMostLetters) return std::nullopt;
  std::int64_t id = 0;
  for (const char c : code) {
    if (c <= ' ' || c > '~') return std::nullopt;
    id = id * 256 + c;
  }
  return id;
}

std::string code_of_id(std::int64_t id) {
  std::string code;
  for (; id > 0; id /= 256) code.insert(code.begin(), static_cast<char>(id % 256));
  return code;
}

std::optional<std::int64_t> to_id(const Cell& cell) {
  if (cell.kind != Kind::number && cell.kind != Kind::text) return std::nullopt;
  const auto id = read_integer(cell.text);
  return id && *id >= 0 ? id : std::nullopt;
}

bool to_value(FieldType type, const Cell& cell, Value& to) {
  if (is_nothing(type, cell)) {
    to = {};
    return true;
  }
  const bool plain = cell.kind == Kind::number || cell.kind == Kind::text;
  switch (type) {
    case FieldType::integer:
      return plain && put(read_integer(cell.text), to);
    case FieldType::real:
      return plain && put(read_number(cell.text), to);
    case FieldType::money:
      return plain && put(read_money(cell.text), to);
    case FieldType::flag:
      return cell.kind != Kind::container && put(read_flag(cell), to);
    case FieldType::time:
      return put_time(cell, to);
    case FieldType::date:
      return put_date(cell, to);
    case FieldType::id_list:
      return put(as_id_list(cell), to);
    case FieldType::phone:
      return plain && put(as_phone(cell), to);
    case FieldType::crm_links:
      return put(as_crm_links(cell), to);
    case FieldType::text:
      to.emplace<std::string>(cell.text);
      return true;
  }
  return false;
}

}  // namespace b24
