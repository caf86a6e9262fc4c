#include "connectors/bitrix24/fate.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/entities.h"

namespace b24 {
namespace {

// What lies in the bin may still have its history: then the newest line of the two decides.
std::optional<Fate> fate_of_task(const nlohmann::json& result) {
  const auto list = result.is_object() ? result.find("list") : result.end();
  if (!result.is_object() || list == result.end() || !list->is_array()) return std::nullopt;
  if (list->empty()) return Fate::deleted;
  Fate fate = Fate::shown;
  std::int64_t newest = -1;
  for (const auto& line : *list) {
    if (!line.is_object()) continue;
    const std::string field = line.value("field", nlohmann::json{}).dump();
    const auto id = line.value("id", nlohmann::json{});
    if ((field != R"("DELETE")" && field != R"("RENEW")") || !id.is_number_integer()) continue;
    if (id.get<std::int64_t>() <= newest) continue;
    newest = id.get<std::int64_t>();
    fate = field == R"("DELETE")" ? Fate::deleted : Fate::shown;
  }
  return fate;
}

}  // namespace

std::string_view fate_method(Entity entity) {
  switch (entity) {
    case Entity::deal:
    case Entity::lead:
    case Entity::quote:
    case Entity::invoice:
    case Entity::contact:
    case Entity::company:
      return "crm.item.get";
    case Entity::activity:
      return "crm.activity.get";
    case Entity::task:
      return "tasks.task.history.list";
    default:
      return {};
  }
}

Command fate_command(const ObjectRef& object, std::string key) {
  const std::string method{fate_method(object.entity)};
  Params params;
  const int type = spec(object.entity).crm_type;
  if (type != 0) params["entityTypeId"] = type;
  params[object.entity == Entity::task ? "taskId" : "id"] = object.id;
  return {std::move(key), method, to_query(params)};
}

std::optional<Fate> fate_in(Entity entity, const Result<std::string_view>& answer) {
  if (!answer) {
    const ErrorKind kind = answer.error().kind;
    if (kind == ErrorKind::gone) return Fate::deleted;
    if (kind == ErrorKind::no_rights) return Fate::hidden;
    return std::nullopt;
  }
  const auto result = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (entity == Entity::task) return fate_of_task(result);
  if (!result.is_object() || result.empty()) return std::nullopt;
  return Fate::shown;
}

Result<Fates> read_fates(Client& client, std::span<const ObjectRef> objects,
                         const std::stop_token& stop) {
  std::vector<ObjectRef> asked{objects.begin(), objects.end()};
  std::set<Entity> kinds;
  for (const ObjectRef& object : objects) kinds.insert(object.entity);
  for (const Entity kind : kinds) asked.push_back({kind, kNoSuchId});
  std::vector<Command> commands;
  for (const ObjectRef& object : asked) {
    commands.push_back(fate_command(object, fmt::format("f{}", commands.size())));
  }
  const auto answer = client.batch(commands, stop);
  if (!answer) return answer.error();
  std::vector<std::optional<Fate>> told(asked.size());
  for (std::size_t i = 0; i < answer->commands.size() && i < asked.size(); ++i) {
    told[i] = fate_in(asked[i].entity, answer->commands[i].result);
  }
  std::map<Entity, std::optional<Fate>> of_nothing;
  for (std::size_t i = objects.size(); i < asked.size(); ++i) of_nothing[asked[i].entity] = told[i];
  Fates fates;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::optional<Fate>& nothing = of_nothing[asked[i].entity];
    // A refusal is believed only beside the right answer for what is not there.
    if (told[i] == Fate::hidden && nothing != Fate::deleted) told[i].reset();
    if (nothing == Fate::hidden) {
      fates.untold.insert(asked[i].entity);
    } else {
      fates.objects.push_back({asked[i], told[i]});
    }
  }
  return fates;
}

}  // namespace b24
