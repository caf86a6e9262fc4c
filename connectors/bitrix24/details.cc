#include "connectors/bitrix24/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/chat_history.h"
#include "connectors/say.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

using enum FieldType;

// What a binding is to.
constexpr Field kLinkFields[] = {{"entityTypeId", "entityTypeId", "crm_type", integer, true}};

// The price is of one, after discounts and with tax.
constexpr Field kProductRowFields[] = {
    {"productId", "productId", "product_id", integer},
    {"productName", "productName", "name", text},
    {"price", "price", "price_minor", money},
    {"quantity", "quantity", "quantity", real},
    {"discountTypeId", "discountTypeId", "discount_type", integer},
    {"discountRate", "discountRate", "discount_rate", real},
    {"discountSum", "discountSum", "discount_minor", money},
    {"taxRate", "taxRate", "tax_rate", real},
    {"taxIncluded", "taxIncluded", "tax_included", flag},
    {"sort", "sort", "sort", integer},
};
constexpr Field kCardPaymentFields[] = {
    {"accountNumber", "accountNumber", "number", text},
    {"sum", "sum", "sum_minor", money},
    {"currency", "currency", "currency", text},
    {"paid", "paid", "paid", flag},
    {"datePaid", "datePaid", "paid_at", time},
    {"paySystemName", "paySystemName", "pay_system", text},
};
constexpr Field kCommentFields[] = {
    {"AUTHOR_ID", "AUTHOR_ID", "author_id", integer},
    {"CREATED", "CREATED", "created_at", time},
};

Params goods_of_deal(std::int64_t id, std::int64_t start) {
  return {{"filter", {{"=ownerType", "D"}, {"=ownerId", id}}},
          {"order", {{"id", "asc"}}},
          {"start", start}};
}
Params payments_of_deal(std::int64_t id, std::int64_t) {
  return {{"entityTypeId", 2}, {"entityId", id}};
}
Params payments_of_invoice(std::int64_t id, std::int64_t) {
  return {{"entityTypeId", 31}, {"entityId", id}};
}
Params comments_of_deal(std::int64_t id, std::int64_t start) {
  return {{"filter", {{"ENTITY_TYPE", "deal"}, {"ENTITY_ID", id}}},
          {"order", {{"ID", "ASC"}}},
          {"select", {"ID", "AUTHOR_ID", "CREATED"}},
          {"start", start}};
}

Params of_activity(std::int64_t id, std::int64_t) { return {{"activityId", id}}; }

constexpr Field kMessageFields[] = {{"date", "date", "at", time},
                                    {"users", "users", "side", text},
                                    {"senderid", "senderid", "author_id", integer},
                                    {"chatid", "chatid", "chat_id", integer}};

Params of_session(std::int64_t id, std::int64_t) { return {{"SESSION_ID", id}}; }

Result<Page> messages_of(const EntitySpec&, std::string_view result) {
  const auto history = parse_chat_history(result);
  if (!history) return history.error();
  Page page;
  for (const ChatMessage& message : history->messages) {
    const auto maybe = [](const std::optional<std::int64_t>& id) {
      return id ? Value{*id} : Value{};
    };
    page.records.push_back({message.id,
                            {to_unix(message.at), std::string{name(message.side)},
                             maybe(message.author_id), maybe(history->chat_id)},
                            {}});
  }
  return page;
}

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
    {.detail = Detail::product_row,
     .owner = Entity::deal,
     .closed_column = "closed",
     .lazy = true,
     .params = goods_of_deal,
     .paged = true,
     .rows =
         rows_of(Entity::deal, "crm.item.productrow.list", "productRows", "id", kProductRowFields),
     .owner_column = "deal_id"},
    {.detail = Detail::deal_payment,
     .owner = Entity::deal,
     .closed_column = "closed",
     .lazy = true,
     .dispensable = true,  // there are other signs of what was paid
     .params = payments_of_deal,
     .rows = rows_of(Entity::deal, "crm.item.payment.list", {}, "id", kCardPaymentFields),
     .owner_column = "deal_id"},
    {.detail = Detail::invoice_payment,
     .owner = Entity::invoice,
     .lazy = true,
     .dispensable = true,  // there are other signs of what was paid
     .params = payments_of_invoice,
     .rows = rows_of(Entity::invoice, "crm.item.payment.list", {}, "id", kCardPaymentFields),
     .owner_column = "invoice_id"},
    {.detail = Detail::deal_comment,
     .owner = Entity::deal,
     .closed_column = "closed",
     .lazy = true,
     .params = comments_of_deal,
     .paged = true,
     .rows = rows_of(Entity::deal, "crm.timeline.comment.list", {}, "ID", kCommentFields),
     .owner_column = "deal_id"},
    {.detail = Detail::chat_message,
     .owner = Entity::activity,
     .key_column = "associated_id",
     .only_column = "provider_id",
     .only_text = kChatProvider,
     .closed_column = "completed",
     .open_again = minutes{3},
     .params = of_session,
     .rows = rows_of(Entity::activity, kChatHistoryMethod, {}, "id", kMessageFields),
     .parse = messages_of,
     .owner_column = "activity_id",
     .id_column = "message_id"},
};

struct DetailNames {
  Detail detail;
  std::string_view word, russian, english;
};
constexpr DetailNames kDetailNames[] = {
    {Detail::activity_link, "activity_link", "связи дел", "bindings of activities"},
    {Detail::product_row, "product_row", "товары сделок", "goods of deals"},
    {Detail::deal_payment, "deal_payment", "оплаты сделок", "payments of deals"},
    {Detail::invoice_payment, "invoice_payment", "оплаты счетов", "payments of invoices"},
    {Detail::deal_comment, "deal_comment", "комментарии в сделках", "comments in deals"},
    {Detail::chat_message, "chat_message", "сообщения открытых линий", "messages of Open Lines"},
};

const DetailNames& names(Detail detail) {
  return *std::ranges::find(kDetailNames, detail, &DetailNames::detail);
}

Result<Page> parse(const DetailSpec& spec, std::string_view result) {
  return spec.parse != nullptr ? spec.parse(spec.rows, result) : parse_page(spec.rows, result);
}

Error not_understood(Detail detail, const RejectedRow& row) {
  return error(ErrorKind::unavailable,
               say("Портал ответил на {} не так, как описано: строка не понята ({}).",
                   "The portal's answer to {} is not as documented: a row is not understood ({}).",
                   spec(detail).rows.method, row.reason));
}

DetailAnswer answer_of(const DetailAsk& ask, const CommandAnswer& command) {
  if (!command.result) return {ask, command.result.error()};
  auto page = parse(spec(ask.detail), *command.result);
  if (!page) return {ask, page.error()};
  // Without it the rest would pass for all there is.
  if (!page->rejected.empty()) return {ask, not_understood(ask.detail, page->rejected.front())};
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
