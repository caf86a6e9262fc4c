#include "daemon/engine/unknown.h"

#include <fmt/format.h>

namespace b24 {
namespace {

std::set<Entity> complete(Reader& reader) {
  std::set<Entity> entities;
  for (const StreamState& stream : reader.streams()) {
    if (stream.full_done) entities.insert(stream.entity);
  }
  return entities;
}

struct Named {
  const char* key;
  Entity entity;
  std::vector<std::int64_t> ids;
};

template <class Ids>
std::vector<std::int64_t> listed(const Ids& ids) {
  return {ids.begin(), ids.end()};
}

std::vector<Named> named(const Config& config) {
  std::vector<std::int64_t> headed, heads, absent, fallback;
  for (const auto& [department, head] : config.people.heads) {
    headed.push_back(department);
    heads.push_back(head);
  }
  for (const AbsenceDays& away : config.absences) absent.push_back(away.user_id);
  if (config.people.fallback) fallback.push_back(*config.people.fallback);
  return {{"people.departments", Entity::department, listed(config.people.departments)},
          {"people.heads", Entity::department, headed},
          {"people.heads", Entity::user, heads},
          {"people.exclude", Entity::user, listed(config.people.exclude)},
          {"people.notify", Entity::user, config.people.notify},
          {"people.administrators", Entity::user, config.administrators},
          {"people.fallback", Entity::user, fallback},
          {"people.absences", Entity::user, absent},
          {"scope.pipelines", Entity::pipeline, listed(config.scope.pipelines)}};
}

Text sentence(const Named& named, std::int64_t id) {
  const bool department = named.entity == Entity::department;
  const bool pipeline = named.entity == Entity::pipeline;
  const char* view = department ? "v_department" : pipeline ? "v_pipeline" : "v_manager";
  return {fmt::format("В настройках, {}: {} {} на портале нет. Все номера: "
                      "b24watch query \"SELECT id, name FROM {}\".",
                      named.key,
                      department ? "отдела"
                      : pipeline ? "воронки"
                                 : "сотрудника",
                      id, view),
          fmt::format("In the settings, {}: the portal has no {} {}. All ids: "
                      "b24watch query \"SELECT id, name FROM {}\".",
                      named.key,
                      department ? "department"
                      : pipeline ? "pipeline"
                                 : "employee",
                      id, view)};
}

}  // namespace

std::vector<Text> unknown_names(const Config& config, Reader& reader) {
  std::vector<Text> sentences;
  const std::set<Entity> known = complete(reader);
  for (const Named& one : named(config)) {
    if (one.ids.empty() || !known.contains(one.entity)) continue;
    for (const std::int64_t id : reader.missing(one.entity, one.ids)) {
      sentences.push_back(sentence(one, id));
    }
  }
  return sentences;
}

}  // namespace b24
