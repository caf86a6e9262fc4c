#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/language.h"

// A settings file for a new portal: the shipped config/b24watch.yaml with all its comments, and the
// values that `b24watch init` has found out.

namespace b24 {

struct NewSettings {
  Language language = Language::ru;
  std::string webhook_file = "webhook";  // paths as they are to be written
  std::string ca_file{};                 // empty: none
  std::string state_dir;
  std::string rules_folder{};            // empty: no rules of one's own
  std::set<std::int64_t> departments{};  // empty: all who have deals
  std::map<std::int64_t, std::int64_t> heads{};
  // Comments for the reader, a line each: what was chosen, and when.
  std::vector<std::string> remarks{};
};
std::string settings_text(const NewSettings& settings);

// Whether a text is the settings file as it is shipped or installed, so that nobody's work is lost
// when it is replaced.
bool is_shipped_settings(std::string_view text);

}  // namespace b24
