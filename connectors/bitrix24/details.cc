#include "connectors/bitrix24/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rules/base/language.h"

namespace b24 {
namespace {

using enum FieldType;

// What a binding is to.
constexpr Field kLinkFields[] = {{"entityTypeId", "entityTypeId", "crm_type", integer, true}};

Params of_activity(std::int64_t id, std::int64_t) { return {{"activityId", id}}; }

// Only what reads an answer.
constexpr EntitySpec rows_of(Entity owner, std::string_view method, std::string_view list_path,
                             std::string_view id, std::span<const Field> fields) {
  return {.entity = owner,
          .method = method,
          .style = RequestStyle::activity,
          .list_path = list_path,
          .id_select = id,
          .id_answer = id,
          .paging = Paging::whole,
          .renewal = Renewal::whole,
          .fields = fields};
}

constexpr DetailSpec kDetailSpecs[] = {
    {.detail = Detail::activity_link,
     .owner = Entity::activity,
     .closed_column = "completed",
     .dispensable = true,  // the owner is known without
     .params = of_activity,
     .rows = rows_of(Entity::activity, "crm.activity.binding.list", {}, "entityId", kLinkFields),
     .owner_column = "activity_id",
     .id_column = "crm_id"},
};

struct DetailNames {
  Detail detail;
  std::string_view word, russian, english;
};
constexpr DetailNames kDetailNames[] = {
    {Detail::activity_link, "activity_link", "связи дел", "bindings of activities"},
};

const DetailNames& names(Detail detail) {
  return *std::ranges::find(kDetailNames, detail, &DetailNames::detail);
}

Result<Page> parse(const DetailSpec& spec, std::string_view result) {
  return spec.parse != nullptr ? spec.parse(spec.rows, result) : parse_page(spec.rows, result);
}

DetailAnswer answer_of(const DetailAsk& ask, const CommandAnswer& command) {
  if (!command.result) return {ask, command.result.error()};
  auto page = parse(spec(ask.detail), *command.result);
  if (!page) return {ask, page.error()};
  const bool more = spec(ask.detail).paged && page->rows >= kPageRows;
  return {ask, std::move(page->records), more};
}

}  // namespace

std::string_view name(Detail detail) { return names(detail).word; }

std::string_view list_name(Detail detail) {
  return tr(names(detail).russian, names(detail).english);
}

std::optional<Detail> detail_named(std::string_view word) {
  const auto* const found = std::ranges::find(kDetailNames, word, &DetailNames::word);
  return found == std::end(kDetailNames) ? std::nullopt : std::optional(found->detail);
}

std::span<const DetailSpec> detail_specs() { return kDetailSpecs; }

const DetailSpec& spec(Detail detail) {
  return *std::ranges::find(kDetailSpecs, detail, &DetailSpec::detail);
}

Result<std::vector<DetailAnswer>> read_details(Client& client, std::span<const DetailAsk> asks,
                                               const std::stop_token& stop) {
  std::vector<Command> commands;
  for (const DetailAsk& ask : asks) {
    const DetailSpec& s = spec(ask.detail);
    commands.push_back({fmt::format("b{}", commands.size()), std::string(s.rows.method),
                        to_query(s.params(ask.key, ask.start))});
  }
  const auto answer = client.batch(commands, stop);
  if (!answer) return answer.error();
  std::vector<DetailAnswer> answers;
  for (std::size_t i = 0; i < answer->commands.size() && i < asks.size(); ++i) {
    answers.push_back(answer_of(asks[i], answer->commands[i]));
  }
  return answers;
}

}  // namespace b24
