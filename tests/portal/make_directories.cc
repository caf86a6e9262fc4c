#include <algorithm>

#include "tests/portal/generator.h"

// The directories of crm.status.list, the pipelines, and the ways through the stages.

namespace b24::sim {
namespace {

struct StageSeed {
  const char* id;
  const char* name;
  char semantic;
  bool system;
  bool apology;
};

constexpr StageSeed kDealStages[] = {
    {"NEW", "Новая", 'P', true, false},
    {"PREPARATION", "Подготовка документов", 'P', false, false},
    {"PREPAYMENT_INVOICE", "Счёт на предоплату", 'P', false, false},
    {"EXECUTING", "В работе", 'P', false, false},
    {"FINAL_INVOICE", "Финальный счёт", 'P', false, false},
    {"WON", "Сделка успешна", 'S', true, false},
    {"LOSE", "Сделка провалена", 'F', true, false},
    {"APOLOGY", "Анализ причины провала", 'F', false, true},
    {"UC_NOCALL", "Не дозвонились", 'F', false, true}};
constexpr StageSeed kLeadStages[] = {{"NEW", "Не обработан", 'P', true, false},
                                     {"IN_PROCESS", "В работе", 'P', false, false},
                                     {"PROCESSED", "Обработан", 'P', false, false},
                                     {"CONVERTED", "Качественный лид", 'S', true, false},
                                     {"JUNK", "Некачественный лид", 'F', true, false},
                                     {"UC_DOUBLE", "Дубль", 'F', false, true}};
// The portal's own spelling.
constexpr StageSeed kQuoteStages[] = {{"DRAFT", "Новое", 'P', true, false},
                                      {"SENT", "Отправлено клиенту", 'P', false, false},
                                      {"UNANSWERED", "Нет ответа", 'P', false, false},
                                      {"APPROVED", "Принято", 'S', true, false},
                                      {"DECLAINED", "Отклонено", 'F', true, false},
                                      {"APOLOGY", "Анализ причины провала", 'F', false, true}};
constexpr StageSeed kInvoiceStages[] = {{"N", "Новый", 'P', true, false},
                                        {"S", "Отправлен клиенту", 'P', false, false},
                                        {"P", "Оплачен", 'S', true, false},
                                        {"D", "Не оплачен", 'F', true, false}};

// The first is the base; rates are in ten-thousandths.
struct CurrencySeed {
  const char* code;
  const char* name;
  const char* format;
  std::int64_t rate;
  std::int64_t nominal;
};
constexpr CurrencySeed kCurrencies[] = {{"RUB", "Российский рубль", "# ₽", 10'000, 1},
                                        {"USD", "Доллар США", "$#", 905'000, 1},
                                        {"EUR", "Евро", "# €", 982'541, 1},
                                        {"KZT", "Казахстанский тенге", "# ₸", 187'533, 100}};

constexpr Id kInvoicePipeline = 2;

void add_status(World& world, const std::string& entity, const std::string& id,
                const std::string& name, int sort) {
  Status status;
  status.entity_id = entity;
  status.status_id = id;
  status.name = name;
  status.sort = sort;
  world.data.statuses.push_back(status);
}

// Where the stages of a kind stand, and what their ids begin with.
struct Directory {
  std::string entity;
  std::string prefix;
  std::int32_t type;
  Id pipeline;
};

template <std::size_t size>
void add_stages(World& world, const Directory& directory, const StageSeed (&seeds)[size]) {
  int sort = 10;
  for (const StageSeed& seed : seeds) {
    add_status(world, directory.entity, directory.prefix + seed.id, seed.name, sort);
    Status& stage = world.data.statuses.back();
    stage.system = seed.system;
    stage.semantic = seed.semantic;
    stage.apology = seed.apology;
    stage.type = directory.type;
    stage.pipeline = directory.pipeline;
    sort += 10;
  }
}

void add_deal_stages(World& world, Id pipeline) {
  const std::string number = std::to_string(pipeline);
  const bool main = pipeline == 0;
  add_stages(world,
             {main ? "DEAL_STAGE" : "DEAL_STAGE_" + number, main ? "" : "C" + number + ":",
              kDealType, pipeline},
             kDealStages);
}

}  // namespace

void make_directories(World& world) {
  for (const CurrencySeed& seed : kCurrencies) {
    Currency currency;
    currency.id = currency_id(seed.code);
    currency.code = seed.code;
    currency.name = seed.name;
    currency.format = seed.format;
    currency.rate = seed.rate;
    currency.nominal = seed.nominal;
    currency.sort = 100 + 100 * static_cast<int>(world.data.currencies.size());
    currency.base = world.data.currencies.empty();
    currency.updated = world.now() - 30 * kDay;
    world.data.currencies.push_back(std::move(currency));
  }
  Data& data = world.data;
  data.pipelines = {{0, "Продажи", 100}, {5, "Повторные продажи", 200}};
  data.invoice_pipelines = {{kInvoicePipeline, "Общая", 500}};
  for (const Pipeline& pipeline : data.pipelines) add_deal_stages(world, pipeline.id);
  add_status(world, "SOURCE", "CALL", "Звонок", 10);
  add_status(world, "SOURCE", "WEB", "Веб-сайт", 20);
  add_status(world, "DEAL_TYPE", "SALE", "Продажа", 10);
  add_status(world, "DEAL_TYPE", "SERVICES", "Услуги", 20);
  if (world.options.leads_mode == LeadsMode::classic) {
    add_stages(world, {"STATUS", "", kLeadType, 0}, kLeadStages);
  }
  add_stages(world, {"QUOTE_STATUS", "", kQuoteType, 0}, kQuoteStages);
  const std::string number = std::to_string(kInvoicePipeline);
  add_stages(
      world,
      {"SMART_INVOICE_STAGE_" + number, "DT31_" + number + ":", kInvoiceType, kInvoicePipeline},
      kInvoiceStages);
  Id id = 99;
  for (Status& status : data.statuses) status.id = id += 2;
}

void add_moves(const World& world, const StagedCard& card, std::int32_t type, std::int32_t in_work,
               std::vector<StageMove>& moves) {
  const std::int32_t first = world.first_stage(type, card.pipeline);
  const std::int32_t step = card.stage - first;
  const bool ended = step >= in_work;
  const std::int32_t passed = ended ? in_work : step;
  for (std::int32_t i = 0; i <= passed; ++i) {
    StageMove move;
    move.owner = short_id(card.id);
    move.pipeline = card.pipeline;
    const bool last = i == passed;
    move.stage = static_cast<std::int16_t>(last ? card.stage : first + i);
    move.at = last ? card.moved : card.created + (card.moved - card.created) * i / passed;
    move.type = static_cast<std::int16_t>(i == 0 ? 1 : (last && ended ? 3 : 2));
    moves.push_back(move);
  }
}

void number_moves(std::vector<StageMove>& moves) {
  std::stable_sort(moves.begin(), moves.end(),
                   [](const StageMove& a, const StageMove& b) { return a.at < b.at; });
  Id id = 0;
  for (StageMove& move : moves) move.id = ++id;
}

}  // namespace b24::sim
