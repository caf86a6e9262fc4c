#include <fmt/format.h>

#include "config/settings.h"

// The section `scope` of the settings.

namespace b24 {
namespace {

// Every title is held against every mask.
constexpr std::size_t kMostMasks = 50;

// Ids of pipelines begin with 0, the portal's default one.
void read_pipelines(const YamlNode& node, SalesScope& scope, Problems& problems) {
  const auto* items = read_list(node, EmptyList::allowed, problems);
  if (items == nullptr) return;
  for (const YamlNode& item : *items) {
    if (const auto id = read_integer(item, {0, 1e9}, problems)) scope.pipelines.insert(*id);
  }
}

void read_masks(const YamlNode& node, SalesScope& scope, Problems& problems) {
  const auto* items = read_list(node, EmptyList::allowed, problems);
  if (items == nullptr) return;
  if (items->size() > kMostMasks) {
    problems.error("R112", node,
                   {fmt::format("масок может быть не больше {}", kMostMasks),
                    fmt::format("there can be at most {} masks", kMostMasks)});
    return;
  }
  for (const YamlNode& item : *items) {
    const auto mask = read_text(item, problems);
    if (!mask) continue;
    if (mask->find_first_not_of("* ") == std::string::npos) {
      problems.error("R104", item,
                     {fmt::format("маска «{}» подходит к любому названию: тогда не считалось бы "
                                  "ничего. Пишите, например, 'тест*'",
                                  excerpt(*mask)),
                      fmt::format("the mask \"{}\" fits any title, and nothing would count: "
                                  "write, for example, 'test*'",
                                  excerpt(*mask))});
      continue;
    }
    scope.test_titles.push_back(*mask);
  }
}

void read_offsets(const YamlNode& node, SalesScope& scope, Problems& problems) {
  if (node.kind != YamlNode::Kind::map) {
    problems.error("R110", node,
                   {"«duration_offsets» пишут так: {номер линии: 10 seconds}",
                    "\"duration_offsets\" is written as {line: 10 seconds}"});
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    const auto line = read_text(entry.key, problems);
    const auto offset = read_duration(entry.value, seconds{0}, minutes{10}, problems);
    if (line && offset) scope.duration_offsets[*line] = *offset;
  }
}

}  // namespace

void read_scope(const YamlNode& node, SalesScope& scope, Problems& problems) {
  const Map map(
      node, problems,
      {"pipelines", "test_titles", "test_deal_types", "test_task_groups", "duration_offsets"});
  if (const YamlNode* pipelines = map.get("pipelines")) read_pipelines(*pipelines, scope, problems);
  if (const YamlNode* masks = map.get("test_titles")) read_masks(*masks, scope, problems);
  const YamlNode* types = map.get("test_deal_types");
  const auto* items = types ? read_list(*types, EmptyList::allowed, problems) : nullptr;
  if (items != nullptr) {
    for (const YamlNode& item : *items) {
      if (const auto type = read_text(item, problems)) scope.test_deal_types.insert(*type);
    }
  }
  for (const auto id : read_ids(map.get("test_task_groups"), problems)) {
    scope.test_task_groups.insert(id);
  }
  if (const YamlNode* offsets = map.get("duration_offsets")) {
    read_offsets(*offsets, scope, problems);
  }
}

}  // namespace b24
