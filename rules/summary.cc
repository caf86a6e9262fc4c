#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "rules/base/language.h"
#include "rules/message.h"
#include "rules/route.h"
#include "rules/text.h"

// The message of what already holds: at the first start, and when rules were changed.

namespace b24 {
namespace {

constexpr std::size_t kLines = 7;

using ByManager = std::map<std::int64_t, std::vector<const Alert*>>;

std::string number_of_objects(Entity entity, std::size_t count) {
  const auto n = static_cast<double>(count);
  const bool english = language() == Language::en;
  const auto with_word = [&](std::string_view one, std::string_view few, std::string_view many) {
    return fmt::format("{} {}", count, plural(n, one, few, many));
  };
  if (entity == Entity::deal) {
    return english ? with_word("deal", "deals", "deals") : with_word("сделка", "сделки", "сделок");
  }
  if (entity == Entity::task) {
    return english ? with_word("task", "tasks", "tasks") : with_word("задача", "задачи", "задач");
  }
  if (entity == Entity::call) {
    return english ? with_word("call", "calls", "calls") : with_word("звонок", "звонка", "звонков");
  }
  return english ? with_word("object", "objects", "objects")
                 : with_word("объект", "объекта", "объектов");
}

// "3 менеджера", or after «у»: "3 менеджеров".
std::string number_of_managers(std::size_t count, bool genitive) {
  const auto n = static_cast<double>(count);
  const std::string word = language() == Language::en ? plural(n, "manager", "managers", "managers")
                           : genitive ? plural(n, "менеджера", "менеджеров", "менеджеров")
                                      : plural(n, "менеджер", "менеджера", "менеджеров");
  return fmt::format("{} {}", count, word);
}

std::string rule_head(const Rule& rule, const ByManager& managers) {
  std::size_t objects = 0;
  for (const auto& [id, alerts] : managers) objects += alerts.size();
  const std::string title = "[b]" + escape_bb(rule.name.pick()) + "[/b]: ";
  const auto* each = std::get_if<EachShape>(&rule.shape);
  if (each == nullptr) return title + number_of_managers(managers.size(), false);
  return title + fmt::format("{} {} {}", number_of_objects(each->entity, objects), tr("у", "of"),
                             number_of_managers(managers.size(), true));
}

std::string manager_line(const MessageContext& context, const std::vector<const Alert*>& alerts,
                         std::vector<ObjectRef>& named) {
  const Alert& worst = *alerts.front();
  const std::string who =
      user_link(context.manager_id, context.input.people.name(context.manager_id)) + " – ";
  if (const auto* each = std::get_if<EachShape>(&context.rule.shape)) {
    const Item bare{worst.key.id, worst.fields};
    const Item& item = worst.items.empty() ? bare : worst.items.front();
    named.push_back({each->entity, item.id});
    return who + number_of_objects(each->entity, alerts.size()) +
           std::string{tr(", дольше всех ", ", the longest ")} +
           item_link(context, each->entity, item);
  }
  const bool own_norm = std::holds_alternative<CompareShape>(context.rule.shape);
  return who + fmt::format("{} ({} {})", format_number(worst.value),
                           own_norm ? tr("обычно", "usually") : tr("порог", "limit"),
                           format_number(worst.norm));
}

// Whose lines come first: most objects, then the worst number.
std::vector<const ByManager::value_type*> sorted(const Rule& rule, const ByManager& managers) {
  std::vector<const ByManager::value_type*> result;
  for (const auto& entry : managers) result.push_back(&entry);
  std::stable_sort(result.begin(), result.end(), [&rule](const auto* a, const auto* b) {
    if (a->second.size() != b->second.size()) return a->second.size() > b->second.size();
    const double x = a->second.front()->value;
    const double y = b->second.front()->value;
    return lower_is_worse(rule) ? x < y : x > y;
  });
  return result;
}

std::string rule_section(const Rule& rule, const ByManager& managers, std::int64_t recipient,
                         const RouteInput& input, std::vector<ObjectRef>& named) {
  std::string text = "\n\n" + rule_head(rule, managers);
  std::size_t shown = 0;
  for (const auto* entry : sorted(rule, managers)) {
    if (shown == kLines) {
      text += "\n" + fmt::format(fmt::runtime(tr("…ещё {}", "…{} more")), managers.size() - shown);
      break;
    }
    const MessageContext context{rule, input, entry->first, recipient, input.now};
    text += "\n" + manager_line(context, entry->second, named);
    ++shown;
  }
  return text;
}

std::string_view headline(Occasion occasion) {
  switch (occasion) {
    case Occasion::first_start:
      return tr("[b]b24watch начал наблюдение[/b]", "[b]b24watch has begun to watch[/b]");
    case Occasion::rules_changed:
      return tr("[b]b24watch: слежу ещё за этим[/b]", "[b]b24watch: now watching this too[/b]");
    case Occasion::portal_restored:
      return tr("[b]b24watch: портал восстановлен из резервной копии[/b]",
                "[b]b24watch: the portal was restored from a backup[/b]");
  }
  return "";
}

std::string head_text(Occasion occasion) {
  const std::string_view head = headline(occasion);
  return std::string{head} + "\n" +
         std::string{tr("Вот что уже накопилось. Дальше сообщаю только о новом и о том, что стало "
                        "заметно хуже.",
                        "This is what has piled up. From now on I tell only what is new or clearly "
                        "worse.")};
}

Message summary_message(std::int64_t recipient, const std::vector<Message>& earlier,
                        const std::map<std::string, ByManager>& rules, Time now) {
  Message message;
  message.rule_id = kStartRule;
  message.recipient = recipient;
  message.episode = 1;
  for (const Message& before : earlier) {
    if (before.recipient == recipient) {
      message.episode = std::max(message.episode, before.episode + 1);
    }
  }
  message.opened_at = now;
  message.told_at = now;
  for (const auto& [id, managers] : rules) {
    for (const auto& [manager, alerts] : managers) {
      for (const Alert* alert : alerts) message.keys.push_back(alert->key);
    }
  }
  std::sort(message.keys.begin(), message.keys.end());
  message.keys.erase(std::unique(message.keys.begin(), message.keys.end()), message.keys.end());
  return message;
}

}  // namespace

std::vector<Outgoing> summary(const std::vector<Alert>& known, Occasion occasion,
                              const std::vector<Message>& earlier, const RouteInput& input) {
  std::map<std::int64_t, std::map<std::string, ByManager>> by_recipient;
  for (const Alert& alert : known) {
    if (alert.state != AlertState::known) continue;
    for (const std::int64_t recipient : input.people.recipients(alert.manager_id, input.away)) {
      by_recipient[recipient][alert.rule_id][alert.manager_id].push_back(&alert);
    }
  }
  std::vector<Outgoing> result;
  for (auto& [recipient, rules] : by_recipient) {
    std::string sections;
    std::vector<ObjectRef> named;
    for (const Rule& rule : input.rules.rules) {
      const auto found = rules.find(rule.id);
      if (found == rules.end()) continue;
      for (auto& [manager, alerts] : found->second) sort_worst_first(rule, alerts);
      sections += rule_section(rule, found->second, recipient, input, named);
    }
    if (sections.empty()) continue;
    const std::string text = shorten(head_text(occasion) + sections, kSummaryLength);
    Outgoing out;
    out.message = summary_message(recipient, earlier, rules, input.now);
    out.notice = {0, recipient,
                  fmt::format("{}:u{}:e{}", kStartRule, recipient, out.message.episode), text,
                  plain_text(text)};
    out.named = std::move(named);
    result.push_back(std::move(out));
  }
  return result;
}

}  // namespace b24
