#include "config/new_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "config/utf8.h"
#include "shipped.h"

namespace b24 {
namespace {

constexpr std::size_t kLongestRemark = 240;  // bytes

// Puts `now` in place of `was` at the beginning of a line; the comment at its end stays in its
// column where that is possible. The lines are ours, so one that is not there is a bug.
void put(std::string& text, std::string_view was, std::string_view now) {
  const auto before = text.find(fmt::format("\n{} ", was));
  if (before == std::string::npos) throw std::logic_error(fmt::format("no line '{}'", was));
  const std::size_t begin = before + 1;
  const std::size_t end = text.find('\n', begin);
  const std::string line = text.substr(begin, end - begin);
  const std::size_t comment = line.find(" #", was.size());
  std::string made{now};
  if (comment != std::string::npos) {
    made += std::string(std::max(comment + 1, made.size() + 2) - made.size(), ' ');
    made += line.substr(comment + 1);
  }
  text.replace(begin, end - begin, made);
}

std::string scalar(const std::string& value) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
  if (!value.empty() && value.front() != '-' &&
      value.find_first_not_of(kPlain) == std::string::npos) {
    return value;
  }
  std::string quoted = "'";
  for (const char c : value) quoted += c == '\'' ? std::string{"''"} : std::string{c};
  return quoted + "'";
}

// One line that every reader of YAML passes over: names come from the portal.
std::string remark_line(std::string_view remark) {
  std::string line = "# ";
  for (const utf8::Character& c : utf8::characters(remark)) {
    const bool control = c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0) || c.code == 0x2028 ||
                         c.code == 0x2029 || c.code == 0xFEFF;
    if (line.size() > kLongestRemark) return line + "…\n";
    line += !c.valid || control ? std::string_view{" "} : remark.substr(c.at, c.length);
  }
  return line + "\n";
}

std::string installed_settings() {
  std::string text{embedded::config_b24watch_yaml};
  put(text, "  # webhook_file: webhook", "  webhook_file: webhook");
  put(text, "rules: []", "rules: [rules]");
  return text;
}

}  // namespace

std::string settings_text(const NewSettings& settings) {
  std::string text{embedded::config_b24watch_yaml};
  if (settings.language == Language::en) put(text, "language: ru", "language: en");
  put(text, "  # webhook_file: webhook",
      fmt::format("  webhook_file: {}", scalar(settings.webhook_file)));
  if (!settings.ca_file.empty()) {
    put(text, "  # ca_file: ca.pem", fmt::format("  ca_file: {}", scalar(settings.ca_file)));
  }
  put(text, "state_dir: /var/lib/b24watch",
      fmt::format("state_dir: {}", scalar(settings.state_dir)));
  if (!settings.rules_folder.empty()) {
    put(text, "rules: []", fmt::format("rules: [{}]", scalar(settings.rules_folder)));
  }
  if (!settings.departments.empty()) {
    put(text, "  departments: []",
        fmt::format("  departments: [{}]", fmt::join(settings.departments, ", ")));
  }
  if (!settings.heads.empty()) {
    std::string heads;
    for (const auto& [department, head] : settings.heads) {
      heads += fmt::format("{}{}: {}", heads.empty() ? "" : ", ", department, head);
    }
    put(text, "  heads: {}", fmt::format("  heads: {{{}}}", heads));
  }
  std::string remarks;
  for (const std::string& remark : settings.remarks) remarks += remark_line(remark);
  return remarks.empty() ? text : remarks + "\n" + text;
}

bool is_shipped_settings(std::string_view text) {
  return text == embedded::config_b24watch_yaml || text == installed_settings();
}

}  // namespace b24
