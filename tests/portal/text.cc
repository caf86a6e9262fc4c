#include "tests/portal/text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace b24::sim {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void escape_unit(std::string& out, unsigned unit) {
  out += "\\u";
  for (unsigned shift = 12;; shift -= 4) {
    out += kHex[(unit >> shift) & 15U];
    if (shift == 0) break;
  }
}

// Reads one UTF-8 sequence; malformed bytes come out as U+FFFD, one by one.
unsigned next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  std::size_t more = 0;
  unsigned code = 0;
  if (first >= 0xF0 && first < 0xF8) {
    more = 3;
    code = first & 0x07U;
  } else if (first >= 0xE0) {
    more = 2;
    code = first & 0x0FU;
  } else if (first >= 0xC0) {
    more = 1;
    code = first & 0x1FU;
  }
  if (more == 0 || at + more >= text.size()) {
    ++at;
    return 0xFFFD;
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) {
      ++at;
      return 0xFFFD;
    }
    code = (code << 6U) | (byte(at + i) & 0x3FU);
  }
  at += more + 1;
  return code;
}

void escape_other(std::string& out, std::string_view text, std::size_t& at) {
  const unsigned code = next_code_point(text, at);
  if (code < 0x10000) {
    escape_unit(out, code);
  } else {
    const unsigned rest = code - 0x10000;
    escape_unit(out, 0xD800U + (rest >> 10U));
    escape_unit(out, 0xDC00U + (rest & 0x3FFU));
  }
}

void escape_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '/':
      out += "\\/";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      escape_unit(out, static_cast<unsigned char>(c));
  }
}

bool plain(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x20 && u < 0x80 && c != '"' && c != '\\' && c != '/';
}

void two(char* to, unsigned value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
}

std::size_t skip_space(std::string_view json, std::size_t at) {
  while (at < json.size() && (json[at] == ' ' || json[at] == '\n' || json[at] == '\t')) ++at;
  return at;
}

std::size_t skip_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      return at + 1;
    }
  }
  return json.size();
}

std::size_t skip_value(std::string_view json, std::size_t at) {
  at = skip_space(json, at);
  if (at >= json.size()) return at;
  if (json[at] == '"') return skip_string(json, at);
  if (json[at] != '{' && json[at] != '[') {
    const std::size_t end = json.find_first_of(",]} \n\t", at);
    return end == std::string_view::npos ? json.size() : end;
  }
  int depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = skip_string(json, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
    if (depth == 0) break;
  }
  return at;
}

}  // namespace

void comma(std::string& out) {
  if (out.empty()) return;
  const char last = out.back();
  if (last != '{' && last != '[' && last != ':') out += ',';
}

void key(std::string& out, std::string_view name) {
  comma(out);
  quoted(out, name);
  out += ':';
}

void quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && plain(text[end])) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      escape_ascii(out, text[at++]);
    } else {
      escape_other(out, text, at);
    }
  }
  out += '"';
}

std::string quote(std::string_view text) {
  std::string out;
  quoted(out, text);
  return out;
}

void integer(std::string& out, std::int64_t number) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

void real(std::string& out, double number) {
  if (std::abs(number) < 1e15 && number == std::floor(number)) {
    integer(out, static_cast<std::int64_t>(number));
    return;
  }
  std::array<char, 40> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

void time_text(std::string& out, std::int64_t unix_time, seconds offset) {
  const std::chrono::sys_seconds local{seconds{unix_time} + offset};
  const auto day = std::chrono::floor<days>(local);
  const std::chrono::year_month_day date{day};
  const auto second = static_cast<unsigned>((local - day).count());
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const auto zone = static_cast<unsigned>(std::abs(offset.count()) / 60);
  char text[] = "\"0000-00-00T00:00:00+00:00\"";
  two(text + 1, year / 100);
  two(text + 3, year % 100);
  two(text + 6, static_cast<unsigned>(date.month()));
  two(text + 9, static_cast<unsigned>(date.day()));
  two(text + 12, second / 3600);
  two(text + 15, second / 60 % 60);
  two(text + 18, second % 60);
  text[20] = offset.count() < 0 ? '-' : '+';
  two(text + 21, zone / 60);
  two(text + 24, zone % 60);
  out.append(text, sizeof text - 1);
}

std::optional<std::string_view> json_at(std::string_view json, std::string_view step) {
  std::size_t at = skip_space(json, 0);
  if (at >= json.size() || (json[at] != '{' && json[at] != '[')) return std::nullopt;
  const bool object = json[at] == '{';
  std::size_t wanted = 0;
  if (!object) {
    const auto read = std::from_chars(step.data(), step.data() + step.size(), wanted);
    if (read.ec != std::errc{} || read.ptr != step.data() + step.size()) return std::nullopt;
  }
  ++at;
  for (std::size_t index = 0;; ++index) {
    at = skip_space(json, at);
    if (at >= json.size() || json[at] == '}' || json[at] == ']') return std::nullopt;
    bool found = !object && index == wanted;
    if (object) {
      const std::size_t end = skip_string(json, at);
      found = json.substr(at + 1, end - at - 2) == step;
      at = json.find(':', end) + 1;
    }
    at = skip_space(json, at);
    const std::size_t end = skip_value(json, at);
    if (found) return json.substr(at, end - at);
    at = skip_space(json, end);
    if (at < json.size() && json[at] == ',') ++at;
  }
}

}  // namespace b24::sim
