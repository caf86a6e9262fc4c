#include "daemon/cli/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "connectors/say.h"
#include "daemon/cli/values.h"

namespace b24 {
namespace {

const char* mark_of(Outcome outcome, Marks marks) {
  const bool signs = marks == Marks::signs;
  switch (outcome) {
    case Outcome::ok:
      return signs ? "✓" : "[+]";
    case Outcome::warning:
      return signs ? "!" : "[!]";
    case Outcome::failure:
      break;
  }
  return signs ? "✗" : "[x]";
}

std::ptrdiff_t count_of(const std::vector<Check>& checks, Outcome outcome) {
  return std::count_if(checks.begin(), checks.end(),
                       [&](const Check& check) { return check.outcome == outcome; });
}

}  // namespace

Marks marks_of_output() {
  if (isatty(STDOUT_FILENO) != 1) return Marks::ascii;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale{value};
    const bool utf8 = locale.find("UTF-8") != std::string_view::npos ||
                      locale.find("utf8") != std::string_view::npos;
    return utf8 ? Marks::signs : Marks::ascii;
  }
  return Marks::ascii;
}

std::string format(const Check& check, Marks marks) {
  std::string text = fmt::format("{} {}\n", mark_of(check.outcome, marks), check.text);
  if (!check.advice.empty()) {
    text += fmt::format("{}{}\n", marks == Marks::signs ? "  " : "    ", check.advice);
  }
  return text;
}

std::string summary(const std::vector<Check>& checks) {
  const auto failures = count_of(checks, Outcome::failure);
  const auto warnings = count_of(checks, Outcome::warning);
  if (failures > 0) {
    return say("Ошибок: {}, предупреждений: {}.", "Failures: {}, warnings: {}.", failures,
               warnings);
  }
  return warnings > 0
             ? say("Работать можно, предупреждений: {}.", "It can work; warnings: {}.", warnings)
             : say("Всё в порядке.", "All is well.");
}

std::string checks_json(const std::vector<Check>& checks) {
  OrderedJson list = OrderedJson::array();
  for (const Check& check : checks) {
    list.push_back({{"id", check.id},
                    {"outcome", name(check.outcome)},
                    {"text", check.text},
                    {"advice", check.advice}});
  }
  return dump({{"outcome", name(worst(checks))}, {"checks", std::move(list)}}, 2);
}

Exit exit_of(const std::vector<Check>& checks) {
  const auto blame = blame_of(checks);
  if (!blame) return Exit::ok;
  switch (*blame) {
    case Blame::settings:
      return Exit::usage;
    case Blame::portal:
      return Exit::portal;
    case Blame::state:
      return Exit::store;
    case Blame::passing:
      break;
  }
  return Exit::later;
}

void Report::add(Check check) {
  if (printing_ == Printing::at_once) std::cout << format(check, marks_) << std::flush;
  checks_.push_back(std::move(check));
}

void Report::add(std::vector<Check> checks) {
  for (Check& check : checks) add(std::move(check));
}

ClientOptions impatient_client(const PortalSettings& portal) {
  ClientOptions options;
  options.limits = portal.limits;
  options.http.ca_file = portal.ca_file;
  options.http.total_timeout = seconds{70};  // the portal itself gives up after a minute
  options.read_attempts = 2;
  options.retry_budget = seconds{15};
  return options;
}

}  // namespace b24
