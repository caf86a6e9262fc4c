#include "config/read_rule.h"

namespace b24 {

std::optional<Metric> read_metric(const std::string& id, const YamlNode& node, Problems& problems) {
  const Map map(node, problems, {"title", "kind", "sql", "objects"});
  if (node.kind != YamlNode::Kind::map) return std::nullopt;
  Metric metric;
  metric.id = id;
  metric.mark = node.mark;
  const YamlNode* title = map.need("title");
  const auto read_title = title ? read_message(*title, problems) : std::nullopt;
  if (read_title) metric.title = *read_title;
  if (const YamlNode* kind = map.get("kind")) {
    const auto word = read_word(*kind, {"state", "daily"}, problems);
    metric.kind = word == "daily" ? MetricKind::daily : MetricKind::state;
  }
  const YamlNode* sql = map.need("sql");
  const auto read = sql ? read_sql(*sql, problems) : std::nullopt;
  if (read) metric.sql = *read;
  if (const YamlNode* objects = map.get("objects")) {
    const Map list(*objects, problems, {"entity", "sql"});
    const YamlNode* entity = list.need("entity");
    const YamlNode* ids = list.need("sql");
    const auto word =
        entity ? read_word(*entity, {"deal", "task", "call"}, problems) : std::nullopt;
    if (word) metric.object_entity = entity_named(*word);
    if (ids != nullptr) metric.objects = read_sql(*ids, problems);
  }
  return metric;
}

}  // namespace b24
