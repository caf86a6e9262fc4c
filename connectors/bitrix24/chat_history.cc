#include "connectors/bitrix24/chat_history.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/php_json.h"
#include "connectors/say.h"

namespace b24 {
namespace {

// Calls `take(key, value)` for the members of a map, which is a list when PHP finds it empty or
// numbered from 0.
template <class Take>
void for_each_of_map(const php::Json* map, Take take) {
  if (map == nullptr) return;
  if (map->is_object()) {
    for (const auto& [key, value] : map->items()) take(php::to_number(key), value);
  } else if (map->is_array()) {
    for (const php::Json& value : *map) take(std::optional<std::int64_t>{}, value);
  }
}

Error no_history() {
  return error(ErrorKind::unavailable,
               say("Портал ответил на {} не так, как описано: сообщений в ответе нет.",
                   "The portal's answer to {} is not as documented: it holds no messages.",
                   kChatHistoryMethod));
}

std::map<std::int64_t, ChatSide> sides_of(const php::Json* users) {
  std::map<std::int64_t, ChatSide> sides;
  for_each_of_map(users, [&](std::optional<std::int64_t> key, const php::Json& user) {
    const auto named = php::number_in(user, "id");
    if (!user.is_object() || !(named ? named : key)) return;
    ChatSide side = ChatSide::staff;
    if (php::is_on(user, "bot", false)) side = ChatSide::bot;
    if (php::is_on(user, "connector", false)) side = ChatSide::client;
    sides[(named ? named : key).value()] = side;
  });
  return sides;
}

}  // namespace

std::string_view name(ChatSide side) {
  switch (side) {
    case ChatSide::client:
      return "client";
    case ChatSide::staff:
      return "operator";
    case ChatSide::bot:
      return "bot";
    case ChatSide::system:
      return "system";
    case ChatSide::other:
      return "other";
  }
  return "";
}

Result<ChatHistory> parse_chat_history(std::string_view result) {
  const php::Json json = php::Json::parse(result, nullptr, /*allow_exceptions=*/false);
  const php::Json* messages = php::member(json, "message");
  if (messages == nullptr || !messages->is_structured()) return no_history();
  ChatHistory history;
  history.chat_id = php::number_in(json, "chatId");
  const auto sides = sides_of(php::member(json, "users"));
  std::map<std::int64_t, ChatMessage> found;
  for_each_of_map(messages, [&](std::optional<std::int64_t> key, const php::Json& message) {
    const auto named = php::number_in(message, "id");
    const auto id = named ? named : key;
    const auto at = parse_time(php::text_in(message, "date"));
    if (!id || !at) return;
    const std::int64_t sender = php::number_in(message, "senderid").value_or(0);
    if (sender == 0) {
      found[*id] = {*id, *at, ChatSide::system, std::nullopt};
      return;
    }
    const auto side = sides.find(sender);
    found[*id] = {*id, *at, side == sides.end() ? ChatSide::other : side->second, sender};
  });
  if (found.empty() && !messages->empty()) return no_history();
  for (const auto& [id, message] : found) history.messages.push_back(message);
  return history;
}

}  // namespace b24
