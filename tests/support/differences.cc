#include "tests/support/differences.h"

#include <fmt/format.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

#include "rules/base/time.h"
#include "tests/support/workplace.h"

namespace b24 {
namespace {

using nlohmann::json;

// What is closed is asked for its details for so long after its last change.
constexpr days kWorthAsking{45};

// The portal's values as the views give them.
json integer(const json& value) {
  if (value.is_number()) return value.get<std::int64_t>();
  if (value.is_string() && !value.get<std::string>().empty()) {
    return std::stoll(value.get<std::string>());
  }
  return nullptr;
}
json instant(const json& value) {
  if (!value.is_string()) return nullptr;
  const auto t = parse_time(value.get<std::string>());
  return t ? json(to_unix(*t)) : json(nullptr);
}
json yes_no(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return value == "Y" ? 1 : 0;
}

struct Column {
  const char* portal;
  const char* view;
  json (*convert)(const json&);
  Asked asked = Asked::by_polls;
};

std::string plain_id(const json& row) {
  return integer(row.contains("id") ? row["id"] : row.at("ID")).dump();
}
// Of the portal's directories, those that are stages of deals.
std::string stage_id(const json& row) {
  const auto directory = row.at("ENTITY_ID").get<std::string>();
  if (!directory.starts_with("DEAL_STAGE")) return "";
  return directory + "/" + row.at("STATUS_ID").get<std::string>();
}

std::string currency_code(const json& row) { return row.at("CURRENCY").get<std::string>(); }
// Of the activities, those that stand for sessions of Open Lines.
std::string chat_id(const json& row) {
  return row.at("PROVIDER_ID") == "IMOPENLINES_SESSION" ? plain_id(row) : "";
}
// Where it is several numbers, or none of the row's own.
std::string key_of(const json& row) { return row.at("key").get<std::string>(); }

// How rows of one kind are compared.
struct Comparison {
  Entity entity;
  std::string (*id)(const json& row);  // "": the row is not mirrored
  const char* sql;                     // gives the same id
  std::vector<Column> columns;
  const char* word = nullptr;  // what they are called; else as the entity
  Asked deletions = Asked::by_polls;
};

json same(const json& value) { return value; }
json text(const json& value) { return value.is_string() ? value : json(nullptr); }
json number(const json& value) {
  return value.is_string() ? json(std::stod(value.get<std::string>())) : json(nullptr);
}
json hundredths(const json& value) {
  return value.is_number() ? json(std::llround(value.get<double>() * 100)) : json(nullptr);
}
json semantic(const json& value) { return value.is_string() && value != "" ? value : json("P"); }
// A card that is linked; the portal writes 0 for none, or nothing.
json link(const json& value) {
  const json id = integer(value);
  return id == 0 ? json(nullptr) : id;
}
// The last day a portal can write stands for no deadline.
json deadline(const json& value) {
  return value.is_string() && value.get<std::string>().starts_with("9999") ? json(nullptr)
                                                                           : instant(value);
}
// The beginning of a text: the date of a time, or its clock.
json day_part(const json& value) {
  return value.is_string() ? json(value.get<std::string>().substr(0, 10)) : json(nullptr);
}
json clock_part(const json& value) {
  return value.is_string() ? json(value.get<std::string>().substr(11, 5)) : json(nullptr);
}
// "09:15:00" as the view writes it, and as seconds.
json hour_and_minute(const json& value) {
  return value.is_string() ? json(value.get<std::string>().substr(0, 5)) : json(nullptr);
}
json span(const json& value) {
  const auto text = value.get<std::string>();
  return std::stoi(text.substr(0, 2)) * 3600 + std::stoi(text.substr(3, 2)) * 60 +
         std::stoi(text.substr(6, 2));
}
json lower_case(const json& value) {
  auto word = value.get<std::string>();
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}
// Six o'clock UTC of the day on which the money went back.
json returned_at(const json& value) {
  if (!value.is_string() || value == "") return nullptr;
  return instant(value.get<std::string>().substr(0, 10) + "T06:00:00+00:00");
}
json direction(const json& value) {
  const json type = integer(value);
  if (type == 1) return "out";
  if (type == 4) return "callback";
  if (type == 5) return "info";
  return "in";
}

// A line of the history; leads have words of their own for the stage.
std::vector<Column> moves(const char* stage, const char* group) {
  return {{"OWNER_ID", "owner_id", integer},
          {"TYPE_ID", "type", integer},
          {"CREATED_TIME", "at", instant},
          {stage, "stage_id", same},
          {group, "semantic", same}};
}

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = {
      {Entity::deal,
       plain_id,
       "SELECT id, title, pipeline_id, stage_id, semantic, closed, amount, amount_minor, currency, "
       "manager_id, "
       "created_at, updated_at, stage_since FROM v_deal",
       {{"title", "title", same},
        {"categoryId", "pipeline_id", integer},
        {"stageId", "stage_id", same},
        {"stageSemanticId", "semantic", same},
        {"closed", "closed", yes_no},
        {"opportunity", "amount", same},
        {"opportunity", "amount_minor", hundredths},
        {"currencyId", "currency", same},
        {"assignedById", "manager_id", integer},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant},
        {"movedTime", "stage_since", instant}}},
      {Entity::task,
       plain_id,
       "SELECT id, title, status, manager_id, creator_id, changed_by, deadline_at, created_at, "
       "changed_at, closed_at FROM v_task",
       {{"title", "title", same},
        {"status", "status", integer},
        {"responsibleId", "manager_id", integer},
        {"createdBy", "creator_id", integer},
        {"changedBy", "changed_by", integer},
        {"deadline", "deadline_at", instant},
        {"createdDate", "created_at", instant},
        {"changedDate", "changed_at", instant},
        {"closedDate", "closed_at", instant}}},
      {Entity::call,
       plain_id,
       "SELECT id, manager_id, direction, phone, started_at, duration_seconds, code FROM v_call",
       {{"PORTAL_USER_ID", "manager_id", integer},
        {"CALL_TYPE", "direction", direction},
        {"PHONE_NUMBER", "phone", same},
        {"CALL_START_DATE", "started_at", instant},
        {"CALL_DURATION", "duration_seconds", integer},
        {"CALL_FAILED_CODE", "code", text}}},
      {Entity::user,
       plain_id,
       "SELECT id, active, position FROM v_manager",
       {{"ACTIVE", "active", yes_no}, {"WORK_POSITION", "position", text}}},
      {Entity::department,
       plain_id,
       "SELECT id, name, parent_id, head_id FROM v_department",
       {{"NAME", "name", same}, {"PARENT", "parent_id", integer}, {"UF_HEAD", "head_id", integer}}},
      {Entity::pipeline,
       plain_id,
       "SELECT id, name, sort FROM v_pipeline",
       {{"name", "name", same}, {"sort", "sort", integer}}},
      {Entity::stage,
       stage_id,
       "SELECT iif(pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || pipeline_id) || '/' || stage_id "
       "AS id, name, semantic, sort FROM v_stage",
       {{"NAME", "name", same}, {"SEMANTICS", "semantic", semantic}, {"SORT", "sort", integer}}},
      {Entity::lead,
       plain_id,
       "SELECT id, title, stage_id, semantic, amount, amount_minor, currency, manager_id, "
       "created_at, updated_at "
       "FROM v_lead",
       {{"title", "title", same},
        {"stageId", "stage_id", same},
        {"stageSemanticId", "semantic", same},
        {"opportunity", "amount", same},
        {"opportunity", "amount_minor", hundredths},
        {"currencyId", "currency", same},
        {"assignedById", "manager_id", integer},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant}}},
      {Entity::quote,
       plain_id,
       "SELECT id, title, stage_id, amount, amount_minor, currency, manager_id, nullif(deal_id, 0) "
       "AS deal_id, "
       "created_at, updated_at FROM v_quote",
       {{"title", "title", same},
        {"stageId", "stage_id", same},
        {"opportunity", "amount", same},
        {"opportunity", "amount_minor", hundredths},
        {"currencyId", "currency", same},
        {"assignedById", "manager_id", integer},
        {"dealId", "deal_id", link},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant}}},
      {Entity::invoice,
       plain_id,
       "SELECT id, title, stage_id, amount, amount_minor, currency, manager_id, nullif(deal_id, 0) "
       "AS deal_id, "
       "created_at, updated_at FROM v_invoice",
       {{"title", "title", same},
        {"stageId", "stage_id", same},
        {"opportunity", "amount", same},
        {"opportunity", "amount_minor", hundredths},
        {"currencyId", "currency", same},
        {"assignedById", "manager_id", integer},
        {"parentId2", "deal_id", link},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant}}},
      {Entity::contact,
       plain_id,
       "SELECT id, first_name, last_name, nullif(company_id, 0) AS company_id, manager_id, "
       "created_at, updated_at FROM v_contact",
       {{"name", "first_name", same},
        {"lastName", "last_name", same},
        {"companyId", "company_id", link},
        {"assignedById", "manager_id", integer},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant}}},
      {Entity::company,
       plain_id,
       "SELECT id, title, manager_id, created_at, updated_at FROM v_company",
       {{"title", "title", same},
        {"assignedById", "manager_id", integer},
        {"createdTime", "created_at", instant},
        {"updatedTime", "updated_at", instant}}},
      {Entity::activity,
       plain_id,
       "SELECT id, owner_type_id, owner_id, type_id, provider_id, subject, completed, manager_id, "
       "created_at, updated_at, deadline_at FROM v_activity",
       {{"OWNER_TYPE_ID", "owner_type_id", integer},
        {"OWNER_ID", "owner_id", integer},
        {"TYPE_ID", "type_id", integer},
        {"PROVIDER_ID", "provider_id", same},
        {"SUBJECT", "subject", same},
        {"COMPLETED", "completed", yes_no},
        {"RESPONSIBLE_ID", "manager_id", integer},
        {"CREATED", "created_at", instant},
        {"LAST_UPDATED", "updated_at", instant},
        {"DEADLINE", "deadline_at", deadline}}},
      {Entity::deal_move, plain_id,
       "SELECT id, owner_id, type, at, stage_id, semantic FROM v_stage_move WHERE entity = 'deal'",
       moves("STAGE_ID", "STAGE_SEMANTIC_ID")},
      {Entity::lead_move, plain_id,
       "SELECT id, owner_id, type, at, stage_id, semantic FROM v_stage_move WHERE entity = 'lead'",
       moves("STATUS_ID", "STATUS_SEMANTIC_ID")},
      {Entity::invoice_move, plain_id,
       "SELECT id, owner_id, type, at, stage_id, semantic FROM v_stage_move "
       "WHERE entity = 'invoice'",
       moves("STAGE_ID", "STAGE_SEMANTIC_ID")},
      {Entity::currency,
       currency_code,
       "SELECT code AS id, name, rate, nominal, is_base, sort, decimals, updated_at FROM "
       "v_currency",
       {{"FULL_NAME", "name", same},
        {"AMOUNT", "rate", number, Asked::by_clock},
        {"AMOUNT_CNT", "nominal", integer},
        {"BASE", "is_base", yes_no},
        {"SORT", "sort", integer},
        {"DECIMALS", "decimals", integer},
        {"DATE_UPDATE", "updated_at", instant, Asked::by_clock}}},
      {Entity::activity,
       chat_id,
       "SELECT activity_id AS id, session_id, line, manager_id, opened_at, closed FROM v_chat",
       {{"ASSOCIATED_ENTITY_ID", "session_id", integer},
        {"PROVIDER_TYPE_ID", "line", same},
        {"RESPONSIBLE_ID", "manager_id", integer},
        {"CREATED", "opened_at", instant},
        {"COMPLETED", "closed", yes_no}},
       "chat"},
  };
  return all;
}

// Whose an order of the shop is has no view of its own.
const Comparison& order_links() {
  static const Comparison all = {
      Entity::order_link,
      [](const json& row) { return integer(row.at("orderId")).dump(); },
      "SELECT id, owner_type_id, owner_id FROM order_links WHERE deleted_at IS NULL",
      {{"ownerTypeId", "owner_type_id", integer}, {"ownerId", "owner_id", integer}},
      nullptr,
      Asked::by_clock};
  return all;
}

// By the shop's list; `dealId` and `invoiceId` are added to its rows (payments_of_the_shop).
const Comparison& payments() {
  static const Comparison all = {
      Entity::payment,
      plain_id,
      "SELECT id, number, deal_id, invoice_id, amount, amount_minor, currency, paid, paid_at, "
      "is_return, returned_at, billed_at, manager_id, pay_system FROM v_payment",
      {{"accountNumber", "number", same},
       {"dealId", "deal_id", link},
       {"invoiceId", "invoice_id", link},
       {"sum", "amount", same},
       {"sum", "amount_minor", hundredths},
       {"currency", "currency", same},
       {"paid", "paid", yes_no, Asked::by_clock},
       {"datePaid", "paid_at", instant, Asked::by_clock},
       {"isReturn", "is_return", yes_no, Asked::by_clock},
       {"payReturnDate", "returned_at", returned_at, Asked::by_clock},
       {"dateBill", "billed_at", instant},
       {"responsibleId", "manager_id", integer},
       {"paySystemName", "pay_system", same}},
      nullptr,
      Asked::by_clock};
  return all;
}

// By cards, which say less.
const Comparison& payments_of_cards() {
  static const Comparison all = {
      Entity::payment,
      plain_id,
      "SELECT id, number, deal_id, invoice_id, amount, amount_minor, currency, paid, paid_at, "
      "pay_system, iif(invoice_id IS NULL, 'deal ' || deal_id, 'invoice ' || invoice_id) AS owner "
      "FROM v_payment",
      {{"accountNumber", "number", same},
       {"dealId", "deal_id", link},
       {"invoiceId", "invoice_id", link},
       {"sum", "amount", same},
       {"sum", "amount_minor", hundredths},
       {"currency", "currency", same},
       {"paid", "paid", yes_no},
       {"datePaid", "paid_at", instant},
       {"paySystemName", "pay_system", same}},
      "payment of a card"};
  return all;
}

const Comparison& goods() {
  static const Comparison all = {
      Entity::deal,
      key_of,
      "SELECT deal_id || '/' || id AS id, 'deal ' || deal_id AS owner, product_id, name, quantity, "
      "price_minor, tax_rate, tax_included, discount_type, discount_rate, discount_minor, sort "
      "FROM v_deal_product",
      {{"productId", "product_id", link},
       {"productName", "name", same},
       {"quantity", "quantity", same},
       {"price", "price_minor", hundredths},
       {"taxRate", "tax_rate", same},
       {"taxIncluded", "tax_included", yes_no},
       {"discountTypeId", "discount_type", integer},
       {"discountRate", "discount_rate", same},
       {"discountSum", "discount_minor", hundredths},
       {"sort", "sort", integer}},
      "goods"};
  return all;
}

const Comparison& comments() {
  static const Comparison all = {
      Entity::deal,
      key_of,
      "SELECT deal_id || '/' || id AS id, 'deal ' || deal_id AS owner, author_id, created_at "
      "FROM v_comment",
      {{"AUTHOR_ID", "author_id", integer}, {"CREATED", "created_at", instant}},
      "comment"};
  return all;
}

const Comparison& chat_messages() {
  static const Comparison all = {
      Entity::activity,
      key_of,
      "SELECT activity_id || '/' || id AS id, 'activity ' || activity_id AS owner, chat_id, at, "
      "side, author_id FROM v_chat_message",
      {{"chatid", "chat_id", integer},
       {"date", "at", instant},
       {"side", "side", same},
       {"senderid", "author_id", link}},
      "chat message"};
  return all;
}

// The latest of everybody, and whose days the portal keeps.
const Comparison& workdays() {
  static const Comparison all = {
      Entity::user,
      key_of,
      "SELECT CAST(w.manager_id AS TEXT) AS id, w.day, w.status, w.opened_at, w.opened_clock, "
      "w.closed_at, w.break_seconds, w.confirmed, m.day_tracked, m.day_latest_start "
      "FROM v_workday AS w JOIN v_manager AS m ON m.id = w.manager_id "
      "WHERE w.day = (SELECT max(o.day) FROM v_workday AS o WHERE o.manager_id = w.manager_id)",
      {{"STATUS", "status", lower_case},
       {"TIME_START", "day", day_part},
       {"TIME_START", "opened_at", instant},
       {"TIME_START", "opened_clock", clock_part},
       {"TIME_FINISH", "closed_at", instant},
       {"TIME_LEAKS", "break_seconds", span},
       {"ACTIVE", "confirmed", yes_no},
       {"UF_TIMEMAN", "day_tracked", yes_no},
       {"UF_TM_MAX_START", "day_latest_start", hour_and_minute}},
      "working day"};
  return all;
}

void compare(const Comparison& what, Asked up_to, const json& portal_rows, const json& mirror_rows,
             std::vector<std::string>& found) {
  std::map<std::string, const json*> mirror;
  for (const json& row : mirror_rows) {
    const json& id = row.at("id");
    mirror[id.is_string() ? id.get<std::string>() : id.dump()] = &row;
  }
  const std::string entity{what.word != nullptr ? what.word : name(what.entity)};
  for (const json& row : portal_rows) {
    const std::string id = what.id(row);
    if (id.empty()) continue;
    const auto here = mirror.find(id);
    if (here == mirror.end()) {
      found.push_back(fmt::format("{} {} is missing", entity, id));
      continue;
    }
    for (const Column& column : what.columns) {
      if (column.asked > up_to) continue;
      const json want = column.convert(row.contains(column.portal) ? row[column.portal] : json());
      const json& have = here->second->at(column.view);
      const bool equal =
          want == have || (want.is_null() && have == "") || (want == "" && have.is_null());
      if (!equal) {
        found.push_back(fmt::format("{} {} {}: portal {} mirror {}", entity, id, column.view,
                                    want.dump(), have.dump()));
      }
    }
    mirror.erase(here);
  }
  if (up_to < what.deletions) return;
  for (const auto& [id, row] : mirror) found.push_back(fmt::format("{} {} is extra", entity, id));
}

// "7 2 5": task or activity 7 is linked to deal 5.
using Links = std::set<std::string>;

Links mirrored_links(Workplace& workplace, const std::string& sql) {
  Links links;
  for (const json& row : workplace.query(sql)) {
    links.insert(fmt::format("{} {} {}", row["id"].dump(), row["type"].dump(), row["to"].dump()));
  }
  return links;
}

Links links_of_tasks(Workplace& workplace) {
  Links links;
  for (const json& task : json::parse(workplace.portal().rows(Entity::task))) {
    for (const json& link : task.at("ufCrmTask")) {
      const auto code = link.get<std::string>();
      if (!code.starts_with("D_")) throw std::runtime_error{"the portal links to " + code};
      links.insert(plain_id(task) + " 2 " + code.substr(2));
    }
  }
  return links;
}

std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Links links_of_activities(Workplace& workplace) {
  Links links;
  const Time now = workplace.portal().now();
  for (const json& activity : json::parse(workplace.portal().rows(Entity::activity))) {
    const std::int64_t id = std::stoll(activity.at("ID").get<std::string>());
    const auto changed = parse_time(activity.at("LAST_UPDATED").get<std::string>());
    if (activity.at("COMPLETED") == "Y" && changed && now - *changed >= kWorthAsking) {
      // What is over and old is known by its owner alone.
      links.insert(fmt::format("{} {} {}", id, plain(activity.at("OWNER_TYPE_ID")),
                               plain(activity.at("OWNER_ID"))));
      continue;
    }
    const json answer = json::parse(workplace.portal().call(
        "crm.activity.binding.list", fmt::format(R"({{"activityId":{}}})", id)));
    for (const json& link : answer.at("result")) {
      links.insert(
          fmt::format("{} {} {}", id, link["entityTypeId"].dump(), link["entityId"].dump()));
    }
  }
  return links;
}

std::string differences_of(const char* what, const Links& portal, const Links& mirror) {
  std::string out;
  for (const std::string& link : portal) {
    if (!mirror.contains(link)) out += fmt::format("{} link {} is missing\n", what, link);
  }
  for (const std::string& link : mirror) {
    if (!portal.contains(link)) out += fmt::format("{} link {} is extra\n", what, link);
  }
  return out;
}

// --- what is asked for by an object's id ---

json called(sim::Portal& portal, const char* method, const std::string& params) {
  const json answer = json::parse(portal.call(method, params));
  if (!answer.contains("result")) throw std::runtime_error{method + (": " + answer.dump())};
  return answer;
}

// All pages of a list.
json listed(sim::Portal& portal, const char* method, const json& filter, const char* inside) {
  json rows = json::array();
  for (json next = 0; !next.is_null();) {
    const json page = called(portal, method, json{{"filter", filter}, {"start", next}}.dump());
    const json& found = inside == nullptr ? page["result"] : page["result"][inside];
    rows.insert(rows.end(), found.begin(), found.end());
    next = page.value("next", json());
  }
  return rows;
}

// With the shop's list of payments nobody is asked for them by cards.
bool gives_shop(sim::Portal& portal) {
  const json scopes = called(portal, "scope", "{}")["result"];
  return std::find(scopes.begin(), scopes.end(), "sale") != scopes.end();
}

json payments_of_the_shop(sim::Portal& portal) {
  std::map<json, json> deals;
  for (const json& invoice : json::parse(portal.rows(Entity::invoice))) {
    deals[invoice.at("id")] = invoice.at("parentId2");
  }
  std::map<json, json> links;
  for (const json& link : json::parse(portal.rows(Entity::order_link)))
    links[link["orderId"]] = link;
  json rows = json::parse(portal.rows(Entity::payment));
  for (json& row : rows) {
    const auto link = links.find(row.at("orderId"));
    if (link == links.end()) continue;  // an order of the shop that is no card's
    const json& owner = link->second["ownerId"];
    const bool of_deal = link->second["ownerTypeId"] == 2;
    row["dealId"] = of_deal ? owner : deals[owner];
    row["invoiceId"] = of_deal ? json() : owner;
  }
  return rows;
}

json order_links_of_the_mirror(const Workplace& workplace) {
  SQLite::Database state{workplace.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READONLY,
                         5000};
  SQLite::Statement select{state, order_links().sql};
  json rows = json::array();
  while (select.executeStep()) {
    rows.push_back({{"id", select.getColumn(0).getInt64()},
                    {"owner_type_id", select.getColumn(1).getInt64()},
                    {"owner_id", select.getColumn(2).getInt64()}});
  }
  return rows;
}

bool changed_lately(const json& at, Time now) {
  const auto time = at.is_string() ? parse_time(at.get<std::string>()) : std::nullopt;
  return !time || now - *time < kWorthAsking;
}

// Whose details are known: "deal 17", in the words of the comparisons above.
using Owners = std::set<std::string>;

// Only of these the mirror is asked.
json rows_of(Workplace& workplace, const Comparison& what, const Owners& owners) {
  json rows = json::array();
  for (json& row : workplace.query(what.sql)) {
    if (owners.contains(row.at("owner").get<std::string>())) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<json> deals_worth_asking(sim::Portal& portal) {
  std::vector<json> deals;
  for (json& deal : json::parse(portal.rows(Entity::deal))) {
    if (deal.at("closed") == "Y" && !changed_lately(deal.at("updatedTime"), portal.now())) continue;
    deals.push_back(std::move(deal));
  }
  return deals;
}

void compare_goods_and_comments(Workplace& workplace, std::vector<std::string>& found) {
  sim::Portal& portal = workplace.portal();
  Owners owners;
  json portal_goods = json::array();
  json portal_comments = json::array();
  for (const json& deal : deals_worth_asking(portal)) {
    const std::string id = plain_id(deal);
    owners.insert("deal " + id);
    for (json& row : listed(portal, "crm.item.productrow.list",
                            {{"=ownerType", "D"}, {"=ownerId", deal["id"]}}, "productRows")) {
      row["key"] = id + "/" + plain_id(row);
      portal_goods.push_back(std::move(row));
    }
    for (json& row : listed(portal, "crm.timeline.comment.list",
                            {{"ENTITY_TYPE", "deal"}, {"ENTITY_ID", deal["id"]}}, nullptr)) {
      row["key"] = id + "/" + plain_id(row);
      portal_comments.push_back(std::move(row));
    }
  }
  compare(goods(), Asked::by_clock, portal_goods, rows_of(workplace, goods(), owners), found);
  compare(comments(), Asked::by_clock, portal_comments, rows_of(workplace, comments(), owners),
          found);
}

void add_payments(sim::Portal& portal, int type, const json& card, json& rows) {
  const json asked = {{"entityTypeId", type}, {"entityId", card["id"]}};
  json answer = called(portal, "crm.item.payment.list", asked.dump());
  for (json& row : answer["result"]) {
    row["dealId"] = type == 2 ? card["id"] : card["parentId2"];
    row["invoiceId"] = type == 2 ? json() : card["id"];
    rows.push_back(std::move(row));
  }
}

// Invoices are not known to be open: of them, all that changed.
void compare_payments_of_cards(Workplace& workplace, std::vector<std::string>& found) {
  sim::Portal& portal = workplace.portal();
  Owners owners;
  json rows = json::array();
  for (const json& deal : deals_worth_asking(portal)) {
    owners.insert("deal " + plain_id(deal));
    add_payments(portal, 2, deal, rows);
  }
  for (const json& invoice : json::parse(portal.rows(Entity::invoice))) {
    if (!changed_lately(invoice.at("updatedTime"), portal.now())) continue;
    owners.insert("invoice " + plain_id(invoice));
    add_payments(portal, 31, invoice, rows);
  }
  compare(payments_of_cards(), Asked::by_clock, rows,
          rows_of(workplace, payments_of_cards(), owners), found);
}

// Who wrote, by what the portal says of the people of a session.
const char* side_of(const json& sender, const json& users) {
  if (sender == "0") return "system";
  const json& user = users.at(sender.get<std::string>());
  return user.at("connector") == true ? "client" : user.at("bot") == true ? "bot" : "operator";
}

void compare_chat_messages(Workplace& workplace, std::vector<std::string>& found) {
  sim::Portal& portal = workplace.portal();
  Owners owners;
  json rows = json::array();
  for (const json& activity : json::parse(portal.rows(Entity::activity))) {
    const std::string id = chat_id(activity);
    const bool lately = changed_lately(activity.at("LAST_UPDATED"), portal.now());
    if (id.empty() || (activity.at("COMPLETED") == "Y" && !lately)) continue;
    owners.insert("activity " + id);
    const json session = {{"SESSION_ID", activity.at("ASSOCIATED_ENTITY_ID")}};
    const json history =
        called(portal, "imopenlines.session.history.get", session.dump())["result"];
    for (json message : history.at("message")) {
      message["key"] = id + "/" + plain_id(message);
      message["side"] = side_of(message.at("senderid"), history.at("users"));
      rows.push_back(std::move(message));
    }
  }
  compare(chat_messages(), Asked::by_clock, rows, rows_of(workplace, chat_messages(), owners),
          found);
}

// Those of the managers; who has never begun a day has none.
void compare_workdays(Workplace& workplace, std::vector<std::string>& found) {
  sim::Portal& portal = workplace.portal();
  json rows = json::array();
  const json facts = json::parse(portal.facts());
  for (const json& id : facts.at("managers")) {
    const std::string whose = json{{"USER_ID", id}}.dump();
    json day = called(portal, "timeman.status", whose)["result"];
    if (day.at("TIME_START").is_null()) continue;
    day.update(called(portal, "timeman.settings", whose)["result"]);
    day["key"] = id.dump();
    rows.push_back(std::move(day));
  }
  compare(workdays(), Asked::by_clock, rows, workplace.query(workdays().sql), found);
}

std::string lines_of(const std::vector<std::string>& found) {
  std::string out;
  for (std::size_t i = 0; i < found.size() && i < 20; ++i) out += found[i] + "\n";
  if (found.size() > 20) out += fmt::format("... {} in all\n", found.size());
  return out;
}

}  // namespace

std::string link_differences(Workplace& workplace) {
  const char* const kTasks =
      "SELECT task_id AS id, entity_type_id AS type, entity_id AS \"to\" FROM v_task_link";
  // What is gone is bound to nothing, and no activity says that it has changed.
  const char* const kActivities =
      "SELECT activity_id AS id, entity_type_id AS type, entity_id AS \"to\" FROM v_activity_link "
      "WHERE (entity <> 'contact' OR entity_id IN (SELECT id FROM v_contact)) "
      "AND (entity <> 'company' OR entity_id IN (SELECT id FROM v_company)) "
      "AND (entity <> 'deal' OR entity_id IN (SELECT id FROM v_deal))";
  return differences_of("task", links_of_tasks(workplace), mirrored_links(workplace, kTasks)) +
         differences_of("activity", links_of_activities(workplace),
                        mirrored_links(workplace, kActivities));
}

std::string differences(Workplace& workplace, Asked up_to) {
  sim::Portal& portal = workplace.portal();
  std::vector<std::string> found;
  for (const Comparison& what : comparisons()) {
    compare(what, up_to, json::parse(portal.rows(what.entity)), workplace.query(what.sql), found);
  }
  if (gives_shop(portal)) {
    compare(order_links(), up_to, json::parse(portal.rows(Entity::order_link)),
            order_links_of_the_mirror(workplace), found);
    compare(payments(), up_to, payments_of_the_shop(portal), workplace.query(payments().sql),
            found);
  }
  return lines_of(found);
}

std::string detail_differences(Workplace& workplace) {
  std::vector<std::string> found;
  compare_chat_messages(workplace, found);
  compare_workdays(workplace, found);
  if (workplace.reads_on_demand()) {
    compare_goods_and_comments(workplace, found);
    if (!gives_shop(workplace.portal())) compare_payments_of_cards(workplace, found);
  }
  return lines_of(found);
}

std::string all_differences(Workplace& workplace) {
  return differences(workplace) + link_differences(workplace) + detail_differences(workplace);
}

}  // namespace b24
