#include <nlohmann/json.hpp>

#include "tests/portal/method.h"

// Notifications and messages (portal docs: chats/notifications/, im-message-add.md).

namespace b24::sim {
namespace {

constexpr std::size_t kAttachLimit = 60'000;

bool same_tag(const Notification& a, const Notification& b) {
  return a.visible && !b.tag.empty() && a.tag == b.tag && a.client_id == b.client_id &&
         a.user_id == b.user_id;
}

Outcome notify(Call& call, bool system) {
  Notification posted;
  posted.user_id = to_int(param(call.params, "USER_ID"));
  posted.text = to_text(param(call.params, "MESSAGE"));
  posted.plain = to_text(param(call.params, "MESSAGE_OUT"));
  posted.tag = to_text(param(call.params, "TAG"));
  posted.sub_tag = to_text(param(call.params, "SUB_TAG"));
  posted.client_id = to_text(param(call.params, "CLIENT_ID"));
  posted.system = system;
  if (posted.user_id == 0) return fail(400, "USER_ID_EMPTY", "User ID can't be empty");
  if (posted.text.empty()) return fail(400, "MESSAGE_EMPTY", "Message can't be empty");
  const bool tagged = !posted.tag.empty() || !posted.sub_tag.empty();
  if (tagged && posted.client_id.empty()) {
    return fail(400, "CLIENT_ID_EMPTY", "Client ID can't be empty");
  }
  if (param(call.params, "ATTACH").dump().size() > kAttachLimit) {
    return fail(400, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach");
  }
  const User* user = call.world.user(posted.user_id);
  if (user == nullptr || !user->active) return ok("false");
  for (Notification& earlier : call.world.notifications) {
    if (same_tag(earlier, posted)) earlier.visible = false;
  }
  posted.id = call.world.new_id();
  posted.at = from_unix(call.world.now());
  call.world.notifications.push_back(posted);
  return ok(std::to_string(posted.id));
}

Outcome notify_system(Call& call) { return notify(call, true); }
Outcome notify_personal(Call& call) { return notify(call, false); }

Outcome notify_delete(Call& call) {
  const Id id = to_int(param(call.params, "ID"));
  const std::string tag = to_text(param(call.params, "TAG"));
  const std::string sub_tag = to_text(param(call.params, "SUB_TAG"));
  const std::string client = to_text(param(call.params, "CLIENT_ID"));
  if (id == 0 && tag.empty() && sub_tag.empty()) {
    return fail(400, "PARAMS_ERROR", "Incorrect params");
  }
  bool any = false;
  for (Notification& n : call.world.notifications) {
    const bool by_tag = n.client_id == client && ((!tag.empty() && n.tag == tag) ||
                                                  (!sub_tag.empty() && n.sub_tag == sub_tag));
    if (!n.visible || (id != 0 ? n.id != id : !by_tag)) continue;
    n.visible = false;
    any = true;
  }
  return ok(any ? "true" : "false");
}

Outcome message_add(Call& call) {
  const std::string dialog = to_text(param(call.params, "DIALOG_ID"));
  const std::string text = to_text(param(call.params, "MESSAGE"));
  if (dialog.empty()) return fail(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty");
  if (text.empty() && param(call.params, "ATTACH").is_null()) {
    return fail(400, "MESSAGE_EMPTY", "Message can't be empty");
  }
  const Id id = call.world.new_id();
  call.world.messages.push_back({id, "message", dialog, text, from_unix(call.world.now()), 0});
  return ok(std::to_string(id));
}

constexpr Method kMessageMethods[] = {
    {"im.notify.system.add", "im", Cost::call, notify_system},
    {"im.notify.personal.add", "im", Cost::call, notify_personal},
    {"im.notify.delete", "im", Cost::call, notify_delete},
    {"im.message.add", "im", Cost::call, message_add},
};

}  // namespace

std::span<const Method> message_methods() { return kMessageMethods; }

}  // namespace b24::sim
