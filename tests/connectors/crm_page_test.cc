#include "tests/connectors/pages.h"

// One row of every kind of CRM object, written as the portal writes it, column by column.

namespace b24 {
namespace {

using Columns = std::vector<std::pair<const char*, std::string>>;

// The only row of the page.
Record only(Entity entity, const std::string& text) {
  const auto page = parse(entity, text);
  if (!page || page->records.size() != 1) {
    ADD_FAILURE() << (page ? "not one row" : page.error().text);
    return {};
  }
  return page->records.front();
}

void expect_columns(Entity entity, const Record& record, const Columns& want) {
  EXPECT_EQ(want.size(), spec(entity).fields.size()) << "every column once";
  if (record.values.size() != spec(entity).fields.size()) return;  // said already
  for (const auto& [name, value] : want) {
    EXPECT_EQ(shown(column(record, entity, name)), value) << name;
  }
}

std::string at(const char* text) { return std::to_string(unix_of(text)); }

TEST(CrmPageTest, ReadsALead) {
  const Record lead = only(Entity::lead, R"({"items":[{"id":253,"title":"Лид с сайта",
    "stageId":"IN_PROCESS","stageSemanticId":"P","opportunity":19000,"currencyId":"RUB",
    "assignedById":6,"createdBy":1,"updatedBy":6,"movedBy":6,
    "createdTime":"2026-11-20T10:00:00+03:00","updatedTime":"2026-11-21T10:05:00+03:00",
    "movedTime":"2026-11-21T10:01:00+03:00","lastActivityTime":"2026-11-21T10:05:00+03:00",
    "lastActivityBy":6,"companyId":0,"contactId":41,"sourceId":"WEB","isReturnCustomer":"Y",
    "hasPhone":"Y","hasEmail":"N","hasImol":"N","phone":"+79990000000",
    "fm":[{"typeId":"PHONE","value":"+79990000000"}]}]})");
  EXPECT_EQ(lead.id, 253);
  expect_columns(Entity::lead, lead,
                 {{"title", "Лид с сайта"},
                  {"stage_id", "IN_PROCESS"},
                  {"semantic", "P"},
                  {"amount_minor", "1900000"},
                  {"currency", "RUB"},
                  {"manager_id", "6"},
                  {"created_by", "1"},
                  {"updated_by", "6"},
                  {"moved_by", "6"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"moved_at", at("2026-11-21T07:01:00Z")},
                  {"last_activity_at", at("2026-11-21T07:05:00Z")},
                  {"last_activity_by", "6"},
                  {"company_id", "0"},
                  {"contact_id", "41"},
                  {"source_id", "WEB"},
                  {"repeated", "1"},
                  {"has_phone", "1"},
                  {"has_email", "0"},
                  {"has_chat", "0"}});
  EXPECT_EQ(lead.extra, "") << "people's numbers stay out";
}

TEST(CrmPageTest, ReadsAQuote) {
  const Record quote = only(Entity::quote, R"({"items":[{"id":7,"quoteNumber":"КП-7",
    "title":"Предложение","stageId":"SENT","closed":"N","opportunity":999.9,"currencyId":"RUB",
    "assignedById":17,"createdBy":17,"updatedBy":1,"createdTime":"2026-11-20T10:00:00+03:00",
    "updatedTime":"2026-11-21T10:05:00+03:00","begindate":"2026-11-20T03:00:00+03:00",
    "closedate":"2026-11-27T03:00:00+03:00","actualDate":"2026-12-20T03:00:00+03:00",
    "dealId":7405,"leadId":null,"companyId":5,"contactId":0,"UF_QUOTE_1":"x"}]})");
  EXPECT_EQ(quote.id, 7);
  expect_columns(Entity::quote, quote,
                 {{"number", "КП-7"},
                  {"title", "Предложение"},
                  {"stage_id", "SENT"},
                  {"closed", "0"},
                  {"amount_minor", "99990"},
                  {"currency", "RUB"},
                  {"manager_id", "17"},
                  {"created_by", "17"},
                  {"updated_by", "1"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"begin_date", "2026-11-20"},
                  {"close_date", "2026-11-27"},
                  {"valid_until", "2026-12-20"},
                  {"deal_id", "7405"},
                  {"lead_id", "NULL"},
                  {"company_id", "5"},
                  {"contact_id", "0"}});
  EXPECT_EQ(quote.extra, R"({"UF_QUOTE_1":"x"})");
}

// What does not fit stays readable.
TEST(CrmPageTest, KeepsASumThatIsNone) {
  const auto page = parse(Entity::quote, R"({"items":[{"id":1,"opportunity":1e300},
    {"id":2,"opportunity":"много"},{"id":3,"opportunity":null}]})");
  ASSERT_TRUE(page);
  const char* extras[] = {R"({"opportunity":1e300})", R"({"opportunity":"много"})", ""};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(shown(column(page->records.at(i), Entity::quote, "amount_minor")), "NULL");
    EXPECT_EQ(page->records[i].extra, extras[i]);
  }
}

TEST(CrmPageTest, ReadsCurrenciesByTheirCodes) {
  const auto page = parse(Entity::currency, R"([{"CURRENCY":"RUB","AMOUNT_CNT":"1",
    "AMOUNT":"1.0000","SORT":"100","BASE":"Y","FULL_NAME":"Российский рубль","LID":"ru",
    "FORMAT_STRING":"# ₽","DEC_POINT":".","THOUSANDS_SEP":"&nbsp;","DECIMALS":"2",
    "DATE_UPDATE":"2024-01-29T12:28:40+02:00"},
    {"CURRENCY":"KZT","AMOUNT_CNT":"100","AMOUNT":"18.7533","SORT":"","BASE":"N",
    "FULL_NAME":"Тенге","DECIMALS":"2","DATE_UPDATE":null},
    {"CURRENCY":"","AMOUNT":"1"},{"AMOUNT":"1"},{"CURRENCY":"R B"},{"CURRENCY":"TOOLONG"}])");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(page->records[0].id, 0x525542);
  expect_columns(Entity::currency, page->records[0],
                 {{"code", "RUB"},
                  {"name", "Российский рубль"},
                  {"rate", "1"},
                  {"nominal", "1"},
                  {"is_base", "1"},
                  {"sort", "100"},
                  {"decimals", "2"},
                  {"updated_at", at("2024-01-29T10:28:40Z")}});
  EXPECT_EQ(page->records[0].extra, "") << "how sums are written is nobody's business";
  expect_columns(Entity::currency, page->records[1],
                 {{"code", "KZT"},
                  {"name", "Тенге"},
                  {"rate", "18.7533"},
                  {"nominal", "100"},
                  {"is_base", "0"},
                  {"sort", "NULL"},
                  {"decimals", "2"},
                  {"updated_at", "NULL"}});
  ASSERT_EQ(page->rejected.size(), 4U);
  for (const RejectedRow& row : page->rejected) EXPECT_EQ(row.reason, "нет понятного CURRENCY");
}

TEST(CrmPageTest, ReadsAnInvoice) {
  const Record invoice = only(Entity::invoice, R"({"items":[{"id":31,"accountNumber":"31",
    "title":"Счёт","categoryId":13,"stageId":"DT31_13:N","opportunity":5000,"currencyId":"RUB",
    "assignedById":17,"createdBy":17,"updatedBy":17,"movedBy":17,
    "createdTime":"2026-11-20T10:00:00+03:00","updatedTime":"2026-11-21T10:05:00+03:00",
    "movedTime":"2026-11-20T10:00:00+03:00","begindate":"2026-11-20T03:00:00+03:00",
    "closedate":"2026-11-27T03:00:00+03:00","companyId":5,"contactId":null,"parentId2":7405,
    "parentId7":null}]})");
  EXPECT_EQ(invoice.id, 31);
  expect_columns(Entity::invoice, invoice,
                 {{"number", "31"},
                  {"title", "Счёт"},
                  {"pipeline_id", "13"},
                  {"stage_id", "DT31_13:N"},
                  {"amount_minor", "500000"},
                  {"currency", "RUB"},
                  {"manager_id", "17"},
                  {"created_by", "17"},
                  {"updated_by", "17"},
                  {"moved_by", "17"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"moved_at", at("2026-11-20T07:00:00Z")},
                  {"begin_date", "2026-11-20"},
                  {"close_date", "2026-11-27"},
                  {"company_id", "5"},
                  {"contact_id", "NULL"},
                  {"deal_id", "7405"},
                  {"quote_id", "NULL"}});
  EXPECT_EQ(invoice.extra, "");
}

TEST(CrmPageTest, AnInvoiceWithoutLinksToOtherKindsIsWhole) {
  const Record invoice = only(Entity::invoice, R"({"items":[{"id":31,"stageId":"DT31_13:N"}]})");
  EXPECT_EQ(invoice.id, 31);
  EXPECT_EQ(shown(column(invoice, Entity::invoice, "deal_id")), "NULL");
}

TEST(CrmPageTest, ReadsAContactAndACompany) {
  const Record contact = only(Entity::contact, R"({"items":[{"id":41,"name":"Пётр",
    "lastName":"Ким","companyId":5,"assignedById":17,"createdTime":"2026-11-20T10:00:00+03:00",
    "updatedTime":"2026-11-21T10:05:00+03:00","lastActivityTime":"2026-11-21T10:05:00+03:00",
    "phoneMobile":"+79990000000","email":"a@example.com","companyIds":[5]}]})");
  expect_columns(Entity::contact, contact,
                 {{"first_name", "Пётр"},
                  {"last_name", "Ким"},
                  {"company_id", "5"},
                  {"manager_id", "17"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"last_activity_at", at("2026-11-21T07:05:00Z")}});
  EXPECT_EQ(contact.extra, "");

  const Record company = only(Entity::company, R"({"items":[{"id":5,"title":"Вектор",
    "assignedById":17,"createdTime":"2026-11-20T10:00:00+03:00",
    "updatedTime":"2026-11-21T10:05:00+03:00","lastActivityTime":null,"phone":"+74950000000"}]})");
  expect_columns(Entity::company, company,
                 {{"title", "Вектор"},
                  {"manager_id", "17"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"last_activity_at", "NULL"}});
  EXPECT_EQ(company.extra, "");
}

TEST(CrmPageTest, ReadsAnActivity) {
  const Record activity = only(Entity::activity, R"([{"ID":"20","OWNER_ID":"7405",
    "OWNER_TYPE_ID":"2","TYPE_ID":"6","PROVIDER_ID":"CRM_TODO","PROVIDER_TYPE_ID":"NOTE",
    "PROVIDER_GROUP_ID":null,"ASSOCIATED_ENTITY_ID":"0","SUBJECT":"Позвонить",
    "CREATED":"2026-11-20T10:00:00+03:00","LAST_UPDATED":"2026-11-21T10:05:00+03:00",
    "START_TIME":"2026-11-21T10:00:00+03:00","END_TIME":"2026-11-21T11:00:00+03:00",
    "DEADLINE":"9999-12-31T00:00:00+03:00","COMPLETED":"N","STATUS":"1","RESPONSIBLE_ID":"17",
    "PRIORITY":"2","DESCRIPTION":"секрет","DESCRIPTION_TYPE":"1","DIRECTION":"0","LOCATION":"",
    "SETTINGS":[],"AUTHOR_ID":"17","EDITOR_ID":"1","PROVIDER_PARAMS":{"a":1},
    "RESULT_STREAM":"0","IS_INCOMING_CHANNEL":"N","BINDINGS":[],"COMMUNICATIONS":[{"ID":"23"}]}])");
  EXPECT_EQ(activity.id, 20);
  expect_columns(Entity::activity, activity,
                 {{"owner_type_id", "2"},
                  {"owner_id", "7405"},
                  {"type_id", "6"},
                  {"provider_id", "CRM_TODO"},
                  {"provider_type_id", "NOTE"},
                  {"subject", "Позвонить"},
                  {"completed", "0"},
                  {"status", "1"},
                  {"direction", "0"},
                  {"priority", "2"},
                  {"manager_id", "17"},
                  {"author_id", "17"},
                  {"editor_id", "1"},
                  {"created_at", at("2026-11-20T07:00:00Z")},
                  {"updated_at", at("2026-11-21T07:05:00Z")},
                  {"starts_at", at("2026-11-21T07:00:00Z")},
                  {"ends_at", at("2026-11-21T08:00:00Z")},
                  {"deadline_at", "NULL"},
                  {"incoming", "0"},
                  {"associated_id", "0"}});
  EXPECT_EQ(activity.extra, "") << "what was written and said stays out";
}

TEST(CrmPageTest, ReadsMovesWithIdsAsNumbersAndAsTexts) {
  const Columns want = {
      {"type", "2"},        {"owner_id", "21"},     {"at", at("2026-11-21T07:00:00Z")},
      {"pipeline_id", "5"}, {"stage_id", "C5:WON"}, {"semantic", "S"}};
  const char* const texts[] = {
      R"({"items":[{"ID":35,"TYPE_ID":2,"OWNER_ID":21,"CREATED_TIME":"2026-11-21T10:00:00+03:00",
         "CATEGORY_ID":5,"STAGE_SEMANTIC_ID":"S","STAGE_ID":"C5:WON"}]})",
      R"({"items":[{"ID":"35","TYPE_ID":"2","OWNER_ID":"21",
         "CREATED_TIME":"2026-11-21T10:00:00+03:00","CATEGORY_ID":"5","STAGE_SEMANTIC_ID":"S",
         "STAGE_ID":"C5:WON"}]})"};
  for (const char* text : texts) {
    for (const Entity entity : {Entity::deal_move, Entity::invoice_move}) {
      const Record move = only(entity, text);
      EXPECT_EQ(move.id, 35);
      expect_columns(entity, move, want);
      EXPECT_EQ(move.extra, "");
    }
  }
  const Record lead = only(Entity::lead_move, R"({"items":[{"ID":"8","TYPE_ID":"1","OWNER_ID":"4",
    "CREATED_TIME":"2026-11-21T10:00:00+03:00","STATUS_SEMANTIC_ID":"P","STATUS_ID":"NEW"}]})");
  expect_columns(Entity::lead_move, lead,
                 {{"type", "1"},
                  {"owner_id", "4"},
                  {"at", at("2026-11-21T07:00:00Z")},
                  {"stage_id", "NEW"},
                  {"semantic", "P"}});
}

// Asked for the ids alone, a list must not look broken.
TEST(CrmPageTest, AnIdAloneIsARow) {
  for (const char* text :
       {R"({"items":[{"ID":1},{"ID":"2"}]})", R"({"items":[{"ID":"1"},{"ID":2}]})"}) {
    const auto page = parse(Entity::deal_move, text);
    ASSERT_TRUE(page) << page.error().text;
    EXPECT_TRUE(page->rejected.empty());
    ASSERT_EQ(page->records.size(), 2U);
    EXPECT_EQ(page->records[1].id, 2);
  }
}

}  // namespace
}  // namespace b24
