#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// crm.item.*: leads, deals, quotes, invoices, contacts and companies through the same methods, told
// apart by entityTypeId (portal docs: crm/universal/).

namespace b24::sim {
namespace {

template <class Row>
bool mine(const Call& call, const Row& card) {
  if (call.world.hides(Kind<Row>::entity, card.id)) return false;
  return call.as_admin || card.manager == call.world.owner;
}

template <class Row>
Outcome one_card(const World& world, const Row& card) {
  Scratch scratch{world, {}};
  std::string out = R"({"item":{)";
  write_fields(out, card, read_select<Row>(Json(), card_fields<Row>()), scratch, nullptr);
  return ok(out + "}}");
}

Outcome not_found() { return fail(400, "NOT_FOUND", "Element not found"); }
Outcome denied() { return fail(400, "ACCESS_DENIED", "Access denied"); }

Outcome not_allowed(const char* where, const std::string& field) {
  return fail(400, "INVALID_ARG_VALUE",
              fmt::format("Invalid {0}: field '{1}' is not allowed in {0}", where, field));
}

template <class Row>
Outcome list_cards(Call& call) {
  const auto fields = card_fields<Row>();
  std::string unknown;
  ListQuery<Row> query;
  query.filter = read_filter(param(call.params, "filter"), fields, kCrmOperators,
                             call.world.options.offset, unknown);
  if (!unknown.empty()) return not_allowed("filter", unknown);
  query.order = read_order(param(call.params, "order"), fields, unknown);
  if (!unknown.empty()) return not_allowed("order", unknown);
  query.select = read_select(param(call.params, "select"), fields);
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found = find_rows<Row>(call.world, call.world.data.*Kind<Row>::rows, query,
                                    [&](const Row& card) { return mine(call, card); });
  Outcome outcome;
  outcome.result = R"({"items":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Row&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

template <class Row>
Outcome get_card(Call& call) {
  const Row* card = call.world.card<Row>(to_int(param(call.params, "id")));
  if (card == nullptr) return not_found();
  return mine(call, *card) ? one_card(call.world, *card) : denied();
}

// One field of a request, read in every way a member may need.
struct Given {
  std::string_view name;
  const Json& value;
  seconds offset;

  std::string text() const { return to_text(value); }
  std::int32_t number() const { return static_cast<std::int32_t>(to_int(value)); }
  double real() const { return to_real(value); }
  // The clock part of a date means nothing.
  Unix date() const { return to_time(text().substr(0, 10), seconds{0}).value_or(0); }
  std::optional<Unix> time() const { return to_time(text(), offset); }
};

void set_field(Card& card, const Given& given) {
  if (given.name == "title") card.title = given.text();
  if (given.name == "comments") card.comments = given.text();
  if (given.name == "assignedById") card.manager = given.number();
  // What only an import may set; tests use it to make old cards.
  if (given.name == "createdTime" && given.time()) card.created = *given.time();
}

void set_field(StagedCard& card, const Given& given) {
  set_field(static_cast<Card&>(card), given);
  if (given.name == "opportunity") card.amount = given.real();
  if (given.name == "currencyId") card.currency = given.text();
  if (given.name == "companyId") card.company = given.number();
  if (given.name == "contactId") card.contact = given.number();
  if (given.name == "contactIds") {
    card.contact = given.value.empty() ? 0 : short_id(to_int(given.value.front()));
  }
  if (given.name == "movedTime" && given.time()) card.moved = *given.time();
}

void set_field(Lead& lead, const Given& given) {
  set_field(static_cast<StagedCard&>(lead), given);
  if (given.name == "name") lead.first_name = given.text();
  if (given.name == "lastName") lead.last_name = given.text();
  if (given.name == "companyTitle") lead.company_title = given.text();
  if (given.name == "sourceId") lead.source = given.text();
}

void set_field(Deal& deal, const Given& given) {
  set_field(static_cast<StagedCard&>(deal), given);
  if (given.name == "sourceId") deal.source = given.text();
  if (given.name == "typeId") deal.type = given.text();
  if (given.name == "leadId") deal.lead = given.number();
  if (given.name == "probability") deal.probability = given.number();
  if (given.name == "isRecurring") deal.recurring = to_flag(given.value);
  if (given.name == "begindate") deal.begin_date = given.date();
  if (given.name == "closedate") deal.close_date = given.date();
}

void set_field(Quote& quote, const Given& given) {
  set_field(static_cast<StagedCard&>(quote), given);
  if (given.name == "dealId") quote.deal = given.number();
  if (given.name == "leadId") quote.lead = given.number();
  if (given.name == "begindate") quote.begin_date = given.date();
  if (given.name == "closedate") quote.close_date = given.date();
  if (given.name == "actualDate") quote.valid_until = given.date();
}

void set_field(Invoice& invoice, const Given& given) {
  set_field(static_cast<StagedCard&>(invoice), given);
  if (given.name == "parentId2") invoice.deal = given.number();
  if (given.name == "parentId7") invoice.quote = given.number();
  if (given.name == "begindate") invoice.begin_date = given.date();
  if (given.name == "closedate") invoice.pay_before = given.date();
}

void set_field(Contact& contact, const Given& given) {
  set_field(static_cast<Card&>(contact), given);
  if (given.name == "name") contact.first_name = given.text();
  if (given.name == "lastName") contact.last_name = given.text();
  if (given.name == "companyId") contact.company = given.number();
  if (given.name == "leadId") contact.lead = given.number();
}

void set_field(Company& company, const Given& given) {
  set_field(static_cast<Card&>(company), given);
  if (given.name == "revenue") company.revenue = given.real();
  if (given.name == "leadId") company.lead = given.number();
}

template <class Row>
void set_fields(const World& world, Row& card, const Json& fields) {
  if (!fields.is_object()) return;
  for (const auto& [name, value] : fields.items()) {
    set_field(card, Given{name, value, world.options.offset});
  }
}

// The stage that is asked for, or the one given.
std::int32_t wanted_stage(const World& world, std::int32_t type, const Json& fields,
                          std::int32_t otherwise) {
  const std::string id = to_text(param(fields, "stageId"));
  return world.stage_index(type, id).value_or(otherwise);
}

// A card without a name gets one (portal docs: object-fields.md).
void name_card(Lead& lead) { lead.title = fmt::format("Лид #{}", lead.id); }
void name_card(Deal& deal) { deal.title = fmt::format("Сделка #{}", deal.id); }
void name_card(Quote& quote) { quote.title = fmt::format("Предложение #{}", quote.id); }
void name_card(Invoice& invoice) { invoice.title = fmt::format("Счёт #{}", invoice.id); }
void name_card(Company& company) { company.title = fmt::format("Компания #{}", company.id); }
void name_card(Contact& contact) {
  if (contact.first_name.empty() && contact.last_name.empty()) {
    contact.last_name = fmt::format("Контакт #{}", contact.id);
  }
}

template <class Row>
Outcome add_card(Call& call) {
  const Json& fields = param(call.params, "fields");
  World& world = call.world;
  Row card;
  card.manager = short_id(world.owner);
  set_fields(world, card, fields);
  if constexpr (kStaged<Row>) {
    Id pipeline = to_int(param(fields, "categoryId"));
    if constexpr (std::is_same_v<Row, Invoice>) pipeline = world.data.invoice_pipelines.front().id;
    card.stage =
        wanted_stage(world, Kind<Row>::type, fields, world.first_stage(Kind<Row>::type, pipeline));
    card.pipeline = short_id(world.stage(card).pipeline);
  }
  Row& added = world.add_card(std::move(card), world.owner);
  if (added.title.empty()) name_card(added);
  set_fields(world, added, fields);
  return one_card(world, added);
}

template <class Row>
Outcome update_card(Call& call) {
  World& world = call.world;
  Row* card = world.card<Row>(to_int(param(call.params, "id")));
  if (card == nullptr) return not_found();
  if (!mine(call, *card)) return denied();
  const Json& fields = param(call.params, "fields");
  set_fields(world, *card, fields);
  if constexpr (kStaged<Row>) {
    const std::int32_t stage = wanted_stage(world, Kind<Row>::type, fields, card->stage);
    if (stage != card->stage) {
      world.move_card(*card, stage, world.owner);
      set_fields(world, *card, fields);
      return one_card(world, *card);
    }
  }
  world.touch_card(*card, world.owner);
  return one_card(world, *card);
}

template <class Row>
Outcome delete_card(Call& call) {
  const Id id = to_int(param(call.params, "id"));
  const Row* card = call.world.card<Row>(id);
  if (card == nullptr) return not_found();
  if (!mine(call, *card)) return denied();
  call.world.delete_card<Row>(id);
  return ok("[]");
}

struct CardMethods {
  std::int32_t type;
  Outcome (*list)(Call&);
  Outcome (*get)(Call&);
  Outcome (*add)(Call&);
  Outcome (*update)(Call&);
  Outcome (*remove)(Call&);
};

template <class Row>
constexpr CardMethods methods_of() {
  return {Kind<Row>::type, list_cards<Row>,  get_card<Row>,
          add_card<Row>,   update_card<Row>, delete_card<Row>};
}

constexpr CardMethods kCards[] = {methods_of<Lead>(),    methods_of<Deal>(),
                                  methods_of<Quote>(),   methods_of<Invoice>(),
                                  methods_of<Contact>(), methods_of<Company>()};

template <Outcome (*CardMethods::*method)(Call&)>
Outcome by_type(Call& call) {
  const Id type = to_int(param(call.params, "entityTypeId"));
  if (type == kOldInvoiceType) {
    return fail(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type INVOICE is not supported");
  }
  // What a portal without leads answers is not documented; assumed is what it answers to those who
  // may not see them.
  if (type == kLeadType && call.world.options.leads_mode == LeadsMode::simple) return denied();
  for (const CardMethods& card : kCards) {
    if (card.type == type) return (card.*method)(call);
  }
  return fail(400, "NOT_FOUND", "Smart process not found");
}

constexpr Method kItemMethods[] = {
    {"crm.item.list", "crm", Cost::page, by_type<&CardMethods::list>},
    {"crm.item.get", "crm", Cost::call, by_type<&CardMethods::get>},
    {"crm.item.add", "crm", Cost::call, by_type<&CardMethods::add>},
    {"crm.item.update", "crm", Cost::call, by_type<&CardMethods::update>},
    {"crm.item.delete", "crm", Cost::call, by_type<&CardMethods::remove>},
};

}  // namespace

bool sees_card(const Call& call, Id type, Id id) {
  bool sees = false;
  for_each_kind([&](auto kind) {
    using Row = typename decltype(kind)::Row;
    if (kind.type != type) return;
    const Row* card = call.world.card<Row>(id);
    sees = card != nullptr && mine(call, *card);
  });
  return sees;
}

std::span<const Method> item_methods() { return kItemMethods; }

}  // namespace b24::sim
