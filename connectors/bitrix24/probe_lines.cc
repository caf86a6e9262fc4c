#include "connectors/bitrix24/probe_lines.h"

#include <nlohmann/json.hpp>

#include "connectors/bitrix24/chat_history.h"
#include "connectors/bitrix24/php_json.h"
#include "connectors/bitrix24/presence.h"

namespace b24 {
namespace {

// A missing scope is told by the check of the scopes.
bool lacks_scope(const Error& why, std::string_view method, Way way) {
  return why.text == to_command_error({"insufficient_scope", "", 403}, method, way).text;
}

}  // namespace

Result<LinesProbe> probe_lines(Client& client, const std::stop_token& stop) {
  const std::vector<Command> commands = {
      {"chats", "crm.activity.list",
       to_query({{"order", {{"ID", "DESC"}}},
                 {"filter", {{"PROVIDER_ID", kChatProvider}}},
                 {"select", {"ID", "ASSOCIATED_ENTITY_ID"}},
                 {"start", -1}})},
      {"messages", kChatHistoryMethod,
       to_query({{"SESSION_ID", "$result[chats][0][ASSOCIATED_ENTITY_ID]"}})},
      {"people", "user.get",
       to_query({{"FILTER", {{"ACTIVE", true}, {"USER_TYPE", "employee"}}},
                 {"sort", "ID"},
                 {"order", "DESC"},
                 {"start", -1}})},
      {"day", kWorkdayMethod, to_query({{"USER_ID", "$result[people][0][ID]"}})}};
  const auto answer = client.batch(commands, stop);
  if (!answer) return answer.error();
  const Way way = client.access().way();
  LinesProbe probe;
  if (answer->commands.size() < commands.size()) return probe;
  const auto rows = [&](std::size_t command) {
    const auto& result = answer->commands[command].result;
    return result ? php::Json::parse(*result, nullptr, false) : php::Json();
  };
  const auto refusal = [&](std::size_t command) -> std::optional<Error> {
    const auto& result = answer->commands[command].result;
    return result ? std::nullopt : std::optional(result.error());
  };
  if (const php::Json chats = rows(0); chats.is_array() && !chats.empty()) {
    auto refused = refusal(1);
    if (const auto& said = answer->commands[1].result; said) {
      if (const auto history = parse_chat_history(*said); !history) refused = history.error();
    }
    if (!refused || !lacks_scope(*refused, kChatHistoryMethod, way)) {
      probe.session = {std::move(refused)};
    }
  }
  if (const php::Json people = rows(2); people.is_array() && !people.empty()) {
    auto refused = refusal(3);
    if (!refused || !lacks_scope(*refused, kWorkdayMethod, way))
      probe.workday = {std::move(refused)};
  }
  return probe;
}

}  // namespace b24
