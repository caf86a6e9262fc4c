#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "rules/rule.h"

// YAML as a small tree in which everything knows where it was written. Stricter than YAML: one
// document of maps, lists and scalars, without tags, anchors, aliases and merge keys; a key once.

namespace b24 {

struct YamlEntry;

struct YamlNode {
  enum class Kind { scalar, list, map };
  enum class Style { plain, single_quoted, double_quoted, literal, folded };

  Kind kind = Kind::scalar;
  Style style = Style::plain;
  bool flow = false;            // a list or map in brackets
  bool one_line = true;         // begins and ends on the same line
  Mark mark;                    // of the first character, quotes and block indicators included
  int width = 1;                // characters to underline
  std::string key;              // under which it stands, for messages; of a list item, the list's
  std::string text;             // of a scalar
  bool cut = false;             // a plain text followed by " #": the rest was taken for a comment
  Mark content;                 // of a scalar: where its text begins
  int indent = 0;               // of a block scalar: columns cut from every line
  std::vector<YamlNode> items;  // of a list
  std::vector<YamlEntry> entries;  // of a map, as written

  const YamlNode* find(std::string_view wanted) const;
  const YamlEntry* entry(std::string_view wanted) const;
  // Nothing after the colon, or YAML's words for nothing.
  bool is_null() const;
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

inline constexpr std::size_t kLongestYaml = 1 << 20;    // bytes of a file
inline constexpr std::size_t kLongestScalar = 1 << 16;  // bytes of one value
inline constexpr std::size_t kDeepestYaml = 16;
inline constexpr std::size_t kMostYamlNodes = 50'000;

// Reads one document. A null plain scalar stands for an empty file. After a syntax error, `root`
// is not to be used.
struct YamlDocument {
  YamlNode root;
  std::vector<Problem> problems;
};
YamlDocument parse_yaml(const std::string& file, std::string_view text);

}  // namespace b24
