#include "rules/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/base/hash.h"
#include "rules/base/language.h"
#include "rules/message.h"
#include "rules/text.h"

namespace b24 {
namespace {

std::string hash_of(std::string_view text) { return fmt::format("{:016x}", stable_hash(text)); }

Outgoing outgoing(Message message, std::string text, std::string tag) {
  Outgoing result;
  message.text_hash = hash_of(text);
  result.notice.recipient = message.recipient;
  result.notice.tag = std::move(tag);
  result.notice.plain = plain_text(text);
  result.notice.text = std::move(text);
  result.message = std::move(message);
  return result;
}

bool is_dismissed(const People& people, std::int64_t id) {
  const Person* person = people.find(id);
  return person != nullptr && !person->active;
}

// The alerts of one manager that a message may speak of.
struct Group {
  std::vector<const Alert*> firing;  // worst first
  std::vector<const Alert*> others;  // pending and resolved
};

bool spoke_of(const Message& message, const AlertKey& key) {
  return std::binary_search(message.keys.begin(), message.keys.end(), key);
}

// Decides about the messages of one rule.
class Router {
 public:
  Router(const Rule& rule, const std::vector<Alert>& alerts, const std::vector<Message>& messages,
         const RouteInput& input, Condition condition)
      : rule_(rule), input_(input), condition_(condition) {
    for (const Alert& alert : alerts) {
      if (alert.state == AlertState::known) continue;
      Group& group = groups_[alert.manager_id];
      (alert.state == AlertState::firing ? group.firing : group.others).push_back(&alert);
      by_key_[alert.key] = &alert;
    }
    for (auto& [manager, group] : groups_) sort_worst_first(rule, group.firing);
    for (const Message& message : messages) {
      const Message*& latest = latest_[{message.manager_id, message.recipient}];
      if (latest == nullptr || latest->episode < message.episode) latest = &message;
    }
  }

  std::vector<Outgoing> decide() {
    const bool edited = condition_ == Condition::edited;
    for (const auto& [manager, group] : groups_) {
      if (group.firing.empty() || input_.quiet) continue;
      for (const std::int64_t recipient : input_.people.recipients(manager, input_.away)) {
        tell(manager, recipient, group);
      }
    }
    for (const auto& [who, message] : latest_) {
      if (!message->open || !is_over(*message) || (input_.quiet && !edited)) continue;
      if (!is_dismissed(input_.people, message->recipient)) close(*message);
    }
    return std::move(result_);
  }

 private:
  MessageContext context(const Message& message) const {
    return {rule_, input_, message.manager_id, message.recipient, message.opened_at};
  }

  void tell(std::int64_t manager, std::int64_t recipient, const Group& group) {
    const auto found = latest_.find({manager, recipient});
    const Message* latest = found == latest_.end() ? nullptr : found->second;
    if (latest == nullptr || !latest->open) {
      if (absent_one_knows(manager, group)) return;
      Message message;
      message.rule_id = rule_.id;
      message.manager_id = manager;
      message.recipient = recipient;
      message.episode = latest == nullptr ? 1 : latest->episode + 1;
      message.open = true;
      message.opened_at = input_.now;
      say(std::move(message), group);
    } else if ((has_passed(latest->told_at, rule_.group.wait) && has_news(*latest, group)) ||
               (has_passed(latest->told_at, kReliefWait) && has_relief(*latest, group))) {
      say(*latest, group);
    }
  }

  // A clock that was set back must not keep anybody waiting.
  bool has_passed(Time since, seconds wait) const {
    return input_.now < since || input_.now - since >= wait;
  }

  // Somebody who is away now was told of all this before he left.
  bool absent_one_knows(std::int64_t manager, const Group& group) const {
    return std::any_of(input_.away.begin(), input_.away.end(), [&](std::int64_t absent) {
      const auto found = latest_.find({manager, absent});
      return found != latest_.end() && found->second->open && !has_news(*found->second, group) &&
             !is_dismissed(input_.people, absent);
    });
  }

  // Nothing is sent when the words are the same as before.
  void say(Message message, const Group& group) {
    MessageText said = message_text(context(message), group.firing);
    if (hash_of(said.text) == message.text_hash) return;
    message.told_at = input_.now;
    message.told_value = group.firing.front()->value;
    message.keys.clear();
    for (const Alert* alert : group.firing) message.keys.push_back(alert->key);
    std::sort(message.keys.begin(), message.keys.end());
    std::string tag = tag_of(message);
    result_.push_back(outgoing(std::move(message), std::move(said.text), std::move(tag)));
    result_.back().named = std::move(said.named);
  }

  // Something fires that the message did not speak of.
  static bool is_new(const Message& message, const Group& group) {
    return std::any_of(group.firing.begin(), group.firing.end(), [&](const Alert* alert) {
      return !spoke_of(message, alert->key) || alert->changed_at > message.told_at;
    });
  }

  bool has_news(const Message& message, const Group& group) const {
    return is_new(message, group) || worse(message, group) >= 1;
  }

  bool has_relief(const Message& message, const Group& group) const {
    return group.firing.size() < message.keys.size() || worse(message, group) <= -1;
  }

  double worse(const Message& message, const Group& group) const {
    const Alert& worst = *group.firing.front();
    return worse_by(rule_, message.told_value, worst.value, worst.norm);
  }

  bool is_over(const Message& message) const {
    const auto found = groups_.find(message.manager_id);
    if (found == groups_.end()) return true;
    if (!found->second.firing.empty()) return false;
    return std::none_of(
        found->second.others.begin(), found->second.others.end(), [&message](const Alert* alert) {
          return alert->state == AlertState::pending && spoke_of(message, alert->key);
        });
  }

  void close(Message message) {
    std::vector<const Alert*> told;
    for (const AlertKey& key : message.keys) {
      if (const auto found = by_key_.find(key); found != by_key_.end())
        told.push_back(found->second);
    }
    sort_worst_first(rule_, told);
    std::string text = closing(message, told);
    message.open = false;
    message.told_at = input_.now;
    std::string tag = tag_of(message);
    result_.push_back(outgoing(std::move(message), std::move(text), std::move(tag)));
  }

  std::string closing(const Message& message, const std::vector<const Alert*>& told) const {
    if (!input_.people.is_manager(message.manager_id)) return unwatched_text(context(message));
    if (condition_ == Condition::edited) return edited_text(context(message));
    if (condition_ == Condition::restored) return portal_restored_text(context(message));
    return closing_text(context(message), told, message.keys.size());
  }

  const Rule& rule_;
  const RouteInput& input_;
  Condition condition_;
  std::map<std::int64_t, Group> groups_;
  std::map<AlertKey, const Alert*> by_key_;
  std::map<std::pair<std::int64_t, std::int64_t>, const Message*> latest_;
  std::vector<Outgoing> result_;
};

}  // namespace

std::string tag_of(const Message& message) {
  return fmt::format("b24watch:{}:m{}:u{}:e{}", message.rule_id, message.manager_id,
                     message.recipient, message.episode);
}

std::vector<Outgoing> route(const Rule& rule, const std::vector<Alert>& alerts,
                            const std::vector<Message>& messages, const RouteInput& input,
                            Condition condition) {
  return Router{rule, alerts, messages, input, condition}.decide();
}

std::vector<Outgoing> close_removed(std::string_view rule_name,
                                    const std::vector<Message>& messages, const RouteInput& input) {
  std::vector<Outgoing> result;
  for (const Message& message : messages) {
    if (!message.open || is_dismissed(input.people, message.recipient)) continue;
    std::string text = fmt::format(
        fmt::runtime(tr("⚪ {}: правило «{}» отключено, больше за этим не слежу",
                        "⚪ {}: the rule \"{}\" is switched off, no longer watching")),
        user_link(message.manager_id, input.people.name(message.manager_id)), escape_bb(rule_name));
    Message closed = message;
    closed.open = false;
    closed.told_at = input.now;
    result.push_back(outgoing(std::move(closed), shorten(text, kMessageLength), tag_of(message)));
  }
  return result;
}

}  // namespace b24
