#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problem.h"
#include "config/yaml.h"
#include "connectors/secret.h"
#include "rules/calendar.h"
#include "rules/rule.h"

// Typed reading of a YAML tree. Nothing throws: what is wrong goes to Problems, the reading goes
// on, and the function returns nothing.

namespace b24 {

// Gathers what is wrong, each thing once, and at most kMostProblems of them.
class Problems {
 public:
  static constexpr std::size_t kMostProblems = 200;

  void add(Problem problem);
  void error(const char* code, const YamlNode& at, Text text);
  void warning(const char* code, const YamlNode& at, Text text);
  void error(const char* code, const std::filesystem::path& file, Text text);

  // All of them, file by file, from top to bottom.
  std::vector<Problem> take();
  bool any_errors() const { return has_errors(list_); }

 private:
  std::vector<Problem> list_;
  std::set<std::string> seen_;
};

// A map whose keys are known beforehand; unknown ones are reported at once, with the nearest known.
// A misspelt key then stands for the one that was meant, so that one slip is one error.
class Map {
 public:
  Map(const YamlNode& node, Problems& problems, std::vector<std::string> known);

  // The value, or null when the key is missing. A key without a value is reported as such and null.
  const YamlNode* get(std::string_view key) const;
  // The same, but a missing key is an error too.
  const YamlNode* need(std::string_view key) const;
  // Whether the key was written, with a value or without.
  bool has(std::string_view key) const { return entry(key) != nullptr; }
  const YamlEntry* entry(std::string_view key) const;
  const YamlNode& node() const { return node_; }
  // A section all of whose keys are commented out is an empty map.
  const YamlNode* section(std::string_view key) const;

 private:
  void report_unknown(const YamlEntry& entry, const std::vector<std::string>& known);
  void report_lookalikes(const YamlNode& key, const std::vector<Lookalike>& letters);

  const YamlNode& node_;
  Problems& problems_;
  std::map<std::string, const YamlEntry*, std::less<>> meant_;  // misspelt, by the right key
};

// Whether the node is one value; an error if not.
bool expect_scalar(const YamlNode& node, Problems& problems);
// Digits with an optional minus and fraction, and nothing else: no 010, 1e3, 1_000.
bool is_number(std::string_view text);

struct Limits {
  double least;
  double most;
};

// A one-line text; empty is an error.
std::optional<std::string> read_text(const YamlNode& node, Problems& problems);
// A text people read, of any number of lines: one for both languages, or {ru: …, en: …}.
std::optional<Text> read_message(const YamlNode& node, Problems& problems);
std::optional<double> read_number(const YamlNode& node, Limits limits, Problems& problems);
std::optional<std::int64_t> read_integer(const YamlNode& node, Limits limits, Problems& problems);
// An id of the portal: a whole number from 1.
std::optional<std::int64_t> read_id(const YamlNode& node, Problems& problems);
std::optional<bool> read_flag(const YamlNode& node, Problems& problems);
// One of the words; nothing else.
std::optional<std::string> read_word(const YamlNode& node, const std::vector<std::string>& words,
                                     Problems& problems);
// "30 minutes", "2 work hours", "7 рабочих дней", "14d".
std::optional<Span> read_span(const YamlNode& node, Problems& problems);
// The same without working time.
std::optional<seconds> read_duration(const YamlNode& node, seconds least, seconds most,
                                     Problems& problems);
std::optional<Day> read_day(const YamlNode& node, Problems& problems);
// "09:00-18:00", from and to in minutes since midnight.
std::optional<std::pair<minutes, minutes>> read_hours(const YamlNode& node, Problems& problems);
// A block after "|", or one line.
std::optional<Sql> read_sql(const YamlNode& node, Problems& problems);
// snake_case: ids of rules and metrics, names of columns.
std::optional<std::string> read_name(const YamlNode& node, Problems& problems);

// The items of a list, or nothing and an error.
enum class EmptyList { allowed, refused };
const std::vector<YamlNode>* read_list(const YamlNode& node, EmptyList empty, Problems& problems);
std::vector<std::int64_t> read_ids(const YamlNode* node, Problems& problems);

// "«a», «b» или «c»", for sentences.
std::string listed_ru(const std::vector<std::string>& words);
std::string listed_en(const std::vector<std::string>& words);

// A whole file of at most 1 MiB, or nothing and an error about it.
std::optional<std::string> read_file(const std::filesystem::path& file, Problems& problems);

}  // namespace b24
