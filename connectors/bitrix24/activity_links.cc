#include "connectors/bitrix24/activity_links.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace b24 {
namespace {

using Json = nlohmann::json;

// The page shows numbers; other lists of the CRM write ids as text.
std::optional<std::int64_t> id_in(const Json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end()) return std::nullopt;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (!found->is_string()) return std::nullopt;
  const std::string& text = found->get_ref<const std::string&>();
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::string pairs_of(std::string_view result) {
  const Json rows = Json::parse(result, nullptr, /*allow_exceptions=*/false);
  std::string pairs = "[";
  if (rows.is_structured()) {
    for (const Json& row : rows) {
      if (!row.is_object()) continue;
      const auto type = id_in(row, "entityTypeId");
      const auto id = id_in(row, "entityId");
      if (type && id) pairs += fmt::format("{}[{},{}]", pairs.size() > 1 ? "," : "", *type, *id);
    }
  }
  return pairs + "]";
}

}  // namespace

Result<std::vector<ActivityLinks>> read_activity_links(Client& client,
                                                       const std::vector<std::int64_t>& ids,
                                                       const std::stop_token& stop) {
  std::vector<Command> commands;
  for (const std::int64_t id : ids) {
    commands.push_back({fmt::format("b{}", commands.size()), kActivityLinksMethod,
                        to_query(Params{{"activityId", id}})});
  }
  const auto answer = client.batch(commands, stop);
  if (!answer) return answer.error();
  std::vector<ActivityLinks> links;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < answer->commands.size() && i < ids.size(); ++i) {
    const CommandAnswer& command = answer->commands[i];
    if (command.result) {
      links.push_back({ids[i], pairs_of(*command.result)});
    } else if (!passes_by_itself(command.result.error().kind)) {
      if (command.result.error().kind != ErrorKind::gone) ++refused;
      links.push_back({ids[i], "[]"});
    }
  }
  // One alone says nothing of the method: it may be hidden from us.
  if (refused == ids.size() && refused > 1) {
    const Error& why = answer->commands.front().result.error();
    return error(ErrorKind::no_rights, why.text);
  }
  return links;
}

}  // namespace b24
