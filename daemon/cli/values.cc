#include "daemon/cli/values.h"

#include <algorithm>
#include <vector>

#include "rules/base/characters.h"

namespace b24 {
namespace {

constexpr std::size_t kCellMost = 60;  // characters

std::string cell(const Value& value) {
  std::string text = as_text(value);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (count_characters(text) <= kCellMost) return text;
  std::size_t seen = 0;
  std::size_t end = 0;
  while (end < text.size() && (seen += begins_character(text[end]) ? 1U : 0U) < kCellMost) ++end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::string format_table(const Table& table) {
  std::vector<std::vector<std::string>> lines = {table.columns};
  for (const auto& row : table.rows) {
    std::vector<std::string> line;
    for (const Value& value : row) line.push_back(cell(value));
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], count_characters(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out += std::string(widths[i] - count_characters(line[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace b24
