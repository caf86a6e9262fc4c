#include "rules/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "rules/base/language.h"

namespace b24 {
namespace {

using Values = std::map<std::string, Value>;
using Markup = std::map<std::string, std::string>;

bool is_each(const Rule& rule) { return std::holds_alternative<EachShape>(rule.shape); }

// What the objects of a rule are, if it says so.
std::optional<Entity> known_entity(const Rule& rule, const RuleSet& rules) {
  if (const auto* each = std::get_if<EachShape>(&rule.shape)) return each->entity;
  const auto* metric_shape = std::get_if<MetricShape>(&rule.shape);
  const auto* compare_shape = std::get_if<CompareShape>(&rule.shape);
  const Metric* metric =
      rules.metric(metric_shape != nullptr ? metric_shape->metric : compare_shape->metric);
  return metric != nullptr ? metric->object_entity : std::nullopt;
}

Entity item_entity(const Rule& rule, const RuleSet& rules) {
  return known_entity(rule, rules).value_or(Entity::call);
}

std::string fallback_title(Entity entity, std::int64_t id) {
  switch (entity) {
    case Entity::deal:
      return fmt::format("{} {}", tr("сделка", "deal"), id);
    case Entity::task:
      return fmt::format("{} {}", tr("задача", "task"), id);
    case Entity::call:
      return fmt::format("{} {}", tr("звонок", "call"), id);
    case Entity::user:
      return fmt::format("{} {}", tr("сотрудник", "employee"), id);
    case Entity::lead:
      return fmt::format("{} {}", tr("лид", "lead"), id);
    case Entity::contact:
      return fmt::format("{} {}", tr("контакт", "contact"), id);
    case Entity::company:
      return fmt::format("{} {}", tr("компания", "company"), id);
    case Entity::quote:
      return fmt::format("{} {}", tr("предложение", "quote"), id);
    case Entity::invoice:
      return fmt::format("{} {}", tr("счёт", "invoice"), id);
    case Entity::activity:
      return fmt::format("{} {}", tr("дело", "activity"), id);
    case Entity::department:
    case Entity::pipeline:
    case Entity::stage:
    case Entity::deal_move:
    case Entity::lead_move:
    case Entity::invoice_move:
    case Entity::currency:
    case Entity::payment:
    case Entity::order_link:
      break;
  }
  return fmt::format("{} {}", name(entity), id);
}

std::string item_title(Entity entity, const Item& item) {
  const auto found = item.fields.find("title");
  const std::string title = found == item.fields.end() ? "" : as_text(found->second);
  return title.empty() ? fallback_title(entity, item.id) : title;
}

std::string item_url(const MessageContext& context, Entity entity, const Item& item) {
  return object_url(context.input.portal_url, entity, item.id, context.recipient);
}

// Templates are checked when rules are loaded; a broken one still says something.
std::string rendered(const MessageContext& context, const std::string& words, const Values& values,
                     const Markup& markup) {
  const auto parsed = Template::parse(words);
  std::string text =
      parsed ? parsed->render(values,
                              {context.input.calendar, context.input.now, context.input.portal_url},
                              markup)
             : escape_bb(words);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// "[url=]Звонок[/url]" of an object without a page.
std::string without_empty_links(std::string text) {
  constexpr std::string_view kOpen = "[url=]";
  constexpr std::string_view kClose = "[/url]";
  for (auto at = text.find(kOpen); at != std::string::npos; at = text.find(kOpen)) {
    text.erase(at, kOpen.size());
    if (const auto end = text.find(kClose, at); end != std::string::npos) {
      text.erase(end, kClose.size());
    }
  }
  return text;
}

Markup manager_markup(const MessageContext& context) {
  return {
      {"manager", user_link(context.manager_id, context.input.people.name(context.manager_id))}};
}

// How many objects are behind the message.
std::int64_t object_count(const Rule& rule, const std::vector<const Alert*>& alerts) {
  if (is_each(rule)) return static_cast<std::int64_t>(alerts.size());
  const Alert& alert = *alerts.front();
  const auto counted = alert.fields.find("count");
  const auto count = counted == alert.fields.end() ? std::nullopt : as_integer(counted->second);
  return count.value_or(static_cast<std::int64_t>(alert.items.size()));
}

void add_each_values(const EachShape& shape, const std::vector<const Alert*>& alerts,
                     Values& values) {
  values["age"] = alerts.front()->value;
  std::optional<std::int64_t> oldest;
  for (const Alert* alert : alerts) {
    const auto since = alert->fields.find(shape.since);
    const auto instant = since == alert->fields.end() ? std::nullopt : as_integer(since->second);
    if (instant && (!oldest || *instant < *oldest)) oldest = instant;
  }
  if (oldest) values["oldest"] = *oldest;
}

Values message_values(const MessageContext& context, const std::vector<const Alert*>& alerts) {
  Values values;
  if (!alerts.empty()) {
    const Alert& worst = *alerts.front();
    const std::int64_t count = object_count(context.rule, alerts);
    if (const auto* each = std::get_if<EachShape>(&context.rule.shape)) {
      values["value"] = count;
      add_each_values(*each, alerts, values);
    } else {
      values = worst.fields;
      values["value"] = worst.value;
      if (worst.norm != 0) values["change"] = (worst.value / worst.norm - 1) * 100;
    }
    values["norm"] = worst.norm;
    values["count"] = count;
  }
  values["rule"] = context.rule.name.pick();
  values["duration"] = format_duration(context.input.now - context.opened_at);
  return values;
}

// An age or a limit of `each`, in the unit it is counted in.
std::string in_words(const Alert& alert, double amount) {
  const auto found = alert.fields.find(std::string{kUnitField});
  const std::string unit = found == alert.fields.end() ? std::string{} : as_text(found->second);
  if (unit != name(Span::Unit::work_minutes)) {
    return format_days(amount,
                       unit == name(Span::Unit::work_days) ? DayKind::work : DayKind::calendar);
  }
  return fmt::format(fmt::runtime(tr("{:.0f} раб. мин", "{:.0f} work min")), amount);
}

std::string item_line(const MessageContext& context, Entity entity, const Item& item,
                      const Alert* own) {
  Values values = item.fields;
  values["id"] = item.id;
  values["title"] = item_title(entity, item);
  values["url"] = item_url(context, entity, item);
  if (own != nullptr) {
    values["age"] = own->value;
    values["norm"] = own->norm;
    values["age_text"] = in_words(*own, own->value);
    values["norm_text"] = in_words(*own, own->norm);
  }
  Markup markup = manager_markup(context);
  markup["link"] = item_link(context, entity, item);
  return without_empty_links(rendered(context, context.rule.item.pick(), values, markup));
}

std::vector<std::string> item_lines(const MessageContext& context,
                                    const std::vector<const Alert*>& alerts) {
  std::vector<std::string> lines;
  if (context.rule.item.pick().empty()) return lines;
  const Entity entity = item_entity(context.rule, context.input.rules);
  const auto most = static_cast<std::size_t>(std::max(context.rule.group.max_items, 0));
  if (is_each(context.rule)) {
    for (const Alert* alert : alerts) {
      if (lines.size() == most) break;
      const Item bare{alert->key.id, alert->fields};
      const Item& item = alert->items.empty() ? bare : alert->items.front();
      lines.push_back(item_line(context, entity, item, alert));
    }
    return lines;
  }
  for (const Item& item : alerts.front()->items) {
    if (lines.size() == most) break;
    lines.push_back(item_line(context, entity, item, nullptr));
  }
  return lines;
}

// The objects that the text speaks of when `lines` of them have a line. An object that a rule
// watches is spoken of without a line, too.
std::vector<ObjectRef> named_objects(const MessageContext& context,
                                     const std::vector<const Alert*>& alerts, std::size_t lines) {
  std::vector<ObjectRef> named;
  if (is_each(context.rule)) {
    const std::size_t count = std::min(std::max<std::size_t>(lines, 1), alerts.size());
    for (std::size_t i = 0; i < count; ++i) {
      named.push_back({alerts[i]->key.entity, alerts[i]->key.id});
    }
    return named;
  }
  const auto entity = known_entity(context.rule, context.input.rules);
  const std::vector<Item>& items = alerts.front()->items;
  for (std::size_t i = 0; entity && i < std::min(lines, items.size()); ++i) {
    named.push_back({*entity, items[i].id});
  }
  return named;
}

std::string joined(const std::string& head, const std::vector<std::string>& lines,
                   std::size_t shown, std::int64_t total) {
  std::string text = head;
  for (std::size_t i = 0; i < shown; ++i) text += "\n" + lines[i];
  const std::int64_t rest = total - static_cast<std::int64_t>(shown);
  if (!lines.empty() && rest > 0) {
    text += "\n" + fmt::format(fmt::runtime(tr("…ещё {}", "…{} more")), rest);
  }
  return text;
}

}  // namespace

void sort_worst_first(const Rule& rule, std::vector<const Alert*>& alerts) {
  const auto* each = std::get_if<EachShape>(&rule.shape);
  const double sign = lower_is_worse(rule) ? 1 : -1;
  // Sorted by a number of which the smallest is the worst.
  const auto rank = [&](const Alert& alert) {
    if (each == nullptr) return sign * alert.value;
    const auto since = alert.fields.find(each->since);
    const auto instant = since == alert.fields.end() ? std::nullopt : as_number(since->second);
    return instant.value_or(-alert.value);
  };
  std::sort(alerts.begin(), alerts.end(), [&](const Alert* a, const Alert* b) {
    const double x = rank(*a);
    const double y = rank(*b);
    return x != y ? x < y : a->key < b->key;
  });
}

std::string item_link(const MessageContext& context, Entity entity, const Item& item) {
  return link(item_url(context, entity, item), escape_bb(item_title(entity, item)));
}

MessageText message_text(const MessageContext& context, const std::vector<const Alert*>& alerts) {
  const std::string head = rendered(context, context.rule.text.pick(),
                                    message_values(context, alerts), manager_markup(context));
  const auto lines = item_lines(context, alerts);
  const std::int64_t total = object_count(context.rule, alerts);
  std::size_t shown = lines.size();
  std::string text = joined(head, lines, shown, total);
  while (shown > 1 && visible_length(text) > kMessageLength) {
    text = joined(head, lines, --shown, total);
  }
  return {shorten(text, kMessageLength), named_objects(context, alerts, shown)};
}

std::string closing_text(const MessageContext& context, const std::vector<const Alert*>& told,
                         std::size_t count) {
  Values values = message_values(context, told);
  values["count"] = static_cast<std::int64_t>(count);
  const std::string& own = context.rule.resolved.pick();
  const std::string words =
      !own.empty() ? own
                   : std::string{tr("✅ {manager}: «{rule}» – решено за {duration}",
                                    "✅ {manager}: \"{rule}\" – resolved in {duration}")};
  return shorten(rendered(context, words, values, manager_markup(context)), kMessageLength);
}

std::string unwatched_text(const MessageContext& context) {
  const People& people = context.input.people;
  const Person* person = people.find(context.manager_id);
  const bool dismissed = person != nullptr && !person->active;
  const std::string who = user_link(context.manager_id, people.name(context.manager_id));
  return fmt::format(
      fmt::runtime(
          dismissed ? tr("⚪ {} больше не работает. Проверьте, кому перешли сделки и задачи",
                         "⚪ {} no longer works here. Check who has taken over the deals and tasks")
                    : tr("⚪ {}: больше не под наблюдением (другой отдел, роль или настройки)",
                         "⚪ {} is no longer watched (another department, role or the settings)")),
      who);
}

std::string edited_text(const MessageContext& context) {
  return fmt::format(
      fmt::runtime(tr("⚪ {}: правило «{}» или настройки изменили, тревоги больше нет",
                      "⚪ {}: the rule \"{}\" or the settings were edited, the alert is off")),
      user_link(context.manager_id, context.input.people.name(context.manager_id)),
      escape_bb(context.rule.name.pick()));
}

std::string portal_restored_text(const MessageContext& context) {
  return fmt::format(
      fmt::runtime(tr("⚪ {}: портал восстановили из резервной копии, тревоги «{}» на нём нет",
                      "⚪ {}: the portal was restored from a backup; there the alert \"{}\" does "
                      "not hold")),
      user_link(context.manager_id, context.input.people.name(context.manager_id)),
      escape_bb(context.rule.name.pick()));
}

const std::set<std::string>& message_names(const Rule& rule) {
  static const std::set<std::string> metric = {"manager", "value", "norm",    "change",
                                               "rule",    "count", "duration"};
  static const std::set<std::string> each = {"manager", "value",    "norm", "rule",
                                             "count",   "duration", "age",  "oldest"};
  return is_each(rule) ? each : metric;
}

const std::set<std::string>& item_names(const Rule& rule) {
  static const std::set<std::string> metric = {"id", "title", "url", "link", "manager"};
  static const std::set<std::string> each = {"id",  "title", "url",      "link",     "manager",
                                             "age", "norm",  "age_text", "norm_text"};
  return is_each(rule) ? each : metric;
}

}  // namespace b24
