#include "tests/support/workplace.h"

#include <fmt/format.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>
#include <thread>

#include "rules/base/time.h"

namespace b24 {
namespace {

using nlohmann::json;

std::string temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "b24watch-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return pattern;
}

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

struct Comparison {
  Entity entity;
  std::string (*id)(const json& row);  // "": the row is not mirrored
  const char* sql;                     // gives the same id
  std::vector<Column> columns;
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
        {"AMOUNT", "rate", number},
        {"AMOUNT_CNT", "nominal", integer},
        {"BASE", "is_base", yes_no},
        {"SORT", "sort", integer},
        {"DECIMALS", "decimals", integer},
        {"DATE_UPDATE", "updated_at", instant}}},
  };
  return all;
}

void compare(const Comparison& what, const json& portal_rows, const json& mirror_rows,
             std::vector<std::string>& found) {
  std::map<std::string, const json*> mirror;
  for (const json& row : mirror_rows) {
    const json& id = row.at("id");
    mirror[id.is_string() ? id.get<std::string>() : id.dump()] = &row;
  }
  const std::string entity{name(what.entity)};
  for (const json& row : portal_rows) {
    const std::string id = what.id(row);
    if (id.empty()) continue;
    const auto here = mirror.find(id);
    if (here == mirror.end()) {
      found.push_back(fmt::format("{} {} is missing", entity, id));
      continue;
    }
    for (const Column& column : what.columns) {
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
  for (const auto& [id, row] : mirror) found.push_back(fmt::format("{} {} is extra", entity, id));
}

}  // namespace

Workplace::Workplace(sim::PortalOptions options)
    : folder_(temporary_folder()), portal_(std::move(options)) {
  portal_.start();
  configure();
}

Workplace::~Workplace() {
  std::error_code ignored;  // a leftover in the temporary folder harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void Workplace::configure(const std::string& more) {
  std::ofstream webhook{folder_ + "/webhook", std::ios::trunc};
  webhook << portal_.webhook() << '\n';
  webhook.close();
  std::filesystem::permissions(folder_ + "/webhook", std::filesystem::perms::owner_read |
                                                         std::filesystem::perms::owner_write);
  std::ofstream settings{config_file(), std::ios::trunc};
  settings << "portal:\n  webhook_file: " << folder_ << "/webhook\n  poll: " << poll
           << "\n  poll_quiet: " << poll << "\nstate_dir: " << folder_
           << "/state\n"
           // Tests run at night too.
           << (more.find("people:") == std::string::npos ? "people: {notify_hours: any}\n" : "")
           << more;
}

std::vector<std::string> Workplace::command(std::vector<std::string> arguments) const {
  std::vector<std::string> all = {b24watch_program(), "--config", config_file()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Finished Workplace::run(std::vector<std::string> arguments) const {
  return run_process(command(std::move(arguments)), folder_);
}

json Workplace::query(const std::string& sql) const {
  const Finished done = run({"query", "--json", sql});
  if (done.exit_code != 0) throw std::runtime_error(done.err);
  return json::parse(done.out);
}

json Workplace::preview(const std::string& rule) const {
  const Finished done =
      run({"preview", "--json", "--rule", rule, "--at", format_utc(portal_.now())});
  if (done.exit_code != 0) throw std::runtime_error(done.err);
  return json::parse(done.out);
}

bool Workplace::has_begun() const try {
  SQLite::Database state{folder_ + "/state/b24watch.sqlite", SQLite::OPEN_READONLY, 5000};
  SQLite::Statement begun{state, "SELECT 1 FROM meta WHERE name = 'watching_since'"};
  return begun.executeStep();
} catch (const SQLite::Exception&) {
  return false;  // it is not there yet
}

namespace {

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
    if (activity.at("COMPLETED") == "Y" && changed && now - *changed >= days{45}) {
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

std::string differences(Workplace& workplace) {
  std::vector<std::string> found;
  for (const Comparison& what : comparisons()) {
    compare(what, json::parse(workplace.portal().rows(what.entity)), workplace.query(what.sql),
            found);
  }
  std::string out;
  for (std::size_t i = 0; i < found.size() && i < 20; ++i) out += found[i] + "\n";
  if (found.size() > 20) out += fmt::format("... {} in all\n", found.size());
  return out;
}

bool eventually(const std::function<bool()>& holds, milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return holds();
    std::this_thread::sleep_for(milliseconds{20});
  }
  return true;
}

}  // namespace b24
