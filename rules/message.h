#pragma once

#include <string>
#include <vector>

#include "rules/route.h"
#include "rules/text.h"

// The words of one message; when it is sent is decided in route.cc.

namespace b24 {

// Everything a message of one manager is written from.
struct MessageContext {
  const Rule& rule;
  const RouteInput& input;
  std::int64_t manager_id = 0;
  std::int64_t recipient = 0;
  Time opened_at;
};

// Worst first: the objects that stay longest (their limits may count different days), the worst
// number otherwise.
void sort_worst_first(const Rule& rule, std::vector<const Alert*>& alerts);

struct MessageText {
  std::string text;
  std::vector<ObjectRef> named;  // by the lines; of objects without lines, the worst one
};
// `alerts` are the firing ones, worst first, at least one.
MessageText message_text(const MessageContext& context, const std::vector<const Alert*>& alerts);
// `told` are those the message spoke of and that are still on record, `count` how many it spoke of.
std::string closing_text(const MessageContext& context, const std::vector<const Alert*>& told,
                         std::size_t count);
// The manager is no longer watched: dismissed, moved, made a head, or excluded.
std::string unwatched_text(const MessageContext& context);
// The rule was edited, and what was told does not match it any more.
std::string edited_text(const MessageContext& context);
// The portal was restored from a backup, and what was told does not hold there.
std::string portal_restored_text(const MessageContext& context);
// The object as a link, or as its title where it has no page.
std::string item_link(const MessageContext& context, Entity entity, const Item& item);

}  // namespace b24
