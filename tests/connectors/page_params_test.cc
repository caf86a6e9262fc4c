#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "connectors/bitrix24/entities.h"

// What lists are asked for with, word for word, and the table they are asked by.

namespace b24 {
namespace {

TEST(PageParamsTest, WritesTheDocumentedParametersInTheirOrder) {
  PageQuery query;
  query.after = "1200";
  query.since = from_unix(1'795'244'400);
  query.recent_since = from_unix(1'795'244'400);
  query.portal_offset = hours{3};
  query.ids_only = true;
  PageQuery some;
  some.ids = {7, 8};
  some.ids_only = true;
  PageQuery closed;
  closed.after = "0";
  closed.also_since = query.since;
  closed.portal_offset = hours{3};
  closed.ids_only = true;
  const struct {
    Entity entity;
    PageQuery query;
    const char* want;
  } cases[] = {
      {Entity::task, closed,
       R"({"order":{"ID":"asc"},"filter":{">ID":0,">=CLOSED_DATE":"2026-11-21T10:00:00+03:00"},"select":["ID"],"start":-1})"},
      {Entity::deal, query,
       R"({"entityTypeId":2,"select":["id"],"filter":{">id":1200,"0":{"logic":"OR","0":{">=updatedTime":"2026-11-21T10:00:00+03:00"},"1":{">=movedTime":"2026-11-21T10:00:00+03:00"},"2":{">=lastActivityTime":"2026-11-21T10:00:00+03:00"}}},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::deal, some,
       R"({"entityTypeId":2,"select":["id"],"filter":{"@id":[7,8]},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::task, query,
       R"({"order":{"ID":"asc"},"filter":{">ID":1200,">=CHANGED_DATE":"2026-11-21T10:00:00+03:00"},"select":["ID"],"start":-1})"},
      {Entity::task, some,
       R"({"order":{"ID":"asc"},"filter":{"ID":[7,8]},"select":["ID"],"start":-1})"},
      {Entity::call, query,
       R"({"FILTER":{">ID":1200,">=CALL_START_DATE":"2026-11-21T10:00:00+03:00"},"SORT":"ID","ORDER":"ASC","start":-1})"},
      {Entity::user, query,
       R"({"FILTER":{">ID":1200},"sort":"ID","order":"ASC","select":["ID"],"start":-1})"},
      {Entity::user, some,
       R"({"FILTER":{"@ID":[7,8]},"sort":"ID","order":"ASC","select":["ID"],"start":-1})"},
      {Entity::department, query, R"({"sort":"ID","order":"ASC"})"},
      {Entity::pipeline, query, R"({"entityTypeId":2})"},
      {Entity::stage, query, R"({"order":{"ID":"ASC"}})"},
      {Entity::currency, query, R"({"order":{"currency":"asc"}})"},
      {Entity::currency, some, R"({"order":{"currency":"asc"}})"},
      {Entity::lead, query,
       R"({"entityTypeId":1,"select":["id"],"filter":{">id":1200,"0":{"logic":"OR","0":{">=updatedTime":"2026-11-21T10:00:00+03:00"},"1":{">=movedTime":"2026-11-21T10:00:00+03:00"},"2":{">=lastActivityTime":"2026-11-21T10:00:00+03:00"}}},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      // A quote does not know its moves.
      {Entity::quote, query,
       R"({"entityTypeId":7,"select":["id"],"filter":{">id":1200,">=updatedTime":"2026-11-21T10:00:00+03:00"},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::invoice, query,
       R"({"entityTypeId":31,"select":["id"],"filter":{">id":1200,"0":{"logic":"OR","0":{">=updatedTime":"2026-11-21T10:00:00+03:00"},"1":{">=movedTime":"2026-11-21T10:00:00+03:00"}}},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::contact, query,
       R"({"entityTypeId":3,"select":["id"],"filter":{">id":1200,"0":{"logic":"OR","0":{">=updatedTime":"2026-11-21T10:00:00+03:00"},"1":{">=lastActivityTime":"2026-11-21T10:00:00+03:00"}}},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::company, some,
       R"({"entityTypeId":4,"select":["id"],"filter":{"@id":[7,8]},"order":{"id":"ASC"},"start":-1,"useOriginalUfNames":"Y"})"},
      {Entity::activity, query,
       R"({"order":{"ID":"ASC"},"filter":{">ID":1200,">=LAST_UPDATED":"2026-11-21T10:00:00+03:00"},"select":["ID"],"start":-1})"},
      {Entity::activity, some,
       R"({"order":{"ID":"ASC"},"filter":{"@ID":[7,8]},"select":["ID"],"start":-1})"},
      // Moves are found by their ids alone.
      {Entity::deal_move, query,
       R"({"entityTypeId":2,"order":{"ID":"ASC"},"filter":{">ID":1200},"select":["ID"],"start":-1})"},
      {Entity::lead_move, query,
       R"({"entityTypeId":1,"order":{"ID":"ASC"},"filter":{">ID":1200},"select":["ID"],"start":-1})"},
      {Entity::invoice_move, some,
       R"({"entityTypeId":31,"order":{"ID":"ASC"},"filter":{"@ID":[7,8]},"select":["ID"],"start":-1})"},
      // Every page is counted: without, the method gives all or nobody says what.
      {Entity::payment, query,
       R"({"select":["id"],"filter":{">id":1200,">=datePaid":"2026-11-21T10:00:00+03:00"},"order":{"id":"asc"},"start":0})"},
      {Entity::payment, some,
       R"({"select":["id"],"filter":{"=id":[7,8]},"order":{"id":"asc"},"start":0})"},
      {Entity::order_link, query,
       R"({"select":["orderId"],"filter":{">orderId":1200},"order":{"orderId":"asc"},"start":0})"},
      {Entity::order_link, some,
       R"({"select":["orderId"],"filter":{"@orderId":[7,8]},"order":{"orderId":"asc"},"start":0})"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(page_params(spec(c.entity), c.query).dump(), c.want);
  }
  query.start = 100;
  EXPECT_EQ(page_params(spec(Entity::department), query).dump(),
            R"({"sort":"ID","order":"ASC","START":100})");
  query.after = "$result[l0p0][items][49][id]";
  EXPECT_EQ(page_params(spec(Entity::deal), query)["filter"][">id"], query.after);
}

std::string selected(Entity entity) {
  return page_params(spec(entity), {.after = "0"})["select"].dump();
}

TEST(PageParamsTest, SelectsWhatIsKeptAndNoMore) {
  EXPECT_EQ(
      selected(Entity::lead),
      R"(["id","title","stageId","stageSemanticId","opportunity","currencyId","assignedById","createdBy","updatedBy","movedBy","createdTime","updatedTime","movedTime","lastActivityTime","lastActivityBy","companyId","contactId","sourceId","isReturnCustomer","hasPhone","hasEmail","hasImol"])");
  EXPECT_EQ(
      selected(Entity::quote),
      R"(["id","quoteNumber","title","stageId","closed","opportunity","currencyId","assignedById","createdBy","updatedBy","createdTime","updatedTime","begindate","closedate","actualDate","dealId","leadId","companyId","contactId"])");
  EXPECT_EQ(
      selected(Entity::invoice),
      R"(["id","accountNumber","title","categoryId","stageId","opportunity","currencyId","assignedById","createdBy","updatedBy","movedBy","createdTime","updatedTime","movedTime","begindate","closedate","companyId","contactId","parentId2","parentId7"])");
  EXPECT_EQ(
      selected(Entity::contact),
      R"(["id","name","lastName","companyId","assignedById","createdTime","updatedTime","lastActivityTime"])");
  EXPECT_EQ(selected(Entity::company),
            R"(["id","title","assignedById","createdTime","updatedTime","lastActivityTime"])");
  EXPECT_EQ(
      selected(Entity::activity),
      R"(["ID","OWNER_TYPE_ID","OWNER_ID","TYPE_ID","PROVIDER_ID","PROVIDER_TYPE_ID","SUBJECT","COMPLETED","STATUS","DIRECTION","PRIORITY","RESPONSIBLE_ID","AUTHOR_ID","EDITOR_ID","CREATED","LAST_UPDATED","START_TIME","END_TIME","DEADLINE","IS_INCOMING_CHANNEL","ASSOCIATED_ENTITY_ID"])");
  const char* moves =
      R"(["ID","TYPE_ID","OWNER_ID","CREATED_TIME","CATEGORY_ID","STAGE_ID","STAGE_SEMANTIC_ID"])";
  EXPECT_EQ(selected(Entity::deal_move), moves);
  EXPECT_EQ(selected(Entity::invoice_move), moves);
  EXPECT_EQ(
      selected(Entity::payment),
      R"(["id","accountNumber","orderId","sum","currency","paid","datePaid","dateBill","isReturn","payReturnDate","responsibleId","paySystemName"])");
  EXPECT_EQ(selected(Entity::order_link), R"(["orderId","ownerTypeId","ownerId"])");
  EXPECT_EQ(selected(Entity::lead_move),
            R"(["ID","TYPE_ID","OWNER_ID","CREATED_TIME","STATUS_ID","STATUS_SEMANTIC_ID"])");
}

TEST(EntitySpecTest, IsRenewedByWhatItNames) {
  for (const EntitySpec& s : specs()) {
    const bool changed = s.renewal == Renewal::changed_since;
    const bool recent = s.renewal == Renewal::recent_by;
    EXPECT_EQ(!s.changed_filter.empty(), changed) << s.method;
    EXPECT_EQ(!s.recent_filter.empty(), recent) << s.method;
    EXPECT_TRUE(changed || (s.also_changed.empty() && s.also_filter.empty())) << s.method;
    // What is new is found by id.
    EXPECT_TRUE(s.renewal == Renewal::whole || s.paging == Paging::keyset) << s.method;
    // A list whose ids are compared is asked for them alone.
    const auto is_required = [](const Field& field) { return field.required; };
    EXPECT_TRUE(s.renewal == Renewal::whole ||
                std::none_of(s.fields.begin(), s.fields.end(), is_required))
        << s.method;
    // The time of change is kept: an older row must not replace a newer one.
    const auto is_kept = [&](const Field& field) { return field.select == s.changed_filter; };
    EXPECT_EQ(std::count_if(s.fields.begin(), s.fields.end(), is_kept), changed ? 1 : 0)
        << s.method;
  }
}

TEST(EntitySpecTest, NamesEachColumnOnce) {
  for (const Entity entity : kEntities) {
    const EntitySpec& s = spec(entity);
    EXPECT_EQ(s.entity, entity);
    std::set<std::string_view> columns = {"id"};
    std::set<std::string_view> portal;
    // A code is the key and a field of its own.
    if (s.id_style == IdStyle::number) portal.insert(s.id_answer);
    for (const Field& field : s.fields) {
      EXPECT_TRUE(columns.insert(field.column).second) << field.column;
      EXPECT_TRUE(portal.insert(field.portal).second) << field.portal;
    }
  }
}

}  // namespace
}  // namespace b24
