#pragma once

#include <optional>
#include <string>

#include "config/read.h"
#include "config/yaml.h"
#include "rules/rule.h"

// One metric, one rule: from the tree to plain data, with every contradiction named.

namespace b24 {

std::optional<Metric> read_metric(const std::string& id, const YamlNode& node, Problems& problems);
std::optional<Rule> read_rule(const YamlNode& node, Problems& problems);

// Keys of `defaults:`; they stand for the same keys of every rule of the file.
const std::vector<std::string>& default_keys();

}  // namespace b24
