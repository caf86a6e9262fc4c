#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "rules/base/time.h"

// Who wrote when in a session of Open Lines; what was written is not kept (portal docs:
// imopenlines-session-history-get.md). No method lists the sessions: they are found by the CRM
// activities that stand for them, whose ASSOCIATED_ENTITY_ID names the session.
//
// Assumptions, since the docs are silent: ASSOCIATED_ENTITY_ID is the session's id (doctor probes
// it); the answer holds all messages of the session and none of another; ids of messages grow with
// time. A message need not change the activity's LAST_UPDATED.

namespace b24 {

inline constexpr const char* kChatHistoryMethod = "imopenlines.session.history.get";
inline constexpr const char* kChatProvider = "IMOPENLINES_SESSION";

// `operator` is a word of C++: staff is called "operator" everywhere else. `other`: a sender of
// whom the portal says nothing.
enum class ChatSide { client, staff, bot, system, other };
std::string_view name(ChatSide side);

struct ChatMessage {
  std::int64_t id = 0;
  Time at;
  ChatSide side = ChatSide::other;
  std::optional<std::int64_t> author_id;  // nothing for the system

  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

struct ChatHistory {
  // Of the dialogue; a client's next session may have the same.
  std::optional<std::int64_t> chat_id;
  std::vector<ChatMessage> messages;  // by id, ascending
};

// From the JSON text of the method's result. A message without an id or a time is left out. Fails
// with `unavailable` when it is no history at all, or when all its messages are such.
Result<ChatHistory> parse_chat_history(std::string_view result);

}  // namespace b24
