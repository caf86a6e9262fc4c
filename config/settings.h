#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"
#include "config/read.h"

// The parts of load_config(): what they share, and the sections that fill a file of their own.

namespace b24 {

struct SettingsContext {
  std::filesystem::path file;
  Problems problems;

  // Relative paths begin at the settings' folder.
  std::filesystem::path resolve(const std::string& path) const {
    return (std::filesystem::absolute(file).parent_path() / path).lexically_normal();
  }
};

// A secret written as `key` in the settings, or in the file named by `key`_file; or empty.
Secret read_secret(const Map& map, const std::string& key, SettingsContext& context);
// What systemd handed over under this name; or empty.
Secret credential(const char* name);

// The portal reached by an application: `portal.application`.
void read_application(const YamlNode& node, Config& config, SettingsContext& context);
void read_people(const YamlNode& node, Config& config, Problems& problems);
void read_scope(const YamlNode& node, SalesScope& scope, Problems& problems);
void read_calendar(const YamlNode& node, CalendarOverrides& calendar, Problems& problems);

}  // namespace b24
